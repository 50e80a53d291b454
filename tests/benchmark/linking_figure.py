"""The linking curves as a picture for docs/correlation.md: `make docs` draws it anew."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import log
from pathlib import Path
from statistics import fmean

from request_lens.presentation.timeline.theme import DARK, LIGHT, Palette
from tests.benchmark.field_traffic import field_traffic
from tests.benchmark.linking_share import ALONE, ONE_LOOP, Share, mean_open, share, share_with_spans, without_chains
from tests.benchmark.spanned_traffic import with_spans
from tests.benchmark.untagged_traffic import REQUESTS, SEED, Traffic, untagged_traffic

DOCUMENT = Path(__file__).parents[2] / "docs" / "images" / "linking.svg"

GAPS_S = (60, 20, 8, 3)

_WIDTH, _HEIGHT = 860, 472
_LEGEND_LINE = 26
_TOP, _BOTTOM = 108, 330
_PLOT_WIDTH, _INSET = 306, 20
LABEL_GAP = 15
"""So far apart stand two labels at the least, in px: their figures are 11 px high."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """What each method adds at one mean gap between requests; `open` requests run at once, on average."""

    gap_s: int
    open: float
    window: Share
    chain: Share
    elimination: Share
    spans: Share

    @property
    def methods(self) -> tuple[Share, Share, Share]:
        """The shares, each with one more method; spans come beside them."""
        return (self.window, self.chain, self.elimination)

    @property
    def told(self) -> str:
        """The point in words."""
        found = " / ".join(f"{each.linked:.0%}" for each in self.methods)
        return f"{self.gap_s} s: {found} / {self.spans.linked:.0%}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One traffic: its name, where its plot begins, and what draws its requests, so many seconds apart on average."""

    title: str
    left: int
    draw: Callable[[int], Traffic]


def _each_by_itself(gap_s: int) -> Traffic:
    return untagged_traffic(mean_gap_s=gap_s, requests=REQUESTS, seed=SEED)


def _conversations(gap_s: int) -> Traffic:
    return field_traffic(mean_gap_s=gap_s, requests=REQUESTS, seed=SEED)


ALONE_PANEL = Panel(title="Each request by itself", left=66, draw=_each_by_itself)
FIELD_PANEL = Panel(title="Conversations that go on", left=484, draw=_conversations)

type Curves = Sequence[tuple[Panel, Sequence[Point]]]


def curves() -> Curves:
    """The curve of each traffic."""
    return [(panel, curve(panel)) for panel in (ALONE_PANEL, FIELD_PANEL)]


def curve(panel: Panel, gaps_s: Iterable[int] = GAPS_S) -> list[Point]:
    """The shares at each mean gap."""
    return [point(panel, gap_s) for gap_s in gaps_s]


def point(panel: Panel, gap_s: int) -> Point:
    """The shares at one mean gap."""
    traffic = panel.draw(gap_s)
    return Point(
        gap_s=gap_s,
        open=mean_open(traffic),
        window=share(without_chains(traffic), ALONE),
        chain=share(traffic, ALONE),
        elimination=share(traffic, ONE_LOOP),
        spans=share_with_spans(with_spans(traffic, seed=SEED)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    style: str
    label: str
    linked: Callable[[Point], float]


_LINES = (
    _Line(style="tag", label="tagged", linked=lambda _: 1.0),
    _Line(style="spans", label="by spans, of which 10 % are lost", linked=lambda point: point.spans.linked),
    _Line(style="elimination", label="+ OneLoopPerRequest=true", linked=lambda point: point.elimination.linked),
    _Line(style="chain", label="+ tool-use chains", linked=lambda point: point.chain.linked),
    _Line(style="window", label="time alone", linked=lambda point: point.window.linked),
)
_LEGEND_PLACES = ((22, 0), (152, 0), (432, 1), (202, 1), (22, 1))
"""Where each entry of the legend stands: px from the left, and its line; each "+" adds to what stands before it."""


_TITLE = (
    "Share of calls linked by time alone / and by chains / and with OneLoopPerRequest=true / by spans of which a tenth "
    "is lost"
)


def drawn(curves: Curves) -> str:
    """The curves as SVG, light or dark as the reader's browser is."""
    body = [part for panel, points in curves for part in _panel(panel, points)]
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" class="rl">',
            f"<title>{_TITLE}</title>",
            f"<desc>{'; '.join(described(panel, points) for panel, points in curves)}</desc>",
            f"<style>{_style_sheet()}</style>",
            f'<rect class="background" width="{_WIDTH}" height="{_HEIGHT}"/>',
            '<text class="title" x="22" y="36">Share of calls that are linked to their request, tagged or not</text>',
            *body,
            *_legend(),
            "</svg>\n",
        )
    )


def described(panel: Panel, points: Iterable[Point]) -> str:
    """The curve in words, for who cannot see it, and for the test that holds a part of it."""
    return f"{panel.title}: {', '.join(point.told for point in points)}"


def _panel(panel: Panel, points: Sequence[Point]) -> Iterator[str]:
    yield f'<text class="panel" x="{panel.left}" y="{_TOP - 26}">{panel.title}</text>'
    yield from _axes(panel, points)
    for line in _LINES:
        yield from _line(panel, line, points)
    yield from _end_values(panel, points[-1])


def _x(panel: Panel, gap_s: float) -> float:
    widest, closest = log(GAPS_S[0]), log(GAPS_S[-1])
    share_of_width = (widest - log(gap_s)) / (widest - closest)
    return round(panel.left + _INSET + share_of_width * (_PLOT_WIDTH - 2 * _INSET), 1)


def _y(linked: float) -> float:
    return round(_BOTTOM - linked * (_BOTTOM - _TOP), 1)


def _axes(panel: Panel, points: Sequence[Point]) -> Iterator[str]:
    right = panel.left + _PLOT_WIDTH
    for percent in (0, 25, 50, 75, 100):
        y = _y(percent / 100)
        yield f'<line class="rule" x1="{panel.left}" x2="{right}" y1="{y}" y2="{y}"/>'
        if panel is ALONE_PANEL:  # the axis stands once
            yield f'<text class="muted" x="{panel.left - 8}" y="{y + 5}" text-anchor="end">{percent} %</text>'
    for each in points:
        x = _x(panel, each.gap_s)
        yield f'<text x="{x}" y="{_BOTTOM + 24}" text-anchor="middle">{each.gap_s} s</text>'
    yield f'<text class="muted" x="{panel.left}" y="{_BOTTOM + 48}">mean time between requests</text>'


def _line(panel: Panel, line: _Line, points: Sequence[Point]) -> Iterator[str]:
    places = [(_x(panel, point.gap_s), _y(line.linked(point))) for point in points]
    yield f'<polyline class="line {line.style}" points="{" ".join(f"{x},{y}" for x, y in places)}"/>'
    for x, y in places:
        yield f'<circle class="dot {line.style}" cx="{x}" cy="{y}" r="4"/>'


def _end_values(panel: Panel, last: Point) -> Iterator[str]:
    """Each line's last value at its right end, pushed apart where lines end close together."""
    places = apart([_y(line.linked(last)) for line in _LINES])
    for line, y in zip(_LINES, places, strict=True):
        value = f"{line.linked(last):.0%}".replace("%", " %")
        x = panel.left + _PLOT_WIDTH - 8
        yield f'<text class="label {line.style}" x="{x}" y="{round(y + 5, 1)}">{value}</text>'


def apart(ends: Sequence[float]) -> Sequence[float]:
    """Where the labels of lines stand that end so high, from the top down: apart, and as near to them as can be.

    Labels that are in each other's way share what moves them; none stands below the plot.
    """
    pulled = [end - at * LABEL_GAP for at, end in enumerate(ends)]
    lowest = _BOTTOM - (len(ends) - 1) * LABEL_GAP
    shared = (
        max(min(fmean(pulled[first:last]) for last in range(at + 1, len(pulled) + 1)) for first in range(at + 1))
        for at in range(len(pulled))
    )
    return [min(each, lowest) + at * LABEL_GAP for at, each in enumerate(shared)]


def _legend() -> Iterator[str]:
    for line, (x, at) in zip(_LINES, _LEGEND_PLACES, strict=True):
        y = _HEIGHT - 24 - _LEGEND_LINE * (1 - at)
        yield f'<line class="line {line.style}" x1="{x}" x2="{x + 28}" y1="{y - 5}" y2="{y - 5}"/>'
        yield f'<text class="label {line.style}" x="{x + 36}" y="{y}">{line.label}</text>'


def _style_sheet() -> str:
    dark = _coloured(DARK)
    return f"{_coloured(LIGHT)}@media (prefers-color-scheme: dark) {{{dark}}}"


def _coloured(palette: Palette) -> str:
    colours = {
        "tag": palette.muted,
        "spans": palette.tool,
        "elimination": palette.throttled,
        "chain": palette.call,
        "window": palette.failed,
    }
    strokes = "".join(
        f".rl .line.{name} {{ stroke: {colour}; }} .rl .{name} {{ fill: {colour}; }}"
        for name, colour in colours.items()
    )
    return (
        f'.rl text {{ font: 15px Inter, system-ui, "Segoe UI", Arial, sans-serif; fill: {palette.text}; }}'
        f".rl .title {{ font-size: 21px; font-weight: 600; }} .rl .panel {{ font-size: 17px; font-weight: 600; }}"
        f".rl .muted {{ fill: {palette.muted}; }}"
        f".rl .background {{ fill: {palette.background}; }} .rl .rule {{ stroke: {palette.rule}; }}"
        f"{strokes} .rl .line {{ fill: none; stroke-width: 2.5; }} .rl .line.tag {{ stroke-dasharray: 5 4; }}"
        ".rl .label { font-weight: 600; }"
    )


if __name__ == "__main__":
    DOCUMENT.write_text(drawn(curves()), encoding="utf-8")
