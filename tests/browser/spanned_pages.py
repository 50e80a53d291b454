"""Requests whose agents send spans, as the widget and the report show them: tools, first tokens, a missing call.

They are those of the hour that the dashboard's picture is drawn of, alone, and ran through the use cases themselves.
"""

from collections.abc import Iterator, Sequence
from functools import cache

from request_lens.adapters.price_list import bedrock_prices
from request_lens.application.query import RequestDetail, RequestPage, RequestView
from request_lens.application.without_request import UntaggedCalls
from request_lens.domain.facts import Invocation, Request
from request_lens.domain.folding.summary import estimate_within
from request_lens.domain.settling.state import RequestState
from request_lens.domain.spans import Span
from request_lens.presentation.timeline.theme import Theme
from request_lens_cli.replay.virtual_time import Arrival, Replay, replay
from request_lens_cli.report.report import Report
from scripts.dashboard.sample_hour import POLICY, SPAN, sample_arrivals
from tests.browser.busy_minutes import Seen
from tests.browser.widget_pages import details_document

COUNT = 12
"""The newest requests with spans: failed tools, a missing call and a failed request are among them."""


@cache
def _hour() -> Replay:
    """The hour as if the API had no other requests."""
    return replay(_with_spans(sample_arrivals()), POLICY)


def _with_spans(arrivals: Sequence[Arrival]) -> Iterator[Arrival]:
    """The records of requests that name a trace, their calls, and all spans."""
    named = {each.record.request_id for each in arrivals if isinstance(each.record, Request) and each.record.trace_id}
    for each in arrivals:
        match each.record:
            case Span():
                yield each
            case Request(request_id=request_id) if request_id in named:
                yield each
            case Invocation(tag=tag) if tag is not None and tag.request_id in named:
                yield each


def spanned_report() -> Report:
    """The newest COUNT requests, reported."""
    return Report(requests=_newest(), unlinked=_hour().unattributed).drawn(COUNT)


def spanned() -> Seen:
    """These requests, as the widget sees them in the minutes from the first of them on: it shows all there are."""
    assert not _hour().unattributed
    requests = [_view(each) for each in _newest()]
    begins = requests[0].record.started_at.replace(second=0)
    page = RequestPage(requests=requests, earlier=0)
    assert all(each.request.started_at < begins for each in _hour().requests[:-COUNT])
    return Seen(page=page, lost=UntaggedCalls(), span=(begins, SPAN[1]))


def _newest() -> Sequence[RequestState]:
    return _hour().requests[-COUNT:]


def spanned_details(*, theme: Theme = "light", width: int = 1000, missing: bool = False) -> str:
    """The widget's second page of the request whose tools failed, or of the one that misses a call."""
    view = next(each for each in spanned().page.requests if (_misses(each) if missing else _failed_tools(each)))
    calls, prices = view.state.invocations, bedrock_prices()
    details = RequestDetail(
        view=view,
        calls=calls,
        provisional=frozenset(),
        estimates={
            each.invocation.invocation_id: estimate_within(view.summary, each.invocation, prices) for each in calls
        },
    )
    return details_document(details, POLICY, theme=theme, width=width)


def _view(state: RequestState) -> RequestView:
    assert state.record is not None
    return RequestView(record=state.record, state=state, summary=state.summary, is_pending=False)


def _failed_tools(view: RequestView) -> int:
    said = view.summary.traced if view.summary else None
    return sum(tool.failed for tool in said.tools) if said else 0


def _misses(view: RequestView) -> bool:
    said = view.summary.traced if view.summary else None
    return said is not None and said.missing_calls > 0
