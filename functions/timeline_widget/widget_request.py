"""What a dashboard asks the widget: a time range or one request, in which theme and size.

A parameter that is unknown is ignored, and one that cannot be read has its default: a widget should show something. Of
one that is to be among some words, the page says so.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from math import inf

from request_lens.domain.facts import RequestId
from request_lens.presentation.timeline.axis import AxisKind
from request_lens.presentation.timeline.row import RowOrder
from request_lens.presentation.timeline.theme import Theme

MAX_ROWS = 200
MAX_RANGE = timedelta(days=7)
"""The table lists requests by hour: a longer range is cut to its last days."""

_DEFAULT_RANGE = timedelta(minutes=15)
_DEFAULT_WIDTH, _MAX_WIDTH = 1200, 4000
SCROLL_BAR = 24
"""Px that the console's scroll bar takes of the width it names."""

_MAX_SAID = 40
"""Characters of a misread parameter that are said again."""

_MIN_TIME_MS, _MAX_TIME_MS = 0, 4_102_444_800_000  # 1970 and 2100

type Object = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class WidgetRequest:
    """One call of the widget; `span` includes its bounds, `request_id` asks for one request's details.

    `misread` has a sentence for each parameter that is none of its words, whose default stands.
    """

    span: tuple[datetime, datetime]
    is_cut: bool
    theme: Theme
    width: int
    rows: int
    axis: AxisKind
    sort: RowOrder
    stack: str
    request_id: RequestId | None
    misread: Sequence[str] = ()


def read_request(event: Object, *, now: datetime) -> WidgetRequest:
    """The request of a Lambda event; its `widgetContext` is CloudWatch's, what stands beside it the widget's."""
    context = _object(event, "widgetContext")
    begins, ends = _span(_object(context, "timeRange"), now=now)
    first = max(begins, ends - MAX_RANGE)
    return WidgetRequest(
        span=(first, ends),
        is_cut=first > begins,
        theme="dark" if context.get("theme") == "dark" else "light",
        width=_number(context, "width", default=_DEFAULT_WIDTH, within=(1, _MAX_WIDTH)) - SCROLL_BAR,
        rows=_number(event, "rows", default=MAX_ROWS, within=(1, MAX_ROWS)),
        sort=_one_of(RowOrder, event.get("sort")) or RowOrder.TIME,
        stack=_text(event, "stack"),
        axis=_one_of(AxisKind, event.get("axis")) or AxisKind.OWN,
        request_id=RequestId(_text(event, "request_id")) or None,
        misread=list(_misread(event)),
    )


def _one_of[Choice: StrEnum](choices: type[Choice], value: object) -> Choice | None:
    return next((choice for choice in choices if choice == value), None)


def _misread(event: Object) -> Iterator[str]:
    for name, choices in (("axis", AxisKind), ("sort", RowOrder)):
        value = event.get(name)
        if value not in (None, "") and _one_of(choices, value) is None:
            *others, last = choices
            said = str(value)[:_MAX_SAID]
            yield f"The parameter {name} is {', '.join(others)} or {last}, not {said!r}: {others[0]} is shown."


def _span(time_range: Object, *, now: datetime) -> tuple[datetime, datetime]:
    """The range that the dashboard shows: where the reader has zoomed into its charts, that part."""
    shown = _object(time_range, "zoom") or time_range
    now_ms = round(now.timestamp() * 1000)
    ends = _number(shown, "end", default=now_ms, within=(_MIN_TIME_MS, _MAX_TIME_MS))
    starts = _number(
        shown, "start", default=ends - _DEFAULT_RANGE // timedelta(milliseconds=1), within=(_MIN_TIME_MS, ends)
    )
    return _moment(starts), _moment(ends)


def _moment(epoch_ms: int) -> datetime:
    return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=epoch_ms)


def _object(of: Object, name: str) -> Object:
    value = of.get(name)
    return value if isinstance(value, dict) else {}


def _text(of: Object, name: str) -> str:
    """The text under that name; empty where there is none."""
    value = of.get(name)
    return value if isinstance(value, str) else ""


def _number(of: Object, name: str, *, default: int, within: tuple[int, int]) -> int:
    """The whole number under that name, moved into its bounds."""
    value = of.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < inf:
        value = default
    return min(max(int(value), within[0]), within[1])
