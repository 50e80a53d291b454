"""The widget's first page: the requests of a time range as a timeline, each of which opens on a click."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from request_lens.application.query import MAX_COUNTED, RequestPage, RequestView
from request_lens.presentation.certainty import Doubt, count_doubts, remedy, why_uncertain
from request_lens.presentation.formatting import moment_text, pluralize
from request_lens.presentation.markup import Markup, element, text
from request_lens.presentation.timeline.drawing import DEFAULT_TITLE, View, lay_timeline
from request_lens.presentation.timeline.labels import ROW_HEIGHT, calls_words, total_words
from request_lens.presentation.timeline.row import TimelineRow
from widget_html import opening_row, page
from widget_request import MAX_RANGE, WidgetRequest


def timeline_page(listing: RequestPage, widget_request: WidgetRequest, *, endpoint: str) -> Markup:
    """The page; `endpoint` is the ARN of this function, which a click calls for a request's details."""
    drawn = lay_timeline(
        [timeline_row(view, span=widget_request.span) for view in listing.requests],
        title=DEFAULT_TITLE,
        subtitle=_subtitle(listing, widget_request),
        view=View(theme=widget_request.theme, width=widget_request.width, axis=widget_request.axis, newest_first=True),
    )
    rows = (
        opening_row(
            top,
            height=ROW_HEIGHT,
            hover=f"{row.label}: {total_words(row.request)}, {calls_words(row)}{_why(row)}. Click for the calls.",
            endpoint=endpoint,
            parameters={"request_id": row.request.request_id},
        )
        for row, top in drawn.rows
    )
    return page(drawn.svg, *rows, *_notes(listing, widget_request), theme=widget_request.theme)


def timeline_row(view: RequestView, *, span: tuple[datetime, datetime]) -> TimelineRow:
    """A request by its route, and below it its time in UTC and its status; with the day where the span has several."""
    several_days = span[0].date() != span[1].date()
    started = view.record.started_at.strftime("%m-%d %H:%M:%S" if several_days else "%H:%M:%S")
    return TimelineRow(
        label=view.record.route,
        detail=f"{started} · {view.record.status}",
        request=view.record,
        summary=view.summary,
        awaits_more=view.is_pending,
    )


def _why(row: TimelineRow) -> str:
    return f", {why_uncertain(row.request, row.summary)}" if row.is_uncertain and row.summary is not None else ""


def _subtitle(listing: RequestPage, widget_request: WidgetRequest) -> str:
    first, last = (moment.replace(microsecond=0) for moment in widget_request.span)
    ends = last.strftime("%H:%M:%S UTC") if first.date() == last.date() else moment_text(last)
    parts = [f"{moment_text(first).removesuffix(' UTC')} to {ends}", pluralize(len(listing.requests), "request")]
    if uncertain := sum(_doubts(listing).values()):
        parts.append(f"{uncertain:,} of them uncertain")
    if listing.pending_calls:
        parts.append(f"{pluralize(listing.pending_calls, 'call')} pending")
    return " · ".join(parts)


def _doubts(listing: RequestPage) -> Counter[Doubt]:
    """How many of the settled requests are uncertain, by why."""
    settled = ((view.record, view.summary) for view in listing.requests if not view.is_pending)
    return count_doubts((record, summary) for record, summary in settled if summary is not None)


def _notes(listing: RequestPage, widget_request: WidgetRequest) -> Iterator[Markup]:
    """What is not certain in the picture, what is not in it, and why."""
    notes = [
        f"{pluralize(count, 'request')} uncertain: {doubt}. What helps: {remedy(doubt)}."
        for doubt, count in sorted(_doubts(listing).items())
    ]
    if listing.earlier:
        more = (
            f"{MAX_COUNTED:,} or more"
            if listing.earlier >= MAX_COUNTED - len(listing.requests)
            else f"{listing.earlier:,}"
        )
        notes.append(f"{more} earlier requests are not shown: choose a shorter time range.")
    if widget_request.is_cut:
        notes.append(f"Only the last {MAX_RANGE.days} days of the time range were looked at.")
    if listing.unplaced_calls:
        calls = pluralize(listing.unplaced_calls, "pending call")
        notes.append(f"{calls} in no request yet: its record has not arrived, or the call fits none or several.")
    return (element("p", text(note)) for note in notes)
