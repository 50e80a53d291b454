"""The timeline's picture, read: its groups, boxes and texts, and what covers what."""

from collections.abc import Iterator
from typing import NamedTuple
from xml.etree.ElementTree import Element, fromstring

from request_lens.presentation.timeline.axis import AxisKind
from request_lens.presentation.timeline.drawing import View, draw_timeline
from request_lens.presentation.timeline.pieces import Words
from request_lens.presentation.timeline.row import TimelineRow
from request_lens.presentation.timeline.text import text_width

SVG = "{http://www.w3.org/2000/svg}"
NEARLY = 0.02
CALLS = ("rl-call", "rl-failed-call", "rl-throttled-call")
OWN, BY_CLOCK = View(), View(axis=AxisKind.CLOCK)


class Box(NamedTuple):
    left: float
    top: float
    right: float
    bottom: float


def picture(*rows: TimelineRow, title: str = "LLM calls", subtitle: str = "", view: View = OWN) -> Element:
    return fromstring(draw_timeline(rows, words=Words(title=title, subtitle=subtitle), view=view))


def classes(element: Element) -> list[str]:
    return element.get("class", "").split()


def groups(svg: Element) -> list[Element]:
    return [group for group in svg.iter(f"{SVG}g") if "rl-row" in classes(group)]


def box_of(rect: Element) -> Box:
    x, y, width, height = (float(rect.get(name, "0")) for name in ("x", "y", "width", "height"))
    return Box(x, y, x + width, y + height)


def boxes(group: Element, *names: str) -> list[Box]:
    return [box_of(rectangle) for rectangle in group.iter(f"{SVG}rect") if set(names) & set(classes(rectangle))]


def light_bar(group: Element) -> Box:
    (light,) = boxes(group, "rl-request", "rl-open", "rl-unbounded")
    return light


def whole_text(svg: Element) -> str:
    return " ".join(" ".join(words.itertext()) for words in svg.iter(f"{SVG}text"))


def set_text(text: Element) -> str:
    """The characters that are set, without the title that shows on hovering."""
    return (text.text or "") + "".join(child.tail or "" for child in text)


def text_box(text: Element) -> Box:
    size = 20.0 if "rl-title" in classes(text) else 13.0 if set(classes(text)) & {"rl-label", "rl-subtitle"} else 12.0
    width = text_width(set_text(text), size=size, bold=size == 20)
    x, y = float(text.get("x", "0")), float(text.get("y", "0"))
    left = x - width * {"start": 0, "middle": 0.5, "end": 1}[text.get("text-anchor", "start")]
    return Box(left, y - size * 0.8, left + width, y + size * 0.25)


def overlap(one: Box, other: Box) -> bool:
    return (
        one.left < other.right - NEARLY
        and other.left < one.right - NEARLY
        and one.top < other.bottom - NEARLY
        and other.top < one.bottom - NEARLY
    )


def inside(inner: Box, outer: Box) -> bool:
    return (
        inner.left >= outer.left - NEARLY
        and inner.right <= outer.right + NEARLY
        and inner.top >= outer.top - NEARLY
        and inner.bottom <= outer.bottom + NEARLY
    )


def text_boxes(svg: Element) -> Iterator[Box]:
    """Of all texts but the names of tools, which stand in bars."""
    texts = (words for words in svg.iter(f"{SVG}text") if "rl-tool-name" not in classes(words))
    return (text_box(words) for words in texts if set_text(words).strip())
