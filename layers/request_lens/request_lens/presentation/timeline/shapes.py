"""The timeline's signs as SVG: light bars, calls, ticks and marks, for its rows and its legend alike."""

from request_lens.domain.folding.summary import Bar
from request_lens.domain.linking.link import Confidence, Method
from request_lens.presentation.formatting import duration_text, pluralize
from request_lens.presentation.markup import NOTHING, Markup, element, joined, number, text
from request_lens.presentation.timeline.layout import Box, CallShape, MarkKind, TickShape, failure_of

DEFINITIONS = Markup("""<defs>
<linearGradient id="rl-soft"><stop class="rl-soft" offset="0.1" stop-opacity="1"/>\
<stop class="rl-soft" offset="1" stop-opacity="0"/></linearGradient>
<pattern id="rl-stripes" width="4.5" height="4.5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">\
<rect class="rl-call" width="4.5" height="4.5"/><rect class="rl-hatch" width="1.5" height="4.5"/></pattern>
<pattern id="rl-doubts" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(-45)">\
<rect class="rl-doubt-line" width="1" height="7"/></pattern>
</defs>""")

_FOUND_BY = {
    Method.TAG: "by its tag",
    Method.CHAIN: "by its tool-use chain",
    Method.WINDOW: "by its time",
    Method.ELIMINATION: "by elimination",
}
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


def title(words: str) -> Markup:
    """What a browser shows over the shape, and a screen reader reads."""
    return element("title", text(words))


def rectangle(box: Box, class_: str, *content: Markup, radius: float = 0) -> Markup:
    """A rectangle of that class."""
    return element("rect", *content, class_=class_, x=box.x, y=box.y, width=box.width, height=box.height, rx=radius)


def light_bar(box: Box, *, hover: str) -> Markup:
    """A request from its start to its response."""
    return rectangle(box, "rl-request", title(hover), radius=min(5, box.width / 2))


def pending_bar(box: Box, *, hover: str) -> Markup:
    """A request whose calls are not all known yet."""
    inner = Box(x=box.x + 0.6, y=box.y + 0.6, width=max(box.width - 1.2, 0.5), height=box.height - 1.2)
    return rectangle(inner, "rl-open rl-pending", title(hover), radius=min(4.4, inner.width / 2))


def open_bar(box: Box, *, hover: str) -> Markup:
    """A request whose response's time is unknown: light, and open at the right."""
    top, bottom = box.y + 0.6, box.y + box.height - 0.6
    outline = f"M{number(box.right)} {number(top)}H{number(box.x)}V{number(bottom)}H{number(box.right)}"
    return joined((rectangle(box, "rl-request", title(hover)), element("path", class_="rl-open", d=outline)))


def doubt(box: Box, *, hover: str) -> Markup:
    """A hatching over a request's bar: it may have made more calls than are drawn in it."""
    return rectangle(box, "rl-doubt", title(hover), radius=min(5, box.width / 2))


def call_bar(shape: CallShape, *, hover: str) -> Markup:
    """A call: solid, striped or outlined as its link is exact, inferred or assumed; dashed while it is provisional.

    Its left edge is as soft as its start is known.
    """
    outlined = shape.bar.provisional or shape.bar.confidence is Confidence.ASSUMED
    box = _inside_outline(shape.box) if outlined else shape.box
    bar = rectangle(box, _call_class(shape.bar), title(hover), radius=min(2, shape.box.width / 2))
    soft = shape.soft_px >= 0.5 and not shape.bar.provisional
    return joined((bar, _soft_edge(shape.box, shape.soft_px) if soft else NOTHING))


def _inside_outline(box: Box) -> Box:
    """The box whose outline, half of it outside, fills this one."""
    stroke = min(1.5, box.width / 2)
    width, height = max(box.width - stroke, 0), max(box.height - 1.5, 0)
    return Box(x=box.x + stroke / 2, y=box.y + 0.75, width=width, height=height)


def _call_class(bar: Bar) -> str:
    if bar.provisional:
        return "rl-call rl-provisional"
    failure = failure_of(bar)
    return f"{f'rl-{failure}-call' if failure else 'rl-call'} rl-{bar.confidence}"


def _soft_edge(box: Box, width: float) -> Markup:
    """The light bar's colour, fading; half a px wider than the call, lest its outline shines through."""
    return rectangle(Box(x=box.x - 0.5, y=box.y - 0.5, width=width + 0.5, height=box.height + 1), "rl-edge")


def tick(shape: TickShape, light: Box, *, hover: str) -> Markup:
    """An attempt of unknown latency: a line across the light bar."""
    failure = failure_of(shape.bar)
    return element(
        "line",
        title(hover),
        class_=f"rl-tick rl-{failure}" if failure else "rl-tick",
        x1=shape.x,
        x2=shape.x,
        y1=light.y + 1.5,
        y2=light.y + light.height - 1.5,
    )


def mark(kind: MarkKind, x: float, y: float, *, count: int = 1) -> Markup:
    """A sign of 8 px around a point: a cross failed, a triangle throttled, an arrowhead ran on."""
    return element(
        "path",
        title(pluralize(count, _MARK_NAMES[kind]) if kind is not MarkKind.CUT else _MARK_NAMES[kind]),
        class_=f"rl-mark rl-{kind.value}",
        d=f"M{number(x)} {number(y)}{_MARK_PATHS[kind]}",
    )


def call_words(number_: int, bar: Bar) -> str:
    """One attempt in words: what it was, how long, since when, and how it was correlated."""
    failure = failure_of(bar)
    kind = f"{failure.capitalize()} attempt" if failure else "LLM call"
    latency = "latency unknown" if bar.latency_ms is None else duration_text(bar.latency_ms)
    start = f"starts at +{duration_text(bar.offset_ms)}"
    if bar.precision_ms > 1:
        start += f" or up to {duration_text(bar.precision_ms)} later"
    parts = [f"{number_}. {kind}", latency, start, bar.model_id]
    parts += [bar.error_code] if bar.error_code is not None else []
    linked = "would be correlated" if bar.provisional else "correlated"
    return ", ".join(parts) + f"; {linked} {_FOUND_BY[bar.method]}: {bar.confidence.value}"
