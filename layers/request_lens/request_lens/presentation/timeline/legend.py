"""The legend: a sample and its meaning for each sign that the picture has."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from enum import StrEnum

from request_lens.domain.folding.summary import Bar
from request_lens.domain.linking.link import Confidence, Method
from request_lens.domain.tracing.traced import ToolUse
from request_lens.presentation.markup import NOTHING, Markup, element, joined, text
from request_lens.presentation.starts import LateStart
from request_lens.presentation.timeline.layout import (
    BAR_HEIGHT,
    Box,
    CallShape,
    MarkKind,
    RowShapes,
    TickShape,
    failure_of,
)
from request_lens.presentation.timeline.row import ROOMY, TimelineRow
from request_lens.presentation.timeline.shapes import (
    break_mark,
    call_bar,
    doubt,
    light_bar,
    mark,
    open_bar,
    pending_bar,
    rectangle,
    tick,
    whisker,
)
from request_lens.presentation.timeline.spans.tool_bars import (
    MISSING_ROOM,
    ToolShape,
    first_token,
    first_token_x,
    missing_mark,
    tool_bar,
    tool_shapes,
)
from request_lens.presentation.timeline.text import text_width, wrapped
from request_lens.presentation.traced import misses_calls

LINE_HEIGHT = 28.0
_SAMPLE_WIDTH, _LATE_PX = 26.0, 10.0
_GAP, _BETWEEN = 6.0, 10.0
_SIZE = 12.0
_ABOVE, LEGEND_BELOW = 20.0, 14.0
_NOTE_ABOVE, _NOTE_HEIGHT = 6.0, 18.0


class Sign(StrEnum):
    """What a sign means, in the legend's words and order; marks and confidences have signs of their own names."""

    REQUEST = "request"
    OPEN = "response time unknown"
    PENDING = "pending request"
    UNCERTAIN = "request that may have more calls"
    ERROR = "status 5xx or 4xx"
    BROKEN = "runs on beyond the axis"
    CALL = "LLM call"
    NOT_EXACT = "calls linked by time"
    PROVISIONAL = "not decided yet"
    WHISKER = "may start and end later, by its line"
    TICK = "latency unknown"
    TOOL = "tool"
    FAILED_TOOL = "failed tool"
    ANSWER = "first token of the answer"
    MISSING = "missing calls"
    FAILED = "failed call"
    THROTTLED = "failed call, throttled"
    CUT = "ran on after the response"
    UNATTRIBUTED = "call without a request"


def signs_of(row: TimelineRow, shapes: RowShapes) -> set[Sign]:
    """The signs that one row shows."""
    signs = {Sign.PENDING} if row.is_pending else set[Sign]()
    signs |= {Sign.OPEN} if shapes.is_open and not row.is_pending else set()
    signs |= {Sign.UNCERTAIN} if row.is_uncertain else set()
    signs |= {Sign.ERROR} if row.has_error else set()
    # A plain bar has a sample of its own only where there is one.
    signs = signs or {Sign.REQUEST}
    signs |= {Sign.BROKEN} if shapes.is_cut else set()
    signs |= {Sign.PROVISIONAL if call.bar.provisional else Sign.CALL for call in shapes.calls}
    signs |= {Sign.NOT_EXACT} if row.is_about else set()
    signs |= {Sign.WHISKER for call in shapes.calls if call.late.whisker_px and not call.bar.provisional}
    # The line of a failed attempt is a part of its mark.
    signs |= {Sign.TICK for attempt in shapes.ticks if failure_of(attempt.bar) is None}
    signs |= {Sign.FAILED_TOOL if run.tool.failed else Sign.TOOL for run in tool_shapes(row, shapes)}
    signs |= {Sign.ANSWER} if first_token_x(row, shapes) is not None else set()
    signs |= {Sign.MISSING} if misses_calls(row.summary) else set()
    return signs | {Sign[mark.kind.name] for mark in shapes.marks}


def legend_lines(signs: Iterable[Sign], *, width: float) -> tuple[tuple[tuple[float, Sign], ...], ...]:
    """The signs in lines no wider than `width` px, each with its distance from the left."""
    lines: list[list[tuple[float, Sign]]] = [[]]
    x = 0.0
    for sign in sorted(set(signs), key=list(Sign).index):
        needed = _SAMPLE_WIDTH + _GAP + text_width(sign.value, size=_SIZE)
        if lines[-1] and x + needed > width:
            lines.append([])
            x = 0.0
        lines[-1].append((x, sign))
        x += needed + _BETWEEN
    return tuple(tuple(line) for line in lines if line)


def legend_height(signs: Iterable[Sign], notes: Sequence[str], *, width: float) -> float:
    """How high the signs and the notes below them are, with the room around them; 0 where there are none."""
    signs, lines = list(signs), note_lines(notes, width=width)
    if not signs and not lines:
        return 0.0
    drawn = len(legend_lines(signs, width=width)) * LINE_HEIGHT
    return _ABOVE + drawn + (_NOTE_ABOVE + len(lines) * _NOTE_HEIGHT if lines else 0) + LEGEND_BELOW


def note_lines(notes: Iterable[str], *, width: float) -> list[str]:
    """The notes in lines no wider than that."""
    return [line for note in notes for line in wrapped(note, size=_SIZE, width=width)]


def legend_end(signs: Iterable[Sign], *, width: float) -> float:
    """How far from the left the last of these signs ends, in the legend's last line."""
    x, last = legend_lines(signs, width=width)[-1][-1]
    return x + _SAMPLE_WIDTH + _GAP + text_width(last.value, size=_SIZE)


def legend(signs: Iterable[Sign], notes: Sequence[str], *, left: float, top: float, width: float) -> Markup:
    """The legend as SVG, LINE_HEIGHT px a line, and the notes below it; notes are read aloud, signs are not."""
    lines = legend_lines(signs, width=width)
    entries = (
        _entry(sign, left + x, top + _ABOVE + line * LINE_HEIGHT)
        for line, entries in enumerate(lines)
        for x, sign in entries
    )
    below = top + _ABOVE + len(lines) * LINE_HEIGHT + _NOTE_ABOVE
    words = (
        element("text", text(line), class_="rl-muted rl-note", x=left, y=below + (at + 0.7) * _NOTE_HEIGHT)
        for at, line in enumerate(note_lines(notes, width=width))
    )
    return joined((element("g", *entries, class_="rl-legend", aria_hidden="true"), *words))


def _entry(sign: Sign, x: float, top: float) -> Markup:
    meaning = element("text", text(sign.value), class_="rl-muted", x=x + _SAMPLE_WIDTH + _GAP, y=top + 15.5)
    return joined((_sample(sign, Box(x=x, y=top, width=_SAMPLE_WIDTH, height=BAR_HEIGHT)), meaning))


def _sample(sign: Sign, box: Box) -> Markup:
    match sign:
        case Sign.PENDING | Sign.OPEN:
            return (pending_bar if sign is Sign.PENDING else open_bar)(box, hover=sign.value)
        case Sign.FAILED | Sign.THROTTLED:
            return _failed_attempt(MarkKind[sign.name], replace(box, y=box.y + 8, height=box.height - 8))
        case Sign.CUT:
            return mark(MarkKind.CUT, box.x + box.width / 2, box.y + 11)
        case Sign.REQUEST | Sign.ERROR:
            return light_bar(box, hover=sign.value, failed=sign is Sign.ERROR)
        case Sign.UNATTRIBUTED | Sign.WHISKER:
            # Calls of requests and of none have the same line, in the same dark.
            late = whisker(_inner(box), _LATE_PX) if sign is Sign.WHISKER else NOTHING
            return joined((rectangle(_inner(box), "rl-unattributed"), late))
        case Sign.NOT_EXACT:
            x, y = box.x + box.width / 2, box.y + 17
            return element("text", text("≈"), class_="rl-title", x=x, y=y, text_anchor="middle")
        case Sign.MISSING:
            bar = replace(box, width=box.width - MISSING_ROOM)
            return joined((light_bar(bar, hover=sign.value), missing_mark(bar, hover=sign.value)))
        case _:
            return joined((light_bar(box, hover=sign.value), _over_bar(sign, box)))


def _inner(box: Box) -> Box:
    """Where a call stands in a sample."""
    return Box(x=box.x + 5, y=box.y + 3.5, width=box.width - 10, height=box.height - 7)


def _over_bar(sign: Sign, box: Box) -> Markup:
    """What stands in or over a light bar."""
    middle = box.x + box.width / 2
    match sign:
        case Sign.UNCERTAIN:
            return doubt(box, hover=sign.value)
        case Sign.BROKEN:
            return break_mark(box)
        case Sign.TICK:
            return tick(TickShape(number=1, bar=_bar(latency_ms=None), x=middle), box, hover=sign.value)
        case Sign.TOOL | Sign.FAILED_TOOL:
            return tool_bar(_sample_tool(sign, box), hover=sign.value)
        case Sign.ANSWER:
            return first_token(middle, box, hover=sign.value)
        case _:
            return call_bar(_sample_call(sign, box), hover=sign.value)


def _failed_attempt(kind: MarkKind, box: Box) -> Markup:
    """A line through a bar, and above it how the attempt failed: as rows have it."""
    middle = box.x + box.width / 2
    bar = replace(_bar(latency_ms=None), error_code="any error", throttled=kind is MarkKind.THROTTLED)
    line = tick(TickShape(number=1, bar=bar, x=middle), box, hover=kind.value)
    return joined((light_bar(box, hover=kind.value), line, mark(kind, middle, box.y - ROOMY.marks_rise)))


def _sample_tool(sign: Sign, box: Box) -> ToolShape:
    return ToolShape(
        tool=ToolUse(tool="any", offset_ms=0, duration_ms=1000, failed=sign is Sign.FAILED_TOOL),
        box=_inner(box),
    )


def _sample_call(sign: Sign, box: Box) -> CallShape:
    return CallShape(
        number=1,
        bar=_bar(latency_ms=1000, provisional=sign is Sign.PROVISIONAL),
        box=_inner(box),
        lane=0,
        late=LateStart(is_precise=True, ms=0, px=0),
    )


def _bar(*, latency_ms: int | None, provisional: bool = False) -> Bar:
    return Bar(
        model_id="any model",
        offset_ms=0,
        precision_ms=1,
        latency_ms=latency_ms,
        method=Method.WINDOW,
        confidence=Confidence.EXACT,
        provisional=provisional,
    )
