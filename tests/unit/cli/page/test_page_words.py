"""The report's page in words: what its cards and tables say of figures that are not certain, and where they lead."""

import re
from dataclasses import replace

import pytest

from request_lens.domain.facts import InvocationId
from request_lens.domain.linking.link import Reason, Unattributed, UnlinkedInvocation
from request_lens.domain.settling.runaway import Runaway
from request_lens.domain.settling.state import RequestState
from request_lens.presentation.markup import unbroken
from request_lens.presentation.sums import SHARED_CALLS
from request_lens.presentation.timeline.axis import AxisKind
from request_lens_cli.report.labels import Label
from request_lens_cli.report.reasons import HOW_TO_LINK_EXACTLY, helps_against
from request_lens_cli.report.report import Report
from request_lens_cli.terminal.report_view import show_requests
from tests.support.command_line.page_text import card, page_of, rows
from tests.support.command_line.screen import printed
from tests.support.facts import MODEL, call, pending, tag
from tests.support.sample_states import settled

BY_TIME = settled("by-time", call("i1", 1))
EXACT = settled("exact", call("i2", 21, tag=tag("exact")), start=20)
OPEN = [settled(f"open{at}", start=at, possible_calls=8) for at in (40, 41)]


def lost(count: int, reason: Reason = Reason.AMBIGUOUS) -> list[UnlinkedInvocation]:
    return [replace(pending(call(f"u{at}", at)), decision=Unattributed(reason=reason)) for at in range(count)]


def test_what_would_make_links_by_time_exact_is_said_with_how_many_they_are() -> None:
    html = page_of(Report(requests=[BY_TIME, EXACT], unlinked=[]))

    assert rows(html, "Requests linked by time") == [
        ["calls are linked by time (inferred)", HOW_TO_LINK_EXACTLY, "1", "1"]
    ]
    assert card(html, "Requests")[-2:] == ["all settled", "calls linked by time: see what makes them exact"]
    assert "docs/" not in html
    exact = page_of(Report(requests=[EXACT], unlinked=[]))
    assert rows(exact, "Requests linked by time") == []
    assert "not-certain" not in exact


def test_a_number_of_calls_that_has_failed_ones_in_it_says_how_many() -> None:
    failed = call("i3", 2, error_code="ThrottlingException")
    state = settled("by-time", call("i1", 1), failed)
    unlinked = [*lost(1), replace(lost(1)[0], invocation=replace(failed, invocation_id=InvocationId("u-failed")))]
    undecided = [pending(replace(failed, invocation_id=InvocationId("undecided")))]
    html = page_of(Report(requests=[state], unlinked=[*unlinked, *undecided]))

    assert rows(html, "Requests linked by time")[0][2:] == ["1", "2|1 of them failed"]
    assert [row[2] for row in rows(html, "Calls without a request")] == ["1|1 of them failed", "2|1 of them failed"]
    assert card(html, "Unattributed")[1:3] == ["2 of 4 calls without a request", "failed calls count here, too"]
    assert card(html, "Failed calls")[-1] == "of unattributed calls: 1"


def test_the_failed_calls_of_requests_and_those_without_one_stand_together() -> None:
    failed = call("i3", 2, error_code="ThrottlingException")
    theirs, nobodys = settled("r", call("i1", 1), failed), replace(lost(1)[0], invocation=failed)

    def said(*unlinked: UnlinkedInvocation, selects: bool = False) -> list[str]:
        return card(page_of(Report(requests=[theirs], unlinked=unlinked, selects=selects)), "Failed calls")

    assert said(*lost(1)) == ["≈ 1", "of them throttled: ≈ 1"]
    assert said(nobodys) == [*said(*lost(1)), "of unattributed calls: 1"]
    assert said(nobodys, selects=True)[-1] == "of unattributed calls in the whole time: 1"


def test_calls_without_a_request_have_their_own_figures_by_model() -> None:
    failed = replace(lost(1)[0], invocation=call("i3", 2, error_code="ThrottlingException", model_id="unpriced"))
    other = replace(lost(1)[0], invocation=call("i4", 3, model_id="another"))
    html = page_of(Report(requests=OPEN, unlinked=[*lost(2), failed, other, pending(call("undecided", 3))]))
    caption = "By model: the calls that belong to no request"

    assert "By model: the calls that are linked" not in html
    assert [row[:6] for row in rows(html, caption)] == [
        ["another", "1", "0", "0", "1,011", "31"],
        [MODEL.replace(".", ".|"), "2", "0", "0", "2,022", "62"],
        ["other", "0", "1", "1", "0", "0"],
    ]
    assert caption not in page_of(Report(requests=[EXACT], unlinked=[pending(call("undecided", 3))]))


def test_each_reason_why_calls_have_no_request_has_what_helps() -> None:
    calls = [each for reason in Reason for each in lost(2, reason)]
    undecided = pending(call("undecided", 3))
    found = rows(page_of(Report(requests=[EXACT], unlinked=[*calls, undecided])), "Calls without a request")

    said = {why: (helps, count) for why, helps, count in found}
    assert said.pop("pending: not decided yet") == (
        "wait: calls are decided about two and a half minutes after they ended by default",
        "1",
    )
    assert len(said) == len(Reason)
    for reason in Reason:
        assert [each for why, each in said.items() if f"({reason})" in why] == [
            (helps_against(reason, names_roles=False), "2")
        ]


@pytest.mark.parametrize(("states", "times"), [(OPEN, 1), (OPEN[:1], 0), ([EXACT, BY_TIME], 0)])
def test_numbers_of_possible_calls_are_said_once_on_a_page_and_below_a_list_not_to_add_up(
    states: list[RequestState], times: int
) -> None:
    report = Report(requests=states, unlinked=lost(8))
    listed = printed(lambda console: show_requests(report, console), width=200)

    assert page_of(report).count(SHARED_CALLS) == times
    assert listed.count(SHARED_CALLS) == times


def test_that_no_tool_ran_is_a_word_and_no_measured_time() -> None:
    by_time, exact, none = (
        rows(page_of(Report(requests=[each], unlinked=[])), "All requests")[0][6:9]
        for each in (BY_TIME, EXACT, settled("none"))
    )

    assert by_time == ["≈ 1.00 s", "≈ 4.00 s", "none"]
    assert exact == ["1.00 s", "4.00 s", "none"]
    assert none == ["0.00 s", "5.00 s", "none"]


def test_the_timeline_of_a_telephone_says_what_it_leaves_out() -> None:
    def left_out(html: str) -> list[str]:
        return re.findall(r'class="note left-out">([^<]*)<', html.partition('class="picture narrow"')[2])

    labels: dict[str, Label] = {BY_TIME.request_id: Label(prompt="How much?", kind="Simple")}

    assert left_out(page_of(Report(requests=[BY_TIME], unlinked=[]))) == [
        "In a wider window and on paper also: LLM time."
    ]
    assert left_out(page_of(Report(requests=[BY_TIME], unlinked=[], labels=labels))) == [
        "In a wider window and on paper also: type and route, LLM time."
    ]


def test_failed_attempts_and_runaways_stand_below_the_number_of_calls_each_on_a_line() -> None:
    failed = [call(code, 2, error_code=code) for code in ("ThrottlingException", "ValidationException")]
    state = replace(
        settled("r", call("i", 1), *failed, possible_calls=4), runaway=Runaway(llm_calls=1, estimated_cost_usd=None)
    )
    (row,) = rows(page_of(Report(requests=[state], unlinked=[])), "All requests")

    assert row[4] == "≥ 1|+≈ 2 failed|1 of them throttled|runaway|4 possible"


@pytest.mark.parametrize(
    ("words", "whole"),
    [
        ("10 uncertain", "10_uncertain"),
        ("most ≈ 3", "most_≈_3"),
        ("mean; p90 3, most 4", "mean; p90_3, most_4"),
        ("median; p90 ≈ 5.00 s, longest ≈ 5.00 s", "median; p90_≈_5.00_s, longest_≈_5.00_s"),
        ("known for 8 of 10 requests", "known for 8_of_10_requests"),
        ("≥ 2,022 in", "≥_2,022_in"),
        ("2 of 12 calls without a request", "2_of_12_calls without a request"),
        ("weather 0.42 s, mail 3 ms", "weather 0.42_s, mail 3_ms"),
    ],
)
def test_no_line_ends_between_a_number_and_what_it_counts(words: str, whole: str) -> None:
    assert unbroken(words) == whole.replace("_", "&nbsp;")


def test_a_request_that_made_no_call_is_correlated_by_none_and_one_that_may_have_by_something_unknown() -> None:
    html = page_of(Report(requests=[OPEN[0], settled("none", start=60)], unlinked=[]))

    assert [row[-1] for row in rows(html, "All requests")] == ["no call", "–"]


def test_calls_without_a_request_have_a_share_but_beside_some_of_the_requests() -> None:
    """Those are of all the time, which the calls of these requests are not."""
    whole = Report(requests=[EXACT, BY_TIME], unlinked=lost(2))
    some = replace(whole, requests=[EXACT], selects=True)

    assert card(page_of(whole), "Unattributed") == ["50.0%", "2 of 4 calls without a request", "see why"]
    assert card(page_of(some), "Unattributed") == ["2", "calls without a request in the whole time", "see why"]
    assert card(page_of(replace(whole, requests=[EXACT])), "Requests") == ["1", "all settled"]
    assert card(page_of(some), "Estimated cost")[-1].startswith("of unattributed calls in the whole time: ")
    assert "<caption>Calls without a request in the whole time<" in page_of(some)
    assert card(page_of(Report(requests=[settled("none")], unlinked=[])), "Unattributed") == ["–", "there is no call"]


def test_requests_that_are_not_shown_are_said_to_be_in_no_figure() -> None:
    head = page_of(Report(requests=[EXACT], unlinked=[], earlier=12)).partition("<main>")[0]

    assert "12 earlier requests are not shown, nor in any figure" in head


def test_the_slowest_are_said_to_be_without_those_of_unknown_duration() -> None:
    states = [settled(f"r{at}", start=at, duration_ms=None if at < 2 else 1_000) for at in range(20)]

    assert "<caption>Slowest; without 2 requests of unknown duration<" in page_of(Report(requests=states, unlinked=[]))
    assert "<caption>Slowest<" in page_of(Report(requests=states[2:] + states[2:], unlinked=[]))


@pytest.mark.parametrize(
    ("axis", "said"), [(AxisKind.OWN, "since each request&#x27;s own start"), (AxisKind.CLOCK, "2025-12-04 18:27:0")]
)
def test_the_pages_timeline_begins_each_request_at_the_left_or_when_it_did(axis: AxisKind, said: str) -> None:
    timeline = page_of(Report(requests=[EXACT, BY_TIME], unlinked=[]), axis).partition('id="timeline"')[2]
    pictures = timeline.partition("</section>")[0].split('<div class="picture ')[1:]

    assert [said in picture.partition('class="strips"')[0] for picture in pictures] == [True] * 4
