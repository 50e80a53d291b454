"""The widget's first page: the requests of a time range as a timeline, each of which opens on a click."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from request_lens.application.query import MAX_COUNTED, READ_LIMIT, RequestPage, RequestView
from request_lens.application.without_request import UntaggedCalls
from request_lens.domain.facts import Request
from request_lens.domain.folding.summary import Summary
from request_lens.domain.policy import Policy
from request_lens.presentation.certainty import count_doubts, pending_note
from request_lens.presentation.failed_attempts import failed_notes
from request_lens.presentation.formatting import as_example, pluralize, span_text
from request_lens.presentation.markup import Markup, element, text
from request_lens.presentation.remedies import uncertain_notes
from request_lens.presentation.sums import requests_counted, whole_of_parts
from request_lens.presentation.timeline.drawing import View, lay_timeline
from request_lens.presentation.timeline.figures import spoken
from request_lens.presentation.timeline.pieces import Words
from request_lens.presentation.timeline.row import TimelineRow
from request_lens.presentation.traced import COMPLETING, incomplete_words, misses_calls
from widget_counts import calls_above
from widget_html import opening_row, page
from widget_request import MAX_RANGE, WidgetRequest

NO_CALLS = UntaggedCalls()


def timeline_page(
    listing: RequestPage,
    widget_request: WidgetRequest,
    policy: Policy,
    *,
    endpoint: str,
    lost: UntaggedCalls = NO_CALLS,
) -> Markup:
    """The page; `endpoint` is the ARN of this function, which a click calls for a request's details.

    The calls that belong to no request stand below the rows.
    """
    drawn = lay_timeline(
        [timeline_row(view, span=widget_request.span) for view in listing.requests],
        words=_words(listing, widget_request, lost, endpoint=endpoint),
        unlinked=lost.calls,
        view=View(
            theme=widget_request.theme,
            width=widget_request.width,
            axis=widget_request.axis,
            newest_first=True,
            order=widget_request.sort,
            explained=False,
        ),
    )
    rows = (
        opening_row(
            top,
            height=drawn.row_height,
            hover=f"{spoken(row)}. Click for the calls.",
            endpoint=endpoint,
            parameters={"request_id": row.request.request_id},
        )
        for row, top in drawn.rows
    )
    misread = (element("p", text(sentence)) for sentence in widget_request.misread)
    content = (*misread, drawn.svg, *rows, *_uncertain(listing, policy), *_notes(listing, widget_request, lost))
    return page(*content, theme=widget_request.theme, width=widget_request.width)


def timeline_row(view: RequestView, *, span: tuple[datetime, datetime]) -> TimelineRow:
    """A request by its route, its id, and its time in UTC, with its day where the span has several."""
    several_days = span[0].date() != span[1].date()
    started = view.record.started_at.strftime("%m-%d %H:%M:%S" if several_days else "%H:%M:%S")
    return TimelineRow(
        label=view.record.route,
        detail=started,
        brief=started,
        has_id=True,
        request=view.record,
        summary=view.summary,
        awaits_more=view.is_pending,
    )


def _words(listing: RequestPage, widget_request: WidgetRequest, lost: UntaggedCalls, *, endpoint: str) -> Words:
    """No title: the widget's own stands above it."""
    empty = (
        f"No requests from {span_text(*widget_request.span)}",
        "Choose a longer time range; where there should be some, request-lens doctor finds out why.",
    )
    region = endpoint.split(":")[3]
    return Words(title="", subtitle=_subtitle(listing, widget_request, lost, region=region), empty=empty)


def _subtitle(listing: RequestPage, widget_request: WidgetRequest, lost: UntaggedCalls, *, region: str) -> str:
    where = [name for name in (widget_request.stack, region) if name]
    requests = whole_of_parts(_count_text(listing), _requests_counted(listing))
    return " · ".join([*where, span_text(*widget_request.span), requests, *calls_above(listing, lost)])


def _requests_counted(listing: RequestPage) -> Sequence[str]:
    """How many of the requests shown are what."""
    return requests_counted(
        (view.record for view in listing.requests),
        pending=_pending(listing),
        uncertain=sum(count_doubts(_settled(listing)).values()),
        incomplete=_incomplete(listing),
    )


def _count_text(listing: RequestPage) -> str:
    """How many requests are shown, and of how many where that is not all."""
    shown = len(listing.requests)
    if not listing.earlier:
        return pluralize(shown, "request")
    least = "at least " if _is_counted_out(listing) else ""
    return f"the newest {shown:,} of {least}{pluralize(shown + listing.earlier, 'request')}"


def _is_counted_out(listing: RequestPage) -> bool:
    """Whether there may be more requests than were counted."""
    return listing.earlier >= MAX_COUNTED - len(listing.requests)


def _pending(listing: RequestPage) -> int:
    return sum(view.is_pending for view in listing.requests)


def _settled(listing: RequestPage) -> Iterator[tuple[Request, Summary]]:
    """The settled requests, the newest first, as they stand in the picture."""
    settled = ((view.record, view.summary) for view in reversed(listing.requests) if not view.is_pending)
    return ((record, summary) for record, summary in settled if summary is not None)


def _incomplete(listing: RequestPage) -> int:
    """How many of the requests lack calls, as their spans tell."""
    return sum(misses_calls(view.summary) for view in listing.requests)


def _uncertain(listing: RequestPage, policy: Policy) -> Iterator[Markup]:
    """What stands at rows that are not certain, and what it means."""
    uncertain = uncertain_notes(_settled(listing), names_roles=bool(policy.agent_role_names))
    failed = failed_notes(summary for _, summary in _settled(listing))
    return (element("p", text(as_example(note))) for note in (*uncertain, *failed))


def _notes(listing: RequestPage, widget_request: WidgetRequest, lost: UntaggedCalls) -> Iterator[Markup]:
    """What else is not the last word in the picture, what is not in it, and why."""
    notes = [pending_note(_pending(listing))] if _pending(listing) else []
    if incomplete := _incomplete(listing):
        notes.append(f"{incomplete_words(incomplete)}. A click on a row names them. What helps: {COMPLETING}.")
    if listing.earlier:
        more = f"{MAX_COUNTED:,} or more" if _is_counted_out(listing) else f"{listing.earlier:,}"
        notes.append(f"{more} earlier requests are not shown: choose a shorter time range.")
    if widget_request.is_cut:
        notes.append(f"Only the last {MAX_RANGE.days} days of the time range were looked at.")
    if listing.unplaced:
        calls = pluralize(len(listing.unplaced), "pending call")
        notes.append(f"{calls} in no request yet: its record has not arrived, or the call fits none or several.")
    if lost.may_be_more:
        notes.append(f"Calls without a request are of the earliest {READ_LIMIT:,} untagged calls: there may be more.")
    return (element("p", text(note)) for note in notes)
