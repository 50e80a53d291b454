"""Uncertain requests as people see them: at least so many calls, no times, why, and what helps; uncounted tokens."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from request_lens.application.query import RequestDetail, RequestView
from request_lens.domain.facts import RequestId, TokenCounts
from request_lens.domain.folding.summary import TokenClass, Totals
from request_lens.domain.linking.link import Confidence, Decision, Reason, Unattributed, UnlinkedInvocation
from request_lens.domain.policy import Policy
from request_lens.domain.settling.state import RequestState
from request_lens.presentation.certainty import INEXACT, tokens_text
from request_lens_cli.html_report.page import Heading, report_page
from request_lens_cli.report.documents import csv_row, summary_document
from request_lens_cli.report.headline import headline
from request_lens_cli.report.period import Period
from request_lens_cli.report.report import Report
from request_lens_cli.report.request_schema import Json
from request_lens_cli.report.selection import Selection
from request_lens_cli.terminal.report_view import show_requests
from request_lens_cli.terminal.request_view import show_request, shown_document
from tests.support.command_line.page_text import rows
from tests.support.command_line.screen import piped, printed
from tests.support.facts import at, call, link, tag
from tests.support.sample_states import costing, settled
from tests.support.telemetry.traced_states import MISSING, traced_state

CERTAIN = costing(settled("certain", call("i1", 1), start=20), "0.02")
POSSIBLE = costing(settled("possible", call("i2", 1), possible_calls=4), "0.01")
ENDLESS = settled("endless", start=40, duration_ms=None, possible_calls=None)
REPORT = Report(requests=[POSSIBLE, CERTAIN, ENDLESS], unlinked=[])


def listed(report: Report, *, width: int) -> str:
    return printed(lambda console: show_requests(report, console), width=width)


def row(text: str, name: str) -> list[str]:
    """The cells of a request's line."""
    (line,) = [line for line in text.splitlines() if line.startswith(f"{name} ")]
    return re.split(r" {2,}", line.strip())


def test_a_list_says_at_least_how_many_calls_and_how_many_more_there_may_be() -> None:
    text = listed(REPORT, width=200)

    assert row(text, "possible")[4:10] == ["≥ 1", "4 possible", "–", "–", "≥ 1,011 / 31", "≥ $0.010000"]
    assert row(text, "certain")[4:10] == ["≈ 1", "0", "≈ 1.00 s", "≈ 4.00 s", "≈ 1,011 / 31", "≈ $0.020000"]
    assert row(text, "endless")[4:10] == ["≥ 0", "end unknown", "–", "–", "–", "–"]
    assert "3 requests: 2 uncertain · at least 2 LLM calls: 2 linked" in text
    assert "Estimated cost of the requests: ≥ $0.030000" in text


def test_a_list_says_below_it_why_and_what_helps() -> None:
    text = listed(REPORT, width=200)

    for doubt in (
        "1 request uncertain: unlinked calls may be their own. What helps: tag the calls; where others call",
        "1 request uncertain: their end is unknown. What helps: write responseLatency into the access log, or tag",
    ):
        assert doubt in text


def test_a_list_of_certain_requests_has_no_column_for_more_calls() -> None:
    text = listed(Report(requests=[CERTAIN], unlinked=[]), width=200)

    assert "More calls" not in text
    assert "Uncertain" not in text
    assert "≥" not in text


def shown(state: RequestState, possible: Sequence[UnlinkedInvocation] = ()) -> str:
    assert state.record is not None
    view = RequestView(record=state.record, state=state, summary=state.summary, is_pending=False)
    details = RequestDetail(
        view=view, calls=state.invocations, provisional=frozenset(), estimates={}, possible=possible
    )
    return printed(lambda console: show_request(state, details, policy=Policy(), console=console), width=120)


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (POSSIBLE, "At least 1 LLM call"),
        (POSSIBLE, "Uncertain: 4 unlinked calls may be its own. What helps: tag the calls; where others call"),
        (POSSIBLE, "Tokens: at least 1,011 in, at least 31 out"),
        (POSSIBLE, "LLM time unknown, other time unknown (in tools: unknown)"),
        (POSSIBLE, "Estimated cost: ≥ $0.010000"),
        (ENDLESS, "Uncertain: its end is unknown. What helps: write responseLatency into the access log,"),
        (ENDLESS, "Tokens: unknown"),
        (ENDLESS, "status 200, duration unknown"),
        (ENDLESS, "Estimated cost: unknown"),
    ],
)
def test_one_request_says_what_is_not_certain_of_it(state: RequestState, words: str) -> None:
    assert words in shown(state).replace("\n", " ").replace("  ", " ")


def unlinked(number: int, decision: Decision | None) -> UnlinkedInvocation:
    return UnlinkedInvocation(invocation=call(f"call-{number}", number), stored_at=at(60), decision=decision)


def test_one_request_names_the_calls_that_may_be_its_own_and_how_many_requests_each_fits() -> None:
    decisions: list[Decision | None] = [
        Unattributed(reason=Reason.AMBIGUOUS, candidates=3),
        Unattributed(reason=Reason.CROWDED),
        link("another", confidence=Confidence.ASSUMED),
        None,
    ]
    text = shown(POSSIBLE, [unlinked(number, each) for number, each in enumerate(decisions)])

    assert text.index("Uncertain: 4 unlinked") < text.index("May be its own") < text.index("\nrequest")
    assert [row(text, f"call-{number}")[1:4] for number in range(4)] == [
        ["12-04 18:27:02", "1.00 s", "3 requests"],
        ["12-04 18:27:03", "1.00 s", "too many around to decide"],
        ["12-04 18:27:04", "1.00 s", "linked to another (assumed)"],
        ["12-04 18:27:05", "1.00 s", "not decided yet"],
    ]


def test_of_many_calls_that_may_be_its_own_the_earliest_are_named_and_the_others_counted() -> None:
    text = shown(POSSIBLE, [unlinked(number, None) for number in reversed(range(23))])

    assert re.findall(r"^call-\d+", text, re.MULTILINE) == [f"call-{number}" for number in range(10)]
    assert "\nand 13 more calls: request-lens requests --unattributed\n" in text


def test_tokens_that_no_call_counts_are_unknown_and_not_the_least() -> None:
    assert POSSIBLE.summary is not None
    uncounted = Totals(llm_calls=1, uncounted=(1, 1, 1, 1))
    state = replace(POSSIBLE, summary=replace(POSSIBLE.summary, totals=uncounted))

    assert "Tokens: unknown in, unknown out\n" in shown(state)


def test_one_request_is_hatched_in_its_waterfall() -> None:
    lines = shown(POSSIBLE).splitlines()

    assert any(line.startswith("request") and "\u2571" in line and "█" in line for line in lines)
    assert any(line.startswith("call 1") and "\u2571" not in line for line in lines)


def test_a_certain_request_says_nothing_of_it() -> None:
    assert "Uncertain" not in shown(CERTAIN)
    assert f"≈ 1 LLM call ({INEXACT})" in " ".join(shown(CERTAIN).split())


def page(report: Report) -> str:
    heading = Heading(stack="lens", period=Period(first=at(0), last=at(60)), written_at=at(60))
    return report_page(report, heading).replace("&nbsp;", " ")


def replace_id(state: RequestState) -> RequestState:
    """The same of another request."""
    return replace(state, request_id=RequestId("another"))


def card(html: str, name: str) -> str:
    (found,) = re.findall(rf"<div><dt>{name}</dt>(.*?)</div>", html)
    return re.sub(r"<[^>]+>", "|", found)


def means(html: str) -> str:
    """The sentence below the cards."""
    (found,) = re.findall(r'</dl><p class="note means">(.*?)</p>', html)
    return str(found).replace("\N{NO-BREAK SPACE}", " ")


def test_the_pages_figures_say_where_calls_are_linked_by_time() -> None:
    exact = settled("tagged", call("i9", 1, tag=tag("tagged")))
    inferred = page(Report(requests=[CERTAIN, exact], unlinked=[]))

    assert "|≈ 1.0|" in card(inferred, "LLM calls per request")
    assert "≈ 2 LLM calls: those of 1 of 2 requests are linked by time" in card(inferred, "LLM calls per request")
    assert "|≈ 1.00 s|" in card(inferred, "LLM time")
    assert "|≈ 2,022 in||≈ 62 out|" in card(inferred, "Tokens")
    assert "|≈ $0.020000 |+ 1 unpriced|" in card(inferred, "Estimated cost")
    assert "≈" not in card(inferred, "Request duration")
    assert "≈" not in page(Report(requests=[exact], unlinked=[])).partition("<main>")[2].partition("</main>")[0]


def test_errors_have_the_sign_of_their_own_links_in_the_card_by_model_and_in_the_sentence() -> None:
    def failing(*, tagged: bool) -> Report:
        own = tag("r") if tagged else None
        tagged_call, failed = call("i1", 1, tag=tag("r")), call("f1", 2, error_code="ThrottlingException", tag=own)
        by_time = settled("t", call("i3", 21), start=20)
        return Report(requests=[settled("r", tagged_call, failed), by_time], unlinked=[])

    about, exact = failing(tagged=False), failing(tagged=True)
    assert "|≈ 1||of them throttled: ≈ 1|" in card(page(about), "Failed calls")
    assert "|1||of them throttled: 1|" in card(page(exact), "Failed calls")
    some_about, some_exact = (headline(replace(report, earlier=1)) for report in (about, exact))
    assert "· ≈ 2 LLM calls · ≈ 1 failed call, throttled ·" in some_about
    assert "· ≈ 2 LLM calls · 1 failed call, throttled ·" in some_exact

    def other(report: Report) -> list[str]:
        line = page(report).partition("<code>other</code>")[2].partition("</tr>")[0]
        return re.findall(r">([^<>]+)</td>", line)[:3]

    assert (other(about), other(exact)) == (["0", "≈ 1", "≈ 1"], ["0", "1", "1"])


def test_a_sum_over_requests_has_the_sign_at_each_figure_and_so_has_the_row_of_one_request() -> None:
    exact = settled("tagged", call("i9", 1, tag=tag("tagged"), model_id="tagged-model"))
    html = page(Report(requests=[CERTAIN, exact], unlinked=[]))

    def about(caption: str) -> list[str]:
        return re.findall(r">(≈ [^<]+)<", html.partition(f"<caption>{caption}")[2].partition("</table>")[0])

    assert about("By route") == ["≈ 2", "≈ 1.0", "≈ 1.00 s", "≈ 2,022", "≈ 62", "≈ $0.020000"]
    assert about("By model") == ["≈ 1", "≈ 1,011", "≈ 31", "≈ 1 unpriced"]
    assert about("All requests") == ["≈ 1", "≈ $0.020000", "≈ 1.00 s", "≈ 4.00 s", "≈ 1,011 / 31"]
    assert INEXACT in html.partition("<footer>")[2]


def test_the_pages_figures_are_the_least_and_its_averages_of_the_certain_requests_alone() -> None:
    html = page(REPORT)

    assert "2 uncertain: may have made more calls" in card(html, "Requests")
    calls = card(html, "LLM calls per request")
    assert "|≈ 1.0|" in calls
    assert "known for 1 of 3 requests" in calls
    assert "at least 2 LLM calls" in calls
    assert "known for 2 of 3 requests" in card(html, "Request duration")
    assert "known for 1 of 3 requests" in card(html, "LLM time")
    assert "LLM time ≈ 1.00 s + other time ≈ 4.00 s = duration 5.00 s; time in tools none." in means(html)
    assert "≥ 2,022 in" in card(html, "Tokens")
    assert "≥ $0.030000" in card(html, "Estimated cost")
    assert card(html, "Failed calls") == "|–||none is known of; 1 request may have some|"


def test_by_model_no_attempt_is_none_and_no_sum_is_whole_where_a_request_is_uncertain() -> None:
    html = page(REPORT)
    models = html.partition("<caption>By model")[2].partition("</table>")[0]

    assert re.findall(r'<td[^>]* class="number[^>]*>([^<]*)<', models)[:5] == ["≥ 2", "–", "–", "≥ 2,022", "≥ 62"]
    certain = page(Report(requests=[CERTAIN], unlinked=[])).partition("<caption>By model")[2].partition("</table>")[0]
    assert re.findall(r'<td[^>]* class="number[^>]*>([^<]*)<', certain)[:3] == ["≈ 1", "0", "0"]


def without_request(*, model_id: str, seconds: float = 2, error_code: str | None = None) -> UnlinkedInvocation:
    left = call(f"left{seconds:.0f}", seconds, model_id=model_id, error_code=error_code)
    return UnlinkedInvocation(invocation=left, stored_at=at(9), decision=Unattributed(reason=Reason.AMBIGUOUS))


def by_model(report: Report) -> dict[str, list[str]]:
    """The LLM calls and the failed ones of each model on the page."""
    models = page(report).partition("<caption>By model")[2].partition("</table>")[0]
    lines = [re.findall(r">([^<>]+)<", line) for line in models.split("<tr>")[2:]]
    return {name: figures[:2] for name, *figures in lines}


def test_by_model_the_least_stands_only_where_a_call_of_that_model_is_nobodys() -> None:
    of_a, of_b = settled("a", call("a", 1, model_id="a")), settled("b", call("b", 21, model_id="b"), start=20)
    open_ = settled("open", start=40, possible_calls=1)
    whole = Report(requests=[of_a, of_b, open_], unlinked=[without_request(model_id="b")], holds_all=True)
    note = "≥ stands at every model"

    assert by_model(whole) == {"a": ["≈ 1", "0"], "b": ["≥ 1", "0"]}
    assert note not in page(whole)
    for as_told in (
        replace(whole, selects=True),
        replace(whole, earlier=1),
        replace(whole, unlinked=[replace(whole.unlinked[0], decision=None)]),
    ):
        assert by_model(as_told) == by_model(whole)
        assert note not in page(as_told)
    assert note not in page(replace(whole, requests=[of_a, of_b], holds_all=False))


@pytest.mark.parametrize(
    ("change", "which"),
    [
        ({"holds_all": False}, "calls that were not read"),
        ({"lacking": "a file"}, "calls that are not in these files"),
        (
            {"requests": [CERTAIN, settled("endless", possible_calls=None, duration_ms=None)]},
            "calls of requests of which nobody knows how many are possible",
        ),
        (
            {"requests": [CERTAIN, traced_state("lacking", MISSING), settled("open", start=40, possible_calls=1)]},
            "missing calls",
        ),
        (
            {"requests": [CERTAIN, traced_state("lacking", MISSING), POSSIBLE], "holds_all": False},
            "missing calls and calls that were not read",
        ),
    ],
    ids=["not read", "lacking", "endless", "missing", "two reasons"],
)
def test_by_model_the_least_stands_at_every_model_where_calls_may_be_of_any_and_says_which(
    change: Mapping[str, Any], which: str
) -> None:
    whole = Report(requests=[CERTAIN, POSSIBLE], unlinked=[without_request(model_id="b")], holds_all=True)

    told = replace(whole, **change)

    assert {cells[1][0] for cells in rows(page(told), "By model")} == {"≥"}
    assert f"≥ stands at every model: {which} may be of any." in page(told)


@pytest.mark.parametrize(("error_code", "models"), [(None, {"b"}), ("ThrottlingException", {"b", "other"})])
def test_a_call_that_is_not_decided_may_be_of_its_model_or_if_it_failed_of_one_without_a_price(
    error_code: str | None, models: set[str]
) -> None:
    undecided = replace(without_request(model_id="b", error_code=error_code), decision=None)
    to = replace(undecided, decision=link("of_a"))
    state = with_possible_failed(settled("open", possible_calls=1), 1)
    known = [settled(name, call(name, at, model_id=name), start=at) for at, name in ((20, "a"), (40, "b"))]
    refused = settled("refused", call("r", 61, model_id="c", error_code="ValidationException"), start=60)

    def least(left: UnlinkedInvocation) -> set[str]:
        shown = rows(page(Report(requests=[state, *known, refused], unlinked=[left], holds_all=True)), "By model")
        return {cells[0] for cells in shown if cells[1 if error_code is None else 2][0] in "≥–"}

    assert least(undecided) == models
    assert least(to) == set()


def test_by_model_no_failed_call_is_known_where_one_of_that_model_is_nobodys() -> None:
    priced, tried = "anthropic.claude-haiku-4-5-20251001-v1:0", settled("a", call("a", 1, model_id="a"))
    failed = call("f", 1, model_id=priced, error_code="ThrottlingException")
    states = [tried, with_possible_failed(settled("b", failed, start=20), 1)]
    left = without_request(model_id="unpriced", error_code="ThrottlingException")

    assert by_model(Report(requests=states, unlinked=[left], holds_all=True)) == {
        "a": ["≈ 1", "0"],
        "other": ["0", "≥ 1"],
    }
    assert by_model(Report(requests=states, unlinked=[left])) == {"a": ["≈ 1", "–"], "other": ["0", "≥ 1"]}


def test_the_foot_of_a_page_has_a_line_for_each_sign() -> None:
    lines = page(REPORT).partition("<footer>")[2].split("<li>")[1:]

    signs = [re.sub(r"<strong>(.*?)</strong>.*", r"\1", line) for line in lines]
    assert signs[:3] == ["–", "≥", "≈"]
    assert len(lines) == len(set(signs))
    assert all(line.count("</strong> ") == 1 for line in lines)


def test_a_route_whose_uncertain_requests_have_no_known_call_has_no_cost_of_nothing() -> None:
    routes = page(Report(requests=[costing(ENDLESS, "0")], unlinked=[])).partition("<caption>By route")[2]

    assert "$0" not in routes.partition("</table>")[0]


def test_the_first_few_say_how_many_uncertain_requests_may_belong_among_them() -> None:
    known = [costing(settled(f"known{at}", call(f"k{at}", at)), "0.02") for at in range(10)]
    lacking = [settled(f"lacking{at}", possible_calls=9) for at in range(8)]
    short = [settled(f"short{at}", possible_calls=0) for at in range(2)]
    html = page(Report(requests=[*known, *lacking, *short], unlinked=[]))

    captions = re.findall(r"<caption>([^<]+)", html)
    assert "Slowest" in captions
    assert "Most LLM calls; 8 more uncertain requests may have made as many calls" in captions
    assert any(
        each.startswith("Most expensive, by estimated cost; 8 more requests may have cost as") for each in captions
    )
    certain = page(Report(requests=[*known, *known], unlinked=[]))
    assert "Most LLM calls" in re.findall(r"<caption>([^<]+)", certain)


def with_possible_failed(state: RequestState, count: int | None) -> RequestState:
    assert state.summary is not None
    return replace(state, summary=replace(state.summary, possible_failed_calls=count))


def test_failed_attempts_are_the_least_where_failed_ones_are_possible_whatever_the_llm_calls() -> None:
    failing = settled("failing", call("e", 1, error_code="ValidationException"), possible_calls=1)

    def errors(*states: RequestState) -> str:
        return card(page(Report(requests=states, unlinked=[])), "Failed calls")

    assert errors(failing) == "|≈ 1||of them throttled: 0|"
    assert errors(POSSIBLE) == "|0||of them throttled: 0|"
    assert errors(with_possible_failed(failing, 2)) == "|≥ 1||of them throttled: unknown|"
    assert errors(with_possible_failed(POSSIBLE, 2), failing) == "|≥ 1||of them throttled: unknown|"
    for unsure in (with_possible_failed(POSSIBLE, 2), with_possible_failed(CERTAIN, None), ENDLESS):
        assert errors(unsure) == "|–||none is known of; 1 request may have some|"


def test_failed_attempts_of_an_uncertain_request_are_the_same_in_a_list_in_json_and_by_itself() -> None:
    """Where only LLM calls may be its own none failed: 0, not unknown."""

    def said(state: RequestState) -> tuple[str, Json, bool]:
        plain = piped(lambda console: show_requests(Report(requests=[state], unlinked=[]), console))
        header, line = (text.split("\t") for text in plain.splitlines()[:2])
        document = summary_document(state, Policy())
        in_list = line[header.index("Failed calls")]
        return in_list, document["llm_errors"], "failed" in shown(state)

    failed = settled("failed", call("e", 1, error_code="ValidationException"), possible_calls=4)
    assert said(POSSIBLE) == ("0", 0, False)
    assert said(with_possible_failed(POSSIBLE, 2)) == ("–", None, False)
    assert said(failed) == ("1", 1, True)
    assert "At least 0 LLM calls, ≈ 1 failed, 0 of them throttled" in shown(failed)
    assert "At least 0 LLM calls, at least 1 failed" in shown(with_possible_failed(failed, 2))


def test_a_page_without_a_certain_request_says_that_nothing_is_known_and_no_0() -> None:
    html = page(Report(requests=[ENDLESS], unlinked=[]))

    for name in ("LLM calls per request", "LLM time", "Request duration"):
        assert "|–|" in card(html, name)
        assert "unknown for the request|" in card(html, name)
    for name in ("Tokens", "Estimated cost"):
        assert card(html, name) == "|–||unknown: no call is linked to the requests|"
    assert card(html, "Failed calls") == "|–||none is known of; 1 request may have some|"
    cards = html.partition('class="kpis"')[2].partition("</dl>")[0]
    assert "≥ 0" not in cards
    assert "at least 0" not in cards
    assert "unknown for all 2 requests" in page(Report(requests=[ENDLESS, replace_id(ENDLESS)], unlinked=[]))


def test_the_pages_tables_say_at_least_and_why() -> None:
    html = page(REPORT)

    assert '≥ 1<div class="note" title="4 unlinked calls may be its own">4 possible</div>' in html
    assert '3<div class="note">2 uncertain</div>' in html
    assert "Uncertain requests" in html
    assert "write responseLatency into the access log" in html


def timed(name: str, llm_ms: int | None, tools_ms: int | None, other_ms: int | None) -> RequestState:
    state = settled(name, call(f"{name}-1", 1))
    assert state.summary is not None
    times = replace(state.summary, llm_time_ms=llm_ms, tool_time_ms=tools_ms, non_llm_time_ms=other_ms)
    return replace(state, summary=times)


def test_times_that_stand_beside_llm_time_are_of_its_requests_and_say_of_how_many() -> None:
    """Of one that ran on after its end no other time is known; of another no LLM time, and tools all the same."""
    ran_on, untimed = timed("ran-on", 60_000, None, None), timed("untimed", None, 9_000, None)
    both = [timed("a", 2_000, 500, 3_000), ran_on, untimed]

    said = page(Report(requests=both, unlinked=[]))

    assert "known for 2 of 3 requests" in card(said, "LLM time")
    assert means(said) == (
        "Means of the 2 requests of known LLM time: LLM time ≈ 31.00 s, duration 5.00 s; "
        "other time unknown for 1 of these 2 requests; time in tools unknown for 1 of these 2 requests."
    )
    alone = page(Report(requests=[ran_on], unlinked=[]))
    assert means(alone).endswith("other time unknown; time in tools unknown.")
    whole = page(Report(requests=both[:1], unlinked=[]))
    assert card(whole, "LLM time").endswith("|median; p90 ≈ 2.00 s, longest ≈ 2.00 s|")
    assert means(whole) == (
        "Means of the requests: LLM time ≈ 2.00 s + other time ≈ 3.00 s = duration 5.00 s; time in tools ≈ 0.50 s."
    )
    assert "Means of" not in page(Report(requests=[untimed], unlinked=[]))


def test_a_page_says_how_many_uncertain_requests_its_selection_leaves_out_that_may_belong_in_it() -> None:
    head = page(Selection(min_calls=1).of(REPORT)).partition("<main>")[0]

    assert "1 more uncertain request may have made as many calls" in head


def test_a_page_has_no_tool_time_of_those_requests_alone_that_used_none() -> None:
    without = [timed(f"none{number}", 2_000, 0, 3_000) for number in range(3)]
    using = [timed(f"tool{number}", 2_000, None, 3_000) for number in range(7)]

    said = means(page(Report(requests=without + using, unlinked=[])))

    assert said.endswith("≈ 3.00 s = duration 5.00 s; time in tools unknown for 7 of these 10 requests.")


@pytest.mark.parametrize(
    ("llm_ms", "other_ms", "words"),
    [
        (2_405, 1_109, "≈ 2.40 s + other time ≈ 1.11 s = duration 3.51 s"),
        (2_406, 1_108, "≈ 2.41 s + other time ≈ 1.10 s = duration 3.51 s"),
        (2_406, 1_106, "≈ 2.41 s + other time ≈ 1.10 s = duration 3.51 s"),
        (2_407, 3, "≈ 2.41 s + other time ≈ 3 ms = duration 2.41 s"),
        (2_409, 0, "≈ 2.41 s + other time ≈ 0.00 s = duration 2.41 s"),
    ],
)
def test_means_add_up_as_they_are_printed(llm_ms: int, other_ms: int, words: str) -> None:
    state = timed("a", llm_ms, 0, other_ms)
    assert state.record is not None
    state = replace(state, record=replace(state.record, duration_ms=llm_ms + other_ms))

    said = means(page(Report(requests=[state], unlinked=[])))

    assert f": LLM time {words}; time in tools none." in said


def test_means_add_up_where_medians_do_not() -> None:
    unlike = [timed("a", 1_000, 0, 4_000), timed("b", 2_000, 0, 3_000), timed("c", 4_500, 0, 500)]

    said = page(Report(requests=unlike, unlinked=[]))

    assert "|≈ 2.00 s||median;" in card(said, "LLM time")
    assert ": LLM time ≈ 2.50 s + other time ≈ 2.50 s = duration 5.00 s;" in means(said)


def test_a_page_of_certain_requests_is_as_it_was() -> None:
    html = page(Report(requests=[CERTAIN], unlinked=[]))

    assert "uncertain" not in html.partition("<main>")[2].partition("</main>")[0]
    assert "all settled" in html
    assert "known for" not in html.partition("<main>")[2].partition("</main>")[0]


EMBEDDED = replace(call("embeds", 1), tokens=TokenCounts(input=12))
ANSWERED = replace(call("answers", 2), tokens=TokenCounts(input=2_000, output=31, cache_read=512))
BOTH, ALONE = settled("both", EMBEDDED, ANSWERED), settled("alone", EMBEDDED)


def sums(state: RequestState) -> list[Json]:
    document = summary_document(state, Policy())
    return [document[key] for key in (*TokenClass, "at_least")]


def test_json_has_null_for_what_no_call_counts_and_names_what_is_the_least() -> None:
    assert sums(ALONE) == [12, None, None, None, []]
    assert sums(BOTH) == [2_012, 31, 512, None, ["output_tokens", "cache_read_input_tokens"]]


def test_a_request_that_has_no_call_yet_and_may_have_some_has_no_tokens_and_names_what_may_be_more() -> None:
    """As lists have it: "≥ 0" calls, and a dash for what no call tells; of one that made none all are 0."""
    open_, none = settled("open", possible_calls=8), settled("none")

    assert sums(open_) == [None, None, None, None, ["llm_calls"]]
    tallies = ("llm_errors", "llm_throttles", "unpriced_calls")
    assert [csv_row(open_, Policy())[key] for key in tallies] == [0, 0, None]
    assert [csv_row(with_possible_failed(open_, 1), Policy())[key] for key in tallies] == [None] * 3
    assert [csv_row(none, Policy())[key] for key in tallies] == [0] * 3
    assert [csv_row(open_, Policy())[key] for key in TokenClass] == [None] * 4
    assert sums(none) == [0, 0, 0, 0, []]
    assert summary_document(open_, Policy())["llm_calls"] == 0


def test_all_that_an_uncertain_request_adds_up_to_is_named_as_the_least() -> None:
    named = summary_document(POSSIBLE, Policy())["at_least"]

    assert named == ["llm_calls", "input_tokens", "output_tokens", "estimated_cost_usd"]
    failed = settled("failed", call("i1", 1, error_code="ThrottlingException"), possible_calls=2)
    assert summary_document(failed, Policy())["at_least"] == ["llm_calls"]
    unsure = with_possible_failed(failed, 1)
    assert summary_document(unsure, Policy())["at_least"] == ["llm_calls", "llm_errors", "llm_throttles"]
    assert summary_document(CERTAIN, Policy())["at_least"] == []
    assert summary_document(costing(CERTAIN, "0.02", unpriced=1), Policy())["at_least"] == ["estimated_cost_usd"]


def test_json_of_a_request_names_the_calls_that_may_be_its_own_and_what_was_decided_of_each() -> None:
    lost, assumed = Unattributed(reason=Reason.AMBIGUOUS, candidates=3), link("another", confidence=Confidence.ASSUMED)
    decisions: list[Decision | None] = [None, assumed, lost]
    calls = [
        UnlinkedInvocation(invocation=call(f"u{second}", second), stored_at=at(9), decision=decision)
        for second, decision in enumerate(decisions, start=1)
    ]

    document = shown_document(POSSIBLE, calls[::-1], policy=Policy())

    assert isinstance(document["possible"], list)
    assert [
        [each[key] for key in ("invocation_id", "reason", "candidates", "linked_to")] for each in document["possible"]
    ] == [["u1", None, None, None], ["u2", None, None, "another"], ["u3", "ambiguous", 3, None]]
    assert shown_document(CERTAIN, [], policy=Policy())["possible"] == []
    assert shown_document(ENDLESS, [], policy=Policy())["possible"] is None


def test_csv_names_them_in_one_cell() -> None:
    assert csv_row(BOTH, Policy())["at_least"] == "output_tokens cache_read_input_tokens"
    assert csv_row(ALONE, Policy())["at_least"] == ""
    assert csv_row(replace(ALONE, summary=None), Policy())["at_least"] is None


def test_a_table_has_a_dash_and_a_sign_for_the_least() -> None:
    assert ALONE.summary is not None
    assert BOTH.summary is not None
    assert tokens_text(ALONE.summary.totals, TokenClass.INPUT, TokenClass.OUTPUT, certain=True) == "12 / –"
    assert tokens_text(BOTH.summary.totals, TokenClass.INPUT, TokenClass.OUTPUT, certain=True) == "2,012 / ≥ 31"
    assert tokens_text(BOTH.summary.totals, TokenClass.INPUT, TokenClass.OUTPUT, certain=False) == "≥ 2,012 / 31"
    assert tokens_text(ALONE.summary.totals, TokenClass.INPUT, TokenClass.OUTPUT, certain=False) == "≥ 12 / –"
    assert tokens_text(ALONE.summary.totals, TokenClass.OUTPUT, certain=False) == "–"


def test_one_request_says_in_words_what_is_not_counted() -> None:
    assert "Tokens: ≈ 12 in, unknown out\n" in shown(ALONE)
    assert "Tokens: ≈ 2,012 in, at least 31 out, at least 512 read from cache, unknown written to cache\n" in shown(
        BOTH
    )


def test_the_report_says_in_its_card_and_by_model_what_is_not_counted() -> None:
    html = page(Report(requests=[BOTH, ALONE], unlinked=[]))

    assert card(html, "Tokens") == "|≈ 2,024 in||≥ 31 out||≥ 512 read from cache, unknown written|"
    (models,) = re.findall(r"<caption>By model.*?</table>", html, flags=re.DOTALL)
    assert [cell for cell in re.findall(r"<td[^>]*>([^<]*)</td>", models) if cell][3:7] == [
        "≈ 2,024",
        "≥ 31",
        "≥ 512",
        "–",
    ]


def test_more_calls_are_none_of_a_certain_request_and_unknown_of_a_pending_one() -> None:
    waiting = replace(settled("waiting", start=50), revision=0, summary=None)
    text = listed(Report(requests=[POSSIBLE, CERTAIN, waiting], unlinked=[]), width=200)

    assert row(text, "certain")[4:6] == ["≈ 1", "0"]
    assert row(text, "waiting")[4:6] == ["pending", "–"]


def test_so_far_is_said_where_a_request_is_pending_and_not_where_one_is_uncertain() -> None:
    waiting = replace(settled("waiting", start=50), revision=0, summary=None)
    uncertain, open_ = (Report(requests=states, unlinked=[]) for states in ([POSSIBLE], [CERTAIN, waiting]))

    assert headline(uncertain) == "1 request: 1 uncertain · 1 LLM call, linked"
    assert headline(open_) == "2 requests: 1 pending · 1 LLM call so far, linked"
    assert "so far" not in card(page(uncertain), "LLM calls per request")
    assert "≈ 1 LLM call so far" in card(page(open_), "LLM calls per request")
    assert '2<div class="note">1 pending</div>' in page(open_)
