"""Pictures of the widget in out/screenshots, for people to look at."""

import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.browser.chromium import CHECKOUT, Looking, photograph
from tests.browser.spanned_pages import spanned_details, spanned_page
from tests.browser.widget_pages import details_document, grey, range_document, request_page

SCREENSHOTS = CHECKOUT / "out" / "screenshots"
ANY_SCRIPT = "POST /質問/السؤال/вопрос/🙂/{id}"

PICTURES: dict[str, tuple[Callable[[], str], tuple[int, int]]] = {
    "widget-light": (lambda: range_document(request_page(10)), (1000, 700)),
    "widget-dark": (lambda: range_document(request_page(10), theme="dark"), (1000, 700)),
    "widget-200-rows": (lambda: range_document(request_page(200)), (1000, 5400)),
    "widget-200-rows-narrow": (lambda: range_document(request_page(200), width=400), (400, 10_100)),
    "widget-empty": (lambda: range_document(request_page(0)), (1000, 240)),
    "widget-errors": (lambda: range_document(request_page(10, failing=True)), (1000, 700)),
    "widget-pending-dark": (lambda: range_document(request_page(10, pending=4), theme="dark"), (1000, 700)),
    "widget-without-request": (lambda: range_document(request_page(10, uncertain=6), lost=9), (1000, 860)),
    "widget-without-request-dark": (
        lambda: range_document(request_page(10, uncertain=6), theme="dark", lost=9),
        (1000, 860),
    ),
    "widget-narrow": (lambda: range_document(request_page(10, pending=2), width=400, lost=9), (400, 1000)),
    "widget-narrow-dark": (
        lambda: range_document(request_page(10, failing=True), width=400, theme="dark"),
        (400, 900),
    ),
    "widget-wide": (lambda: range_document(request_page(10), width=1800), (1800, 640)),
    "widget-scripts": (lambda: range_document(request_page(3, route=ANY_SCRIPT)), (1000, 340)),
    "widget-details": (details_document, (1000, 460)),
    "widget-details-uncertain": (lambda: details_document(uncertain=True), (1000, 480)),
    "widget-details-errors-dark": (lambda: details_document(theme="dark", failing=True), (1000, 460)),
    "widget-details-pending": (lambda: details_document(pending=True), (1000, 460)),
    "widget-details-narrow": (lambda: details_document(width=400), (400, 560)),
    "widget-grey": (
        lambda: grey(range_document(request_page(10, uncertain=3, pending=3, failing=True), lost=6)),
        (1000, 920),
    ),
    "widget-spans": (lambda: range_document(spanned_page()), (1000, 860)),
    "widget-spans-dark": (lambda: range_document(spanned_page(), theme="dark"), (1000, 860)),
    "widget-spans-grey": (lambda: grey(range_document(spanned_page())), (1000, 860)),
    "widget-spans-narrow": (lambda: range_document(spanned_page(), width=400), (400, 1100)),
    "widget-spans-details": (spanned_details, (1000, 1100)),
    "widget-spans-details-missing-dark": (lambda: spanned_details(theme="dark", missing=True), (1000, 1100)),
    "widget-spans-details-narrow": (lambda: spanned_details(width=400), (400, 1400)),
}


@pytest.mark.parametrize("name", PICTURES)
def test_the_widget_is_photographed(name: str) -> None:
    page, size = PICTURES[name]
    path: Path = SCREENSHOTS / f"{name}.png"

    photograph(page(), path, looking=Looking(width=size[0], height=size[1]))

    assert struct.unpack(">II", path.read_bytes()[16:24]) == size
