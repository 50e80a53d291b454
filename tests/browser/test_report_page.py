"""The report's page in a browser: readable in every window, both themes and on paper, whole without a script."""

import re
from collections.abc import Sequence
from dataclasses import replace

import pytest
from pydantic import TypeAdapter

from request_lens_cli.html_report.timeline_section import MAX_DRAWN, WIDTHS
from request_lens_cli.report.labels import read_labels
from request_lens_cli.report.report import Report
from scripts.scenarios.generate import EVENTS
from tests.browser.chromium import CHECKOUT, Looking, measured, photograph, printed
from tests.browser.report_pages import HOSTILE, about, article, errors, many, page_of, replayed, signs
from tests.browser.spanned_pages import spanned_report
from tests.browser.widget_pages import grey

PICTURES = CHECKOUT / "out" / "report-pages"
PAGES = {
    "10 rows": article(),
    "200 rows": many(200),
    "empty": Report(requests=[], unlinked=[]),
    "errors": errors(),
    "uncertain": replayed("overlap"),
    "spans": spanned_report(),
    "signs": signs(),
    "about": about(),
    "prompts": replace(article(), labels=read_labels(EVENTS / "article" / "labels.json")),
}
LONG = {"empty": 500, "200 rows": 3000, "signs": 4000, "about": 4000}
WINDOWS = (390, 768, 1024, 1280)
A4_LANDSCAPE = (1031, 717)
"""Px within margins of 12 mm beside and 10 mm above and below."""

NARROW = (
    *(Looking(width=width, height=2600) for width in WINDOWS[:3]),
    Looking(width=A4_LANDSCAPE[0], height=1800, printed=True),
)

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
  const said = "td, th, dd, dt, h1, h2, li, footer, strong, code, caption, a, summary, .below";
  return [...document.querySelectorAll(said)].map(each => {
    const [a, b] = [light(getComputedStyle(each).color), light(behind(each))].sort((x, y) => y - x);
    return (a + 0.05) / (b + 0.05); });
}"""

_SHOWN = """() => [...document.querySelectorAll(".picture")]
  .filter(each => getComputedStyle(each).display !== "none").map(each => each.className)"""
_SVG_TEXTS = """() => [...document.querySelectorAll(".picture text")].map(each => each.getBoundingClientRect())
  .filter(box => box.width).flatMap(box => [box.left, box.right])"""
_STRIPS = """() => [...document.querySelectorAll(".paper svg")]
  .map(each => each.getBoundingClientRect().height)"""

_SCROLLING = """() => [...document.querySelectorAll(".scroll")].filter(each => each.scrollWidth > each.clientWidth)
  .map(each => each.getAttribute("aria-label"))"""
_CARDS_BY_ROW = """() => { const rows = {};
  for (const each of document.querySelectorAll(".kpis > div")) {
    const top = Math.round(each.getBoundingClientRect().top); rows[top] = (rows[top] ?? 0) + 1; }
  return Object.values(rows); }"""
_SHARE_DRAWN = """() => { const width = each => each.getBoundingClientRect().width;
  const shown = [...document.querySelectorAll(".picture svg")].map(width).find(each => each);
  return [shown / width(document.querySelector(".timeline"))]; }"""

NUMBERS = TypeAdapter(list[float]).validate_json
TEXTS = TypeAdapter(list[str]).validate_json


def numbers(name: str, expression: str, looking: Looking) -> Sequence[float]:
    return measured(page_of(PAGES[name]), expression, NUMBERS, looking=looking)


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_is_photographed_in_both_themes(name: str, theme: str) -> None:
    target = PICTURES / f"{name.replace(' ', '-')}-{theme}.png"

    photograph(
        page_of(PAGES[name]),
        target,
        looking=Looking(width=1340, height=LONG.get(name, 2300), dark=theme == "dark"),
    )

    assert target.stat().st_size > 5_000


@pytest.mark.parametrize("name", ["errors", "spans"])
def test_it_is_photographed_without_colours(name: str) -> None:
    target = PICTURES / f"{name}-grey.png"

    photograph(grey(page_of(PAGES[name])), target, looking=Looking(width=1340, height=2300))

    assert target.stat().st_size > 5_000


@pytest.mark.parametrize("looking", NARROW, ids=["telephone", "tablet", "small laptop", "paper"])
def test_it_is_photographed_in_narrow_windows_and_on_paper(looking: Looking) -> None:
    target = PICTURES / f"uncertain-{looking.width}.png"

    photograph(page_of(PAGES["uncertain"]), target, looking=looking)

    assert target.stat().st_size > 5_000


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("width", WINDOWS)
def test_no_text_is_cut_off_and_nothing_scrolls_sideways(name: str, width: int) -> None:
    looking = Looking(width=width)

    assert measured(page_of(PAGES[name]), _CUT_OFF, TEXTS, looking=looking) == []
    assert measured(page_of(PAGES[name]), _SCROLLING, TEXTS, looking=looking) == []
    assert measured(page_of(PAGES[name]), _TOO_WIDE, TypeAdapter(float).validate_json, looking=looking) <= 0


@pytest.mark.parametrize(("width", "shown"), list(zip(WINDOWS, ("narrow", "middle", "wide", "wide"), strict=True)))
def test_a_window_shows_the_timeline_that_fits_into_it_whole(width: int, shown: str) -> None:
    looking = Looking(width=width)

    assert measured(page_of(PAGES["errors"]), _SHOWN, TEXTS, looking=looking) == [f"picture {shown}"]
    edges = numbers("errors", _SVG_TEXTS, looking)
    assert len(edges) > 20
    assert min(edges) >= 0
    assert max(edges) <= width


@pytest.mark.parametrize("width", [800, 900, 999, 1000, 1099, 1100, 1200, 1339])
@pytest.mark.parametrize("name", ["uncertain", "200 rows", "spans", "errors", "signs", "about"])
def test_tables_of_figures_are_seen_whole_on_a_tablet_and_a_laptop(name: str, width: int) -> None:
    looking = Looking(width=width)

    assert measured(page_of(PAGES[name]), _SCROLLING, TEXTS, looking=looking) == []
    assert measured(page_of(PAGES[name]), _CUT_OFF, TEXTS, looking=looking) == []


@pytest.mark.parametrize("width", [*WINDOWS, 900, 1100])
@pytest.mark.parametrize("name", ["200 rows", "spans"])
def test_no_line_of_a_route_ends_with_a_slash(name: str, width: int) -> None:
    lines = """() => [...document.querySelectorAll("td")].filter(each => /^[A-Z]+ \\//.test(each.textContent))
      .flatMap(cell => { const range = document.createRange(), found = [];
        const walker = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
        for (let node = walker.nextNode(); node; node = walker.nextNode())
          [...node.data].forEach((letter, at) => { range.setStart(node, at); range.setEnd(node, at + 1);
            const top = Math.round(range.getBoundingClientRect().top);
            if (!found.length || Math.abs(found.at(-1)[0] - top) > 3) found.push([top, ""]);
            found.at(-1)[1] += letter; });
        return found.map(([, line]) => line.trim()); })"""
    shown = measured(page_of(PAGES[name]), lines, TEXTS, looking=Looking(width=width))

    assert len(shown) > 10
    assert [line for line in shown if line.endswith("/")] == []


def test_a_route_of_thirty_characters_is_whole_on_a_laptop() -> None:
    heights = """() => [...document.querySelectorAll('[aria-label="By route"] td:first-child span')]
      .map(each => new Set([...each.getClientRects()].map(box => Math.round(box.top))).size)"""

    assert numbers("200 rows", heights, Looking(width=1280)) == [1, 1, 1]


@pytest.mark.parametrize("width", [390, 768, 1280])
def test_a_prompt_stands_above_its_requests_id(width: int) -> None:
    apart = """() => [...document.querySelectorAll('[aria-label^="All requests"] td:first-child')].map(cell => {
      const range = document.createRange(); range.selectNode(cell.firstChild);
      return cell.querySelector("code").getBoundingClientRect().top - range.getBoundingClientRect().bottom; })"""

    assert min(numbers("prompts", apart, Looking(width=width))) >= -3


def test_a_figure_and_its_note_are_told_apart_on_paper_and_a_telephone() -> None:
    dots = """() => [...document.querySelectorAll("td:not(:first-child) .note")]
      .map(each => getComputedStyle(each, "::before").content)"""
    for looking in (NARROW[0], NARROW[-1]):
        signs = measured(page_of(PAGES["uncertain"]), dots, TEXTS, looking=looking)
        assert len(signs) > 10
        assert all("·" in sign for sign in signs)


def test_a_prompt_on_paper_ends_without_a_dot() -> None:
    dots = """() => [...document.querySelectorAll("td:first-child .note")]
      .map(each => getComputedStyle(each, "::before").content)"""
    for looking in (NARROW[0], NARROW[-1]):
        signs = measured(page_of(PAGES["prompts"]), dots, TEXTS, looking=looking)
        assert len(signs) > 5
        assert set(signs) == {"none"}


@pytest.mark.parametrize(("width", "is_said"), [(390, True), (800, False), (1280, False)])
def test_a_window_says_what_its_timeline_leaves_out(width: int, *, is_said: bool) -> None:
    shown = """() => document.querySelector(".left-out").checkVisibility()"""

    assert (
        measured(page_of(PAGES["10 rows"]), shown, TypeAdapter(bool).validate_json, looking=Looking(width=width))
        is is_said
    )


def test_each_figure_of_a_request_linked_by_time_has_its_sign() -> None:
    figures = """() => [...document.querySelectorAll('[aria-label^="All requests"] tbody tr')].flatMap(
      row => [...row.querySelectorAll("td.number")].slice(2).map(cell => cell.textContent))"""
    shown = measured(page_of(PAGES["10 rows"]), figures, TEXTS)

    assert len(shown) == 10 * 6
    assert {each.split()[0] for each in shown} == {"≈", "–", "none"}


@pytest.mark.parametrize("width", WINDOWS)
@pytest.mark.parametrize("name", ["uncertain", "signs"])
def test_no_text_of_the_picture_covers_another(name: str, width: int) -> None:
    covered = """() => { const texts = [...document.querySelectorAll(".picture text")]
      .map(each => [each.getBoundingClientRect(), each.textContent]).filter(([box]) => box.width);
      return texts.flatMap(([a, one], at) => texts.slice(at + 1).filter(([b]) => a.left < b.right - 1
        && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1)
        .map(([, other]) => `${one} / ${other}`)); }"""

    assert measured(page_of(PAGES[name]), covered, TEXTS, looking=Looking(width=width)) == []


@pytest.mark.parametrize("width", [*WINDOWS, 900])
@pytest.mark.parametrize("name", ["uncertain", "signs"])
def test_no_number_of_a_card_stands_on_a_line_without_its_unit(name: str, width: int) -> None:
    parted = """() => [...document.querySelectorAll(".kpis dd, .kpis dd *")].filter(each => {
      const range = document.createRange(); const node = each.firstChild;
      if (node.nodeType !== Node.TEXT_NODE) return false;
      return [...node.data.matchAll(/[≈≥]\\s?[$0-9.,]+|[0-9.]+\\s+s\\b/g)].some(found => {
        range.setStart(node, found.index); range.setEnd(node, found.index + found[0].length);
        return new Set([...range.getClientRects()].map(box => Math.round(box.top))).size > 1; }); })
      .map(each => each.textContent)"""

    assert measured(page_of(PAGES[name]), parted, TEXTS, looking=Looking(width=width)) == []


@pytest.mark.parametrize(
    ("width", "leave"), [(390, False), (767, False), (768, True), (999, True), (1000, False), (1280, False)]
)
def test_a_table_on_a_tablet_alone_has_fewer_columns_and_names_those_that_are_missing(
    width: int, *, leave: bool
) -> None:
    shown = """() => [...document.querySelectorAll('[aria-label^="All requests"] .leaves, .absent')]
      .filter(each => getComputedStyle(each).display !== "none").map(each => each.className)"""
    caption = """() => [document.querySelector('[aria-label^="All requests"] caption').innerText]"""
    seen = measured(page_of(PAGES["10 rows"]), shown, TEXTS, looking=Looking(width=width))
    (said,) = measured(page_of(PAGES["10 rows"]), caption, TEXTS, looking=Looking(width=width))

    assert ("absent" in seen) is leave
    assert any("leaves" in each for each in seen) is not leave
    title, _, note = said.partition("\n")
    assert title == "All requests, the newest first"
    assert note == ("In a wider window and on paper also: Other time, Time in tools, Correlated by." if leave else "")
    on_paper = measured(page_of(PAGES["10 rows"]), shown, TEXTS, looking=NARROW[-1])
    assert "absent" not in on_paper
    assert any("leaves" in each for each in on_paper)


@pytest.mark.parametrize("width", [768, 1024, 1280])
def test_a_table_fills_the_window_and_its_lines_are_low(width: int) -> None:
    filled = """() => { const table = document.querySelector('[aria-label^="All requests"] table');
      const rows = [...table.querySelectorAll("tbody tr")].map(each => each.getBoundingClientRect().height);
      return [table.getBoundingClientRect().width / document.querySelector("main").clientWidth, Math.max(...rows)]; }"""
    share, height = numbers("200 rows", filled, Looking(width=width))

    assert share > 0.99
    assert height < 60


_GAPS = """() => [...document.querySelectorAll("tr")].flatMap(row => {
  const texts = [...row.children].filter(cell => cell.offsetWidth && cell.textContent).map(cell => {
    const range = document.createRange(); range.selectNodeContents(cell);
    return range.getBoundingClientRect(); });
  return texts.slice(1).map((text, at) => text.left - texts[at].right); })"""


@pytest.mark.parametrize("width", [768, 1024, 1280, 1400])
@pytest.mark.parametrize("name", ["10 rows", "errors", "spans", "signs"])
def test_two_columns_never_read_as_one(name: str, width: int) -> None:
    """Within a cell words are 4 px apart."""
    assert min(numbers(name, _GAPS, Looking(width=width))) >= 12


@pytest.mark.parametrize(("width", "is_card"), [(390, True), (767, True), (768, False), (1024, False), (1280, False)])
def test_a_request_is_a_card_with_named_figures_where_its_line_has_no_room(width: int, *, is_card: bool) -> None:
    words = """() => [...document.querySelectorAll('[aria-label^="All requests"] tbody tr:first-child td')]
      .map(each => getComputedStyle(each, "::before").content)"""
    names = measured(page_of(PAGES["uncertain"]), words, TEXTS, looking=Looking(width=width))

    assert ('"LLM calls"' in names) is is_card
    assert ('"LLM calls"' in measured(page_of(PAGES["uncertain"]), words, TEXTS, looking=NARROW[-1])) is False


def test_the_lines_of_a_card_begin_at_one_edge() -> None:
    edges = """() => [...document.querySelectorAll('[aria-label^="Requests with spans"] td')]
      .map(each => parseFloat(getComputedStyle(each).paddingLeft))"""

    assert set(numbers("spans", edges, Looking(width=390))) == {0}


@pytest.mark.parametrize("width", [*WINDOWS, 740, 900, 1000, 1200, 1340])
def test_no_row_of_cards_has_a_hole(width: int) -> None:
    assert len(set(numbers("errors", _CARDS_BY_ROW, Looking(width=width)))) == 1


@pytest.mark.parametrize("width", [*WINDOWS, 740, 900, 999, 1000, 1200, 1340])
def test_the_timeline_fills_its_card(width: int) -> None:
    (share,) = numbers("10 rows", _SHARE_DRAWN, Looking(width=width))

    assert 0.94 < share <= 1


@pytest.mark.parametrize("width", [390, 740, 768, 999])
@pytest.mark.parametrize("name", ["10 rows", "uncertain", "spans", "errors"])
def test_the_longest_bar_is_as_wide_as_the_timeline_in_a_window_that_is_no_laptops(name: str, width: int) -> None:
    share = """() => { const width = each => each.getBoundingClientRect().width;
      const shown = [...document.querySelectorAll(".picture")].find(width);
      return [Math.max(...[...shown.querySelectorAll(".rl-row rect")].map(width)) / width(shown)]; }"""
    (longest,) = numbers(name, share, Looking(width=width))

    assert longest > 0.9


@pytest.mark.parametrize("name", ["errors", "uncertain"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_texts_have_contrast(name: str, theme: str) -> None:
    contrasts = numbers(name, _CONTRASTS, Looking(dark=theme == "dark"))

    assert len(contrasts) > 50
    assert min(contrasts) >= 4.5


def test_a_name_cannot_break_out_of_its_element() -> None:
    page = page_of(PAGES["errors"])
    script = '() => [document.title, String(document.querySelectorAll("[onclick]").length)]'

    assert measured(page, script, TEXTS) == ["Request Lens: request-lens", "0"]
    assert HOSTILE not in page


def test_the_policy_of_the_page_lets_no_script_run() -> None:
    page = page_of(PAGES["10 rows"]) + "<script>document.title = 'ran'</script>"

    assert measured(page, "() => [document.title]", TEXTS) == ["Request Lens: request-lens"]


def test_a_page_without_a_request_says_what_to_do() -> None:
    assert "request-lens attach-api" in page_of(PAGES["empty"])
    assert "request-lens doctor" in page_of(PAGES["empty"])


def test_it_brings_all_it_shows() -> None:
    page = page_of(PAGES["200 rows"])

    assert [word for word in ("<script", "<link", "<img", "src=", "@import", "url(http") if word in page] == []
    assert page.count('class="rl-row"') == len(WIDTHS) * MAX_DRAWN


@pytest.mark.parametrize("name", ["10 rows", "200 rows", "uncertain"])
def test_the_legend_is_on_the_first_sheet_above_the_rows(name: str) -> None:
    places = """() => [document.querySelector(".paper .rl-legend").getBoundingClientRect().bottom,
      document.querySelector(".paper .rl-row").getBoundingClientRect().top]"""
    legend, row = numbers(name, places, Looking(width=A4_LANDSCAPE[0], printed=True))

    assert legend < min(row, A4_LANDSCAPE[1])


@pytest.mark.parametrize("name", ["10 rows", "200 rows", "uncertain"])
def test_nothing_that_paper_keeps_together_is_half_a_sheet_high(name: str) -> None:
    looking = Looking(width=A4_LANDSCAPE[0], printed=True)

    assert measured(page_of(PAGES[name]), _SHOWN, TEXTS, looking=looking) == ["picture paper"]
    heights = numbers(name, _STRIPS, looking)
    assert 0 < max(heights) < A4_LANDSCAPE[1] / 2


@pytest.mark.parametrize("name", ["10 rows", "200 rows", "uncertain"])
def test_paper_says_the_axis_again_on_each_sheet(name: str) -> None:
    """Chromium repeats the head of a table that is no higher than a quarter of the sheet, and is kept together."""
    looking = Looking(width=A4_LANDSCAPE[0], printed=True)
    displays = (
        """() => [".axis", ".strips"].map(part => getComputedStyle(document.querySelector(".paper " + part)).display)"""
    )
    heads = """() => [...document.querySelectorAll(".paper .axis, thead")]
      .map(each => each.getBoundingClientRect().height)"""

    assert measured(page_of(PAGES[name]), displays, TEXTS, looking=looking) == ["table-header-group", "table-row-group"]
    assert 0 < max(numbers(name, heads, looking)) < A4_LANDSCAPE[1] / 4


def test_paper_says_the_axis_on_top_of_its_sheets_alone() -> None:
    """On a screen it is said again between rows, so that it is in sight; that would be anywhere on a sheet."""
    again = """() => [...document.querySelectorAll(".wide .again, .paper .again")]
      .filter(each => getComputedStyle(each.closest(".picture")).display !== "none")
      .map(each => getComputedStyle(each).display)"""
    looking = Looking(width=A4_LANDSCAPE[0], printed=True)

    assert set(measured(page_of(PAGES["200 rows"]), again, TEXTS, looking=looking)) == {"none"}
    assert set(measured(page_of(PAGES["200 rows"]), again, TEXTS, looking=Looking(width=1280))) == {"block"}


def test_the_newest_request_is_on_top_of_the_timeline_and_of_the_table_and_both_say_so() -> None:
    ids = """() => [document.querySelector(".wide .rl-row .rl-muted").lastChild.textContent,
      document.querySelector('[aria-label^="All requests"] tbody code').textContent]"""
    drawn, listed = measured(page_of(PAGES["10 rows"]), ids, TEXTS)

    assert drawn.endswith(f"· {listed}")
    assert listed == "zNXpNSVpc1oQLR2="
    assert page_of(PAGES["10 rows"]).count("he newest first") == len(WIDTHS) + 2


@pytest.mark.parametrize("name", ["10 rows", "200 rows", "uncertain"])
def test_the_timeline_on_paper_is_as_wide_as_the_sheet_and_its_texts_can_be_read(name: str) -> None:
    shown = """() => { const svg = document.querySelector(".paper .axis svg"), box = svg.getBoundingClientRect();
      return [box.width / document.querySelector("main").clientWidth, 12 * box.width / svg.viewBox.baseVal.width]; }"""
    share, smallest = numbers(name, shown, Looking(width=A4_LANDSCAPE[0], printed=True))

    assert share > 0.99
    assert smallest >= 8


@pytest.mark.parametrize(("name", "low"), [("10 rows", 140), ("uncertain", 125), ("signs", 145), ("spans", 160)])
def test_cards_on_a_telephone_are_low_and_say_all_that_paper_says(name: str, low: int) -> None:
    cards = """() => [...document.querySelectorAll('[aria-label^="All requests"] tbody tr')]
      .map(each => each.getBoundingClientRect().height)"""
    cells = """() => [...document.querySelectorAll("td")].filter(each => each.getBoundingClientRect().height)
      .map(each => each.textContent)"""
    heights = sorted(numbers(name, cards, Looking(width=390)))
    shown, on_paper = (
        measured(page_of(PAGES[name]), cells, TEXTS, looking=looking) for looking in (NARROW[0], NARROW[-1])
    )

    assert heights[len(heights) // 2] <= low
    assert "–" in on_paper
    assert shown == on_paper


@pytest.mark.parametrize("name", ["spans", "uncertain", "errors"])
def test_each_figure_of_a_card_on_a_telephone_stands_behind_its_name(name: str) -> None:
    nameless = """() => [...document.querySelectorAll(".wide-table td:not(:first-child)")]
      .filter(each => !/[a-zA-Z]/.test(getComputedStyle(each, "::before").content)).map(each => each.textContent)"""

    assert measured(page_of(PAGES[name]), nameless, TEXTS, looking=NARROW[0]) == []


@pytest.mark.parametrize("width", [768, 900, 1024, 1280])
@pytest.mark.parametrize("name", ["10 rows", "uncertain", "spans"])
def test_an_id_of_sixteen_characters_is_not_broken(name: str, width: int) -> None:
    lines = """() => [...document.querySelectorAll("td code")].filter(each => each.textContent.length <= 16)
      .map(each => { const range = document.createRange(); range.selectNodeContents(each);
        return new Set([...range.getClientRects()].map(box => Math.round(box.top))).size; })"""

    assert set(numbers(name, lines, Looking(width=width))) == {1}


def test_a_trace_on_a_tablet_breaks_in_its_middle_alone() -> None:
    lines = """() => [...document.querySelectorAll("td .below a")].map(
      each => { const range = document.createRange(); range.selectNodeContents(each);
        return new Set([...range.getClientRects()].map(box => Math.round(box.top))).size; })"""

    assert [set(numbers("spans", lines, Looking(width=width))) for width in (768, 1024, 1280)] == [{2}, {2}, {1}]


@pytest.mark.parametrize("name", ["10 rows", "uncertain", "signs"])
def test_an_id_on_a_tablet_is_whole(name: str) -> None:
    """It may be broken over lines, and has all of its characters within its cell and its window."""
    cut = """() => [...document.querySelectorAll("td code")].filter(each => { const range = document.createRange();
      range.selectNodeContents(each); const [text, cell] = [range, each.closest("td")]
        .map(part => part.getBoundingClientRect());
      return getComputedStyle(each).textOverflow !== "clip" || !text.width || text.left < cell.left - 1
        || text.right > cell.right + 1 || text.bottom > cell.bottom + 1 || text.right > innerWidth; })
      .map(each => each.textContent)"""
    ids = """() => [...document.querySelectorAll('[aria-label^="All requests"] td code')]
      .map(each => each.textContent)"""
    looking = Looking(width=768)

    assert measured(page_of(PAGES[name]), cut, TEXTS, looking=looking) == []
    assert set(measured(page_of(PAGES[name]), ids, TEXTS, looking=looking)) == {
        state.request_id for state in PAGES[name].requests
    }


def test_a_call_without_a_request_is_no_speck() -> None:
    sizes = """() => [...document.querySelectorAll(".wide .rl-lane .rl-unattributed")].flatMap(
      each => [each.width.baseVal.value - 1, each.height.baseVal.value])"""
    for name in ("200 rows", "uncertain", "errors"):
        assert min(numbers(name, sizes, Looking())) >= 3


@pytest.mark.parametrize(("name", "sheets"), [("10 rows", 2), ("uncertain", 2)])
def test_a_small_report_takes_two_sheets(name: str, sheets: int) -> None:
    assert len(re.findall(rb"/Type\s*/Page\b", printed(page_of(PAGES[name])))) == sheets
