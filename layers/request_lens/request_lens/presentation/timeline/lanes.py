"""The lanes under the rows: calls that belong to no request, by reason, each where it ran by the clock."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from request_lens.domain.linking.link import Reason, Unattributed, UnlinkedInvocation
from request_lens.presentation.formatting import UNKNOWN, duration_text, pluralize
from request_lens.presentation.markup import Markup, element, joined, text
from request_lens.presentation.timeline.axis import Axis, Scale
from request_lens.presentation.timeline.figures import figure_headers
from request_lens.presentation.timeline.frame import Frame, axis_head, rule
from request_lens.presentation.timeline.labels import named, named_width
from request_lens.presentation.timeline.layout import Box, lane_boxes, lanes_of
from request_lens.presentation.timeline.row import LANE, STACKED, RowSize
from request_lens.presentation.timeline.shapes import rectangle, title
from request_lens.presentation.timeline.text import text_width

_MIN_WIDTH, _MIN_HEIGHT, _FIGURE_SIZE = 4.0, 3.0, 13.0

REASONS: Mapping[Reason, str] = {
    Reason.NO_REQUEST: "fits no request we know",
    Reason.AMBIGUOUS: "fits several requests",
    Reason.CROWDED: "too many around to decide",
    Reason.OTHER_CALLER: "made by another caller",
    Reason.REQUEST_NEVER_SEEN: "its request never came",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """The calls that belong to no request for one reason, in order of their start."""

    reason: Reason
    calls: Sequence[UnlinkedInvocation]

    @property
    def count_words(self) -> str:
        """How many they are."""
        return pluralize(len(self.calls), "call")

    @property
    def latencies(self) -> str:
        """What their latencies add up to, "≥ 2.4 s, 1 unknown" where some are unknown; a dash where all are.

        It is not the time in which any of them ran, as LLM time is: most of their starts are known to the second only.
        """
        known = [call.invocation.latency_ms for call in self.calls if call.invocation.latency_ms is not None]
        if not known:
            return UNKNOWN
        unknown = len(self.calls) - len(known)
        return f"≥ {duration_text(sum(known))}, {unknown:,} unknown" if unknown else duration_text(sum(known))


def lanes_by_reason(calls: Sequence[UnlinkedInvocation]) -> Sequence[Lane]:
    """Those of the calls that belong to no request, by reason; who is pending or linked is not among them."""
    by_reason: dict[Reason, list[UnlinkedInvocation]] = defaultdict(list)
    for call in sorted(calls, key=lambda call: (call.invocation.logged_at, call.invocation.invocation_id)):
        if isinstance(call.decision, Unattributed):
            by_reason[call.decision.reason].append(call)
    return [Lane(reason=reason, calls=by_reason[reason]) for reason in Reason if reason in by_reason]


def lane_labels_width(lanes: Sequence[Lane]) -> float:
    """How wide the lanes' texts are."""
    return max((named_width(str(lane.reason), REASONS[lane.reason], LANE) for lane in lanes), default=0.0)


def lane_size(frame: Frame) -> RowSize:
    """The size of a lane: one of its own, or as the rows where those are stacked."""
    return STACKED if frame.size.stacked else LANE


def heading(axis: Axis | None, *, frame: Frame, top: float, bottom: float) -> Markup:
    """What the lanes are, what their figures are, in the places of the rows' last two, and their own axis if any."""
    (_, before), (calls, last) = frame.headers[-2:]
    headers = [("sum of latencies", before), (calls, last)] if calls else []
    named = element("text", text("Calls without a request"), class_="rl-label", x=frame.margin, y=top + 20)
    if axis is not None:
        return joined((named, axis_head(axis, headers, frame=frame, bottom=bottom)))
    return joined((named, figure_headers(headers, y=bottom - 10), rule(bottom, frame=frame)))


def extents_of(lanes: Sequence[Lane]) -> list[tuple[datetime, datetime]]:
    """From when to when each call ran."""
    return [_extent(call) for lane in lanes for call in lane.calls]


def _extent(call: UnlinkedInvocation) -> tuple[datetime, datetime]:
    begins = call.invocation.logged_at
    return begins, begins + timedelta(milliseconds=call.invocation.latency_ms or 0)


def draw_lane(lane: Lane, *, frame: Frame, axis: Axis, top: float) -> Markup:
    """One lane: its reason, its calls, and at the right their time and number."""
    size = lane_size(frame)
    place = Box(x=frame.margin, y=top, width=frame.details_width, height=size.height)
    label = named(str(lane.reason), REASONS[lane.reason], place, size=size)
    box = Box(x=frame.left, y=top + size.bar_top, width=frame.plot_width, height=size.bar_height)
    return element(
        "g",
        label,
        *_calls(lane, axis.scale, box),
        _figures(lane, frame, y=top + size.upper),
        class_="rl-lane",
        role="img",
        aria_label=f"Without a request: {lane.count_words}, {lane.reason}: {REASONS[lane.reason]}",
    )


def _calls(lane: Lane, scale: Scale, box: Box) -> Iterator[Markup]:
    """A bar for each call; those that would cover each other to the pixel are one."""
    spans = [(scale.x(begins), scale.x(ends)) for begins, ends in map(_extent, lane.calls)]
    shown = list(dict.fromkeys((round(left), max(round(right - left), _MIN_WIDTH)) for left, right in spans))
    lanes = lanes_of([(left, left + width) for left, width in shown], within=box.height, least=_MIN_HEIGHT)
    boxes = lane_boxes(max(lanes, default=0) + 1, box)
    hover = title(f"{lane.count_words} without a request: {lane.reason}")
    for (left, width), number in zip(shown, lanes, strict=True):
        x = min(max(left, box.x), box.right - _MIN_WIDTH)
        shape = Box(x=x, y=boxes[number].y, width=min(width, box.right - x), height=boxes[number].height)
        yield rectangle(shape, "rl-unattributed", hover)


def _figures(lane: Lane, frame: Frame, *, y: float) -> Markup:
    """Time and number in the last two columns; where there are two in all, the number alone with its noun."""
    (_, before), (column, last) = frame.figures[-2:]
    room = before - frame.left - frame.plot_width
    # What says how many are unknown stands over the duration's column, and gives way to the bars where it is wider.
    has_room = text_width(lane.latencies, size=_FIGURE_SIZE) <= room
    sums = lane.latencies if has_room else lane.latencies.partition(",")[0]
    words = [(f"{len(lane.calls):,}", last), (sums, before)]
    if not column.header:
        words = [(lane.count_words, last)]
    return joined(
        element("text", text(each), class_="rl-label", x=right, y=y, text_anchor="end") for each, right in words
    )
