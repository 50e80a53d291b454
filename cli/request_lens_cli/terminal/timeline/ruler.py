"""The labels of the time axis in the cells of a terminal."""

from collections.abc import Sequence

from request_lens.presentation.timeline.axis import Scale, unit_of

_TICK_CELLS, _CLOCK_CELLS, _MIN_TICK_CELLS, _MIN_TICKS = 10, 14, 5, 3
_SECOND_MS = 1_000


def ruler(scale: Scale) -> str:
    """The axis's labels in cells, its px: at least three ticks, each beginning where it stands.

    Where no round times have room for that, as many as have by the clock, as a label that is not round would be wrong
    by what it leaves out; else the axis's begin, middle and end, or what there is room for.
    """
    if scale.only_origin:
        return scale.ticks(distance=_TICK_CELLS)[0].label
    distances = range(_CLOCK_CELLS if scale.by_clock else _TICK_CELLS, _MIN_TICK_CELLS - 1, -1)
    rulers = [_round_times(scale, distance) for distance in distances]
    if (roomy := next((text for count, text in rulers if count >= _MIN_TICKS), "")) or scale.by_clock:
        return roomy or max(rulers)[1] or scale.label(0, _SECOND_MS, scale.span_ms)
    cells = round(scale.width)
    begin, middle, end = (_since_origin(scale, part) for part in (0, 1 / 2, 1))
    first, last = (0, begin), (cells - len(end), end)
    whole = _in_cells([first, ((cells - len(middle)) // 2, middle), last], scale)
    return whole or _in_cells([first, last], scale) or begin


def _round_times(scale: Scale, distance: int) -> tuple[int, str]:
    """How many ticks at round times have room, so far apart, and these; none where two would touch."""
    ticks = [(round(tick.x), tick.label) for tick in scale.ticks(distance=distance)]
    shown = [(at, label) for at, label in ticks if at + len(label) <= scale.width]
    text = _in_cells(shown, scale) if len(ticks) > 1 else ""  # the only one may be the axis's begin
    return (len(shown), text) if text else (0, "")


def _since_origin(scale: Scale, part: float) -> str:
    """The time at such a part of the axis, in two digits."""
    at_ms, half_ms = scale.span_ms * part, scale.span_ms / 2
    if not at_ms:
        return scale.label(0, half_ms, scale.span_ms)
    unit_ms, name = unit_of(half_ms, scale.span_ms)
    return f"+{float(f'{at_ms / unit_ms:.2g}'):,.9g} {name}"


def _in_cells(labels: Sequence[tuple[int, str]], scale: Scale) -> str:
    """The labels, each in its cell, without one that would go over the end; empty where two would touch."""
    text = ""
    for at, label in labels:
        if text and at <= len(text):
            return ""
        if at + len(label) <= scale.width:
            text = text.ljust(at) + label
    return text
