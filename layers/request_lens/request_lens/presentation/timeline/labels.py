"""The texts at a row's left: whose request it is, its id, and the status of one that failed or was refused."""

from collections.abc import Sequence

from request_lens.presentation.markup import NOTHING, Markup, element, joined, text
from request_lens.presentation.timeline.layout import Box
from request_lens.presentation.timeline.row import RowSize, TimelineRow
from request_lens.presentation.timeline.shapes import rectangle, title
from request_lens.presentation.timeline.text import ELLIPSIS, shortened, shortened_in_the_middle, text_width

LABEL_SIZE, DETAIL_SIZE = 13.0, 12.0
_LEAST_OF_ID = 8
"""Characters that tell an id from others of its minute: where fewer have room it is left out."""

_LEAST_LABEL = 96.0
"""What a label that is cut for those keeps."""

_BETWEEN = 10.0
_PILL_WIDTH, _PILL_GAP = 34.0, 6.0
_ROUNDING = 0.01


def label_width(rows: Sequence[TimelineRow], size: RowSize, *, room: float) -> float:
    """How wide the labels would be if none were shortened, each beside its status; ids take no more than the room."""
    return max((_label_width(row, size, room=room) for row in rows), default=0.0)


def _label_width(row: TimelineRow, size: RowSize, *, room: float) -> float:
    if size.lower is None:
        return _named_width(row.label, _beside(row, size, room=room), size) + _pill_room(row)
    return max(
        text_width(row.label, size=LABEL_SIZE) + _pill_room(row),
        text_width(_with_id(row.detail, row, room=room), size=DETAIL_SIZE),
    )


def least_label_width(rows: Sequence[TimelineRow], size: RowSize) -> float:
    """How wide the labels must be for each row's least id, beside its status; labels beside an id are cut for it."""
    return max((_least_label_width(row, size) for row in rows), default=0.0)


def _least_label_width(row: TimelineRow, size: RowSize) -> float:
    if size.lower is not None:
        return text_width(_least_with_id(row.detail, row), size=DETAIL_SIZE)
    label = min(text_width(row.label, size=LABEL_SIZE), _LEAST_LABEL)
    least = text_width(_least_with_id(row.brief, row), size=DETAIL_SIZE)
    return label + _BETWEEN + least + _pill_room(row)


def _named_width(label: str, detail: str, size: RowSize) -> float:
    """How wide a label and its detail are, one below the other or on one line."""
    widths = text_width(label, size=LABEL_SIZE), text_width(detail, size=DETAIL_SIZE)
    return sum(widths, start=_BETWEEN if detail else 0) if size.lower is None else max(widths)


def needs_own_line(rows: Sequence[TimelineRow], size: RowSize, *, width: float) -> bool:
    """Whether a label would be cut that has so much room together with its detail, or an id would be left out."""
    return any(
        _named_width(row.label, _least_with_id(_unnamed(row, size, room=width), row), size) + _pill_room(row) > width
        for row in rows
    )


def _unnamed(row: TimelineRow, size: RowSize, *, room: float) -> str:
    """What stands beside the row's label, without its id: the whole detail where both fit in that room."""
    if size.stacked:
        return row.detail if size.wide else row.brief
    return row.detail if _named_width(row.label, row.detail, size) + _pill_room(row) <= room else row.brief


def _beside(row: TimelineRow, size: RowSize, *, room: float) -> str:
    """What stands beside the row's label, which has so much room together with it; some labels are cut for an id."""
    unnamed, label = _unnamed(row, size, room=room), text_width(row.label, size=LABEL_SIZE)
    left = room - _BETWEEN - _pill_room(row)
    least = text_width(_least_with_id(unnamed, row), size=DETAIL_SIZE)
    return _with_id(unnamed, row, room=max(left - label, min(least, left - _LEAST_LABEL)))


def _with_id(detail: str, row: TimelineRow, *, room: float) -> str:
    """The detail, and behind it as much of its request's id as there is room for."""
    if text_width(_least_with_id(detail, row), size=DETAIL_SIZE) > room:
        return detail
    return shortened(_named(detail, row), size=DETAIL_SIZE, width=room)


def _least_with_id(detail: str, row: TimelineRow) -> str:
    """The detail with the least of its request's id that is shown."""
    whole, least = _named(detail, row), _named(detail, row, characters=_LEAST_OF_ID)
    return whole if len(whole) <= len(least) else least + ELLIPSIS


def _named(detail: str, row: TimelineRow, *, characters: int | None = None) -> str:
    """The detail and so many of the id's first characters; the detail alone of a row that shows no id."""
    return " · ".join(filter(None, (detail, row.request.request_id[:characters] if row.has_id else "")))


def _pill_room(row: TimelineRow) -> float:
    return _PILL_WIDTH + _PILL_GAP if row.has_error else 0


def left_words(row: TimelineRow, *, left: float, widths: tuple[float, float], size: RowSize, top: float) -> Markup:
    """Label, detail and id, shortened to their two `widths`; the whole texts show on hovering."""
    width, detail_width = widths
    room = Box(x=left, y=top, width=width - _pill_room(row) + _ROUNDING, height=size.height)
    words = _words(row, room, size=size, widths=(width, detail_width))
    if not row.has_error:
        return words
    return joined((words, _pill(row.request.status, right=left + width, base=top + size.upper)))


def _words(row: TimelineRow, room: Box, *, size: RowSize, widths: tuple[float, float]) -> Markup:
    width, detail_width = widths
    upper = room.y + size.upper
    if size.lower is None:
        beside = _beside(row, size, room=width + _ROUNDING)
        return _on_one_line(row.label, beside, room, y=upper, hover=_named(row.detail, row))
    lower = room.y + size.lower
    if size.stacked:
        unnamed = _unnamed(row, size, room=width)
        above, detail = _on_two_lines(row, unnamed, room=room, detail_room=detail_width)
        below = _detail(detail, room, room=detail_width, y=lower, hover=_named(unnamed, row))
        return joined((_on_one_line(row.label, above, room, y=upper, hover=_named("", row)), below))
    # The status stands beside the label: below it the detail has the whole column.
    detail = _with_id(row.detail, row, room=detail_width)
    below = _detail(detail, room, room=detail_width, y=lower, hover=_named(row.detail, row))
    return joined((_label(row.label, room, room=room.width, y=upper), below))


def _on_two_lines(row: TimelineRow, detail: str, *, room: Box, detail_room: float) -> tuple[str, str]:
    """The id for the end of the label's line, and the detail below, behind which it stands where only that has room.

    Where neither line has room the label is cut for it.
    """
    left = room.width - text_width(row.label, size=LABEL_SIZE) - _BETWEEN
    least = text_width(_least_with_id("", row), size=DETAIL_SIZE)
    below = _with_id(detail, row, room=detail_room)
    if left < least and below != detail:
        return "", below
    return _with_id("", row, room=max(left, least)), detail


def label_alone(label: str, place: Box, *, size: RowSize, hover: str) -> Markup:
    """A label that has its line for itself; what is said on hovering may be more."""
    return _label(label, place, room=place.width, y=place.y + size.upper, hover=hover)


def _on_one_line(label: str, detail: str, place: Box, *, y: float, hover: str = "") -> Markup:
    """Both, the detail whole at the line's end: a label is cut first, as rows of one route differ in their starts."""
    if not detail:
        return _label(label, place, room=place.width, y=y)
    needed = text_width(detail, size=DETAIL_SIZE) + _BETWEEN
    said = title(hover) if hover not in ("", detail) else NOTHING
    end = element("text", said, text(detail), class_="rl-muted", x=place.right, y=y, text_anchor="end")
    return joined((_label(label, place, room=place.width - needed + _ROUNDING, y=y), end))


def _label(label: str, place: Box, *, room: float, y: float, hover: str = "") -> Markup:
    shown = text(shortened_in_the_middle(label, size=LABEL_SIZE, width=room))
    return element("text", title(hover or label), shown, class_="rl-label", x=place.x, y=y)


def _detail(detail: str, place: Box, *, room: float, y: float, hover: str) -> Markup:
    """What stands below the label; figures may leave it no room at all, not even that of an ellipsis."""
    if room < DETAIL_SIZE:
        return NOTHING
    shown = text(shortened(detail, size=DETAIL_SIZE, width=room))
    return element("text", title(hover), shown, class_="rl-muted", x=place.x, y=y)


def _pill(status: int, *, right: float, base: float) -> Markup:
    """The status of a request that failed or was refused, at the end of its label."""
    box = Box(x=right - _PILL_WIDTH, y=base - 13, width=_PILL_WIDTH, height=17)
    middle = box.x + box.width / 2
    words = element("text", text(str(status)), class_="rl-pill-text", x=middle, y=base, text_anchor="middle")
    return joined((rectangle(box, "rl-pill", title(f"status {status}"), radius=8.5), words))
