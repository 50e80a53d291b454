"""Pictures of the widget in out/screenshots, for people to look at."""

import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.browser.chromium import CHECKOUT, Looking, photograph
from tests.browser.widget_pages import details_document, range_document, request_page

SCREENSHOTS = CHECKOUT / "out" / "screenshots"

PICTURES: dict[str, tuple[Callable[[], str], tuple[int, int]]] = {
    "widget-light": (lambda: range_document(request_page(10)), (1000, 700)),
    "widget-dark": (lambda: range_document(request_page(10), theme="dark"), (1000, 700)),
    "widget-200-rows": (lambda: range_document(request_page(200)), (1000, 9500)),
    "widget-200-rows-dark": (lambda: range_document(request_page(200), theme="dark"), (1000, 9500)),
    "widget-empty": (lambda: range_document(request_page(0)), (1000, 300)),
    "widget-errors": (lambda: range_document(request_page(10, failing=True)), (1000, 700)),
    "widget-pending": (lambda: range_document(request_page(10, pending=4)), (1000, 700)),
    "widget-pending-dark": (lambda: range_document(request_page(10, pending=4), theme="dark"), (1000, 700)),
    "widget-uncertain": (lambda: range_document(request_page(10, uncertain=6)), (1000, 760)),
    "widget-uncertain-dark": (lambda: range_document(request_page(10, uncertain=6), theme="dark"), (1000, 760)),
    "widget-details-uncertain": (lambda: details_document(uncertain=True), (1000, 480)),
    "widget-narrow": (lambda: range_document(request_page(10, pending=2), width=560), (560, 760)),
    "widget-wide": (lambda: range_document(request_page(10), width=1800), (1800, 640)),
    "widget-details": (details_document, (1000, 460)),
    "widget-details-errors-dark": (lambda: details_document(theme="dark", failing=True), (1000, 460)),
    "widget-details-pending": (lambda: details_document(pending=True), (1000, 460)),
}


@pytest.mark.parametrize("name", PICTURES)
def test_the_widget_is_photographed(name: str) -> None:
    page, size = PICTURES[name]
    path: Path = SCREENSHOTS / f"{name}.png"

    photograph(page(), path, looking=Looking(width=size[0], height=size[1]))

    assert struct.unpack(">II", path.read_bytes()[16:24]) == size
