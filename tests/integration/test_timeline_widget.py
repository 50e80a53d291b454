"""The timeline widget's handler over an emulated table."""

import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

import boto3
import pytest
from moto import mock_aws

import timeline_widget_handler
from request_lens.adapters.dynamodb.fact_store import DynamoFactStore
from request_lens.adapters.system_clock import SystemClock
from request_lens.domain.facts import RequestId
from request_lens.domain.policy import Policy
from request_lens.domain.tracing.traced import MAX_TOOLS, ToolUse
from request_lens.presentation.calls import FITS
from tests.integration.conftest import ENVIRONMENT
from tests.support.processor_traffic import REGION
from tests.support.request_table import TABLE_NAME, create_request_table
from tests.support.telemetry.traced_states import MISSING, SESSION, TRACE_ID, traced_state
from tests.support.widget_traffic import START, store_fitting, store_settled, store_unattributed


@dataclass
class Context:
    invoked_function_arn: str = "arn:aws:lambda:ap-northeast-1:123456789012:function:widget"


@pytest.fixture(autouse=True)
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[DynamoFactStore]:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    timeline_widget_handler._viewer.cache_clear()
    with mock_aws():
        client = boto3.client("dynamodb", region_name=REGION)
        create_request_table(client)
        store = DynamoFactStore(client, table_name=TABLE_NAME, retention=Policy().retention, clock=SystemClock())
        store_settled(store, 6)
        yield store
    timeline_widget_handler._viewer.cache_clear()


def answered(**event: object) -> str:
    """The page, with plain blanks between a number and its sign or unit."""
    return timeline_widget_handler.lambda_handler(event, Context()).replace("&nbsp;", " ")


def subtitle(page: str) -> str:
    """The lines above the picture as one."""
    return " · ".join(html.unescape(line) for line in re.findall(r'<text class="rl-subtitle[^>]*>([^<]*)</text>', page))


def context(**changes: object) -> dict[str, object]:
    start, end = (round(moment.timestamp() * 1000) for moment in (START, START + timedelta(minutes=1)))
    return {"timeRange": {"start": start, "end": end}, "theme": "light", "width": 900, "height": 400, **changes}


def test_the_requests_of_the_range_are_drawn_and_open_on_a_click() -> None:
    page = answered(widgetContext=context())

    assert page.count('class="rl-row"') == page.count("<cwdb-action ") == 6
    assert Context().invoked_function_arn in page
    assert "<script" not in page


def test_a_row_shows_its_request_s_id_and_says_it_whole_on_hovering() -> None:
    page = answered(widgetContext=context(width=400))

    assert page.count(">request-0003</text>") == 1
    assert page.count('title="$default, 08:00:16, request-0003, status 200, ') == 1


def test_where_the_reader_has_zoomed_only_that_part_is_shown() -> None:
    start = round(START.timestamp() * 1000)
    zoomed = {"start": start, "end": start + 60_000, "zoom": {"start": start + 5_000, "end": start + 12_000}}

    assert answered(widgetContext=context(timeRange=zoomed)).count("<cwdb-action ") == 2


def test_fewer_rows_are_the_newest_and_the_rest_is_counted() -> None:
    page = answered(widgetContext=context(), rows=2)

    assert "request-0005" in page
    assert "request-0003" not in page
    assert "4 earlier requests are not shown" in page
    assert "the newest 2 of 6 requests" in page


def test_uncertain_requests_are_hatched_counted_and_explained(store: DynamoFactStore) -> None:
    store_settled(store, 2, prefix="uncertain", possible_calls=2)

    page = answered(widgetContext=context())

    assert "8 requests: 2 failed (5xx), 2 uncertain" in page
    assert re.search("≥ \\d, 2 possible: at least \\d LLM calls?; 2 unlinked calls may be its own", page)
    assert (
        "What helps: tag the calls; where others call models too, name the agent&#x27;s role in AgentRoleNames." in page
    )
    assert ", at least 1 LLM call: 2 unlinked calls may be its own. Click for the calls." in page
    assert page.count('class="rl-doubt"') == 3  # two rows and the legend


def test_the_details_of_an_uncertain_request_say_at_least_and_why(store: DynamoFactStore) -> None:
    store_settled(store, 1, prefix="uncertain", possible_calls=1)

    page = answered(request_id="uncertain-0000", widgetContext=context())

    # No attempt but LLM calls may be its own: that none failed is known.
    assert "at least 1 LLM call · 0 failed, 0 of them throttled · LLM time" in page
    assert "LLM time unknown · other time unknown (in tools: unknown)" in page
    assert "tokens in / out ≥ 1,011 / 31" in page
    assert "estimated cost ≥ $" in page
    assert "Uncertain: 1 unlinked call may be its own. What helps: " in page


def test_a_request_with_missing_calls_is_counted_and_explained(store: DynamoFactStore) -> None:
    state = traced_state("traced", MISSING)
    assert state.summary is not None
    store.store_requests([state.request], stored_at=START)
    store.write_revision(state.request_id, revision=1, summary=state.summary)
    starts = round(state.request.started_at.timestamp() * 1000)

    page = answered(widgetContext=context(timeRange={"start": starts, "end": starts + 60_000}))

    assert "1 request: 1 incomplete" in page
    assert "at least 2 LLM calls: 2 linked" in page
    assert "1 missing call" in page
    note = "1 request incomplete: its spans tell of calls that are not in the log under it."
    assert f"<p>{note} A click on a row names them. What helps: deliver Bedrock&#x27;s invocation log" in page
    assert "at least 2 LLM calls, 1 missing" in page


def test_calls_without_a_request_have_a_lane_below_the_rows(store: DynamoFactStore) -> None:
    store_unattributed(store, 3)

    page = answered(widgetContext=context())

    assert page.count('class="rl-lane"') == 1
    assert "Without a request: 3 LLM calls, fits no request we know (no_request)" in page


def test_where_there_may_be_more_of_them_that_is_said(store: DynamoFactStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("request_lens.application.query.READ_LIMIT", 3)
    store_unattributed(store, 2)
    assert "there may be more" not in answered(widgetContext=context())

    store_unattributed(store, 3)

    assert "untagged calls: there may be more." in answered(widgetContext=context())


def test_of_the_newest_requests_alone_only_the_calls_of_their_time_are_shown(store: DynamoFactStore) -> None:
    store_unattributed(store, 6)

    assert "Without a request: 6 LLM calls" in answered(widgetContext=context())
    assert "Without a request: 2 LLM calls" in answered(widgetContext=context(), rows=2)


@pytest.mark.parametrize(
    ("sort", "first", "said"),
    [
        ("duration", "request-0003", "longest first"),
        ("calls", "request-0005", "most calls first"),
        ("when", "request-0005", ""),
    ],
)
def test_the_greatest_can_stand_on_top(sort: str, first: str, said: str) -> None:
    page = answered(widgetContext=context(), sort=sort)

    assert page.partition("&quot;request_id&quot;: &quot;")[2].startswith(first)
    assert (" first</text>" in page) == bool(said)
    assert said in page


def test_a_parameter_that_is_none_of_its_words_is_answered_above_the_picture() -> None:
    page = answered(widgetContext=context(), axis="clok", sort="<price>")

    above, _, _ = page.partition("<svg")
    assert "<p>The parameter axis is own or clock, not &#x27;clok&#x27;: own is shown.</p>" in above
    assert (
        "<p>The parameter sort is time, duration, calls or cost, not &#x27;&lt;price&gt;&#x27;: time is shown.</p>"
        in above
    )
    assert "The parameter" not in answered(widgetContext=context(), axis="clock", sort="")


def test_a_page_of_a_request_has_the_sign_at_each_figure_of_its_calls() -> None:
    pages = [answered(widgetContext=context(), request_id=f"request-{number:04}") for number in range(6)]
    about = [page for page in pages if "<p>≈ " in page]

    assert 0 < len(about) < len(pages)
    for page in pages:
        signs = [f"{figure} ≈ " in page for figure in ("LLM time", "other time", "tokens in / out", "estimated cost")]
        assert signs == [page in about] * 4


def test_the_subtitle_says_whose_requests_these_are_where_and_when() -> None:
    page = answered(widgetContext=context(), stack="request-lens-prod")

    assert "request-lens-prod · ap-northeast-1 · 2026-11-24 08:00:00 to 08:01:00 UTC · 6 requests: 1" in subtitle(page)


def test_an_empty_range_names_itself_and_what_helps() -> None:
    hour = round(START.timestamp() * 1000) - 3_600_000

    page = answered(widgetContext=context(timeRange={"start": hour, "end": hour + 60_000}))

    assert "No requests from 2026-11-24 07:00:00 to 07:01:00 UTC" in page
    assert "request-lens doctor" in page


def test_the_subtitle_has_the_sum_of_calls_and_the_parts_that_make_it_up(store: DynamoFactStore) -> None:
    assert "6 requests: 1 failed (5xx) · 12 LLM calls, all linked" in subtitle(answered(widgetContext=context()))

    store_unattributed(store, 3)
    store_settled(store, 1, prefix="uncertain", possible_calls=2)

    said = subtitle(answered(widgetContext=context()))
    assert "1 uncertain · 16 LLM calls: 13 linked, 3 unattributed" in said


def test_failed_attempts_are_counted_beside_the_sum_of_llm_calls(store: DynamoFactStore) -> None:
    store_unattributed(store, 2)
    store_fitting(store, 2, within=RequestId("request-0000"), error_code="ThrottlingException")

    said = subtitle(answered(widgetContext=context()))

    assert said.endswith("· 14 LLM calls: 12 linked, 2 unattributed · 2 failed calls, all throttled")


def test_the_subtitle_says_at_least_where_not_all_calls_were_read(
    store: DynamoFactStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("request_lens.application.query.READ_LIMIT", 2)
    store_unattributed(store, 3)

    assert "at least 14 LLM calls: 12 linked, at least 2 unattributed" in subtitle(answered(widgetContext=context()))


@pytest.mark.parametrize(("calls", "named", "more"), [(2, 2, ""), (13, 10, "and 3 more calls, which request-lens ")])
def test_the_details_of_an_uncertain_request_name_the_first_calls_that_may_be_its_own(
    store: DynamoFactStore, calls: int, named: int, more: str
) -> None:
    store_settled(store, 1, prefix="uncertain", possible_calls=calls)
    store_fitting(store, calls, within=RequestId("uncertain-0000"))

    page = answered(request_id="uncertain-0000", widgetContext=context())

    assert f"Uncertain: {calls} unlinked calls may be its own." in page
    rows = page.partition("May be its own")[2].partition("</table>")[0]
    assert [f"fitting-{number:04}" in rows for number in range(calls)] == [True] * named + [False] * (calls - named)
    assert '<td class="rlw-whole">3 requests</td>' in rows
    assert more in page
    assert page.count(FITS) == 1


def test_the_details_of_a_certain_request_name_no_other_call(store: DynamoFactStore) -> None:
    store_fitting(store, 2, within=RequestId("request-0000"))

    page = answered(request_id="request-0000", widgetContext=context())
    assert "May be its own" not in page
    assert FITS not in page


def test_the_theme_is_the_consoles() -> None:
    assert "#0f161e" in answered(widgetContext=context(theme="dark"))
    assert "#0f161e" not in answered(widgetContext=context(theme="light"))


def test_the_details_of_a_request_hold_each_call() -> None:
    page = answered(request_id="request-0002", widgetContext=context())

    assert page.count("<tr") == 1 + 3
    assert "tool_use" in page
    assert "window (assumed)" in page


def test_the_details_say_what_each_call_cost_and_why_one_has_no_cost() -> None:
    page = answered(request_id="request-0002", widgetContext=context())

    assert "by the list prices of genai-prices" in page
    assert "+ 1 unpriced" in page
    assert page.count("unpriced: unknown region") == 1
    assert page.count(">$0.00") == 2


def test_the_details_say_what_spans_do_and_link_to_the_trace(store: DynamoFactStore) -> None:
    state = traced_state("traced", MISSING)
    assert state.summary is not None
    store.store_requests([state.request], stored_at=START)
    store.store_linked(state.invocations)
    store.write_revision(state.request_id, revision=1, summary=state.summary)

    page = answered(request_id="traced", widgetContext=context())

    assert "Incomplete: 1 call has a span and is not in the log under it: 53cb819a-lost." in page
    assert "Time by: LLM 2.96 s, tool get_weather 0.42 s, tool send_mail 0.30 s, " in page
    assert "· first token of the answer after 3.5 s" in page
    console = "https://ap-northeast-1.console.aws.amazon.com/cloudwatch/home?region=ap-northeast-1"
    link = f'<a href="{console}#xray:traces/1-{TRACE_ID[:8]}-{TRACE_ID[8:]}">{TRACE_ID}</a>'
    assert f"Trace {link} · session {SESSION}" in page
    assert page.count("<tr") == (1 + 2) + (1 + 2)
    assert page.count(">failed</td>") == 1


@pytest.mark.parametrize(("runs", "is_said"), [(MAX_TOOLS - 1, False), (MAX_TOOLS, True)])
def test_the_details_say_that_later_runs_of_tools_are_not_kept_where_there_may_be_some(
    store: DynamoFactStore, runs: int, is_said: bool
) -> None:
    tools = tuple(ToolUse(tool="get_weather", offset_ms=10 * n, duration_ms=5) for n in range(runs))
    state = traced_state("traced", replace(MISSING, tools=tools))
    assert state.summary is not None
    store.store_requests([state.request], stored_at=START)
    store.write_revision(state.request_id, revision=1, summary=state.summary)

    page = answered(request_id="traced", widgetContext=context())

    assert ("<p>Of each request the first 100 runs of tools are kept, later runs are not kept.</p>" in page) is is_said


def test_an_unknown_request_is_said_to_be_unknown() -> None:
    assert "Nothing is known of this request" in answered(request_id="<b>", widgetContext=context())


def test_it_documents_itself_without_reading_anything() -> None:
    assert "### Widget parameters" in answered(describe=True)


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"unknown": {"deep": [1]}, "rows": "many", "request_id": 7},
        {"widgetContext": "none", "rows": -5},
        {"widgetContext": {"timeRange": {"start": "yesterday", "end": None}, "width": 1e300, "theme": 5}},
        {"widgetContext": {"timeRange": {"start": 9e15, "end": -1}, "width": True}},
    ],
    ids=json.dumps,
)
def test_what_cannot_be_read_is_ignored(event: dict[str, object]) -> None:
    assert "No requests from " in answered(**event)
