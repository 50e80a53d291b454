"""The waterfall of one request in the terminal: its calls on its own time axis, a line each."""

from collections.abc import Sequence
from dataclasses import replace

from rich.console import RenderableType
from rich.text import Text

from request_lens.domain.facts import Request
from request_lens.domain.folding.summary import Bar, Summary, Totals
from request_lens.domain.linking.link import LinkedInvocation
from request_lens.presentation.formatting import seconds
from request_lens.presentation.timeline.row import TimelineRow
from request_lens_cli.terminal.bars import BarLine, render_lines
from request_lens_cli.terminal.unlinked_table import ended_with

_NO_SUMMARY = Summary(totals=Totals(), llm_time_ms=None, tool_time_ms=None, non_llm_time_ms=None)


def render_waterfall(
    record: Request,
    bars_by_call: Sequence[tuple[LinkedInvocation, Bar]],
    *,
    width: int,
    possible_calls: int | None = 0,
) -> RenderableType:
    """The request's line with all its calls, hatched where more are possible, then a line for each call.

    It is `width` cells wide.
    """
    whole = replace(_NO_SUMMARY, bars=tuple(bar for _, bar in bars_by_call), possible_calls=possible_calls)
    lines = [_line("request", record, whole, Text(seconds(record.duration_ms), style="bold"))]
    for number, (linked, bar) in enumerate(bars_by_call, start=1):
        words = Text(f"{seconds(bar.latency_ms)} · ").append_text(ended_with(linked.invocation))
        lines.append(_line(f"call {number}", record, replace(_NO_SUMMARY, bars=(bar,)), words))
    return render_lines(lines, width=width)


def _line(label: str, record: Request, summary: Summary, words: Text) -> BarLine:
    row = TimelineRow(label=label, detail="", request=record, summary=summary)
    return BarLine(label=label, row=row, words=words, has_status=False)
