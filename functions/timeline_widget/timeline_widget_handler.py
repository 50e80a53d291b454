"""The timeline widget: a CloudWatch custom widget that shows the requests of the dashboard's time range.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/add_custom_widget_dashboard_about.html
"""

import os
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Protocol

from request_lens.application.query import get_request, list_requests, possible_calls_of, unattributed_beside
from request_lens.bootstrap import Viewer, build_viewer
from widget_details import details_page
from widget_documentation import DOCUMENTATION
from widget_request import WidgetRequest, read_request
from widget_timeline import timeline_page


class LambdaContext(Protocol):
    """What the handler needs of Lambda's context."""

    invoked_function_arn: str


def lambda_handler(event: Mapping[str, object], context: LambdaContext) -> str:
    """The widget's HTML; for `{"describe": true}` its documentation in Markdown.

    Raises: ConfigError at the first event of a wrongly configured function, StoreUnavailable in an outage: the
    dashboard then shows an error in the widget's place.
    """
    if event.get("describe") is True:
        return DOCUMENTATION
    viewer = _viewer()
    widget_request = read_request(event, now=viewer.clock.now())
    if widget_request.request_id is not None:
        details = get_request(viewer.ports, viewer.policy, request_id=widget_request.request_id)
        if details.view is not None and not details.view.is_pending:
            possible = possible_calls_of(viewer.ports.reader, viewer.policy, state=details.view.state)
            details = replace(details, possible=possible)
        return details_page(details, widget_request, viewer.policy, endpoint=context.invoked_function_arn)
    return _timeline(widget_request, viewer, endpoint=context.invoked_function_arn)


@cache
def _viewer() -> Viewer:
    """The viewer of this container, built at its first event."""
    return build_viewer(os.environ)


def _timeline(widget_request: WidgetRequest, viewer: Viewer, *, endpoint: str) -> str:
    listing = list_requests(
        viewer.ports, viewer.policy, span=widget_request.span, now=viewer.clock.now(), limit=widget_request.rows
    )
    lost = unattributed_beside(viewer.ports, viewer.policy, listing, span=widget_request.span)
    return timeline_page(listing, widget_request, viewer.policy, endpoint=endpoint, lost=lost)
