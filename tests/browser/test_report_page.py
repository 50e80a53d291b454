"""The report's page in a browser: escaped, readable in both themes, whole without a script, and photographed."""

from math import ceil

import pytest
from pydantic import TypeAdapter

from request_lens_cli.html_report.page import MAX_DRAWN, SHEET_ROWS
from request_lens_cli.report.report import Report
from tests.browser.chromium import CHECKOUT, measured, photograph
from tests.browser.report_pages import HOSTILE, article, errors, many, page_of, replayed

PICTURES = CHECKOUT / "out" / "report-pages"
EMPTY = Report(requests=[], unlinked=[])
PAGES = {
    "10 rows": article(),
    "200 rows": many(200),
    "empty": EMPTY,
    "errors": errors(),
    "uncertain": replayed("overlap"),
}
SIZES = {
    "10 rows": (1340, 2300),
    "200 rows": (1340, 3000),
    "empty": (1340, 500),
    "errors": (1340, 2300),
    "uncertain": (1340, 2400),
}
A4_LANDSCAPE = (1031, 702)
"""Px within margins of 12 mm."""

_DARK = "(prefers-color-scheme: dark)"
_POLICY = '<meta http-equiv="Content-Security-Policy"'

_CUT_OFF = """() => [...document.querySelectorAll("td, th, dd, dt, h1, h2, li")]
  .filter(each => each.scrollWidth > each.clientWidth + 1).map(each => each.textContent)"""
_TOO_WIDE = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
_CONTRASTS = """() => {
  const channel = byte => { const value = byte / 255;
    return value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4; };
  const light = colour => { const [r, g, b] = colour.match(/[0-9.]+/g).map(Number);
    return 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b); };
  const behind = each => { while (each) { const colour = getComputedStyle(each).backgroundColor;
    if (!/, 0\\)$/.test(colour)) return colour; each = each.parentElement; } return "rgb(255, 255, 255)"; };
  return [...document.querySelectorAll("td, th, dd, dt, h1, h2, li, footer, strong, code, caption")].map(each => {
    const [a, b] = [light(getComputedStyle(each).color), light(behind(each))].sort((x, y) => y - x);
    return (a + 0.05) / (b + 0.05); });
}"""


def dark(page: str) -> str:
    """The page as a reader sees it whose system is dark."""
    assert page.count(_DARK) >= 1
    return page.replace(_DARK, "(min-width: 1px)")


def without_policy(page: str) -> str:
    """The page, but that it lets the test's own script measure it."""
    before, _, after = page.partition(_POLICY)
    return before + after.partition(">")[2]


def numbers(page: str, expression: str, *, width: int = 1340) -> list[float]:
    return measured(without_policy(page), expression, TypeAdapter(list[float]).validate_json, width=width)


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_is_photographed_in_both_themes(name: str, theme: str) -> None:
    page = page_of(PAGES[name])
    target = PICTURES / f"{name.replace(' ', '-')}-{theme}.png"

    photograph(dark(page) if theme == "dark" else page, target, size=SIZES[name])

    assert target.stat().st_size > 5_000


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("width", [600, 1024, 1600])
def test_no_text_is_cut_off_and_only_tables_scroll_sideways(name: str, width: int) -> None:
    page = without_policy(page_of(PAGES[name]))

    assert measured(page, _CUT_OFF, TypeAdapter(list[str]).validate_json, width=width) == []
    assert measured(page, _TOO_WIDE, TypeAdapter(float).validate_json, width=width) <= 0


@pytest.mark.parametrize("name", ["errors", "uncertain"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_texts_have_contrast(name: str, theme: str) -> None:
    page = page_of(PAGES[name])

    contrasts = numbers(dark(page) if theme == "dark" else page, _CONTRASTS)

    assert len(contrasts) > 50
    assert min(contrasts) >= 4.5


def test_a_name_cannot_break_out_of_its_element() -> None:
    page = page_of(PAGES["errors"])
    script = '() => [document.title, String(document.querySelectorAll("[onclick]").length)]'

    assert measured(without_policy(page), script, TypeAdapter(list[str]).validate_json) == [
        "Request Lens: request-lens",
        "0",
    ]
    assert HOSTILE not in page


def test_the_policy_of_the_page_lets_no_script_run() -> None:
    with pytest.raises(AssertionError, match="did not answer"):
        measured(page_of(PAGES["10 rows"]), "() => 1", TypeAdapter(int).validate_json)


def test_it_brings_all_it_shows() -> None:
    page = page_of(PAGES["200 rows"])

    assert [word for word in ("<script", "<link", "<img", "src=", "@import", "url(http") if word in page] == []
    assert page.partition('class="sheet"')[0].count('class="rl-row"') == MAX_DRAWN


def test_a_long_timeline_is_printed_in_sheets_that_fit_on_the_paper() -> None:
    page = without_policy(page_of(PAGES["200 rows"]))
    printed = page.replace("@media print {", "@media all {")
    heights = '() => [...document.querySelectorAll(".sheet")].map(each => each.getBoundingClientRect().height)'

    found = numbers(printed, heights, width=A4_LANDSCAPE[0])

    assert len(found) == ceil(MAX_DRAWN / SHEET_ROWS)
    assert max(found) <= A4_LANDSCAPE[1]
    assert page.count('class="rl-row"') == 2 * MAX_DRAWN


def test_a_short_timeline_is_drawn_once() -> None:
    assert page_of(PAGES["10 rows"]).count('class="rl-row"') == 10
