"""The linking curve as a picture for docs/correlation.md: `make docs` draws it anew."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import log
from pathlib import Path

from request_lens.presentation.timeline.theme import DARK, LIGHT, Palette
from tests.benchmark.linking_share import ALONE, ONE_LOOP, Share, mean_open, share, without_chains
from tests.benchmark.untagged_traffic import REQUESTS, SEED, untagged_traffic

DOCUMENT = Path(__file__).parents[2] / "docs" / "images" / "linking.svg"

GAPS_S = (60, 20, 8, 3)

_WIDTH, _HEIGHT = 860, 400
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 262, 84, 328
_LABEL_GAP = 18


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """What each method adds at one mean gap between requests; `open` requests run at once, on average."""

    gap_s: int
    open: float
    window: Share
    chain: Share
    elimination: Share

    @property
    def methods(self) -> tuple[Share, Share, Share]:
        """The shares, each with one more method."""
        return (self.window, self.chain, self.elimination)


def curve(gaps_s: Iterable[int] = GAPS_S) -> list[Point]:
    """The shares at each mean gap."""
    return [_point(gap_s) for gap_s in gaps_s]


def _point(gap_s: int) -> Point:
    traffic = untagged_traffic(mean_gap_s=gap_s, requests=REQUESTS, seed=SEED)
    return Point(
        gap_s=gap_s,
        open=mean_open(traffic),
        window=share(without_chains(traffic), ALONE),
        chain=share(traffic, ALONE),
        elimination=share(traffic, ONE_LOOP),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    style: str
    label: str
    linked: Callable[[Point], float]


_LINES = (
    _Line(style="tag", label="tagged: every call, exact", linked=lambda _: 1.0),
    _Line(style="elimination", label="+ OneLoopPerRequest=true", linked=lambda point: point.elimination.linked),
    _Line(style="chain", label="+ tool-use chains", linked=lambda point: point.chain.linked),
    _Line(style="window", label="time alone", linked=lambda point: point.window.linked),
)


def drawn(points: Sequence[Point]) -> str:
    """The curve as SVG, light or dark as the reader's browser is."""
    body = [*_axes(points), *(part for line in _LINES for part in _line(line, points)), *_end_labels(points[-1])]
    described = "; ".join(f"{each.gap_s} s: {each.chain.linked:.0%}, {each.elimination.linked:.0%}" for each in points)
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" class="rl">',
            f"<title>Share of calls linked by chains, and by elimination, by mean gap: {described}</title>",
            f"<style>{_style_sheet()}</style>",
            f'<rect class="background" width="{_WIDTH}" height="{_HEIGHT}"/>',
            f'<text class="title" x="{_LEFT - 44}" y="34">How many calls are correlated without a tag</text>',
            f'<text class="muted" x="{_LEFT - 44}" y="56">Simulated requests of 1 to 5 calls; no link is wrong</text>',
            *body,
            "</svg>\n",
        )
    )


def _x(gap_s: float) -> float:
    widest, closest = log(GAPS_S[0]), log(GAPS_S[-1])
    return round(_LEFT + 24 + (widest - log(gap_s)) / (widest - closest) * (_WIDTH - _RIGHT - _LEFT - 24), 1)


def _y(linked: float) -> float:
    return round(_BOTTOM - linked * (_BOTTOM - _TOP), 1)


def _axes(points: Sequence[Point]) -> Iterator[str]:
    for tenth in (0, 25, 50, 75, 100):
        y = _y(tenth / 100)
        yield f'<line class="rule" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y}" y2="{y}"/>'
        yield f'<text class="muted" x="{_LEFT - 10}" y="{y + 4}" text-anchor="end">{tenth} %</text>'
    for point in points:
        x = _x(point.gap_s)
        yield f'<text x="{x}" y="{_BOTTOM + 22}" text-anchor="middle">{point.gap_s} s</text>'
        yield f'<text class="muted" x="{x}" y="{_BOTTOM + 40}" text-anchor="middle">{point.open:.1f} at once</text>'
    axis = "Mean time between requests, and how many run at once"
    yield f'<text class="muted" x="{_LEFT - 44}" y="{_BOTTOM + 62}">{axis}</text>'


def _line(line: _Line, points: Sequence[Point]) -> Iterator[str]:
    places = [(_x(point.gap_s), _y(line.linked(point))) for point in points]
    yield f'<polyline class="line {line.style}" points="{" ".join(f"{x},{y}" for x, y in places)}"/>'
    for x, y in places:
        yield f'<circle class="dot {line.style}" cx="{x}" cy="{y}" r="4"/>'


def _end_labels(last: Point) -> Iterator[str]:
    """Each line's name and last value at its right end, pushed apart where lines end close together."""
    above = float("-inf")
    for line in _LINES:
        y = max(_y(line.linked(last)), above + _LABEL_GAP)
        above = y
        value = "100 %" if line.style == "tag" else f"{line.linked(last):.0%}".replace("%", " %")
        yield f'<text class="label {line.style}" x="{_WIDTH - _RIGHT + 14}" y="{y + 4}">{value} {line.label}</text>'


def _style_sheet() -> str:
    dark = _coloured(DARK)
    return f"{_coloured(LIGHT)}@media (prefers-color-scheme: dark) {{{dark}}}"


def _coloured(palette: Palette) -> str:
    colours = {
        "tag": palette.muted,
        "elimination": palette.throttled,
        "chain": palette.call,
        "window": palette.failed,
    }
    strokes = "".join(
        f".rl .line.{name} {{ stroke: {colour}; }} .rl .{name} {{ fill: {colour}; }}"
        for name, colour in colours.items()
    )
    return (
        f'.rl text {{ font: 13px Inter, system-ui, "Segoe UI", Arial, sans-serif; fill: {palette.text}; }}'
        f".rl .title {{ font-size: 20px; font-weight: 600; }} .rl .muted {{ fill: {palette.muted}; }}"
        f".rl .background {{ fill: {palette.background}; }} .rl .rule {{ stroke: {palette.rule}; }}"
        f"{strokes} .rl .line {{ fill: none; stroke-width: 2.5; }} .rl .line.tag {{ stroke-dasharray: 5 4; }}"
        ".rl .label { font-weight: 600; }"
    )


if __name__ == "__main__":
    DOCUMENT.write_text(drawn(curve()), encoding="utf-8")
