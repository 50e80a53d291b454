"""The widget's pages as a dashboard would hold them: what the function answers, inside a plain HTML document."""

import base64
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files

from request_lens.application.query import RequestDetail, RequestPage
from request_lens.application.without_request import UntaggedCalls
from request_lens.domain.facts import RequestId
from request_lens.domain.policy import Policy
from request_lens.presentation.timeline.axis import AxisKind
from request_lens.presentation.timeline.row import RowOrder
from request_lens.presentation.timeline.theme import Theme
from tests.browser.busy_minutes import Seen
from tests.support.widget_traffic import POLICY, START
from widget_details import details_page
from widget_request import WidgetRequest
from widget_timeline import timeline_page

ENDPOINT = "arn:aws:lambda:ap-northeast-1:123456789012:function:request-lens-timeline-widget"

QUARTER = timedelta(minutes=15)


def question(
    *,
    theme: Theme = "light",
    width: int = 1000,
    request_id: str | None = None,
    span: tuple[datetime, datetime] = (START, START + QUARTER),
) -> WidgetRequest:
    """A dashboard's question for a time, or a request."""
    return WidgetRequest(
        span=span,
        is_cut=False,
        theme=theme,
        width=width,
        rows=200,
        axis=AxisKind.OWN,
        sort=RowOrder.TIME,
        stack="request-lens",
        request_id=RequestId(request_id) if request_id else None,
    )


def document(content: str, *, theme: Theme = "light", font: bool = True) -> str:
    """The answer in a document as dark or light as the console, with the font that the pictures ask for first."""
    ground = "#0f161e" if theme == "dark" else "#ffffff"
    face = (
        f"@font-face{{font-family:Inter;src:url(data:font/ttf;base64,{_inter()});font-weight:100 900}}" if font else ""
    )
    return (
        f"<!doctype html><meta charset='utf-8'><style>{face}html,body{{margin:0;background:{ground}}}</style>{content}"
    )


def grey(page: str) -> str:
    """The page as a printer without colours, or somebody who sees none, has it."""
    return page.replace("<style>", "<style>html{filter:grayscale(1)}", 1)


def range_document(seen: Seen | RequestPage, *, theme: Theme = "light", width: int = 1000, font: bool = True) -> str:
    """The first page for what is seen, in a widget of that width; the range of requests alone has all of them."""
    shown = seen if isinstance(seen, Seen) else _alone(seen)
    asked = question(theme=theme, width=width, span=shown.span)
    page = timeline_page(shown.page, asked, POLICY, endpoint=ENDPOINT, lost=shown.lost)
    return document(f"<div style='width:{width}px'>{page}</div>", theme=theme, font=font)


def _alone(page: RequestPage) -> Seen:
    last = max((each.record.started_at for each in page.requests), default=START)
    return Seen(page=page, lost=UntaggedCalls(), span=(START, START + ((last - START) // QUARTER + 1) * QUARTER))


def details_document(details: RequestDetail, policy: Policy, *, theme: Theme = "light", width: int = 1000) -> str:
    """The second page for one request."""
    request_id = details.view.record.request_id if details.view is not None else None
    asked = question(theme=theme, width=width, request_id=request_id)
    return document(details_page(details, asked, policy, endpoint=ENDPOINT), theme=theme)


@cache
def _inter() -> str:
    return base64.b64encode((files("fontpkg_inter") / "files" / "Inter[opsz,wght].ttf").read_bytes()).decode()
