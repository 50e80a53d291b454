"""The invocations that belong to no request, as a list and as lanes below the bars."""

from collections.abc import Sequence
from datetime import datetime

from rich.console import Console, Group, RenderableType
from rich.text import Text

from request_lens.domain.facts import Invocation, RequestId
from request_lens.domain.linking.link import UnlinkedInvocation
from request_lens.presentation.calls import end_text
from request_lens.presentation.formatting import (
    UNKNOWN,
    cleaned,
    counts_text,
    plain_number,
    plain_seconds,
    pluralize,
    seconds,
    span_text,
)
from request_lens.presentation.timeline.axis import AxisKind, axis_of
from request_lens.presentation.timeline.lanes.lane import Lane, briefly, extents_of, heading, lanes_by_reason
from request_lens.presentation.timeline.row import TimelineRow
from request_lens.presentation.timeline.shapes import failure_of_call
from request_lens_cli.report.reasons import why, why_briefly, why_words
from request_lens_cli.terminal.console import notes_beside
from request_lens_cli.terminal.listing import Column, print_card, print_list
from request_lens_cli.terminal.timeline.cells import FAILURES

_INVOCATION: Column[UnlinkedInvocation] = Column(header="Invocation", cell=lambda call: call.invocation.invocation_id)
_WHO: Sequence[Column[UnlinkedInvocation]] = (
    Column(header="Ended with", cell=lambda call: ended_with(call.invocation), leaves=2),
    Column(header="Model", cell=lambda call: call.invocation.model_id, leaves=4),
    Column(header="Caller's role", cell=lambda call: call.invocation.caller_role or UNKNOWN, leaves=5),
)
_PIPED: Sequence[Column[UnlinkedInvocation]] = (
    _INVOCATION,
    Column(header="Logged (UTC)", cell=lambda call: f"{call.invocation.logged_at:%Y-%m-%d %H:%M:%S}"),
    Column(header="Latency (s)", cell=lambda call: plain_seconds(call.invocation.latency_ms)),
    Column(header="Why", cell=why),
    Column(header="Tokens in", cell=lambda call: plain_number(call.invocation.tokens.input)),
    Column(header="Tokens out", cell=lambda call: plain_number(call.invocation.tokens.output)),
    *_WHO,
)
_CARD: Sequence[Column[UnlinkedInvocation]] = (
    *_PIPED[:2],
    Column(header="Latency", cell=lambda call: seconds(call.invocation.latency_ms)),
    Column(header="Why", cell=why),
    Column(header="Tokens in/out", cell=lambda call: tokens_text(call.invocation)),
    *_WHO,
)


def print_unlinked(unlinked: Sequence[UnlinkedInvocation], console: Console) -> None:
    """Print one invocation per line: when it was logged, what it was, who made it, and why no request has it.

    On a terminal the reason is its name, which fits 80 columns beside an id, with the day where there are several.
    """
    is_one_day = len({call.invocation.logged_at.date() for call in unlinked}) == 1
    clock = "%H:%M:%S" if is_one_day else "%m-%d %H:%M:%S"
    columns = (
        _INVOCATION,
        Column(header="Logged (UTC)", cell=lambda call: f"{call.invocation.logged_at:{clock}}", numeric=True),
        Column(header="Latency", cell=lambda call: seconds(call.invocation.latency_ms), numeric=True, leaves=1),
        Column(header="Why", cell=why_briefly),
        Column(header="Tokens in/out", cell=lambda call: tokens_text(call.invocation), numeric=True, leaves=3),
        *_WHO,
    )
    print_list(columns, unlinked, console, piped=_PIPED)


MAX_NAMED = 5
"""Requests that a call fits which are named."""


def show_unlinked_call(call: UnlinkedInvocation, fitting: Sequence[RequestId], console: Console) -> None:
    """Print why one invocation belongs to no request, which ones it fits, and all that is known of it.

    In a pipe that is its line of a list.
    """
    notes = notes_beside(console)
    notes.print(f"{unlinked_sentence(call)}.", highlight=False, markup=False)
    if fitting:
        notes.print(f"It may be a call of {_named(fitting)}.", highlight=False, markup=False)
    if not console.is_terminal:
        print_unlinked([call], console)
        return
    console.print()
    print_card(_CARD, call, console)


def _named(requests: Sequence[RequestId]) -> str:
    """The first of the requests, such as "r1 or r2", and how many more there are."""
    names, more = [cleaned(request_id) for request_id in requests[:MAX_NAMED]], len(requests) - MAX_NAMED
    names += [f"{more:,} more"] if more > 0 else []
    return " or ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def unlinked_sentence(call: UnlinkedInvocation) -> str:
    """That the call belongs to no request, or not yet, and why, such as "Call … of 2025-12-04 is unattributed: …"."""
    made = call.invocation
    tagged = f"; its tag names {cleaned(made.tag.request_id)}" if made.tag is not None else ""
    return f"Call {cleaned(made.invocation_id)} of {made.logged_at:%Y-%m-%d} is {why_words(call)}{tagged}"


_CALL, _MIN_PLOT, _MIN_STACKED, _GAP = "█", 20, 12, "  "

STACKED_BELOW = 60
"""In a terminal of fewer cells a label has a line of its own, above its bar; also where it has no room beside it."""


def render_lanes(
    unlinked: Sequence[UnlinkedInvocation], *, width: int, below: Sequence[TimelineRow] = ()
) -> RenderableType:
    """Those that belong to no request, a line for each reason, where they ran by the clock; nothing if there are none.

    They stand `below` these rows.

    It is `width` cells wide; below 60, and where there is no room for all, a label has a line of its own, at last what
    stands beside the bars, too.
    """
    lanes = lanes_by_reason(unlinked)
    if not lanes:
        return Group()
    labels = [lane.why for lane in lanes]
    words = [f"latencies {lane.latencies} · {_count(lane)}" for lane in lanes]
    label, word = max(map(len, labels)), max(map(len, words))
    is_stacked = width < max(STACKED_BELOW, label + word + 2 * len(_GAP) + _MIN_PLOT)
    above = "\n" if is_stacked else _GAP
    label = 0 if is_stacked else label
    beside = width - label - word - 2 * len(_GAP)
    is_beside = beside >= (_MIN_STACKED if is_stacked else _MIN_PLOT)
    cells = beside if is_beside else max(width, _MIN_STACKED)
    extents = extents_of(lanes)
    first, last = min(begins for begins, _ in extents), max(ends for _, ends in extents)
    lines = [
        Text(
            f"{name:<{label}}{above}{_plot(lane, extents, cells)}"
            + (f"{_GAP}{figure:>{word}}" if is_beside else f"\n{figure}"),
            no_wrap=is_beside and not is_stacked,
            overflow="fold" if is_stacked else "crop",
        )
        for name, lane, figure in zip(labels, lanes, words, strict=True)
    ]
    kinds = sorted({kind for lane in lanes for kind, _ in lane.failures})
    signs = [_CALL * 2, *(f"{kind} {FAILURES[kind].character * 2}" for kind in kinds)]
    head = f"{heading(lanes, below)} {', '.join(signs)}, {span_text(first, last)}"
    head = briefly(head) if len(head) > width else head
    return Group(Text(), Text(head), *lines)


def _count(lane: Lane) -> str:
    """How many LLM calls, and the failed attempts by their signs, as rows have them."""
    failed = (f"{FAILURES[kind].character}{count:,}" for kind, count in lane.failures)
    return " ".join([pluralize(len(lane.llm_calls), "call"), *failed])


def _plot(lane: Lane, extents: Sequence[tuple[datetime, datetime]], cells: int) -> str:
    """The lane's calls on the scale of all of them, and over them the sign of each attempt that failed."""
    scale = axis_of(extents, left=0, width=cells, kind=AxisKind.CLOCK).scale
    plot = [" "] * cells
    for call, (begins, ends) in sorted(zip(lane.calls, extents_of([lane]), strict=True), key=_is_failed):
        at = min(int(scale.x(begins)), cells - 1)
        failure = failure_of_call(call.invocation)
        sign = _CALL if failure is None else FAILURES[failure].character
        plot[at : max(min(round(scale.x(ends)), cells), at + 1)] = sign * max(min(round(scale.x(ends)), cells) - at, 1)
    return "".join(plot)


def _is_failed(drawn: tuple[UnlinkedInvocation, object]) -> bool:
    return not drawn[0].invocation.is_llm_call


def tokens_text(call: Invocation) -> str:
    """The call's tokens in and out."""
    return counts_text(call.tokens.input, call.tokens.output)


def ended_with(call: Invocation) -> Text:
    """The error in red, else the stop reason."""
    return Text(cleaned(end_text(call)), style="red" if call.error_code is not None else "")
