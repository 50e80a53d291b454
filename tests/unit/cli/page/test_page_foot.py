"""The foot of the report's page: what its signs and words mean, those alone that stand on it."""

from dataclasses import replace

import pytest

from request_lens.domain.linking.link import Confidence, Method
from request_lens.domain.settling.state import RequestState
from request_lens.presentation.certainty import INEXACT
from request_lens_cli.html_report import foot as foot_module
from request_lens_cli.report.report import Report
from tests.support.command_line.page_text import foot, page_of
from tests.support.facts import call, tag
from tests.support.sample_states import costing, settled
from tests.support.telemetry.traced_states import MISSING, traced_state

EXACT = costing(settled("exact", call("i1", 1, tag=tag("exact"))), "0.02")
BY_TIME = settled("by-time", call("i2", 21), start=20)
OPEN = settled("open", start=40, possible_calls=8)
WAITING = replace(settled("waiting", start=60), revision=0, summary=None)


def signs(*states: RequestState) -> list[str]:
    return list(foot(page_of(Report(requests=states, unlinked=[]))))


def test_a_page_where_all_is_exact_explains_no_sign() -> None:
    assert [each for each in signs(EXACT) if each in ("≥", "≈", "possible", "missing", "pending", "so far")] == []
    assert [each for each in signs(EXACT) if each in (*Method, *Confidence)] == ["tag", "exact"]


@pytest.mark.parametrize(
    ("state", "explained"),
    [
        (BY_TIME, ["≈", "window", "inferred", "mean", "median, p90"]),
        (OPEN, ["–", "≥", "possible"]),
        (traced_state("lacking", MISSING), ["≥", "missing"]),
        (WAITING, ["–", "pending", "so far"]),
        (settled("failed", call("f", 1, error_code="ThrottlingException")), ["other"]),
    ],
    ids=["by time", "uncertain", "incomplete", "pending", "failed"],
)
def test_a_sign_is_explained_where_it_stands_on_the_page(state: RequestState, explained: list[str]) -> None:
    found = signs(EXACT, state)

    assert [each for each in explained if each not in found] == []
    assert len(found) == len(set(found))


def test_about_and_at_least_are_explained_by_what_they_leave_open() -> None:
    said = foot(page_of(Report(requests=[BY_TIME, OPEN], unlinked=[])))

    assert said["≈"] == INEXACT
    assert said["≥"].endswith("where none is linked, tokens and cost are unknown")
    assert said["cost"].startswith("an estimate")


def test_each_method_and_confidence_has_its_words() -> None:
    assert set(foot_module._METHODS) == set(Method)
    assert set(foot_module._CONFIDENCES) == set(Confidence)


def test_a_page_without_a_request_has_an_empty_foot() -> None:
    assert signs() == []
