"""Photographs of the widget and the report for the documents: `make docs` takes them anew."""

from tests.browser.chromium import CHECKOUT, Looking, photograph
from tests.browser.report_pages import article, page_of
from tests.browser.spanned_pages import spanned_page
from tests.browser.widget_pages import range_document, request_page

IMAGES = CHECKOUT / "docs" / "images"

WIDGET = Looking(width=1000, height=860)
SPANS = Looking(width=1000, height=730)
REPORT = Looking(width=1340, height=1440)
"""Px; the report's figures, its timeline and its first tables."""


def take() -> None:
    """Take every photograph that the documents show."""
    rows = request_page(10, uncertain=3, pending=3)
    photograph(range_document(rows, lost=6), IMAGES / "widget.png", looking=WIDGET)
    photograph(range_document(rows, theme="dark", lost=6), IMAGES / "widget-dark.png", looking=WIDGET)
    photograph(range_document(spanned_page()), IMAGES / "widget-spans.png", looking=SPANS)
    photograph(page_of(article()), IMAGES / "report.png", looking=REPORT)


if __name__ == "__main__":
    take()
