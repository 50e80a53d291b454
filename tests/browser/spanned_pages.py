"""Requests whose agents send spans, as the widget and the report show them: tools, first tokens, a missing call.

They are of the hour that the dashboard's picture is drawn of, and ran through the use cases themselves.
"""

from collections.abc import Sequence

from request_lens.adapters.price_list import bedrock_prices
from request_lens.application.query import RequestDetail, RequestPage, RequestView
from request_lens.domain.folding.summary import estimate_within
from request_lens.domain.settling.state import RequestState
from request_lens.presentation.timeline.theme import Theme
from request_lens_cli.report.report import Report
from scripts.dashboard.sample_hour import POLICY, sample_hour
from tests.browser.widget_pages import ENDPOINT, document, question
from widget_details import details_page

COUNT = 12
"""The newest requests with spans: failed tools, a missing call and a failed request are among them."""


def spanned_requests() -> Sequence[RequestState]:
    """The newest COUNT requests of the hour that have spans."""
    return [each for each in sample_hour().result.requests if each.summary and each.summary.traced][-COUNT:]


def spanned_report() -> Report:
    """These requests, reported."""
    return Report(requests=spanned_requests(), unlinked=[])


def spanned_page() -> RequestPage:
    """These requests, as the widget sees them."""
    return RequestPage(requests=[_view(each) for each in spanned_requests()])


def spanned_details(*, theme: Theme = "light", width: int = 1000, missing: bool = False) -> str:
    """The widget's second page of the request whose tools failed, or of the one that misses a call."""
    view = next(each for each in spanned_page().requests if (_misses(each) if missing else _failed_tools(each)))
    calls, prices = view.state.invocations, bedrock_prices()
    details = RequestDetail(
        view=view,
        calls=calls,
        provisional=frozenset(),
        estimates={
            each.invocation.invocation_id: estimate_within(view.summary, each.invocation, prices) for each in calls
        },
    )
    asked = question(theme=theme, width=width, request_id=view.record.request_id)
    return document(details_page(details, asked, POLICY, endpoint=ENDPOINT), theme=theme)


def _view(state: RequestState) -> RequestView:
    assert state.record is not None
    return RequestView(record=state.record, state=state, summary=state.summary, is_pending=False)


def _failed_tools(view: RequestView) -> int:
    said = view.summary.traced if view.summary else None
    return sum(tool.failed for tool in said.tools) if said else 0


def _misses(view: RequestView) -> bool:
    said = view.summary.traced if view.summary else None
    return said is not None and said.missing_calls > 0
