"""Photographs of the widget and the report for the documents: `make docs` takes them anew."""

from dataclasses import replace

from tests.browser.busy_minutes import seen
from tests.browser.chromium import CHECKOUT, Looking, measured, photograph
from tests.browser.report_pages import article, page_of
from tests.browser.spanned_pages import spanned
from tests.browser.widget_pages import range_document

IMAGES = CHECKOUT / "docs" / "images"

WIDGET = Looking(width=1000, height=100)
"""Px; the widget's pictures are as high as its page."""

REPORT = Looking(width=1340, height=1550)
"""Px; the report's figures, its timeline and its first tables."""


def take() -> None:
    """Take every photograph that the documents show."""
    _widget(range_document(seen()), "widget.png")
    _widget(range_document(seen(), theme="dark"), "widget-dark.png")
    _widget(range_document(spanned()), "widget-spans.png")
    report = page_of(article())
    photograph(report, IMAGES / "report.png", looking=REPORT)
    photograph(report, IMAGES / "report-dark.png", looking=replace(REPORT, dark=True))


def _widget(page: str, name: str) -> None:
    """The whole page, and nothing below it."""
    height = measured(page, "() => document.querySelector('.rlw').scrollHeight", int, looking=WIDGET)
    photograph(page, IMAGES / name, looking=replace(WIDGET, height=height))


if __name__ == "__main__":
    take()
