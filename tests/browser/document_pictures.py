"""Photographs of the widget and the report for the documents: `make docs` takes them anew."""

from tests.browser.chromium import CHECKOUT, photograph
from tests.browser.report_pages import article, page_of
from tests.browser.widget_pages import range_document, request_page

IMAGES = CHECKOUT / "docs" / "images"

WIDGET_SIZE = (1000, 760)
REPORT_SIZE = (1340, 1345)
"""Px; the report's figures, its timeline and its first tables."""


def take() -> None:
    """Take every photograph that the documents show."""
    rows = request_page(10, uncertain=3, pending=3)
    photograph(range_document(rows), IMAGES / "widget.png", size=WIDGET_SIZE)
    photograph(range_document(rows, theme="dark"), IMAGES / "widget-dark.png", size=WIDGET_SIZE)
    photograph(page_of(article()), IMAGES / "report.png", size=REPORT_SIZE)


if __name__ == "__main__":
    take()
