"""What spans tell of a request, as JSON and CSV have it. Unknown is null."""

from dataclasses import asdict
from datetime import timedelta

from request_lens.domain.facts import Request
from request_lens.domain.settling.state import RequestState
from request_lens.domain.tracing.time_parts import TimeParts
from request_lens.domain.tracing.traced import ToolUse, Traced
from request_lens.presentation.formatting import iso_ms
from request_lens.presentation.traced import outcome_text, trace_address, trace_of
from request_lens_cli.report.request_schema import Document

TRACED_KEYS = ("trace_id", "session_id", "complete", "missing_calls", "calls_elsewhere", "first_token_ms")
"""The keys that have one value."""

_PARTS = ("llm_ms", "llm_elsewhere_ms", "tools_ms", "memory_ms", "agent_ms", "outside_ms")

TRACED_COLUMNS = (*(f"time_by_{part}" for part in _PARTS), "time_by_tool", "tools")
"""The columns that CSV has instead of what JSON has as objects and lists."""


def traced_document(state: RequestState, aws_console: str) -> Document:
    """What spans tell of a request; null without any, but for the trace that its record names.

    `trace_url` is where `aws_console`, the address of CloudWatch's console, shows the trace; null where that is empty.
    """
    trace_id, traced = trace_of(state), _traced_of(state)
    url = trace_address(aws_console, trace_id) if aws_console and trace_id is not None else None
    if traced is None:
        rest = ("trace_url", "missing_invocation_ids", "time_by", "tools", "gateway_overhead_ms")
        return {**dict.fromkeys((*TRACED_KEYS, *rest)), "trace_id": trace_id, "trace_url": url}
    single: Document = {key: getattr(traced, key) for key in TRACED_KEYS}
    return {
        **single,
        "trace_url": url,
        "missing_invocation_ids": list(traced.missing),
        "time_by": None if traced.time_by is None else asdict(traced.time_by) | {"tools": dict(traced.time_by.tools)},
        "tools": [_tool(state.request, tool) for tool in traced.tools],
        "gateway_overhead_ms": traced.gateway_overhead_ms,
    }


def _traced_of(state: RequestState) -> Traced | None:
    return None if state.summary is None else state.summary.traced


def _tool(record: Request, tool: ToolUse) -> Document:
    started_at = record.started_at + timedelta(milliseconds=tool.offset_ms)
    return {
        "tool": tool.tool,
        "started_at": iso_ms(started_at),
        "duration_ms": tool.duration_ms,
        "failed": tool.failed,
    }


def traced_columns(state: RequestState) -> Document:
    """Where the time went, by part and by tool ("mail=300"), and each run of a tool: name, start, ms, outcome.

    Runs are parted by "; ". Empty is unknown, or that no tool ran: `time_by_tools_ms` is 0 then.
    """
    traced = _traced_of(state)
    if traced is None:
        return dict.fromkeys(TRACED_COLUMNS)
    parts = dict.fromkeys(TRACED_COLUMNS[:-1]) if traced.time_by is None else _parts(traced.time_by)
    return {**parts, "tools": "; ".join(_run(state.request, tool) for tool in traced.tools)}


def _parts(parts: TimeParts) -> Document:
    by_part: Document = {f"time_by_{part}": getattr(parts, part) for part in _PARTS}
    return {**by_part, "time_by_tool": " ".join(f"{name}={ms}" for name, ms in parts.tools)}


def _run(record: Request, tool: ToolUse) -> str:
    said = _tool(record, tool)
    return f"{said['tool']} {said['started_at']} {said['duration_ms']} {outcome_text(tool)}"
