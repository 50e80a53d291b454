"""Which requests a list holds, and in which order; periods, costs and figures in words."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import boto3
import click
import pytest

from request_lens.domain.linking.link import Reason, Unattributed
from request_lens.domain.settling.state import RequestState
from request_lens.presentation.certainty import Doubt
from request_lens.presentation.timeline.lanes.lane import lanes_by_reason
from request_lens_cli.deployed.stack import DeployedStackView
from request_lens_cli.html_report.model_figures import figures_by_model
from request_lens_cli.report.costs import cost_line
from request_lens_cli.report.figures import calls_by_label, distribution_of, figures_of
from request_lens_cli.report.headline import headline, truncation_note
from request_lens_cli.report.labels import Label
from request_lens_cli.report.period import Period
from request_lens_cli.report.reasons import why
from request_lens_cli.report.report import Report
from request_lens_cli.report.selection import Order, Selection, State, may_match_note
from request_lens_cli.terminal.report_view import show_requests
from tests.support.command_line.screen import printed
from tests.support.facts import at, call, pending, tag
from tests.support.sample_states import costing, settled
from tests.support.telemetry.traced_states import MISSING, traced_state

NOBODYS = Unattributed(reason=Reason.NO_REQUEST)


def test_a_selection_says_itself_in_words() -> None:
    assert Selection().description == ""
    assert Selection(routes=frozenset({"POST /b", "GET /a"}), min_calls=1).description == (
        "only GET /a, POST /b, at least 1 LLM call"
    )


def test_what_the_table_has_let_expire_is_not_asked_for() -> None:
    stack = DeployedStackView(
        name="s",
        session=boto3.Session(region_name="eu-west-1"),
        outputs={},
        parameters={"RetentionDays": "7"},
        deployed_at=at(0),
    )

    long = Period(first=at(0) - timedelta(days=99_999), last=at(0))

    assert stack.kept(long, now=at(0)).first == at(0) - timedelta(days=7)
    assert stack.kept(replace(long, last=at(-90)), now=at(0)).first == at(0) - timedelta(days=7)
    expired = replace(long, last=at(0) - timedelta(days=8))
    with pytest.raises(
        click.ClickException, match=r"7 days .*: nothing of before 2025-11-27 18:27:02 UTC .* --since 7d"
    ):
        stack.kept(expired, now=at(0))
    assert stack.kept(Period(first=at(-5), last=at(0)), now=at(0)) == Period(first=at(-5), last=at(0))


def test_a_spread_is_of_the_known_values_and_its_p90_occurred() -> None:
    distribution = distribution_of([None, *range(1, 11)])

    assert distribution is not None
    assert (distribution.mean, distribution.median, distribution.p90, distribution.maximum) == (5.5, 5.5, 9, 10)
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


def test_a_median_of_an_even_number_lies_between_the_two_in_the_middle() -> None:
    of_six = distribution_of([8_000, 4_280, 4_120, 2_060, 2_020, 2_010])
    of_five = distribution_of([8_000, 4_280, 4_120, 2_060, 2_020])

    assert of_six is not None
    assert of_five is not None
    assert (of_six.median, of_six.p90) == (3_090, 8_000)
    assert of_five.median == 4_120


def test_figures_add_up_over_all_by_route_and_by_model() -> None:
    found, by_model = figures_of(report()), figures_by_model(report())

    assert (found.all.requests, found.all.pending, found.all.totals.llm_calls) == (3, 1, 2)
    assert {route: figures.requests for route, figures in found.by_route.items()} == {"GET /b": 1, "POST /ask": 2}
    assert by_model["other"].totals.llm_throttles == 1
    assert sum(model.totals.llm_calls for model in by_model.values()) == 2
    assert found.all.totals.estimated_cost_usd == Decimal("0.5")


def uncertain_report() -> Report:
    states = [
        settled("a", call("i1", 1, tag=tag("a", 1, started=1)), duration_ms=4_000),
        settled("b", call("i2", 1), duration_ms=9_000, possible_calls=2),
        settled("c", duration_ms=None, possible_calls=None),
    ]
    kinds = {"a": "Tool Use", "b": "Tool Use", "c": "Simple"}
    labels = {request_id: Label(prompt=request_id, kind=kind) for request_id, kind in kinds.items()}
    lost = replace(pending(call("i4", 1)), decision=Unattributed(reason=Reason.AMBIGUOUS, candidates=2))
    return Report(requests=states, unlinked=[lost], labels=labels)


def test_a_headline_over_uncertain_requests_says_at_least_and_how_many_they_are() -> None:
    assert headline(uncertain_report()) == "3 requests: 2 uncertain · at least 3 LLM calls: 2 linked, 1 unattributed"
    assert headline(report()) == (
        "3 requests: 1 pending · 4 LLM calls so far: 2 linked, 1 pending, 1 unattributed · 1 failed call, throttled"
    )


def test_a_headline_tells_requests_that_failed_from_those_that_were_refused_and_from_failed_calls() -> None:
    statuses = {"a": 504, "b": 429, "c": 499, "d": 399}
    states = [
        replace(each, record=replace(each.request, status=status))
        for name, status in statuses.items()
        for each in [settled(name, call(f"{name}1", 1, error_code="ThrottlingException"), call(f"{name}2", 2))]
    ]

    assert headline(Report(requests=states, unlinked=[])) == (
        "4 requests: 1 failed (5xx), 2 refused (4xx) · 4 LLM calls, all linked · 4 failed calls, all throttled"
    )
    figures = figures_of(Report(requests=states, unlinked=[])).all
    assert (figures.failed, figures.refused) == (1, 2)


def test_a_headline_says_at_least_where_calls_may_be_nowhere_and_where_not_all_were_read() -> None:
    lost = replace(pending(call("i4", 1)), decision=Unattributed(reason=Reason.AMBIGUOUS, candidates=2))
    possible, endless = (
        settled("a", call("i1", 1), possible_calls=1),
        settled("b", duration_ms=None, possible_calls=None),
    )

    assert headline(Report(requests=[possible], unlinked=[lost])).endswith("· 2 LLM calls: 1 linked, 1 unattributed")
    assert headline(Report(requests=[endless], unlinked=[])).endswith("· at least 0 LLM calls")
    assert headline(Report(requests=[possible], unlinked=[lost], is_cut=True)).endswith(
        "· at least 2 LLM calls: 1 linked, at least 1 unattributed"
    )


def test_a_sorted_list_that_is_cut_says_what_its_sums_leave_out() -> None:
    states = [costing(settled(name, call(f"{name}1", 1)), cost) for name, cost in (("a", "1"), ("b", "3"), ("c", "2"))]
    cut = Selection(order=Order.COST, limit=2).of(Report(requests=states, unlinked=[]))

    shown = " ".join(printed(lambda console: show_requests(cut, console), width=120).split())

    assert [state.request_id for state in cut.requests] == ["b", "c"]
    assert "2 of 3 requests · ≈ 2 LLM calls · in the whole time none unattributed" in shown
    assert "1 more request of this time stands below these in that order: neither shown, nor in these sums." in shown


def test_of_some_requests_the_line_says_that_none_is_unattributed_only_where_all_calls_were_read() -> None:
    part = Report(requests=[settled("a", call("a1", 1))], unlinked=[], selects=True)
    failed = replace(pending(call("i4", 1, error_code="ValidationException")), decision=NOBODYS)

    def ends(report: Report) -> str:
        return headline(report).rpartition(" · ")[2]

    assert ends(part) == "in the whole time none unattributed"
    assert ends(replace(part, unlinked=[pending(call("i5", 1))])) == "in the whole time none unattributed, 1 pending"
    assert ends(replace(part, unlinked=[failed])) == "in the whole time 0 LLM calls, 1 failed, unattributed"
    assert ends(replace(part, is_cut=True)) == "in the whole time at least 0 LLM calls unattributed"


def test_sums_over_some_requests_say_what_they_cover_and_that_calls_without_one_are_of_the_whole_time() -> None:
    states = [costing(settled(name, call(f"{name}1", at), start=at), "1") for at, name in enumerate("abc")]
    lost = replace(pending(call("i4", 1)), decision=Unattributed(reason=Reason.AMBIGUOUS, candidates=2))
    whole = Report(requests=states, unlinked=[lost, pending(call("i5", 1))])

    def said(part: Report) -> str:
        return " ".join(printed(lambda console: show_requests(part, console), width=120).split())

    with_two = replace(whole, requests=[*states, settled("d", call("d1", 9), call("d2", 9))])
    parts = {
        "2 of 3 requests": Selection(limit=2).of(whole),
        "2 of at least 5,003 requests": Selection(limit=2).of(replace(whole, earlier=5_000)),
        "1 request": Selection(min_calls=2).of(with_two),
    }
    for count, part in parts.items():
        shown = said(part)
        assert f"{count} · ≈ 2 LLM calls · in the whole time 1 LLM call unattributed, 1 pending" in shown
        assert "Estimated cost of the requests shown: " in shown
        assert "; of unattributed calls in the whole time: " in shown
        assert "In the whole time 1 LLM call unattributed: fits 2 requests (ambiguous)." in shown
    assert headline(whole) == "3 requests · 5 LLM calls: 3 linked, 1 pending, 1 unattributed"
    assert headline(whole.drawn(2)).endswith("2 of 3 requests · 4 LLM calls: 2 linked, 1 pending, 1 unattributed")


@pytest.mark.parametrize(
    ("selection", "shown", "may_match"),
    [
        (Selection(min_calls=2), ["three", "two"], 2),
        (Selection(min_calls=3), ["three"], 2),
        (Selection(min_calls=5), [], 1),
        (Selection(min_calls=2, states=frozenset({State.CERTAIN})), ["three", "two"], 0),
        (Selection(order=Order.CALLS, limit=1), ["three"], 2),
        (Selection(order=Order.CALLS, limit=2), ["three", "two"], 2),
        (Selection(order=Order.CALLS), ["three", "two", "none", "few", "endless"], 0),
        (Selection(order=Order.DURATION, limit=1), ["three"], 0),
        (Selection(limit=1), ["endless"], 0),
    ],
    ids=["2", "3", "5", "certain", "first", "first-two", "all", "longest", "newest"],
)
def test_a_selection_by_calls_counts_uncertain_requests_that_may_have_as_many(
    selection: Selection, shown: list[str], may_match: int
) -> None:
    states = [
        settled("three", *(call(f"three{at}", at) for at in range(3)), duration_ms=9_000),
        settled("two", *(call(f"two{at}", at) for at in range(2))),
        settled("none"),
        settled("few", possible_calls=3),
        settled("endless", possible_calls=None, start=60),
    ]
    chosen = selection.of(Report(requests=states, unlinked=[]))

    assert ([state.request_id for state in chosen.requests], chosen.may_match) == (shown, may_match)
    assert may_match_note(chosen).startswith(f"{may_match:,} more uncertain request") == bool(may_match)


def test_a_list_by_cost_counts_requests_below_it_that_may_have_cost_as_much() -> None:
    """Those with possible calls, with missing ones, with a call without a price, and those that are pending."""
    dear, certain = costing(settled("dear"), "0.02"), settled("certain")
    open_ = [
        costing(settled("cheap", possible_calls=1), "0.01"),
        costing(settled("unpriced", call("u", 1)), "0.01", unpriced=1),
        costing(traced_state("lacking", MISSING), "0.01"),
        replace(settled("waiting"), revision=0, summary=None),
    ]

    def first(*states: RequestState) -> Report:
        return Selection(order=Order.COST, limit=1).of(Report(requests=[dear, certain, *states], unlinked=[]))

    assert [(first(state).may_cost, first(state).may_match) for state in open_] == [(1, 0)] * len(open_)
    assert may_match_note(first(open_[0])) == "1 more request may have cost as much: not all of its cost is known"
    assert may_match_note(first(*open_)) == "4 more requests may have cost as much: not all of their cost is known"
    assert may_match_note(first()) == ""
    assert Selection(order=Order.COST).of(Report(requests=[dear, *open_], unlinked=[])).may_cost == 0


def test_the_counts_by_label_state_none_as_certain_that_is_not() -> None:
    assert (
        calls_by_label(uncertain_report())
        == "Tool Use: 1 request of 1 call, 1 of at least 1 call; Simple: 1 request of at least 0 calls"
    )


def test_the_reasons_of_uncertain_requests_are_counted() -> None:
    assert uncertain_report().doubts() == {Doubt.POSSIBLE_CALLS: 1, Doubt.UNKNOWN_END: 1}


def test_averages_are_over_certain_requests_and_say_over_how_many() -> None:
    found = figures_of(uncertain_report()).all

    assert (found.requests, found.uncertain, found.counts_all_calls) == (3, 2, False)
    assert found.calls is not None
    assert (found.calls.mean, found.calls.known, found.calls.of) == (1, 1, 3)
    assert found.llm_time_ms is not None
    assert (found.llm_time_ms.known, found.llm_time_ms.of) == (1, 3)


def test_llm_time_stands_beside_the_duration_of_the_very_requests_that_it_is_known_of() -> None:
    found = figures_of(uncertain_report()).all

    assert found.duration_ms is not None
    assert found.duration_ms.known == 2
    assert found.timed_duration_ms is not None
    assert (found.timed_duration_ms.known, found.timed_duration_ms.median) == (1, 4_000)


def test_the_cost_of_unattributed_calls_stands_beside_that_of_the_requests() -> None:
    assert (
        cost_line(uncertain_report())
        == "Estimated cost of the requests: ≥ 2 unpriced; of unattributed calls: 1 unpriced"
    )


def test_a_call_says_why_it_has_no_request_and_how_many_it_fits() -> None:
    fits = [replace(pending(call("i1")), decision=Unattributed(reason=Reason.AMBIGUOUS, candidates=n)) for n in (1, 2)]

    assert [why(unlinked) for unlinked in fits] == [
        "unattributed: ambiguous (fits 1 request)",
        "unattributed: ambiguous (fits 2 requests)",
    ]


def test_a_sentence_says_in_words_why_calls_have_no_request_and_names_the_reason_behind_them() -> None:
    calls = [
        replace(pending(call(f"i{number}")), decision=Unattributed(reason=reason, candidates=candidates))
        for number, (reason, candidates) in enumerate(
            [(Reason.AMBIGUOUS, 2), (Reason.AMBIGUOUS, 5), (Reason.AMBIGUOUS, 3), (Reason.OTHER_CALLER, 0)]
        )
    ]
    calls += [pending(call("open"))]
    text = printed(lambda console: show_requests(Report(requests=[], unlinked=calls), console), width=120)
    alike = printed(lambda console: show_requests(Report(requests=[], unlinked=calls[:1] * 2), console), width=120)

    assert "3 LLM calls unattributed: fits 2 to 5 requests (ambiguous)." in text
    assert "1 LLM call pending: not decided yet." in text
    assert "2 LLM calls unattributed: fits 2 requests (ambiguous)." in alike
    assert "1 LLM call unattributed: made by another caller (other_caller)." in text


def test_a_sentence_of_calls_without_a_request_counts_failed_ones_beside_the_llm_calls_as_their_lane_does() -> None:
    failed = (
        call("i3", error_code="ThrottlingException"),
        call("i4", error_code="ModelTimeoutException"),
    )
    made = [call("i1"), call("i2"), *failed]
    ambiguous = Unattributed(reason=Reason.AMBIGUOUS, candidates=2)
    lost = [replace(pending(each), decision=ambiguous) for each in made]
    whole = Report(requests=[settled("r1", call("i5", 1)), settled("r2", call("i6", 1))], unlinked=lost)
    (lane,) = lanes_by_reason(lost)

    def said(part: Report) -> str:
        return " ".join(printed(lambda console: show_requests(part, console), width=120).split())

    counted = "2 LLM calls, 2 failed, 1 of them throttled"
    assert lane.count_words == counted
    assert f"{counted}, unattributed: fits 2 requests (ambiguous)." in said(whole)
    assert f"in the whole time {counted}, unattributed" in said(Selection(limit=1).of(whole))
    undecided = Report(requests=[], unlinked=[pending(made[0]), pending(made[2])])
    assert "1 LLM call, 1 failed, throttled, pending: not decided yet." in said(undecided)


def test_the_unattributed_share_is_of_what_was_decided() -> None:
    assert (report().unattributed, report().pending) == (1, 1)
    assert report().unattributed_share == pytest.approx(0.25)
    assert Report(requests=[], unlinked=[]).unattributed_share is None


def test_a_report_says_that_it_may_not_have_read_all_untagged_calls() -> None:
    whole = Report(requests=[], unlinked=[pending(call("i1", 0))])
    cut = replace(whole, is_cut=True)

    assert truncation_note(whole) == ""
    assert truncation_note(cut) == "showing the earliest 5,000 untagged calls; narrow the time range to see all"


def test_a_picture_of_the_newest_has_the_unlinked_calls_of_their_time_alone() -> None:
    requests = [settled(f"r{at_}", call(f"i{at_}", at_), start=at_) for at_ in (0.5, 60.5, 120.5)]
    report = Report(requests=requests, unlinked=[pending(call(f"u{at_}", at_)) for at_ in (0, 59, 60, 125)])

    assert [each.invocation.invocation_id for each in report.drawn(2).unlinked] == ["u60", "u125"]
    assert report.drawn(2).earlier == 1
    assert list(report.drawn(3).unlinked) == list(report.unlinked)


def test_labels_have_their_day_where_the_list_has_several_though_the_bars_are_of_one() -> None:
    report = Report(
        requests=[settled(name, start=start) for name, start in (("a", 0), ("b", 90_000), ("c", 90_060))], unlinked=[]
    )

    assert [row.brief for row in report.drawn(2).timeline_rows()] == ["12-05 19:27:02", "12-05 19:28:02"]
    assert [row.brief for row in Report(requests=report.requests[1:], unlinked=[]).timeline_rows()] == [
        "19:27:02",
        "19:28:02",
    ]
