"""Which requests a list holds, and in which order; periods, costs and figures in words."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import boto3
import pytest

from request_lens.domain.folding.summary import Totals
from request_lens.domain.linking.link import Reason, Unattributed
from request_lens_cli.deployed.stack import DeployedStackView
from request_lens_cli.report.figures import distribution_of, figures_of
from request_lens_cli.report.period import Period
from request_lens_cli.report.report import MAX_UNTAGGED, Report, truncation_note
from request_lens_cli.report.selection import Selection
from tests.support.facts import at, call, pending
from tests.support.sample_states import costing, settled


def test_a_selection_says_itself_in_words() -> None:
    assert Selection().description == ""
    assert Selection(routes=frozenset({"POST /b", "GET /a"}), min_calls=1).description == (
        "only GET /a, POST /b, at least 1 LLM call"
    )


def test_what_the_table_has_let_expire_is_not_asked_for() -> None:
    stack = DeployedStackView(
        name="s", session=boto3.Session(region_name="eu-west-1"), outputs={}, parameters={"RetentionDays": "7"}
    )

    assert stack.kept(Period(first=at(0) - timedelta(days=99_999), last=at(0))).first == at(0) - timedelta(days=7)
    assert stack.kept(Period(first=at(-5), last=at(0))) == Period(first=at(-5), last=at(0))


def test_a_spread_is_of_the_known_values_and_its_percentiles_occurred() -> None:
    distribution = distribution_of([None, *range(1, 11)])

    assert distribution is not None
    assert (distribution.mean, distribution.p50, distribution.p90, distribution.maximum) == (5.5, 5, 9, 10)
    assert (distribution.known, distribution.of) == (10, 11)
    assert distribution_of([None]) is None


def report() -> Report:
    states = [
        costing(settled("a", call("i1", 1), call("i2", 3)), "0.5"),
        replace(settled("b", call("i3", 1, error_code="ThrottlingException"), route="GET /b")),
        replace(settled("c"), revision=0, summary=None),
    ]
    lost = replace(pending(call("i4", 1)), decision=Unattributed(reason=Reason.NO_REQUEST))
    return Report(requests=states, unlinked=[lost, pending(call("i5", 1))])


def test_figures_add_up_over_all_by_route_and_by_model() -> None:
    found = figures_of(report())

    assert (found.all.requests, found.all.pending, found.all.totals.llm_calls) == (3, 1, 2)
    assert {route: figures.requests for route, figures in found.by_route.items()} == {"GET /b": 1, "POST /ask": 2}
    assert found.by_model["other"].llm_throttles == 1
    assert sum(found.by_model.values(), start=Totals()).llm_calls == 2
    assert found.all.totals.estimated_cost_usd == Decimal("0.5")


def test_the_unattributed_share_is_of_what_was_decided() -> None:
    assert (report().unattributed, report().pending) == (1, 1)
    assert report().unattributed_share == pytest.approx(0.25)
    assert Report(requests=[], unlinked=[]).unattributed_share is None


def test_a_report_says_that_it_may_not_have_read_all_untagged_calls() -> None:
    whole = Report(requests=[], unlinked=[pending(call("i1", 0))] * (MAX_UNTAGGED - 1))
    cut = replace(whole, unlinked=[*whole.unlinked, pending(call("i2", 1))])

    assert truncation_note(whole) == ""
    assert truncation_note(cut) == "showing the earliest 5,000 untagged calls; narrow the time range to see all"
