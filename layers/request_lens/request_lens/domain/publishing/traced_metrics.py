"""What spans add to a request's metrics, and to its line in the log."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import asdict

from request_lens.domain.folding.summary import Sample, Summary
from request_lens.domain.publishing.changes import RevisionWritten
from request_lens.domain.publishing.metric_names import Metric
from request_lens.domain.publishing.publication import Property, ToolValues, Values
from request_lens.domain.tracing.time_parts import OTHER_TOOL, TimeParts
from request_lens.domain.tracing.traced import ToolUse, Traced

MAX_RUNS, MAX_TIMED = 10, 10
"""Runs of tools, and names of tools, in a line: with names of full length they add less than 5 KB to it."""


def traced_totals(change: RevisionWritten) -> Values:
    """One more request of which calls are missing, or one fewer; and further failed runs of tools, or fewer."""
    before = change.previous
    incomplete = _is_incomplete(change.summary) - (before is not None and _is_incomplete(before))
    failed = sum(_added_failures(change).values())
    values = {Metric.INCOMPLETE_REQUESTS: incomplete, Metric.TOOL_ERRORS: failed}
    return {metric: (value,) for metric, value in values.items() if value}


def _is_incomplete(summary: Summary) -> bool:
    return summary.traced is not None and summary.traced.complete is False


def _added_failures(change: RevisionWritten) -> Mapping[str, int]:
    """Failed runs by tool that the revision has more than the one before; less those that it has no more."""
    added = _failures(change.summary)
    if change.previous is not None:
        added.subtract(_failures(change.previous))
    return added


def _failures(summary: Summary) -> Counter[str]:
    return Counter(summary.traced.failed_tools if summary.traced is not None else {})


def tool_values(change: RevisionWritten, tool_names: Collection[str]) -> tuple[ToolValues, ...]:
    """By tool the time of a certain request that waited for it, once, and its failed runs; none without names."""
    if not tool_names:
        return ()
    summary = change.summary
    is_first = Sample.TOOLS in change.samples
    parts = summary.traced.time_by if is_first and summary.traced is not None else None
    times, failures = Counter[str](), Counter[str]()
    for tool, ms in () if parts is None else parts.tools:
        times[_dimension(tool, tool_names)] += ms
    for tool, count in _added_failures(change).items():
        failures[_dimension(tool, tool_names)] += count
    return tuple(
        ToolValues(tool=tool, values=values)
        for tool in sorted({*times, *failures})
        if (values := _of_tool(tool, times, failures))
    )


def _dimension(tool: str, tool_names: Collection[str]) -> str:
    """The Tool dimension: a bounded set, whatever agents call their tools."""
    return tool if tool in tool_names else OTHER_TOOL


def _of_tool(tool: str, times: Mapping[str, int], failures: Mapping[str, int]) -> Values:
    values = {Metric.TOOL_TIME: (times[tool],)} if tool in times else {}
    return values | ({Metric.TOOL_ERRORS: (failures[tool],)} if failures.get(tool) else {})


def traced_properties(traced: Traced | None) -> Mapping[str, Property]:
    """What queries of the log look for: ids, whether all calls are there, where the time went, the slowest tool."""
    if traced is None:
        return {}
    slowest = max(traced.tools, key=lambda tool: tool.duration_ms, default=None)
    known: Mapping[str, Property | None] = {
        "trace_id": traced.trace_id,
        "session_id": traced.session_id,
        "complete": {True: "yes", False: "no", None: "unknown"}[traced.complete],
        "missing_calls": traced.missing_calls or None,
        "missing": ", ".join(traced.missing) or None,
        "calls_elsewhere": traced.calls_elsewhere or None,
        "slowest_tool": None if slowest is None else slowest.tool,
        "slowest_tool_ms": None if slowest is None else slowest.duration_ms,
        "failed_tools": sum(traced.failed_tools.values()) or None,
        "time_by": None if traced.time_by is None else _parts(traced.time_by),
    }
    return {name: value for name, value in known.items() if value is not None}


def _parts(parts: TimeParts) -> Mapping[str, int]:
    """Where the time went, in ms; all tools together."""
    values = asdict(parts) | {"tools": parts.tools_ms}
    named = {f"{name.removesuffix('_ms')}_ms": value for name, value in values.items()}
    return {name: value for name, value in named.items() if value is not None}


def traced_details(traced: Traced | None) -> Mapping[str, Property]:
    """What a person reads in the request's own line: its first token, the time by tool, and the first runs of tools.

    The runs are one text: Logs Insights finds no more than 200 fields in a line.
    """
    if traced is None:
        return {}
    parts = () if traced.time_by is None else traced.time_by.tools
    more = len(traced.tools) - MAX_RUNS
    runs = [_run(tool) for tool in traced.tools[:MAX_RUNS]] + ([f"{more} more"] if more > 0 else [])
    known: Mapping[str, Property | None] = {
        "first_token_ms": traced.first_token_ms,
        "time_by_tool": dict(parts[:MAX_TIMED]) or None,
        "tools": "; ".join(runs) or None,
    }
    return {name: value for name, value in known.items() if value is not None}


def _run(tool: ToolUse) -> str:
    """One run: when it began after the request's start, how long it took, and whether it failed."""
    return f"{tool.tool} at {tool.offset_ms} ms for {tool.duration_ms} ms{' failed' if tool.failed else ''}"
