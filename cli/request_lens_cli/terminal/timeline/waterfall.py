"""The waterfall of one request in the terminal: its calls and tools on its own time axis, a line each."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from rich.console import RenderableType
from rich.text import Text

from request_lens.domain.facts import Request
from request_lens.domain.folding.summary import Bar, Summary, Totals
from request_lens.domain.linking.link import LinkedInvocation
from request_lens.domain.tracing.traced import Traced
from request_lens.presentation.formatting import cleaned, seconds
from request_lens.presentation.timeline.row import TimelineRow
from request_lens.presentation.traced import outcome_text
from request_lens_cli.terminal.timeline.bars import BarLine, render_lines
from request_lens_cli.terminal.unlinked_table import ended_with

_NO_SUMMARY = Summary(totals=Totals(), llm_time_ms=None, tool_time_ms=None, non_llm_time_ms=None)


def render_waterfall(
    record: Request,
    bars_by_call: Sequence[tuple[LinkedInvocation, Bar]],
    *,
    width: int,
    possible_calls: int | None = 0,
    traced: Traced | None = None,
) -> RenderableType:
    """The request's line with all its calls and tools, hatched where more are possible, then a line for each of them.

    It is `width` cells wide.
    """
    bars = tuple(bar for _, bar in bars_by_call)
    whole = replace(_NO_SUMMARY, bars=bars, possible_calls=possible_calls, traced=traced)
    first = _line("request", record, whole, Text(seconds(record.duration_ms), style="bold"))
    parts = [*_call_lines(record, bars_by_call), *(() if traced is None else _tool_lines(record, traced))]
    return render_lines([first, *(line for _, line in sorted(parts, key=lambda part: part[0]))], width=width)


def _call_lines(record: Request, bars_by_call: Sequence[tuple[LinkedInvocation, Bar]]) -> Iterator[tuple[int, BarLine]]:
    """A line for each call, with when it began."""
    for number, (linked, bar) in enumerate(bars_by_call, start=1):
        words = Text(f"{seconds(bar.latency_ms)} · ").append_text(ended_with(linked.invocation))
        yield bar.offset_ms, _line(f"call {number}", record, replace(_NO_SUMMARY, bars=(bar,)), words)


def _tool_lines(record: Request, traced: Traced) -> Iterator[tuple[int, BarLine]]:
    """A line for each run of a tool, with when it began."""
    for tool in traced.tools:
        words = Text.assemble(f"{seconds(tool.duration_ms)} · ", (outcome_text(tool), "red" if tool.failed else ""))
        alone = replace(_NO_SUMMARY, traced=replace(traced, tools=(tool,)))
        yield tool.offset_ms, _line(cleaned(tool.tool), record, alone, words)


def _line(label: str, record: Request, summary: Summary, words: Text) -> BarLine:
    row = TimelineRow(label=label, detail="", request=record, summary=summary)
    return BarLine(label=label, row=row, words=words, has_status=False)
