"""Requests that lack calls, as their spans tell: on all surfaces counts are the least, with how many are missing."""

import csv
import io
import json
import re
from dataclasses import replace
from decimal import Decimal

import pytest

from request_lens.application.query import RequestDetail, RequestView
from request_lens.domain.facts import InvocationId
from request_lens.domain.folding.summary import Totals
from request_lens.domain.policy import Policy
from request_lens.domain.settling.state import RequestState
from request_lens.domain.tracing.traced import Traced
from request_lens.presentation.timeline.row import RowOrder, in_order
from request_lens.presentation.traced import COMPLETING
from request_lens_cli.html_report.page import Heading, report_page
from request_lens_cli.report.documents import CSV_KEYS, csv_row, summary_document
from request_lens_cli.report.figures import figures_of
from request_lens_cli.report.headline import headline
from request_lens_cli.report.period import Period
from request_lens_cli.report.report import Report
from request_lens_cli.report.request_schema import LEAST_KEYS
from request_lens_cli.report.schema import OUTPUTS
from request_lens_cli.report.selection import Order, Selection
from request_lens_cli.terminal.report_view import show_requests
from request_lens_cli.terminal.request_view import show_request
from tests.support.command_line.screen import piped, printed
from tests.support.facts import at, call, tag
from tests.support.sample_states import settled
from tests.support.telemetry.traced_states import COMPLETE, MISSING, traced_state

POLICY = Policy()
THREE_LOST = replace(MISSING, missing_calls=3, missing=tuple(InvocationId(f"lost-{n}") for n in range(3)))


def exact_state(
    request_id: str, said: Traced | None, *, start: float = 0, error_code: str | None = None
) -> RequestState:
    """A request with one tagged call, or failed attempt, at a known cost, whose spans say this."""
    state = settled(
        request_id, call(f"i-{request_id}", start + 1, tag=tag(request_id), error_code=error_code), start=start
    )
    assert state.summary is not None
    totals = replace(state.summary.totals, estimated_cost_usd=Decimal("0.02"), unpriced_calls=0)
    return replace(state, summary=replace(state.summary, totals=totals, traced=said))


WHOLE, LACKING = exact_state("whole", COMPLETE), exact_state("lacking", THREE_LOST, start=20)
REPORT = Report(requests=[WHOLE, LACKING], unlinked=[])


def listed(report: Report, *, width: int = 200) -> str:
    return printed(lambda console: show_requests(report, console), width=width)


def page(report: Report) -> str:
    period = Period(first=at(0), last=at(60))
    return report_page(report, Heading(stack="lens", period=period, written_at=at(90))).replace("&nbsp;", " ")


def card(html: str, name: str) -> str:
    """A card's figure and notes, with `|` for its elements."""
    return re.sub(r"<[^>]*>", "|", html.partition(f"<dt>{name}</dt>")[2].partition("</div>")[0])


def cells(html: str, caption: str, row: int = 0) -> list[str]:
    """The cells of a row of the table with that caption, with `|` for the elements in them."""
    table = html.partition(f"<caption>{caption}")[2].partition("</table>")[0]
    line = table.partition("<tbody>")[2].split("</tr>")[row]
    found = re.findall(r"<td[^>]*>(.*?)</td>", line)
    return [re.sub(r"<[^>]*>", "|", cell).strip("|") for cell in found]


def test_a_list_says_at_least_how_many_calls_and_how_many_are_missing() -> None:
    lines = {line.split()[0]: re.split(r" {2,}", line.strip()) for line in listed(REPORT).splitlines() if line.strip()}
    heads = lines["Request"]

    def of(name: str) -> list[str]:
        return [
            lines[name][heads.index(head)] for head in ("LLM calls", "More calls", "LLM time", "Est. cost", "Complete")
        ]

    assert of("whole") == ["1", "0", "1.00 s", "$0.020000", "yes"]
    assert of("lacking") == ["≥ 1", "3 missing", "1.00 s", "≥ $0.020000", "no"]


def test_the_sentence_below_a_list_says_what_is_missing_and_its_cost_is_the_least() -> None:
    text = " ".join(listed(REPORT).split())

    assert headline(REPORT) == "2 requests: 1 incomplete · at least 2 LLM calls: 2 linked · 3 missing calls"
    assert headline(REPORT) in text
    assert "Estimated cost of the requests: ≥ $0.040000" in text
    assert f"request-lens show names them. What helps: {COMPLETING}." in text
    assert headline(Report(requests=[WHOLE], unlinked=[])) == "1 request · 1 LLM call, linked"


def test_a_pipe_says_that_the_number_is_the_least_and_how_many_are_missing() -> None:
    header, *rows = (line.split("\t") for line in piped(lambda console: show_requests(REPORT, console)).splitlines())
    said = [dict(zip(header, row, strict=True)) for row in rows]
    names = ("LLM calls", "More calls", "Calls are", "Failed calls", "Unpriced calls", "Missing calls", "Complete")

    assert [said[0][name] for name in names] == ["1", "0", "exact", "0", "0", "0", "yes"]
    assert [said[1][name] for name in names] == ["1", "0", "at least", "–", "–", "3", "no"]


def test_show_says_at_least_and_how_many_are_missing() -> None:
    view = RequestView(record=LACKING.request, state=LACKING, summary=LACKING.summary, is_pending=False)
    details = RequestDetail(view=view, calls=LACKING.invocations, provisional=frozenset(), estimates={})
    text = printed(lambda console: show_request(LACKING, details, policy=POLICY, console=console), width=120)

    assert "At least 1 LLM call, 3 missing\n" in re.sub(r" +\n", "\n", text)
    assert "Tokens: at least 1,011 in" in text
    assert "Estimated cost: ≥ $0.020000" in text


def test_json_and_csv_say_that_every_number_is_the_least() -> None:
    whole, lacking = (summary_document(state, POLICY) for state in (WHOLE, LACKING))

    assert (whole["calls_are"], whole["at_least"], whole["llm_errors"]) == ("exact", [], 0)
    assert (lacking["calls_are"], lacking["state"], lacking["llm_calls"]) == ("at_least", "certain", 1)
    assert (lacking["llm_errors"], lacking["llm_throttles"], lacking["unpriced_calls"]) == (None, None, None)
    known = ["llm_calls", "input_tokens", "output_tokens", "estimated_cost_usd"]
    assert lacking["at_least"] == [key for key in LEAST_KEYS if key in known]
    assert OUTPUTS["request"].validate_json(json.dumps(lacking), strict=True, extra="forbid") is not None
    answer = io.StringIO()
    csv.DictWriter(answer, CSV_KEYS).writerow(csv_row(LACKING, POLICY))
    row = next(csv.DictReader(io.StringIO(answer.getvalue()), CSV_KEYS))
    assert (row["calls_are"], row["llm_calls"], row["missing_calls"]) == ("at_least", "1", "3")


def test_the_mean_of_calls_leaves_it_out_and_the_sums_are_the_least() -> None:
    figures = figures_of(REPORT).all

    assert figures.calls is not None
    assert (figures.calls.mean, figures.calls.known, figures.calls.of) == (1, 1, 2)
    assert (figures.incomplete, figures.missing_calls, figures.counts_all_calls) == (1, 3, False)
    html = page(REPORT)
    assert card(html, "LLM calls per request") == (
        "|1.0||mean; p90 1, most 1||known for 1 of 2 requests||at least 2 LLM calls, 3 missing|"
    )
    assert "|≥ 2,022 in|" in card(html, "Tokens")
    assert "|≥ $0.040000|" in card(html, "Estimated cost")
    assert "none is known of; 1 request may have some" in card(html, "Failed calls")
    assert "|1.00 s|" in card(html, "LLM time")


def test_the_reports_tables_say_at_least_and_how_many_are_missing() -> None:
    html = page(REPORT)

    route = cells(html, "By route")
    assert (route[1], route[3], route[4]) == ("2|1 incomplete", "≥ 2|3 missing", "1.0|most 1||known for 1 of 2")
    assert cells(html, "By model")[1:4] == ["≥ 2", "–", "–"]
    lacking, whole = cells(html, "All requests"), cells(html, "All requests", 1)
    assert lacking[4:7] == ["≥ 1|3 missing", "≥ $0.020000", "1.00 s"]
    assert lacking[9:11] == ["≥ 1,011 / 31", "no||lost-0, lost-1 and 1 more"]
    assert (whole[4:7], whole[10]) == (["1", "$0.020000", "1.00 s"], "yes")


def test_the_report_counts_incomplete_requests_among_what_is_not_certain_and_the_top_leads_there() -> None:
    html, certain = page(REPORT), page(Report(requests=[WHOLE], unlinked=[]))

    section = html.partition('<section id="not-certain">')[2].partition("</section>")[0]
    row = cells(section, "Incomplete requests")
    assert row[0] == "their spans tell of calls that are not in the log under them"
    assert "deliver Bedrock&#x27;s invocation log of that time again (request-lens backfill)" in row[1]
    assert row[2:] == ["1", "3"]
    assert (
        '<a href="#not-certain">see what is not certain</a>'
        in html.partition("<dt>Requests</dt>")[2].partition("</div>")[0]
    )
    assert "#not-certain" not in certain
    assert "not-certain" not in certain
    assert "Incomplete requests" not in certain


def test_each_section_of_the_report_has_an_anchor_of_its_own() -> None:
    html = page(REPORT)

    anchors = re.findall(r'<section id="([^"]+)"', html)
    assert anchors == ["timeline", "groups", "not-certain", "spans", "requests"]
    assert html.count("<section") == len(anchors)
    assert set(re.findall(r'href="#([^"]+)"', html)) <= set(anchors)


@pytest.mark.parametrize(("least", "found"), [(1, ["whole", "lacking"]), (4, ["lacking"]), (5, [])])
def test_missing_calls_were_made_so_a_selection_by_calls_counts_them(least: int, found: list[str]) -> None:
    chosen = Selection(min_calls=least).of(REPORT)

    assert [state.request_id for state in chosen.requests] == found
    assert chosen.may_match == 0


def test_the_request_that_made_most_calls_stands_first_with_those_that_are_missing() -> None:
    two = settled("two", call("a", 41, tag=tag("two")), call("b", 42, tag=tag("two")), start=40)
    report = Report(requests=[WHOLE, two, LACKING], unlinked=[])

    by_calls = Selection(order=Order.CALLS).of(report)
    rows = in_order(report.timeline_rows(), RowOrder.CALLS, newest_first=True)
    assert [state.request_id for state in by_calls.requests] == ["lacking", "two", "whole"]
    assert [row.request.request_id for row in rows] == ["lacking", "two", "whole"]


@pytest.mark.parametrize("possible", [4, None])
def test_a_request_that_is_uncertain_and_incomplete_says_both(possible: int | None) -> None:
    assert LACKING.summary is not None
    both = replace(LACKING, summary=replace(LACKING.summary, possible_calls=possible))
    words = "4 possible, 3 missing" if possible else ", 3 missing"

    assert words in listed(Report(requests=[both], unlinked=[]))
    assert words in page(Report(requests=[both], unlinked=[]))


def test_a_request_without_a_call_that_lacks_some_has_no_tokens_and_no_cost() -> None:
    none = settled("none", start=0)
    assert none.summary is not None
    lacking = replace(none, summary=replace(none.summary, totals=Totals(), traced=THREE_LOST))
    html = page(Report(requests=[lacking], unlinked=[]))

    assert "|–||unknown: no call is linked to the requests|" in card(html, "Tokens")
    assert "|–||unknown: no call is linked to the requests|" in card(html, "Estimated cost")
    assert cells(html, "All requests")[4].startswith("≥ 0|3 missing")
    assert "Tokens: unknown" in printed(
        lambda console: show_request(
            lacking,
            RequestDetail(
                view=RequestView(record=lacking.request, state=lacking, summary=lacking.summary, is_pending=False),
                calls=(),
                provisional=frozenset(),
                estimates={},
            ),
            policy=POLICY,
            console=console,
        ),
        width=120,
    )


def test_calls_that_are_linked_by_time_are_at_least_so_many_where_others_are_missing() -> None:
    state = traced_state("r1", MISSING)
    assert state.summary is not None

    report = Report(requests=[state], unlinked=[])
    assert headline(report) == "1 request: 1 incomplete · at least 2 LLM calls: 2 linked · 1 missing call"
    assert "· at least 2 LLM calls, 1 missing ·" in headline(replace(report, earlier=1))
    assert "≈" not in headline(replace(report, earlier=1))
