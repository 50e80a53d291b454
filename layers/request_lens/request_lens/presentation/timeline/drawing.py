"""The timeline: requests as light bars on a time axis, their LLM calls as dark bars inside them, as SVG.

Pure: the same rows give the same text. The widget, the CLI and reports share it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from request_lens.domain.linking.link import UnlinkedInvocation
from request_lens.presentation.certainty import certainty_over, counted, so_far
from request_lens.presentation.failed_attempts import failed_notes
from request_lens.presentation.formatting import as_example, moment_text, pluralize
from request_lens.presentation.markup import NOTHING, Markup, element, joined, number, text
from request_lens.presentation.remedies import uncertain_notes
from request_lens.presentation.timeline.axis import AxisKind
from request_lens.presentation.timeline.frame import DEFAULT_WIDTH, Frame
from request_lens.presentation.timeline.lanes.lane import Lane, lanes_by_reason
from request_lens.presentation.timeline.pieces import Piece, Plan, Words, below_heads, heads_of, pieces_of, plan_of
from request_lens.presentation.timeline.row import AXIS_EVERY, RowOrder, TimelineRow, in_order, order_words
from request_lens.presentation.timeline.shapes import DEFINITIONS
from request_lens.presentation.timeline.theme import Theme, style_sheet
from request_lens.presentation.traced import misses_calls, missing_notes, with_missing

STRIP_ROWS = 5
"""Rows of a strip of a long picture, whose rows are low: a sheet of paper ends between two strips."""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """How a timeline is drawn: `width` is in px, at least 340; `newest_first` stands the newest request on top.

    Where something is uncertain, a note below the legend says what its figures mean, where it is to be `explained`;
    where the stack `names_roles` of agents, none says to name them.
    """

    theme: Theme = "auto"
    width: int = DEFAULT_WIDTH
    axis: AxisKind = AxisKind.OWN
    newest_first: bool = False
    order: RowOrder = RowOrder.TIME
    explained: bool = True
    names_roles: bool = False


DEFAULT_VIEW = View()
DEFAULT_WORDS = Words()


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnTimeline:
    """The picture, its size in px, and where each request's row begins, from top to bottom."""

    svg: Markup
    width: float
    height: float
    row_height: float
    rows: tuple[tuple[TimelineRow, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Naming:
    """What a screen reader says of the picture as a whole."""

    title: str
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Strips:
    """The picture in strips, from top to bottom: its title, the axis above the rows, the rows, lanes below, legend.

    Where the axis is said again between rows, that strip has the class `again`.
    """

    title: Markup
    axis: Markup
    rows: tuple[Markup, ...]
    below: tuple[Markup, ...]
    legend: Markup


def draw_timeline(
    rows: Sequence[TimelineRow],
    *,
    words: Words = DEFAULT_WORDS,
    view: View = DEFAULT_VIEW,
    unlinked: Sequence[UnlinkedInvocation] = (),
) -> Markup:
    """The SVG of these requests, in the order of the view; its height follows from their number.

    Those of `unlinked` that are decided to belong to no request stand below the rows, by reason. Texts may hold
    anything: they are escaped, and shortened to their columns.
    """
    return lay_timeline(rows, words=words, view=view, unlinked=unlinked).svg


def lay_timeline(
    rows: Sequence[TimelineRow],
    *,
    words: Words = DEFAULT_WORDS,
    view: View = DEFAULT_VIEW,
    unlinked: Sequence[UnlinkedInvocation] = (),
) -> DrawnTimeline:
    """What `draw_timeline` draws, and where its rows are."""
    plan = _plan(rows, words, view, unlinked)
    pieces = pieces_of(plan, rows_each=AXIS_EVERY if plan.is_long else max(len(rows), 1))
    height = pieces[-1].bottom
    svg = _document(
        joined(piece.content for piece in pieces),
        frame=plan.frame,
        bounds=(0.0, height),
        theme=view.theme,
        naming=_naming(plan),
    )
    tops = [top for piece in pieces for top in piece.tops]
    return DrawnTimeline(
        svg=svg,
        width=plan.frame.width,
        height=height,
        row_height=plan.frame.size.height,
        rows=tuple(zip(plan.rows, tops, strict=True)),
    )


def draw_strips(
    rows: Sequence[TimelineRow], *, words: Words, view: View, unlinked: Sequence[UnlinkedInvocation]
) -> Strips:
    """The same picture, of a row at least, in strips one below the other, on a page that has `shared_style` once."""
    plan = _plan(rows, words, view, unlinked)
    title, axis = heads_of(plan)
    *pieces, legend = below_heads(plan, rows_each=STRIP_ROWS if plan.is_long else 1)
    return Strips(
        title=_strip(plan, title, naming=_naming(plan)),
        axis=_strip(plan, axis),
        rows=tuple(_strip(plan, piece) for piece in pieces if piece.tops or piece.again),
        below=tuple(_strip(plan, piece) for piece in pieces if not (piece.tops or piece.again)),
        legend=_strip(plan, legend),
    )


def _strip(plan: Plan, piece: Piece, *, naming: _Naming | None = None) -> Markup:
    class_ = "rl again" if piece.again else "rl"
    bounds = piece.top, piece.bottom
    return _document(piece.content, frame=plan.frame, bounds=bounds, theme=None, naming=naming, class_=class_)


def shared_style(theme: Theme) -> Markup:
    """What strips need once on their page: it takes no room, and must not be hidden."""
    style = element("style", style_sheet(theme))
    return element(
        "svg", style, DEFINITIONS, class_="rl", width=0.0, height=0.0, style="position:absolute", aria_hidden="true"
    )


def _plan(rows: Sequence[TimelineRow], words: Words, view: View, unlinked: Sequence[UnlinkedInvocation]) -> Plan:
    ordered = in_order(rows, view.order, newest_first=view.newest_first)
    lanes = lanes_by_reason(unlinked)
    words = replace(words, subtitle=" · ".join(filter(None, (words.subtitle, _order(rows, view)))))
    plan = plan_of(ordered, lanes, words=words, width=view.width, kind=view.axis)
    return replace(plan, notes=_notes(ordered, names_roles=view.names_roles)) if view.explained else plan


def _order(rows: Sequence[TimelineRow], view: View) -> str:
    """In which order the rows are; of the newest first, their surroundings tell."""
    is_told = len(rows) < 2 or (view.order is RowOrder.TIME and view.newest_first)
    return "" if is_told else order_words(rows, view.order, newest_first=view.newest_first)


def _notes(rows: Sequence[TimelineRow], *, names_roles: bool) -> Sequence[str]:
    """What stands at rows that may have more calls, or more failed ones, or lack some, and what it means: examples."""
    known = [(row, row.summary) for row in rows if row.summary is not None]
    doubtful = ((row.request, summary) for row, summary in known if row.is_uncertain)
    uncertain = uncertain_notes(doubtful, names_roles=names_roles)
    settled = [summary for row, summary in known if not row.is_pending]
    return [as_example(note) for note in (*uncertain, *missing_notes(settled), *failed_notes(settled))]


def _naming(plan: Plan) -> _Naming:
    return _Naming(title=plan.words.title or DEFAULT_WORDS.title, description=_description(plan.rows, plan.lanes))


def _description(rows: Sequence[TimelineRow], lanes: Sequence[Lane]) -> str:
    """The picture in a sentence, for those who hear it."""
    without = [f"{lane.count_words} without a request: {lane.why}." for lane in lanes]
    if not rows:
        return " ".join(["No requests.", *without])
    pending, uncertain = sum(row.is_pending for row in rows), sum(row.is_uncertain for row in rows)
    known = [row.summary for row in rows if row.summary]
    calls = sum(summary.totals.llm_calls for summary in known)
    certainty = certainty_over(row.summary for row in rows if row.summary and not row.is_pending)
    made = so_far(counted(calls, "LLM call", certainty).replace("≈", "about"), pending=pending > 0)
    first = moment_text(min(row.request.started_at for row in rows))
    sentence = f"{pluralize(len(rows), 'request')} with {with_missing(made, *known)}, the first at {first}."
    counts = ((pending, "pending"), (uncertain, "uncertain"), (sum(map(misses_calls, known)), "incomplete"))
    return " ".join([sentence, *(f"{count:,} of them {what}." for count, what in counts if count), *without])


def _document(  # noqa: PLR0913 - a whole picture, and a strip of one
    content: Markup,
    *,
    frame: Frame,
    bounds: tuple[float, float],
    theme: Theme | None,
    naming: _Naming | None,
    class_: str = "rl",
) -> Markup:
    """The SVG document of what stands between two heights.

    Without a theme it has no style of its own; without a naming it is the rest of a picture that has one.
    """
    width, height = number(frame.width), number(bounds[1] - bounds[0])
    style = NOTHING if theme is None else element("style", style_sheet(theme))
    named = () if naming is None else _named(naming)
    ground = element("rect", class_="rl-background", y=bounds[0], width="100%", height="100%", rx=8.0)
    return element(
        "svg",
        *named,
        style,
        DEFINITIONS if theme is not None else NOTHING,
        ground if theme is not None else NOTHING,
        content,
        xmlns="http://www.w3.org/2000/svg",
        class_=class_,
        width=width,
        height=height,
        viewBox=f"0 {number(bounds[0])} {width} {height}",
        role="group",
        aria_labelledby="rl-title rl-desc" if named else "",
    )


def _named(naming: _Naming) -> tuple[Markup, Markup]:
    return (
        element("title", text(naming.title), id="rl-title"),
        element("desc", text(naming.description), id="rl-desc"),
    )
