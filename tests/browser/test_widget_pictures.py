"""Pictures of the widget in out/screenshots, for people to look at."""

import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from request_lens.presentation.timeline.theme import Theme
from tests.browser.busy_minutes import POLICY, Which, crowded_minutes, details, seen
from tests.browser.chromium import CHECKOUT, Looking, photograph
from tests.browser.spanned_pages import spanned, spanned_details
from tests.browser.widget_pages import details_document, grey, range_document
from tests.support.widget_traffic import request_page

SCREENSHOTS = CHECKOUT / "out" / "screenshots"
ANY_SCRIPT = "POST /質問/السؤال/вопрос/🙂/{id}"

PICTURES: dict[str, tuple[Callable[[], str], tuple[int, int]]] = {
    "widget-light": (lambda: range_document(seen()), (1000, 860)),
    "widget-dark": (lambda: range_document(seen(), theme="dark"), (1000, 860)),
    "widget-200-rows": (lambda: range_document(request_page(200)), (1000, 5400)),
    "widget-200-rows-narrow": (lambda: range_document(request_page(200), width=400), (400, 14_300)),
    "widget-empty": (lambda: range_document(request_page(0)), (1000, 240)),
    "widget-errors": (lambda: range_document(request_page(10, failing=True)), (1000, 700)),
    "widget-crowded": (lambda: range_document(seen(crowded_minutes())), (1000, 540)),
    "widget-crowded-dark": (lambda: range_document(seen(crowded_minutes()), theme="dark"), (1000, 540)),
    "widget-narrow": (lambda: range_document(seen(), width=400), (400, 1360)),
    "widget-narrow-dark": (lambda: range_document(seen(), width=400, theme="dark"), (400, 1360)),
    "widget-half": (lambda: range_document(seen(), width=700), (700, 1180)),
    "widget-wide": (lambda: range_document(seen(), width=1800), (1800, 860)),
    "widget-scripts": (lambda: range_document(request_page(3, route=ANY_SCRIPT)), (1000, 340)),
    "widget-details": (lambda: _details(Which.TAGGED), (1000, 460)),
    "widget-details-uncertain": (lambda: _details(Which.UNCERTAIN), (1000, 540)),
    "widget-details-errors-dark": (lambda: _details(Which.THROTTLED, theme="dark"), (1000, 460)),
    "widget-details-pending": (lambda: _details(Which.PENDING), (1000, 460)),
    "widget-details-narrow": (lambda: _details(Which.TAGGED, width=400), (400, 560)),
    "widget-grey": (lambda: grey(range_document(seen())), (1000, 860)),
    "widget-spans": (lambda: range_document(spanned()), (1000, 860)),
    "widget-spans-dark": (lambda: range_document(spanned(), theme="dark"), (1000, 860)),
    "widget-spans-grey": (lambda: grey(range_document(spanned())), (1000, 860)),
    "widget-spans-narrow": (lambda: range_document(spanned(), width=400), (400, 1300)),
    "widget-spans-details": (spanned_details, (1000, 1100)),
    "widget-spans-details-missing-dark": (lambda: spanned_details(theme="dark", missing=True), (1000, 1100)),
    "widget-spans-details-narrow": (lambda: spanned_details(width=400), (400, 1400)),
}


def _details(which: Which, *, theme: Theme = "light", width: int = 1000) -> str:
    return details_document(details(which), POLICY, theme=theme, width=width)


@pytest.mark.parametrize("name", PICTURES)
def test_the_widget_is_photographed(name: str) -> None:
    page, size = PICTURES[name]
    path: Path = SCREENSHOTS / f"{name}.png"

    photograph(page(), path, looking=Looking(width=size[0], height=size[1]))

    assert struct.unpack(">II", path.read_bytes()[16:24]) == size
