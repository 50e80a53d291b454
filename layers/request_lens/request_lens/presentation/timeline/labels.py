"""The texts at a row's left: whose request it is, and the status of one that failed or was refused."""

from collections.abc import Sequence

from request_lens.presentation.markup import Markup, element, joined, text
from request_lens.presentation.timeline.layout import Box
from request_lens.presentation.timeline.row import RowSize, TimelineRow
from request_lens.presentation.timeline.shapes import rectangle, title
from request_lens.presentation.timeline.text import shortened, shortened_in_the_middle, text_width

LABEL_SIZE, DETAIL_SIZE = 13.0, 12.0
_DETAILED = 0.28
"""Of a picture's width, what a label and its whole detail may take side by side; bars need the rest."""
_BETWEEN = 10.0
_PILL_WIDTH, _PILL_GAP = 34.0, 6.0
_ROUNDING = 0.01


def label_width(rows: Sequence[TimelineRow], size: RowSize, *, whole: float) -> float:
    """How wide the labels would be if none were shortened, each beside its status, in a picture so wide."""
    return max((_label_width(row, size, room=whole * _DETAILED) for row in rows), default=0.0)


def _label_width(row: TimelineRow, size: RowSize, *, room: float) -> float:
    beside = _beside(row, size, room=room)
    if size.lower is None:
        return named_width(row.label, beside, size) + _pill_room(row)
    return max(named_width(row.label, beside, size), text_width(row.label, size=LABEL_SIZE) + _pill_room(row))


def named_width(label: str, detail: str, size: RowSize) -> float:
    """How wide a label and its detail are, one below the other or on one line."""
    widths = text_width(label, size=LABEL_SIZE), text_width(detail, size=DETAIL_SIZE)
    return sum(widths, start=_BETWEEN if detail else 0) if size.lower is None else max(widths)


def needs_own_line(rows: Sequence[TimelineRow], size: RowSize, *, width: float) -> bool:
    """Whether a label would be cut that has so much room together with its detail."""
    return any(named_width(row.label, _beside(row, size, room=width), size) + _pill_room(row) > width for row in rows)


def _beside(row: TimelineRow, size: RowSize, *, room: float) -> str:
    """What stands below the row's label, or beside it: there the whole detail where both fit in that room."""
    if size.stacked:
        return row.detail if size.wide else row.brief
    if size.lower is not None or named_width(row.label, row.detail, size) + _pill_room(row) <= room:
        return row.detail
    return row.brief


def _pill_room(row: TimelineRow) -> float:
    return _PILL_WIDTH + _PILL_GAP if row.has_error else 0


def left_words(row: TimelineRow, *, left: float, widths: tuple[float, float], size: RowSize, top: float) -> Markup:
    """Label and detail, shortened to their two `widths`; the whole texts show on hovering."""
    width, detail_width = widths
    room = Box(x=left, y=top, width=width - _pill_room(row) + _ROUNDING, height=size.height)
    beside = _beside(row, size, room=width + _ROUNDING)
    words = (
        _on_one_line(row.label, beside, room, y=top + size.upper)
        if size.lower is None
        else named(row.label, beside, room, size=size, detail_width=detail_width)
    )
    if not row.has_error:
        return words
    return joined((words, _pill(row.request.status, right=left + width, base=top + size.upper)))


def named(label: str, detail: str, place: Box, *, size: RowSize, detail_width: float | None = None) -> Markup:
    """A label, and its detail below it; where they share one line, at that line's end if both have room there.

    A label is cut in its middle: routes begin alike, and differ in their ends.
    """
    if size.lower is None:
        has_room = named_width(label, detail, size) <= place.width
        return _on_one_line(label, detail if has_room else "", place, y=place.y + size.upper)
    room = place.width if detail_width is None else min(detail_width, place.width)
    above = _label(label, place, room=place.width, y=place.y + size.upper)
    # Figures may leave a detail no room at all, not even that of an ellipsis.
    if room < DETAIL_SIZE:
        return above
    lower = text(shortened(detail, size=DETAIL_SIZE, width=room))
    return joined((above, element("text", title(detail), lower, class_="rl-muted", x=place.x, y=place.y + size.lower)))


def _on_one_line(label: str, detail: str, place: Box, *, y: float) -> Markup:
    """Both, the detail whole at the line's end: a label is cut first, as rows of one route differ in their starts."""
    if not detail:
        return _label(label, place, room=place.width, y=y)
    needed = text_width(detail, size=DETAIL_SIZE) + _BETWEEN
    end = element("text", text(detail), class_="rl-muted", x=place.right, y=y, text_anchor="end")
    return joined((_label(label, place, room=place.width - needed + _ROUNDING, y=y), end))


def _label(label: str, place: Box, *, room: float, y: float) -> Markup:
    shown = text(shortened_in_the_middle(label, size=LABEL_SIZE, width=room))
    return element("text", title(label), shown, class_="rl-label", x=place.x, y=y)


def _pill(status: int, *, right: float, base: float) -> Markup:
    """The status of a request that failed or was refused, at the end of its label."""
    box = Box(x=right - _PILL_WIDTH, y=base - 13, width=_PILL_WIDTH, height=17)
    middle = box.x + box.width / 2
    words = element("text", text(str(status)), class_="rl-pill-text", x=middle, y=base, text_anchor="middle")
    return joined((rectangle(box, "rl-pill", title(f"status {status}"), radius=8.5), words))
