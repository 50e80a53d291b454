"""The page's table of where the time of requests with spans went."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from request_lens.domain.facts import Request
from request_lens.domain.tracing.time_parts import TimeParts
from request_lens.domain.tracing.traced import Traced
from request_lens.presentation.formatting import UNKNOWN, cleaned, seconds
from request_lens.presentation.markup import NOTHING, Markup, element, text
from request_lens_cli.html_report.table import Column, table
from request_lens_cli.report.report import Report


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """A request of which spans say where its time went."""

    request: Request
    traced: Traced
    parts: TimeParts


def spans_section(report: Report, *, limit: int) -> Markup:
    """Where the time went of the newest `limit` requests, those of them that have spans; nothing where none has."""
    rows = _rows(report.newest(limit))[::-1]
    caption = "Requests with spans, the newest first"
    return table(_columns(report, rows), rows, caption=caption) if rows else NOTHING


def _rows(report: Report) -> Sequence[_Row]:
    said = ((state, state.summary.traced) for state in report.requests if state.summary is not None)
    return [
        _Row(request=state.request, traced=traced, parts=traced.time_by)
        for state, traced in said
        if traced is not None and traced.time_by is not None
    ]


def _columns(report: Report, rows: Sequence[_Row]) -> list[Column[_Row]]:
    elsewhere = _time("Other models", lambda parts: parts.llm_elsewhere_ms)
    return [
        Column(header="Request", cell=lambda row: element("code", text(row.request.request_id))),
        Column(header="Start (UTC)", cell=lambda row: text(report.started_text(row.request)), numeric=True),
        Column(header="Duration", cell=lambda row: text(seconds(row.request.duration_ms)), numeric=True),
        Column(header="First token", cell=lambda row: text(seconds(row.traced.first_token_ms)), numeric=True),
        _time("LLM", lambda parts: parts.llm_ms),
        *([elsewhere] if any(row.parts.llm_elsewhere_ms for row in rows) else []),
        _time("Tools", lambda parts: parts.tools_ms),
        _time("Memory", lambda parts: parts.memory_ms),
        _time("Agent", lambda parts: parts.agent_ms),
        _time("Outside the agent", lambda parts: parts.outside_ms),
        Column(header="Time by tool", cell=lambda row: text(_by_tool(row.parts))),
    ]


def _time(header: str, part: Callable[[TimeParts], int | None]) -> Column[_Row]:
    return Column(header=header, cell=lambda row: text(seconds(part(row.parts))), numeric=True)


def _by_tool(parts: TimeParts) -> str:
    times = ((cleaned(name), seconds(ms).replace(" ", "\N{NO-BREAK SPACE}")) for name, ms in parts.tools)
    return ", ".join(f"{name} {time}" for name, time in times) or UNKNOWN
