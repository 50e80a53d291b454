"""Charts over time: lines or stacked areas, two axes, a legend."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil, floor, log10

from request_lens.presentation.markup import Markup, element, joined, number
from request_lens.presentation.timeline.text import text_width
from request_lens.presentation.timeline.theme import Theme
from scripts.dashboard.canvas import LINE_HEIGHT, TEXT_SIZE, Area, figure, words
from scripts.dashboard.metric_math import Series
from scripts.dashboard.metric_store import Points, moment

COLORS: Mapping[Theme, Sequence[str]] = {
    "light": ("#00578f", "#d9820b", "#2b8a57", "#8a4fa3", "#c03a00", "#5f7486", "#009e9e", "#b3467a"),
    "dark": ("#4ea6e0", "#e8a33d", "#58bd87", "#ba88d4", "#f0714c", "#93a8b8", "#2fc4c4", "#e384ae"),
}
_TOP_MARGIN, _AXIS_WIDTH, _AXIS_HEIGHT, _TICKS = 6, 46, 26, 4
_LAST_LABEL = 20
"""Px that half of the time axis's last label takes."""

_LINE_WIDTH, _DOT = 1.75, 2.5
"""Px of a line, and of the radius of a point alone."""

_LABEL_EVERY = (timedelta(minutes=10), timedelta(minutes=3))
"""Between two labels of the time axis: of an hour, of less."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """Where points are drawn: the area between the axes, the span, the period in seconds, the value axis's ticks."""

    area: Area
    span: tuple[datetime, datetime]
    period: int
    ticks: Sequence[float] = (0.0, 1.0)

    def x(self, epoch_s: float) -> float:
        """Where this moment is."""
        first, last = (bound.timestamp() for bound in self.span)
        return self.area.x + (epoch_s - first) / (last - first) * self.area.width

    def y(self, value: float) -> float:
        """Where this value is."""
        return self.area.bottom - value / self.ticks[-1] * self.area.height


def palette(charts: Iterable[Sequence[Series]], *, theme: Theme = "light") -> Mapping[str, str]:
    """A colour for each label of the charts, the same in all; two of one chart share none while there are enough."""
    charts = list(charts)
    colors: dict[str, str] = {}
    for label in dict.fromkeys(each.label for shown in charts for each in shown):
        beside = {each.label for shown in charts for each in shown if label in {other.label for other in shown}}
        taken = {colors[other] for other in beside if other in colors}
        free = [color for color in COLORS[theme] if color not in taken]
        colors[label] = free[0] if free else COLORS[theme][len(taken) % len(COLORS[theme])]
    return colors


def chart(
    shown: Sequence[Series], area: Area, *, span: tuple[datetime, datetime], period: int, stacked: bool
) -> Markup:
    """The series, each of which has its colour, over the span, and under it their legend."""
    legend, rows = _legend(shown, area)
    height = area.height - _TOP_MARGIN - _AXIS_HEIGHT - rows * LINE_HEIGHT
    right_of = _AXIS_WIDTH if any(each.right for each in shown) else _LAST_LABEL
    width = area.width - _AXIS_WIDTH - right_of
    inner = Area(x=area.x + _AXIS_WIDTH, y=area.y + _TOP_MARGIN, width=width, height=height)
    drawn: list[Markup] = []
    for right in (False, True):
        of_axis = [each for each in shown if each.right is right]
        if of_axis:
            plot = Plot(area=inner, span=span, period=period, ticks=value_ticks(of_axis, stacked=stacked))
            drawn += [_value_axis(plot, right=right), *(_areas(of_axis, plot) if stacked else _lines(of_axis, plot))]
    time = _time_axis(Plot(area=inner, span=span, period=period))
    return joined((time, *drawn, legend))


def value_ticks(shown: Sequence[Series], *, stacked: bool) -> Sequence[float]:
    """Round numbers from 0 to one that no value exceeds, at most five; whole ones where all values are counts."""
    sums: dict[int, float] = {}
    for each in shown:
        for at, value in each.points.items():
            sums[at] = sums.get(at, 0) + value if stacked else max(sums.get(at, 0), value)
    most = max(sums.values(), default=1) or 1
    power = 10.0 ** floor(log10(most / _TICKS))
    are_counts = all(value == int(value) for each in shown for value in each.points.values())
    steps = (power * factor for factor in (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10, 20, 50))
    step = next(step for step in steps if step * _TICKS >= most and (step == int(step) or not are_counts))
    return [step * at for at in range(ceil(most / step) + 1)]


def _lines(shown: Sequence[Series], plot: Plot) -> Iterator[Markup]:
    """Each series as a line that breaks where periods have no value; a point alone is a dot. The first lies on top."""
    for each in reversed(shown):
        for run in _runs(each.points, plot.period):
            if len(run) == 1:
                ((at, value),) = run.items()
                yield element("circle", cx=plot.x(at), cy=plot.y(value), r=_DOT, fill=each.color)
            else:
                path = "L".join(f"{number(plot.x(at))} {number(plot.y(value))}" for at, value in run.items())
                yield element("path", class_="line", d=f"M{path}", stroke=each.color, stroke_width=_LINE_WIDTH)


def _runs(points: Points, period: int) -> Iterator[Points]:
    """The points in stretches without a gap."""
    run: dict[int, float] = {}
    for at, value in points.items():
        if run and at - next(reversed(run)) > period:
            yield run
            run = {}
        run[at] = value
    if run:
        yield run


def _areas(shown: Sequence[Series], plot: Plot) -> Iterator[Markup]:
    """Each series on top of those before it, a column for each period."""
    below: dict[int, float] = {}
    for each in shown:
        for at, value in each.points.items():
            floor_, left, right = below.get(at, 0.0), plot.x(at), plot.x(at + plot.period)
            height = plot.area.bottom - plot.y(value)
            below[at] = floor_ + value
            width = max(right - left - 1.5, 1)
            yield element("rect", x=left, y=plot.y(below[at]), width=width, height=height, fill=each.color)


def _value_axis(plot: Plot, *, right: bool) -> Markup:
    area, drawn = plot.area, list[Markup]()
    for value in plot.ticks:
        y, label = plot.y(value), figure(value)
        if not right:
            drawn.append(element("line", class_="rule", x1=area.x, x2=area.x + area.width, y1=y, y2=y))
        x, anchor = (area.x + area.width + 8, "start") if right else (area.x - 8, "end")
        drawn.append(element("text", Markup(label), class_="muted", x=x, y=y + 4, text_anchor=anchor))
    return joined(drawn)


def _time_axis(plot: Plot) -> Markup:
    first, last = plot.span
    step = _LABEL_EVERY[0] if last - first > timedelta(minutes=30) else _LABEL_EVERY[1]
    marks = (first + step * at for at in range((last - first) // step + 1))
    labels = (
        element(
            "text",
            Markup(f"{moment(int(at.timestamp())):%H:%M}"),
            class_="muted",
            x=plot.x(at.timestamp()),
            y=plot.area.bottom + 17,
            text_anchor="middle",
        )
        for at in marks
    )
    return joined(labels)


def _legend(shown: Sequence[Series], area: Area) -> tuple[Markup, int]:
    """A coloured square and a name for each series, in as many lines as it takes; and how many those are."""
    places: list[tuple[Series, float, int]] = []
    x, row = 0.0, 0
    for each in shown:
        width = min(text_width(each.label, size=TEXT_SIZE) + 30, area.width)
        if x + width > area.width and x:
            x, row = 0.0, row + 1
        places.append((each, x, row))
        x += width
    rows = row + 1
    top = area.bottom - rows * LINE_HEIGHT + 14
    return joined(_entry(each, area, area.x + x, top + row * LINE_HEIGHT) for each, x, row in places), rows


def _entry(each: Series, area: Area, x: float, y: float) -> Markup:
    square = element("rect", x=x, y=y - 9, width=10.0, height=10.0, rx=2.0, fill=each.color)
    return joined((square, words(each.label, x + 15, y, width=area.x + area.width - x - 15)))
