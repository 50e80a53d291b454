"""The widget's pages as a dashboard would hold them: what the function answers, inside a plain HTML document."""

import base64
from dataclasses import replace
from datetime import timedelta
from functools import cache
from importlib.resources import files

from request_lens.application.query import RequestPage, UnattributedCalls
from request_lens.domain.facts import RequestId
from request_lens.domain.linking.link import Reason, UnlinkedInvocation
from request_lens.presentation.timeline.axis import AxisKind
from request_lens.presentation.timeline.row import RowOrder
from request_lens.presentation.timeline.theme import Theme
from tests.support.timeline_rows import START as TIMELINE_START
from tests.support.timeline_rows import unattributed
from tests.support.widget_traffic import POLICY, START, request_detail, request_page
from widget_details import details_page
from widget_request import WidgetRequest
from widget_timeline import timeline_page

ENDPOINT = "arn:aws:lambda:ap-northeast-1:123456789012:function:request-lens-timeline-widget"


QUARTER = timedelta(minutes=15)


def question(
    *, theme: Theme = "light", width: int = 1000, request_id: str | None = None, quarters: int = 1
) -> WidgetRequest:
    """A dashboard's question for so many quarters of an hour."""
    return WidgetRequest(
        span=(START, START + quarters * QUARTER),
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


def range_document(
    seen: RequestPage, *, theme: Theme = "light", width: int = 1000, font: bool = True, lost: int = 0
) -> str:
    """The first page for these requests, and so many calls of none of them, in a widget of that width.

    Its range has all of them.
    """
    last = max((each.record.started_at for each in seen.requests), default=START)
    page = timeline_page(
        seen,
        question(theme=theme, width=width, quarters=(last - START) // QUARTER + 1),
        endpoint=ENDPOINT,
        lost=UnattributedCalls(calls=list(map(_lost, range(lost)))),
    )
    return document(f"<div style='width:{width}px'>{page}</div>", theme=theme, font=font)


def details_document(
    *,
    theme: Theme = "light",
    width: int = 1000,
    pending: bool = False,
    uncertain: bool = False,
    failing: bool = False,
) -> str:
    """The second page for one request."""
    details = request_detail(pending=pending, uncertain=uncertain, failing=failing)
    details = replace(details, possible=list(map(_lost, range(12 if uncertain else 0))))
    asked = question(theme=theme, width=width, request_id="request-0001")
    return document(details_page(details, asked, POLICY, endpoint=ENDPOINT), theme=theme)


def _lost(number: int) -> UnlinkedInvocation:
    """A call that belongs to no request: most fit several."""
    reason = Reason.OTHER_CALLER if number % 4 == 3 else Reason.AMBIGUOUS
    began = START + timedelta(seconds=1 + 5 * number)
    lost = unattributed((began - TIMELINE_START).total_seconds(), reason, 900 + 300 * number)
    return replace(lost, stored_at=began)


@cache
def _inter() -> str:
    return base64.b64encode((files("fontpkg_inter") / "files" / "Inter[opsz,wght].ttf").read_bytes()).decode()


__all__ = ["details_document", "document", "question", "range_document", "request_detail", "request_page"]
