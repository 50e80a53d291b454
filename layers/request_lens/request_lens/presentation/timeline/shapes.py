"""The timeline's signs as SVG: light bars, calls, ticks and marks, for its rows, its figures and its legend alike."""

from collections.abc import Iterator

from request_lens.domain.facts import Invocation, Request
from request_lens.domain.folding.bars import late_by_ms
from request_lens.domain.folding.summary import Bar, Totals
from request_lens.domain.linking.link import Method
from request_lens.presentation.formatting import duration_text, pluralize
from request_lens.presentation.markup import NOTHING, Markup, element, joined, number, text
from request_lens.presentation.timeline.layout import Box, CallShape, MarkKind, TickShape, failure_of
from request_lens.presentation.timeline.text import text_width

DEFINITIONS = Markup("""<defs>
<pattern id="rl-doubts" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(-45)">\
<rect class="rl-doubt-line" width="1" height="7"/></pattern>
</defs>""")

_FOUND_BY = {
    Method.TAG: "by its tag",
    Method.TRACE: "by its trace",
    Method.CHAIN: "by its tool-use chain",
    Method.WINDOW: "by its time",
    Method.ELIMINATION: "by elimination",
}
_STEM = 3.5
_FIGURE_SIZE, _SIGN_WIDTH, _SIGN_GAP, _COUNTER_GAP = 13.0, 8.0, 4.0, 6.0

_MARK_NAMES = {
    MarkKind.FAILED: "failed attempt",
    MarkKind.THROTTLED: "throttled attempt",
    MarkKind.CUT: "call that ran on after the response",
}
_MARK_PATHS = {
    MarkKind.FAILED: "m-3-3 6 6m0-6-6 6",
    MarkKind.THROTTLED: "m-3.5-3h7l-3.5 6z",
    MarkKind.CUT: "m-3-3.5v7l6-3.5z",
}

type Failures = tuple[tuple[MarkKind, int], ...]
"""How many attempts failed, by how."""


def title(words: str) -> Markup:
    """What a browser shows over the shape, and a screen reader reads."""
    return element("title", text(words))


def rectangle(box: Box, class_: str, *content: Markup, radius: float = 0) -> Markup:
    """A rectangle of that class."""
    return element("rect", *content, class_=class_, x=box.x, y=box.y, width=box.width, height=box.height, rx=radius)


def light_bar(box: Box, *, hover: str, failed: bool = False) -> Markup:
    """A request from its start to its response; one that failed has an outline of its own."""
    return rectangle(box, _request_class(failed=failed), title(hover), radius=min(5, box.width / 2))


def _request_class(*, failed: bool) -> str:
    return "rl-request rl-failed-request" if failed else "rl-request"


def break_mark(box: Box) -> Markup:
    """Two strokes through a bar's end: it runs on beyond the axis."""
    x, top, bottom = box.right - 9, box.y - 2, box.y + box.height + 2
    strokes = "".join(f"M{number(x + at)} {number(bottom)}L{number(x + at + 4)} {number(top)}" for at in (0, 4))
    return element("path", title("runs on beyond the axis"), class_="rl-break", d=strokes)


def pending_bar(box: Box, *, hover: str, failed: bool = False) -> Markup:
    """A request whose calls are not all known yet."""
    inner = Box(x=box.x + 0.6, y=box.y + 0.6, width=max(box.width - 1.2, 0.5), height=box.height - 1.2)
    line = "rl-open rl-failed-request" if failed else "rl-open"
    return rectangle(inner, f"{line} rl-pending", title(hover), radius=min(4.4, inner.width / 2))


def open_bar(box: Box, *, hover: str, failed: bool = False) -> Markup:
    """A request whose response's time is unknown: light, and open at the right."""
    top, bottom = box.y + 0.6, box.y + box.height - 0.6
    outline = f"M{number(box.right)} {number(top)}H{number(box.x)}V{number(bottom)}H{number(box.right)}"
    line = "rl-open rl-failed-request" if failed else "rl-open"
    return joined((rectangle(box, "rl-unbounded", title(hover)), element("path", class_=line, d=outline)))


def doubt(box: Box, *, hover: str) -> Markup:
    """A hatching over a request's bar: it may have made more calls than are drawn in it."""
    return rectangle(box, "rl-doubt", title(hover), radius=min(5, box.width / 2))


def call_bar(shape: CallShape, *, hover: str) -> Markup:
    """A call: dark, dashed while it is provisional; a whisker says how late it may have begun."""
    box = _inside_outline(shape.box) if shape.bar.provisional else shape.box
    bar = rectangle(box, _call_class(shape.bar), title(hover), radius=min(2, shape.box.width / 2))
    late_px = 0.0 if shape.bar.provisional else shape.late.whisker_px
    return joined((bar, whisker(shape.box, late_px) if late_px else NOTHING))


def _inside_outline(box: Box) -> Box:
    """The box whose outline, half of it outside, fills this one."""
    stroke = min(1.5, box.width / 2)
    width, height = max(box.width - stroke, 0), max(box.height - 1.5, 0)
    return Box(x=box.x + stroke / 2, y=box.y + 0.75, width=width, height=height)


def _call_class(bar: Bar) -> str:
    if bar.provisional:
        return "rl-call rl-provisional"
    failure = failure_of(bar)
    return f"rl-{failure}-call" if failure else "rl-call"


def whisker(box: Box, width: float) -> Markup:
    """A line from the earliest to the latest start, with a cap at its end."""
    middle, cap = box.y + box.height / 2, min(box.height / 2 - 1, 3)
    x, end = number(box.x + 0.5), number(box.x + width)
    line = f"M{x} {number(middle)}H{end}M{end} {number(middle - cap)}V{number(middle + cap)}"
    return element("path", class_="rl-whisker", d=line)


def tick(shape: TickShape, light: Box, *, hover: str) -> Markup:
    """An attempt of unknown latency: a line across the light bar; that of a failed one goes up to its mark."""
    failure = failure_of(shape.bar)
    if failure is not None:
        return failed_line(failure, shape.x, light, hover=hover)
    return _across("rl-tick", shape.x, light, hover=hover)


def failure_of_call(call: Invocation) -> MarkKind | None:
    """How the attempt failed; None for an LLM call."""
    if call.is_throttled:
        return MarkKind.THROTTLED
    return None if call.is_llm_call else MarkKind.FAILED


def failed_line(kind: MarkKind, x: float, light: Box, *, hover: str) -> Markup:
    """A failed attempt: a line across the bar, and up to its mark."""
    stem = element("line", class_=f"rl-stem rl-{kind}", x1=x, x2=x, y1=light.y - _STEM, y2=light.y + 1.5)
    return joined((_across(f"rl-tick rl-{kind}", x, light, hover=hover), stem))


def _across(class_: str, x: float, light: Box, *, hover: str) -> Markup:
    top, bottom = light.y + 1.5, light.y + light.height - 1.5
    return element("line", title(hover), class_=class_, x1=x, x2=x, y1=top, y2=bottom)


def mark(kind: MarkKind, x: float, y: float, *, count: int = 1) -> Markup:
    """A sign of 8 px around a point: a cross failed, a triangle throttled, an arrowhead ran on."""
    return element(
        "path",
        title(pluralize(count, _MARK_NAMES[kind]) if kind is not MarkKind.CUT else _MARK_NAMES[kind]),
        class_=f"rl-mark rl-{kind.value}",
        d=f"M{number(x)} {number(y)}{_MARK_PATHS[kind]}",
    )


def call_words(number_: int, bar: Bar, request: Request) -> str:
    """One attempt in words: what it was, how long, since when, and how it was correlated."""
    failure = failure_of(bar)
    kind = f"{failure.capitalize()} attempt" if failure else "LLM call"
    latency = "latency unknown" if bar.latency_ms is None else duration_text(bar.latency_ms)
    start = f"starts at +{duration_text(bar.offset_ms)}"
    if late_ms := late_by_ms(bar, request):
        start += f" or up to {duration_text(late_ms)} later"
    parts = [f"{number_}. {kind}", latency, start, bar.model_id]
    parts += [bar.error_code] if bar.error_code is not None else []
    linked = "would be correlated" if bar.provisional else "correlated"
    return ", ".join(parts) + f"; {linked} {_FOUND_BY[bar.method]}: {bar.confidence.value}"


def failures(totals: Totals) -> Failures:
    """How many signs of each kind a row's failed attempts have: throttled ones have their own, and no other."""
    return failed_attempts(errors=totals.llm_errors, throttles=totals.llm_throttles)


def failed_attempts(*, errors: int, throttles: int) -> Failures:
    """The same of so many that failed, and so many of them that were throttled."""
    counts = ((MarkKind.FAILED, errors - throttles), (MarkKind.THROTTLED, throttles))
    return tuple((kind, count) for kind, count in counts if count > 0)


def counters(failed: Failures, *, right: float, y: float) -> Iterator[Markup]:
    """The failed attempts, each number with its sign as its noun; the last sign ends at `right`."""
    for kind, count in reversed(failed):
        yield mark(kind, right - _SIGN_WIDTH / 2, y - 4.5, count=count)
        yield element(
            "text", text(f"{count:,}"), class_="rl-label", x=right - _SIGN_WIDTH - _SIGN_GAP, y=y, text_anchor="end"
        )
        right -= _counter_width(count) + _COUNTER_GAP


def _counter_width(count: int) -> float:
    return _SIGN_WIDTH + _SIGN_GAP + text_width(f"{count:,}", size=_FIGURE_SIZE)


def counters_room(failed: Failures) -> float:
    """How wide the failed attempts are, with what parts them from the words before them; 0 where none failed."""
    return sum(_COUNTER_GAP + _counter_width(count) for _, count in failed)
