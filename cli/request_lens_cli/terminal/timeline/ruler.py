"""The labels of the time axis in the cells of a terminal."""

from collections.abc import Sequence

from request_lens.presentation.timeline.axis import Scale, unit_of

_TICK_CELLS, _CLOCK_CELLS, _MIN_TICK_CELLS, _MIN_TICKS = 10, 14, 5, 3


def ruler(scale: Scale) -> str:
    """The axis's labels in cells, its px: at least three ticks, each beginning where it stands.

    Where no round times have room for that, its begin, middle and end; else what there is room for.
    """
    if scale.only_origin:
        return scale.ticks(distance=_TICK_CELLS)[0].label
    for distance in range(_CLOCK_CELLS if scale.by_clock else _TICK_CELLS, _MIN_TICK_CELLS - 1, -1):
        ticks = [(round(tick.x), tick.label) for tick in scale.ticks(distance=distance)]
        shown = [(at, label) for at, label in ticks if at + len(label) <= scale.width]
        if len(shown) >= _MIN_TICKS and (text := _in_cells(shown, scale)):
            return text
    cells = round(scale.width)
    begin, middle, end = (_about(scale, part) for part in (0, 1 / 2, 1))
    first, last = (0, begin), (cells - len(end), end)
    whole = _in_cells([first, ((cells - len(middle)) // 2, middle), last], scale)
    return whole or _in_cells([first, last], scale) or begin


def _about(scale: Scale, part: float) -> str:
    """The time at such a part of the axis: by the clock, or since the origin in two digits."""
    at_ms, half_ms = scale.span_ms * part, scale.span_ms / 2
    if scale.by_clock or not at_ms:
        return scale.label(round(at_ms), half_ms, scale.span_ms)
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
