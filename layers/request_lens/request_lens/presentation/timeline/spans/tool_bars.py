"""What spans add to a request's bar: runs of tools, the first token of the answer, and that calls are missing.

A tool is an outlined box with its name where that fits, so that without colour, too, it is no call, which is filled; a
failed one is struck through. The first token is a line through the bar with a triangle below it. Where calls
are missing a dashed ring stands behind the bar: when they ran is not kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from request_lens.domain.tracing.traced import ToolUse, Traced
from request_lens.presentation.formatting import cleaned, duration_text
from request_lens.presentation.markup import NOTHING, Markup, element, joined, number, text
from request_lens.presentation.timeline.layout import Box, RowShapes, lane_boxes, lanes_of
from request_lens.presentation.timeline.row import TimelineRow
from request_lens.presentation.timeline.shapes import rectangle, title
from request_lens.presentation.timeline.text import text_width
from request_lens.presentation.traced import FIRST_OF_ANSWER, complete_sentence

_NAME_SIZE, _NAME_PADDING, _LEAST_NAMED = 12.0, 4.0, 14.0
_MIN_WIDTH = 2.0
_STROKE = 1.5
_RING = 4.25
MISSING_ROOM = 14.0
"""Px behind a bar that the sign of missing calls takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolShape:
    """One run of a tool; `name` is what stands in it, empty where there is no room."""

    tool: ToolUse
    box: Box
    name: str = ""


def traced_of(row: TimelineRow) -> Traced | None:
    """What the row's spans say."""
    return None if row.summary is None else row.summary.traced


def tool_shapes(row: TimelineRow, shapes: RowShapes) -> Sequence[ToolShape]:
    """The tools that ran inside the request, cut to it; those that overlap in time stand in lanes of their own."""
    traced, ruler = traced_of(row), shapes.ruler
    shown = [
        tool
        for tool in (traced.tools if traced is not None else ())
        if tool.offset_ms + tool.duration_ms >= 0 and tool.offset_ms <= ruler.shown_ms
    ]
    lanes = lanes_of(
        [(tool.offset_ms, tool.offset_ms + tool.duration_ms) for tool in shown], within=shapes.request.height
    )
    boxes = lane_boxes(max(lanes, default=0) + 1, shapes.request)
    placed = [_placed(tool, boxes[lane], shapes) for tool, lane in zip(shown, lanes, strict=True)]
    return [replace(shape, name=_name(shape, placed, shapes)) for shape in placed]


def _placed(tool: ToolUse, lane: Box, shapes: RowShapes) -> ToolShape:
    ruler = shapes.ruler
    left, right = ruler.x(tool.offset_ms), ruler.x(tool.offset_ms + tool.duration_ms)
    left = max(min(left, ruler.left + ruler.width - _MIN_WIDTH), ruler.left)
    return ToolShape(tool=tool, box=replace(lane, x=left, width=max(right - left, _MIN_WIDTH)))


def _name(shape: ToolShape, others: Sequence[ToolShape], shapes: RowShapes) -> str:
    """The tool's name, where the box holds it and nothing lies over it."""
    name, box = cleaned(shape.tool.tool), shape.box
    over = [call.box for call in shapes.calls] + [other.box for other in others if other is not shape]
    is_free = not any(each.x < box.right and box.x < each.right and _share_height(each, box) for each in over)
    is_free = is_free and not any(box.x <= tick.x <= box.right for tick in shapes.ticks)
    fits = text_width(name, size=_NAME_SIZE) + 2 * _NAME_PADDING <= box.width
    return name if fits and is_free and box.height >= _LEAST_NAMED else ""


def _share_height(one: Box, other: Box) -> bool:
    return one.y < other.y + other.height and other.y < one.y + one.height


def tool_bar(shape: ToolShape, *, hover: str) -> Markup:
    """A run of a tool: an outline, a stroke through a failed one, and its name."""
    box, stroke = shape.box, min(_STROKE, shape.box.width / 2)
    inner = Box(
        x=box.x + stroke / 2,
        y=box.y + stroke / 2,
        width=max(box.width - stroke, 0),
        height=max(box.height - stroke, 0),
    )
    class_ = "rl-tool rl-failed-tool" if shape.tool.failed else "rl-tool"
    parts = [rectangle(inner, class_, title(hover), radius=min(2, inner.width / 2))]
    if shape.tool.failed:
        bottom, top = number(inner.y + inner.height), number(inner.y)
        strike = f"M{number(inner.x)} {bottom}L{number(inner.right)} {top}"
        parts.append(element("path", class_="rl-strike", d=strike))
    if shape.name:
        x, y = box.x + box.width / 2, box.y + box.height / 2 + 3.3
        parts.append(element("text", text(shape.name), class_="rl-tool-name", x=x, y=y, text_anchor="middle"))
    return joined(parts)


def tool_words(tool: ToolUse) -> str:
    """One run of a tool in words: its name, how long, since when, and that it failed."""
    words = f"Tool {cleaned(tool.tool)}, {duration_text(tool.duration_ms)}"
    return f"{words}, starts at +{duration_text(max(tool.offset_ms, 0))}" + (", failed" if tool.failed else "")


def first_token_x(row: TimelineRow, shapes: RowShapes) -> float | None:
    """Where the first token came; None where that is unknown, or not on the axis."""
    traced = traced_of(row)
    if traced is None or traced.first_token_ms is None or not shapes.ruler.shows(traced.first_token_ms):
        return None
    return shapes.ruler.x(traced.first_token_ms)


def first_token(x: float, light: Box, *, hover: str) -> Markup:
    """A line through the bar, and a triangle below it that points at it."""
    top, bottom = light.y - 2, light.y + light.height
    line = f"M{number(x)} {number(top)}V{number(bottom)}"
    triangle = f"M{number(x)} {number(bottom)}l3 3h-6z"
    return element(
        "g",
        title(hover),
        element("path", class_="rl-casing", d=line),
        element("path", class_="rl-token", d=line + triangle),
    )


def missing_mark(light: Box, *, hover: str) -> Markup:
    """A dashed ring behind the bar."""
    x, y = light.right + MISSING_ROOM - _RING - _STROKE / 2, light.y + light.height / 2
    return element("circle", title(hover), class_="rl-missing", cx=x, cy=y, r=_RING)


def span_marks(row: TimelineRow, shapes: RowShapes) -> Markup:
    """The first token of a row's answer, which stands over its calls, and whether calls are missing."""
    return joined((_first_token(row, shapes), _missing(row, shapes)))


def _first_token(row: TimelineRow, shapes: RowShapes) -> Markup:
    x, traced = first_token_x(row, shapes), traced_of(row)
    if x is None or traced is None:
        return NOTHING
    return first_token(x, shapes.request, hover=f"{FIRST_OF_ANSWER} after {duration_text(traced.first_token_ms)}")


def _missing(row: TimelineRow, shapes: RowShapes) -> Markup:
    """The sign, where it is so; a bar that is open at its right has room in its end."""
    traced, light = traced_of(row), shapes.request
    if traced is None or not traced.missing_calls:
        return NOTHING
    bar = replace(light, width=light.width - MISSING_ROOM) if shapes.is_open else light
    return missing_mark(bar, hover=complete_sentence(traced))
