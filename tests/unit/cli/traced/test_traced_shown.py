"""What spans say of a request, as people and scripts see it."""

import csv
import io
import json
import re
from dataclasses import replace

import pytest

from request_lens.application.query import RequestDetail, RequestView
from request_lens.domain.facts import InvocationId
from request_lens.domain.policy import Policy
from request_lens.domain.settling.state import RequestState
from request_lens.domain.tracing.traced import MAX_TOOLS, ToolUse, Traced
from request_lens_cli.html_report.page import Heading, report_page
from request_lens_cli.html_report.span_tables import MAX_RUNS, spans_section
from request_lens_cli.report.documents import CSV_KEYS, csv_row, summary_document
from request_lens_cli.report.period import Period
from request_lens_cli.report.report import Report
from request_lens_cli.report.schema import OUTPUTS
from request_lens_cli.report.traced_documents import TRACED_COLUMNS
from request_lens_cli.terminal.report_view import show_requests
from request_lens_cli.terminal.request_view import show_request
from tests.support.command_line.screen import piped, printed
from tests.support.facts import at, call
from tests.support.sample_states import settled
from tests.support.telemetry.traced_states import COMPLETE, MISSING, PARTS, SESSION, TRACE_ID, UNPROVEN, traced_state

POLICY = Policy()
PIPED_PARTS = {
    "LLM": "2.960",
    "tool get_weather": "0.420",
    "tool send_mail": "0.300",
    "memory": "0.380",
    "agent": "0.640",
    "outside the agent": "0.300",
}


def listed(*states: RequestState, width: int = 200) -> str:
    report = Report(requests=list(states), unlinked=[])
    return printed(lambda console: show_requests(report, console), width=width)


def shown(state: RequestState, *, width: int = 120) -> str:
    assert state.record is not None
    view = RequestView(record=state.record, state=state, summary=state.summary, is_pending=False)
    details = RequestDetail(view=view, calls=state.invocations, provisional=frozenset(), estimates={})
    return printed(lambda console: show_request(state, details, policy=POLICY, console=console), width=width)


def test_a_pipe_gets_what_spans_say_as_fields_of_the_output(capfd: pytest.CaptureFixture[str]) -> None:
    state = traced_state("r1", MISSING)
    assert state.record is not None
    view = RequestView(record=state.record, state=state, summary=state.summary, is_pending=False)
    details = RequestDetail(view=view, calls=state.invocations, provisional=frozenset(), estimates={})
    text = piped(lambda console: show_request(state, details, policy=POLICY, console=console))
    fields = dict(line.split("\t") for line in text.splitlines() if line.count("\t") == 1)

    assert {name: value for name, value in fields.items() if name.startswith("Time by")} == {
        f"Time by {name} (s)": value for name, value in PIPED_PARTS.items()
    }
    assert (fields["First token (s)"], fields["Trace"], fields["Session"]) == ("3.510", TRACE_ID, SESSION)
    assert (fields["Missing calls"], fields["Missing call ids"]) == ("1", "53cb819a-lost")
    assert capfd.readouterr().err == ""


def test_json_has_all_that_spans_say() -> None:
    document = summary_document(traced_state("r1"), POLICY)

    assert {
        key: document[key] for key in ("trace_id", "session_id", "complete", "missing_calls", "calls_elsewhere")
    } == {
        "trace_id": TRACE_ID,
        "session_id": SESSION,
        "complete": True,
        "missing_calls": 0,
        "calls_elsewhere": 0,
    }
    assert document["time_by"] == {
        "llm_ms": 2_960,
        "llm_elsewhere_ms": 0,
        "tools": {"get_weather": 420, "send_mail": 300},
        "memory_ms": 380,
        "agent_ms": 640,
        "outside_ms": 300,
    }
    assert (document["first_token_ms"], document["gateway_overhead_ms"]) == (3_510, 41)
    assert document["tools"] == [
        {"tool": "get_weather", "started_at": "2025-12-04T18:27:03.250Z", "duration_ms": 420, "failed": False},
        {"tool": "send_mail", "started_at": "2025-12-04T18:27:03.700Z", "duration_ms": 300, "failed": True},
    ]


def test_json_names_what_is_missing() -> None:
    document = summary_document(traced_state("r1", MISSING), POLICY)

    assert (document["complete"], document["missing_calls"]) == (False, 1)
    assert document["missing_invocation_ids"] == ["53cb819a-lost"]


def test_without_spans_all_of_it_is_null_but_for_the_trace_that_the_record_names() -> None:
    state = settled("r1", call())
    assert state.record is not None
    document = summary_document(replace(state, record=replace(state.record, trace_id=TRACE_ID)), POLICY)

    keys = ("session_id", "complete", "missing_calls", "missing_invocation_ids", "calls_elsewhere", "first_token_ms")
    assert {document[key] for key in (*keys, "time_by", "tools", "gateway_overhead_ms")} == {None}
    assert document["trace_id"] == TRACE_ID


@pytest.mark.parametrize("said", [COMPLETE, MISSING, UNPROVEN, None], ids=["complete", "missing", "unproven", "none"])
def test_json_is_what_the_schema_says(said: Traced | None) -> None:
    document = summary_document(traced_state("r1", said), POLICY)

    assert OUTPUTS["request"].validate_json(json.dumps(document), strict=True, extra="forbid") is not None


@pytest.mark.parametrize("said", [COMPLETE, None], ids=["spans", "the record alone"])
def test_json_links_to_the_trace_where_there_is_a_console(said: Traced | None) -> None:
    state = traced_state("r1", said)
    state = replace(state, record=replace(state.request, trace_id=TRACE_ID))

    assert summary_document(state, POLICY, aws_console=CONSOLE)["trace_url"] == TRACE_URL
    assert csv_row(state, POLICY, aws_console=CONSOLE)["trace_url"] == TRACE_URL
    assert summary_document(state, POLICY)["trace_url"] is None
    assert summary_document(settled("r1", call()), POLICY, aws_console=CONSOLE)["trace_url"] is None


def csv_of(said: Traced | None) -> dict[str, str]:
    """The row of a request whose spans say this, as a program reads it."""
    answer = io.StringIO()
    writer = csv.DictWriter(answer, CSV_KEYS)
    writer.writerow(csv_row(traced_state("r1", said), POLICY))
    return next(csv.DictReader(io.StringIO(answer.getvalue()), CSV_KEYS))


def test_csv_has_where_the_time_went_and_each_run_of_a_tool() -> None:
    row = csv_of(COMPLETE)

    assert {key: row[key] for key in TRACED_COLUMNS} == {
        "time_by_llm_ms": "2960",
        "time_by_llm_elsewhere_ms": "0",
        "time_by_tools_ms": "720",
        "time_by_memory_ms": "380",
        "time_by_agent_ms": "640",
        "time_by_outside_ms": "300",
        "time_by_tool": "get_weather=420 send_mail=300",
        "tools": "get_weather 2025-12-04T18:27:03.250Z 420 ok; send_mail 2025-12-04T18:27:03.700Z 300 failed",
    }


def test_csv_is_empty_where_spans_do_not_tell() -> None:
    unread = csv_of(replace(COMPLETE, time_by=None, tools=()))

    assert {unread[key] for key in TRACED_COLUMNS} == {""}
    assert {csv_of(None)[key] for key in TRACED_COLUMNS} == {""}


def test_csv_has_the_keys_with_one_value() -> None:
    row = csv_of(MISSING)
    said = {
        key: row[key]
        for key in ("trace_id", "session_id", "complete", "missing_calls", "calls_elsewhere", "first_token_ms")
    }
    assert list(said.values()) == [TRACE_ID, SESSION, "false", "1", "0", "3510"]


def test_a_list_has_a_column_for_completeness_only_where_there_are_spans() -> None:
    states = [traced_state("whole"), traced_state("part", MISSING, start=20), traced_state("open", UNPROVEN, start=40)]
    lines = {line.split()[0]: line.rstrip() for line in listed(*states).splitlines() if line.strip()}

    assert lines["Request"].endswith("Complete")
    assert [lines[name].split("  ")[-1].strip() for name in ("whole", "part", "open")] == ["yes", "no", "–"]
    assert "Complete" not in listed(settled("r1", call()))


@pytest.mark.parametrize("width", [60, 80, 100])
def test_a_list_with_it_keeps_to_the_width(width: int) -> None:
    text = listed(traced_state("8vyhhrKPTgKzGt2="), traced_state("8vyhhrKPTgKzGt3=", MISSING, start=20), width=width)

    assert max(map(len, text.splitlines())) <= width


def test_show_tells_where_the_time_went_and_how_each_tool_ended() -> None:
    text = shown(traced_state("r1"))

    for line in (
        "Complete: its spans prove that all calls are here.",
        "Time by: LLM 2.96 s, tool get_weather 0.42 s, tool send_mail 0.30 s, memory 0.38 s, agent 0.64 s, outside the",
        "First token after 3.51 s",
        f"Trace {TRACE_ID}, session {SESSION}",
    ):
        assert line in text
    table = text.partition("Outcome")[2].splitlines()
    tools = [line.split() for line in table if line.startswith(("get_weather", "send_mail"))]
    assert tools == [
        ["get_weather", "18:27:03.250", "0.42", "s", "ok"],
        ["send_mail", "18:27:03.700", "0.30", "s", "failed"],
    ]


def test_the_waterfall_has_a_line_for_each_tool_in_order_of_their_starts() -> None:
    lines = [line.split("  ")[0] for line in shown(traced_state("r1")).splitlines()]
    first = lines.index("request")

    assert lines[first : first + 5] == ["request", "call 1", "get_weather", "send_mail", "call 2"]
    succeeding = replace(COMPLETE, tools=tuple(replace(each, failed=False) for each in COMPLETE.tools))
    text, without_failed = shown(traced_state("r1")), shown(traced_state("r1", succeeding))
    assert "▒▒ tool" in text
    assert "▒▒ tool" in without_failed
    assert "\N{BOX DRAWINGS LIGHT DIAGONAL CROSS} failed tool" in text
    assert "failed tool" not in without_failed


@pytest.mark.parametrize(("runs", "is_said"), [(MAX_TOOLS - 1, False), (MAX_TOOLS, True)])
def test_show_says_that_later_runs_of_tools_are_not_kept_where_there_may_be_some(runs: int, is_said: bool) -> None:
    tools = tuple(ToolUse(tool="get_weather", offset_ms=10 * n, duration_ms=5) for n in range(runs))
    text = shown(traced_state("r1", replace(COMPLETE, tools=tools)))

    last = "Of each request the first 100 runs of tools are kept, later runs are not kept."
    assert (text.splitlines()[-1].rstrip() == last) is is_said


def test_a_list_says_below_it_how_many_requests_lack_calls() -> None:
    one = (
        "1 request incomplete: its spans tell of calls that are not in the log under it: request-lens show names them."
    )
    two = "2 requests incomplete: their spans tell of calls that are not in the log under them: request-lens show names"

    assert one in listed(traced_state("whole"), traced_state("part", MISSING, start=20))
    assert two in listed(traced_state("a", MISSING), traced_state("b", MISSING, start=20))
    assert "incomplete" not in listed(traced_state("whole"))


def test_show_names_the_missing_calls() -> None:
    many = replace(MISSING, missing_calls=12, missing=tuple(InvocationId(f"id-{n}") for n in range(10)))

    assert "Incomplete: 1 call has a span and is not in the log under it: 53cb819a-lost." in shown(
        traced_state("r1", MISSING)
    )
    words = " ".join(shown(traced_state("r1", many)).split())
    assert "Incomplete: 12 calls have a span and are not in the log under it: id-0, id-1," in words
    assert "id-9 and 2 more." in words


def test_show_says_what_spans_do_not_tell() -> None:
    text = shown(traced_state("r1", UNPROVEN))

    assert "Complete: unknown, its spans do not prove it." in text
    assert "1 call to Bedrock in other Regions, whose logs do not come here." in text
    assert "Time by: unknown" in text
    assert "First token" not in text


def test_show_says_nothing_of_spans_where_there_are_none() -> None:
    text = shown(traced_state("r1", None))

    assert not any(word in text for word in ("Complete", "Time by", "Trace", "Outcome"))


CONSOLE = "https://us-east-1.console.aws.amazon.com/cloudwatch/home?region=us-east-1"
TRACE_URL = f"{CONSOLE}#xray:traces/1-{TRACE_ID[:8]}-{TRACE_ID[8:]}"


def page(*states: RequestState, aws_console: str = "") -> str:
    period = Period(first=at(0), last=at(60))
    heading = Heading(stack="lens", period=period, written_at=at(90), aws_console=aws_console)
    return report_page(Report(requests=list(states), unlinked=[]), heading).replace("&nbsp;", " ")


def test_the_report_counts_incomplete_requests_and_says_where_the_time_of_each_went() -> None:
    text = page(traced_state("r1"), traced_state("r2", MISSING, start=20))

    assert "1 incomplete: made calls that are not linked to them" in text
    assert "all settled" not in text
    for cell in ("3.51 s", "2.96 s", "0.72 s", "0.38 s", "0.64 s"):
        assert f">{cell}</td>" in text
    assert ">get_weather 0.42 s, send_mail 0.30 s<" in text
    assert "Other models" not in text
    assert "53cb819a-lost" in text
    assert "Complete</th>" not in page(settled("r1", call()))
    assert "by spans" not in page(settled("r1", call()))


def test_the_report_names_the_first_missing_calls_where_paper_and_touch_show_them_too() -> None:
    four = replace(MISSING, missing_calls=4, missing=tuple(InvocationId(f"id-{n}") for n in range(4)))

    seen = re.sub(r'title="[^"]*"', "", page(traced_state("r1", MISSING), traced_state("r2", four, start=20)))
    assert '<div class="note">53cb819a-lost</div></td>' in seen
    assert '<div class="note">id-0, id-1 and 2 more</div></td>' in seen
    assert ' class="note"' not in page(traced_state("r1")).partition(">yes</span>")[2].partition("</td>")[0]


def test_the_report_tells_trace_session_and_each_run_of_a_tool() -> None:
    text = page(traced_state("r1"), aws_console=CONSOLE)

    assert f'trace <a class="trace" href="{TRACE_URL}">{TRACE_ID}</a>' in text
    assert f"session {SESSION}<" in text
    assert "<summary>2 runs, 1 failed</summary>" in text
    assert "<div>18:27:03.250 get_weather 0.42 s ok</div>" in text
    assert '<div>18:27:03.700 send_mail 0.30 s <strong class="failed">failed</strong></div>' in text


def test_a_page_of_files_names_the_trace_without_a_link() -> None:
    text = page(traced_state("r1"))

    assert f'trace <span class="trace">{TRACE_ID}<' in text
    assert '<a href="http' not in text


def test_a_request_with_an_unknown_split_of_its_time_is_in_the_report_all_the_same() -> None:
    """Its first token is known, and its tools."""
    unknown = replace(COMPLETE, time_by=None)

    text = page(traced_state("r1", unknown))
    cells = re.findall(r"<td[^>]*>(.*?)</td>", text[text.index("by spans</h2>") :])[1:10]

    assert cells[:8] == ["18:27:02", "5.00 s", "3.51 s", *["–"] * 5]
    assert cells[8].startswith("–<details")


def test_the_report_says_how_many_requests_are_left_out_of_where_the_time_went_and_why() -> None:
    waiting = replace(settled("waiting", start=50), revision=0, summary=None)
    unknown = traced_state("r2", replace(COMPLETE, time_by=None), start=20)
    untraced = settled("untraced", call())

    assert "All 2 requests. The parts" in page(traced_state("r1"), traced_state("r2", start=20))
    assert "The only request. The parts" in page(traced_state("r1"))
    said = page(traced_state("r1"), unknown, untraced, waiting)
    assert "2 of 4 requests; left out: 1 without spans, 1 pending. For 1 of them the spans do not tell" in said


def test_the_newest_alone_are_where_the_time_went_and_the_earlier_ones_are_counted() -> None:
    states = [traced_state(f"r{number}", start=20 * number) for number in range(3)]

    said = spans_section(Report(requests=states, unlinked=[]), limit=2, aws_console="")

    assert "2 of 3 requests; left out: 1 earlier than these." in said


@pytest.mark.parametrize(("runs", "more"), [(MAX_RUNS, ""), (MAX_RUNS + 3, "3 more: request-lens show lists them")])
def test_the_report_lists_the_first_runs_of_a_request_with_many(runs: int, more: str) -> None:
    tools = tuple(ToolUse(tool="get_weather", offset_ms=10 * n, duration_ms=5) for n in range(runs))

    text = page(traced_state("r1", replace(COMPLETE, tools=tools)))

    assert text.count("<div>18:27:0") == MAX_RUNS
    assert more in text
    assert ("more: " in text) is bool(more)
    assert "later runs are not kept" not in text


def test_the_report_says_that_later_runs_of_tools_are_not_kept_where_there_may_be_some() -> None:
    tools = tuple(ToolUse(tool="get_weather", offset_ms=10 * n, duration_ms=5) for n in range(MAX_TOOLS))

    text = page(traced_state("r1", replace(COMPLETE, tools=tools)))

    assert "<div>Of each request the first 100 runs of tools are kept, later runs are not kept</div>" in text


def test_what_spans_name_breaks_nothing_in_the_report() -> None:
    hostile = "</div><script>"
    tools = (ToolUse(tool=hostile, offset_ms=0, duration_ms=5),)
    said = replace(COMPLETE, tools=tools, session_id=hostile, time_by=replace(PARTS, tools=((hostile, 5),)))

    assert "<script" not in page(traced_state("r1", said))


def test_the_report_has_a_column_for_other_models_where_one_was_called() -> None:
    parts = replace(PARTS, llm_elsewhere_ms=1_230, memory_ms=None, tools=())

    text = page(traced_state("r1", replace(COMPLETE, time_by=parts)))

    assert "Other models</th>" in text
    assert ">1.23 s</td>" in text
