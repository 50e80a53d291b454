"""The lanes under the rows: calls that belong to no request, by reason, each where it ran by the clock."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from request_lens.domain.call_start import CallStart, call_start
from request_lens.domain.linking.link import Reason, Unattributed, UnlinkedInvocation
from request_lens.presentation.formatting import UNKNOWN, duration_text, pluralize
from request_lens.presentation.markup import Markup, element, joined, text
from request_lens.presentation.timeline.axis import Axis, Scale
from request_lens.presentation.timeline.figures import figure_headers
from request_lens.presentation.timeline.frame import Frame, axis_head, grid, rule
from request_lens.presentation.timeline.labels import named, named_width
from request_lens.presentation.timeline.layout import Box, lane_boxes, lanes_of, whisker_inside
from request_lens.presentation.timeline.legend import Sign
from request_lens.presentation.timeline.row import LANE, STACKED, RowSize
from request_lens.presentation.timeline.shapes import MIN_WHISKER, rectangle, title, whisker
from request_lens.presentation.timeline.text import text_width

_MIN_WIDTH, _MIN_HEIGHT, _FIGURE_SIZE = 4, 3.0, 13.0
_HEAD, _LINE_BELOW_WORDS, _HEAD_ON_CLOCK = 60.0, 8.0, 30.0

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


def draw_lanes(lanes: Sequence[Lane], axis: Axis, *, frame: Frame, top: float, says_axis: bool) -> tuple[Markup, float]:
    """The lanes below their heading, which says the axis where it is not the rows', and where they end."""
    height = lane_size(frame).height
    begins = top + (_HEAD + _LINE_BELOW_WORDS * frame.size.stacked if says_axis else _HEAD_ON_CLOCK)
    bottom = begins + len(lanes) * height
    content = (
        _heading(axis if says_axis else None, frame=frame, top=top, bottom=begins),
        grid(axis, top=begins, bottom=bottom),
        *(_lane(lane, frame=frame, axis=axis, top=begins + at * height) for at, lane in enumerate(lanes)),
        rule(bottom, frame=frame),
    )
    return joined(content), bottom


def _heading(axis: Axis | None, *, frame: Frame, top: float, bottom: float) -> Markup:
    """What the lanes are, what their figures are, in the places of the rows' last two, and their own axis if any."""
    (_, before), (calls, last) = frame.headers[-2:]
    # Failed attempts are among them: they are not all LLM calls.
    headers = [("sum of latencies", before), ("calls", last)] if calls else []
    named = element("text", text("Calls without a request"), class_="rl-label", x=frame.margin, y=top + 20)
    if axis is not None:
        return joined((named, axis_head(axis, headers, frame=frame, bottom=bottom)))
    return joined((named, figure_headers(headers, y=bottom - 10), rule(bottom, frame=frame)))


def extents_of(lanes: Sequence[Lane]) -> list[tuple[datetime, datetime]]:
    """From when to when each call ran."""
    return [_extent(call) for lane in lanes for call in lane.calls]


def _start(call: UnlinkedInvocation) -> CallStart:
    """When it began: as its span says, or its tag where that lies in the logged second; else within that second."""
    if call.span is not None:
        return CallStart(earliest=call.span.started_at, precision_ms=1)
    return call_start(call.invocation, clock_skew=timedelta())


def _extent(call: UnlinkedInvocation) -> tuple[datetime, datetime]:
    begins = _start(call).earliest
    return begins, begins + call.invocation.latency


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bar:
    """A call in whole px, or calls that would cover each other; it may have run up to `late_px` later."""

    left: int
    width: int
    late_px: float


def _bars(lane: Lane, scale: Scale) -> Sequence[_Bar]:
    """The lane's bars, in the order of their left edges."""
    bars: dict[_Bar, None] = {}
    for call in sorted(lane.calls, key=lambda call: _extent(call)[0]):
        start, (begins, ends) = _start(call), map(scale.x, _extent(call))
        width = max(round(ends - begins), _MIN_WIDTH)
        late_px = 0.0 if start.is_precise else start.precision_ms * scale.px_per_ms
        bars[_Bar(left=round(begins), width=width, late_px=whisker_inside(width, late_px))] = None
    return list(bars)


def lane_signs(lanes: Sequence[Lane], axis: Axis) -> frozenset[Sign]:
    """The signs that the lanes show."""
    has_whisker = any(bar.late_px >= MIN_WHISKER for lane in lanes for bar in _bars(lane, axis.scale))
    return frozenset({Sign.UNATTRIBUTED, Sign.WHISKER} if has_whisker else {Sign.UNATTRIBUTED})


def _lane(lane: Lane, *, frame: Frame, axis: Axis, top: float) -> Markup:
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
    shown = _bars(lane, scale)
    lanes = lanes_of([(bar.left, bar.left + bar.width) for bar in shown], within=box.height, least=_MIN_HEIGHT)
    boxes = lane_boxes(max(lanes, default=0) + 1, box)
    hover = title(_hover(lane))
    for bar, number in zip(shown, lanes, strict=True):
        x = min(max(bar.left, box.x), box.right - _MIN_WIDTH)
        shape = Box(x=x, y=boxes[number].y, width=min(bar.width, box.right - x), height=boxes[number].height)
        yield rectangle(shape, "rl-unattributed", hover)
        if bar.late_px >= MIN_WHISKER:
            yield whisker(shape, bar.late_px)


def _hover(lane: Lane) -> str:
    """How many calls the lane has and why, and how late they may have run where that is known to the second."""
    vague = sum(not _start(call).is_precise for call in lane.calls)
    which = "" if vague == len(lane.calls) else f"{vague:,} of them "
    late = f"; {which}may start and end up to 1 s later than drawn" if vague else ""
    return f"{lane.count_words} without a request: {lane.reason}{late}"


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
