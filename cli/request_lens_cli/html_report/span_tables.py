"""The page's table of what spans say of requests: where the time went, which tools ran, and each one's trace."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from request_lens.domain.facts import Request
from request_lens.domain.tracing.time_parts import TimeParts
from request_lens.domain.tracing.traced import ToolUse, Traced
from request_lens.presentation.formatting import UNKNOWN, cleaned, pluralize, seconds
from request_lens.presentation.markup import NOTHING, Markup, element, joined, text, unbroken
from request_lens.presentation.traced import kept_tools_sentence, outcome_text, trace_address
from request_lens_cli.html_report.table import Column, id_class, table
from request_lens_cli.report.report import Report

MAX_RUNS = 20
"""Runs of tools that a row lists: `request-lens show` has all that are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """A request with spans."""

    request: Request
    traced: Traced


def spans_section(report: Report, *, limit: int, aws_console: str) -> Markup:
    """What spans say of the newest `limit` requests, those of them that have some; nothing where none has.

    Above it stands how many requests are left out, and why. `aws_console` is the address of CloudWatch's console, which
    shows their traces; empty where there is none.
    """
    newest = report.newest(limit)
    rows = _rows(newest)[::-1]
    if not rows:
        return NOTHING
    said = element("p", text(f"{_covered(report, newest, rows)} {_PARTS}"), class_="note")
    caption = "Requests with spans, the newest first"
    return joined((said, table(_columns(report, rows, aws_console), rows, caption=caption)))


_PARTS = "The parts of a row add up to its duration; all but LLM are its other time."


def _covered(report: Report, newest: Report, rows: Sequence[_Row]) -> str:
    """How many of the requests these rows are, why the others are left out, and of how many the parts are unknown."""
    of = len(report.requests)
    untraced = len(newest.requests) - newest.pending_requests - len(rows)
    left_out = (
        (untraced, "without spans"),
        (newest.pending_requests, "pending"),
        (of - len(newest.requests), "earlier than these"),
    )
    why = ", ".join(f"{count:,} {what}" for count, what in left_out if count)
    shown = f"{len(rows):,} of {pluralize(of, 'request')}; left out: {why}." if why else f"{_all(of)}."
    unknown = sum(row.traced.time_by is None for row in rows)
    return f"{shown} For {unknown:,} of them the spans do not tell all of the time." if unknown else shown


def _all(count: int) -> str:
    return "The only request" if count == 1 else f"All {count:,} requests"


def _rows(report: Report) -> Sequence[_Row]:
    said = ((state, state.summary.traced) for state in report.requests if state.summary is not None)
    return [_Row(request=state.request, traced=traced) for state, traced in said if traced is not None]


def _columns(report: Report, rows: Sequence[_Row], aws_console: str) -> list[Column[_Row]]:
    elsewhere = _time("Other models", lambda parts: parts.llm_elsewhere_ms)
    return [
        Column(header="Request", cell=lambda row: _ids(row, aws_console)),
        Column(
            header="Start (UTC)", cell=lambda row: text(report.started_text(row.request)), numeric=True, leaves=True
        ),
        Column(header="Duration", cell=lambda row: text(seconds(row.request.duration_ms)), numeric=True),
        Column(header="First token of the answer", cell=_first_token, numeric=True),
        _time("LLM", lambda parts: parts.llm_ms),
        *([elsewhere] if any(each.traced.time_by and each.traced.time_by.llm_elsewhere_ms for each in rows) else []),
        _time("Tools", lambda parts: parts.tools_ms),
        _time("Memory", lambda parts: parts.memory_ms),
        _time("Agent", lambda parts: parts.agent_ms),
        _time("Outside the agent", lambda parts: parts.outside_ms),
        Column(header="Time by tool", cell=_tools),
    ]


def _ids(row: _Row, aws_console: str) -> Markup:
    """The request, and below it its trace, as a link where the console has it, and its session."""
    traced, request_id = row.traced, row.request.request_id
    address = trace_address(aws_console, traced.trace_id) if aws_console else ""
    trace = element("a" if address else "span", text(traced.trace_id), class_="trace", href=address)
    session = () if traced.session_id is None else (text("session "), text(traced.session_id))
    return joined(
        (
            element("code", text(request_id), class_=id_class(request_id)),
            element("div", text("trace "), trace, class_="below whole"),
            element("div", *session, class_="below") if session else NOTHING,
        )
    )


def _first_token(row: _Row) -> Markup:
    return text(seconds(row.traced.first_token_ms))


def _time(header: str, part: Callable[[TimeParts], int | None]) -> Column[_Row]:
    def cell(row: _Row) -> Markup:
        parts = row.traced.time_by
        return text(UNKNOWN if parts is None else seconds(part(parts)))

    return Column(header=header, cell=cell, numeric=True)


def _tools(row: _Row) -> Markup:
    """The time by tool, and below it the runs, which open on a click."""
    return joined((unbroken(_by_tool(row.traced.time_by)), _runs(row) if row.traced.tools else NOTHING))


def _by_tool(parts: TimeParts | None) -> str:
    tools = () if parts is None else parts.tools
    return ", ".join(f"{cleaned(name)} {seconds(ms)}" for name, ms in tools) or UNKNOWN


def _runs(row: _Row) -> Markup:
    tools = row.traced.tools
    failed = sum(tool.failed for tool in tools)
    head = f"{pluralize(len(tools), 'run')}{f', {failed:,} failed' if failed else ''}"
    more = len(tools) - MAX_RUNS
    rest = [f"{more:,} more: request-lens show lists them"] if more > 0 else []
    rest += [kept] if (kept := kept_tools_sentence(tools)) else []
    lines = (
        element("div", each) for each in [*(_run(row.request, tool) for tool in tools[:MAX_RUNS]), *map(text, rest)]
    )
    return element("details", element("summary", text(head)), *lines, class_="below")


def _run(request: Request, tool: ToolUse) -> Markup:
    """When a tool began, which, how long it ran, and how it ended."""
    started = (request.started_at + timedelta(milliseconds=tool.offset_ms)).time().isoformat("milliseconds")
    words = unbroken(f"{tool.tool} {seconds(tool.duration_ms)}")
    outcome = text(outcome_text(tool))
    return joined(
        (text(f"{started} "), words, text(" "), element("strong", outcome, class_="failed") if tool.failed else outcome)
    )
