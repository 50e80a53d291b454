"""Draws the dashboard of dashboard.yaml for docs/dashboard.md, over an hour of traffic; a test compares the SVG.

It is our drawing, not CloudWatch's: places, titles, figures and queries are the dashboard's own. `make docs` runs it.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from html import unescape
from pathlib import Path
from typing import TypedDict, cast

from cfnlint.decode import cfn_yaml  # type: ignore[import-untyped]

from request_lens.application.query import RequestPage, RequestView
from request_lens.application.without_request import UntaggedCalls, beside
from request_lens.domain.settling.state import RequestState
from request_lens.presentation.markup import Markup, element, joined
from request_lens.presentation.timeline.theme import Theme
from scripts.dashboard.body import CHECKOUT, Json, NotDrawnError, Widget, dashboard_widgets
from scripts.dashboard.canvas import GROUND, LINE_HEIGHT, UNIT_HEIGHT, UNIT_WIDTH, Area, card, lines, style, words
from scripts.dashboard.chart import chart, palette
from scripts.dashboard.log_query import run
from scripts.dashboard.metric_math import period_of, series_of
from scripts.dashboard.sample_hour import POLICY, SERVICE, SPAN, SampleHour, sample_hour
from scripts.dashboard.tiles import alarms, figures, note, table
from widget_request import SCROLL_BAR, read_request
from widget_timeline import timeline_page


class _Resource(TypedDict):
    Type: str
    Properties: Json


COLUMNS = 24
FIRST_LIST_ROW, FIRST_CHART_ROW = 35, 76
"""Where the second and the third picture begin: at a glance, which requests, and how it went over time."""

IMAGES = CHECKOUT / "docs" / "images"
_ROWS = {
    "dashboard": range(FIRST_LIST_ROW),
    "dashboard-lists": range(FIRST_LIST_ROW, FIRST_CHART_ROW),
    "dashboard-charts": range(FIRST_CHART_ROW, 1000),
}
_SUFFIXES: Mapping[Theme, str] = {"light": "", "dark": "-dark"}
PICTURES: Mapping[Path, tuple[range, Theme]] = {
    IMAGES / f"{name}{suffix}.svg": (rows, theme) for name, rows in _ROWS.items() for theme, suffix in _SUFFIXES.items()
}
"""Each picture, which rows of the grid it shows, and in which theme of the console."""

REGION = "us-east-1"
MOST_ROWS = 20
"""More requests than the timeline's widget has room for."""

_SVG = re.compile(r'<svg [^>]*?height="(?P<height>[\d.]+)".*</svg>', re.DOTALL)
_NOTE = re.compile(r"<p>([^<]*)</p>")
_ALARM = "AWS::CloudWatch::Alarm"
_NOTE_LEFT = 28
_MINUTES = re.compile(r"-PT(\d+)M")


def widgets() -> Sequence[Widget]:
    """The dashboard of a stack with this service. Raises: NotDrawnError."""
    return dashboard_widgets(
        {
            "StackName": SERVICE,
            "ServiceName": SERVICE,
            "AWS::Region": REGION,
            "ProcessorLogGroupName": f"/request-lens/{SERVICE}/processor",
            "TimelineWidgetArn": "TimelineWidgetFunction",
            "AlarmArns": '", "'.join(_alarm_names()),
        }
    )


def _alarm_names() -> Sequence[str]:
    """The stack's alarms, in the template's order."""
    template = cast("Mapping[str, Mapping[str, _Resource]]", cfn_yaml.load(str(CHECKOUT / "template.yaml")))
    of_alarms = (each["Properties"] for each in template["Resources"].values() if each["Type"] == _ALARM)
    names = (cast("Mapping[str, str]", each["AlarmName"])["Fn::Sub"] for each in of_alarms)
    return [name.replace("${AWS::StackName}", SERVICE) for name in names]


def picture(rows: range, hour: SampleHour, *, theme: Theme = "light") -> Markup:
    """The widgets that begin in these rows of the grid, as SVG in that theme."""
    shown = [each for each in widgets() if each.y in rows]
    width = COLUMNS * UNIT_WIDTH
    height = (max(each.y + each.height for each in shown) - rows.start) * UNIT_HEIGHT
    ground = element("rect", width=float(width), height=float(height), fill=GROUND[theme])
    drawn = (draw(each, hour, top=rows.start, theme=theme) for each in shown)
    return element(
        "svg",
        element("title", Markup("The CloudWatch dashboard of Request Lens")),
        element("style", style(theme)),
        ground,
        *drawn,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {width} {height}",
        width=float(width),
        height=float(height),
        class_="d",
        role="img",
    )


def draw(widget: Widget, hour: SampleHour, *, top: int, theme: Theme = "light") -> Markup:
    """One widget. Raises: NotDrawnError."""
    frame, area = card(widget, top=top)
    properties = widget.properties
    match widget.kind:
        case "alarm":
            content = alarms(cast("Sequence[str]", properties["alarms"]), area)
        case "text":
            content = note(str(properties["markdown"]), area)
        case "log":
            content = table(run(str(properties["query"]), hour.events), area)
        case "custom":
            content = _timeline(widget, area, hour, theme=theme)
        case _:
            content = _metrics(widget, area, hour, theme=theme)
    return joined((frame, content))


def _metrics(widget: Widget, area: Area, hour: SampleHour, *, theme: Theme) -> Markup:
    span = own_span(widget)
    shown = series_of(widget.properties, hour.store, span)
    if widget.properties["view"] == "singleValue":
        return figures(shown, area)
    colored = [replace(each, color=each.color or _palette(theme)[each.label]) for each in shown]
    stacked = bool(widget.properties.get("stacked"))
    return chart(colored, area, span=span, period=period_of(widget.properties, span), stacked=stacked)


@cache
def _palette(theme: Theme) -> Mapping[str, str]:
    """The colours of all charts of the dashboard."""
    drawn = (each for each in widgets() if each.kind == "metric" and each.properties["view"] == "timeSeries")
    shown = (series_of(each.properties, sample_hour().store, own_span(each)) for each in drawn)
    return palette(shown, theme=theme)


def own_span(widget: Widget) -> tuple[datetime, datetime]:
    """The dashboard's range, or the widget's own last minutes. Raises: NotDrawnError."""
    start, end = widget.properties.get("start"), widget.properties.get("end")
    if start is None and end is None:
        return SPAN
    minutes = _MINUTES.fullmatch(str(start))
    if minutes is None or end != "P0D":
        raise NotDrawnError(f"the range {start} to {end} is not drawn")
    return SPAN[1] - timedelta(minutes=int(minutes[1])), SPAN[1]


def _timeline(widget: Widget, area: Area, hour: SampleHour, *, theme: Theme) -> Markup:
    """The newest requests as the widget's function draws them, as many as fit: the console scrolls."""
    first, last = (round(bound.timestamp() * 1000) for bound in SPAN)
    context = {"theme": theme, "width": int(area.width) + SCROLL_BAR, "timeRange": {"start": first, "end": last}}
    asked = read_request({**cast("Json", widget.properties["params"]), "widgetContext": context}, now=SPAN[1])
    for count in range(MOST_ROWS, 0, -1):
        requests = hour.result.requests
        listing = RequestPage(requests=list(map(_view, requests[-count:])), earlier=len(requests[:-count]))
        shown_span = (listing.requests[0].record.started_at, SPAN[1])
        calls = beside(hour.result.unattributed, POLICY, requests[-count:], span=shown_span)
        lost = UntaggedCalls(calls=calls)
        page = timeline_page(listing, asked, POLICY, endpoint=f"arn:aws:lambda:{REGION}", lost=lost)
        drawn, notes = _SVG.search(page), _notes(page, area)
        if drawn is not None and (used := float(drawn["height"])) + len(notes) * LINE_HEIGHT <= area.height:
            svg = element("svg", Markup(drawn[0]), x=area.x, y=area.y, width=area.width, height=area.height)
            begins = area.y + used + LINE_HEIGHT / 2
            below = (
                words(line, area.x + _NOTE_LEFT, begins + at * LINE_HEIGHT, width=area.width, class_="muted")
                for at, line in enumerate(notes)
            )
            return joined((svg, *below))
    raise NotDrawnError("the timeline has no room for a single request")


def _notes(page: str, area: Area) -> Sequence[str]:
    """The lines of the page's notes."""
    texts = (unescape(note) for note in _NOTE.findall(page))
    return [line for note in texts for line in lines(note, width=area.width - 2 * _NOTE_LEFT)]


def _view(state: RequestState) -> RequestView:
    if state.record is None:
        raise ValueError(f"no record of request {state.request_id}")
    return RequestView(record=state.record, state=state, summary=state.summary, is_pending=False)


def write() -> None:
    """Write all pictures."""
    for path, (rows, theme) in PICTURES.items():
        path.write_text(picture(rows, sample_hour(), theme=theme), encoding="utf-8")


if __name__ == "__main__":
    write()
