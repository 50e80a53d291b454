"""The widget as a browser sets it: what stands where, and whether it can be read."""

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations, pairwise
from typing import Annotated

import pytest
from pydantic import BaseModel, ConfigDict, TypeAdapter
from pydantic.alias_generators import to_camel

from request_lens.application.query import RequestPage, RequestView
from request_lens.domain.facts import RequestId
from request_lens.domain.linking.link import Confidence
from request_lens.presentation.timeline.legend import Sign
from request_lens.presentation.timeline.theme import DARK, LIGHT, Palette, Theme
from tests.browser.busy_minutes import POLICY as BUSY_POLICY
from tests.browser.busy_minutes import Seen, Which, busy_minutes, crowded_minutes, details, seen
from tests.browser.chromium import Looking, measured
from tests.browser.spanned_pages import spanned_details
from tests.browser.widget_pages import ENDPOINT, details_document, document, question, range_document
from tests.support.widget_traffic import HOSTILE, POLICY, request_detail, request_page
from tests.support.world import World
from widget_details import details_page
from widget_timeline import timeline_page

WIDTHS = (400, 500, 700, 800, 1000, 1600)
THEMES: tuple[Theme, ...] = ("light", "dark")
NEARLY = 0.6
"""Half a px: where a browser rounds."""

MEASURE = """() => {
  const box = e => { const b = e.getBoundingClientRect();
    return {left: b.left, top: b.top, right: b.right, bottom: b.bottom}; };
  const ground = (e) => { const svg = e.closest("svg");
    const under = e.matches(".rl-pill-text") ? e.previousElementSibling : svg && svg.querySelector(".rl-background");
    return getComputedStyle(svg ? under : e.closest("td, th, .rlw"))
      [svg ? "fill" : "backgroundColor"]; };
  const texts = [...document.querySelectorAll("svg text, .rlw p, .rlw td, .rlw th")].filter(e => e.textContent.trim());
  const set = e => [...e.childNodes].filter(n => n.nodeType === 3).map(n => n.data).join("");
  return {
    width: document.querySelector("svg").getBoundingClientRect().width,
    texts: texts.map(e => ({...box(e), text: set(e), size: parseFloat(getComputedStyle(e).fontSize),
      colour: getComputedStyle(e)[e.closest("svg") ? "fill" : "color"], ground: ground(e)})),
    rows: [...document.querySelectorAll("g.rl-row")].map(g => ({
      light: box(g.querySelector(".rl-request, .rl-unbounded, .rl-open")),
      calls: [...g.querySelectorAll("rect.rl-call, rect.rl-failed-call, rect.rl-throttled-call, line.rl-tick")].map(box)
    })),
    links: [...document.querySelectorAll("a.rlw-row")].map(box),
    foreign: document.querySelectorAll(".rlw script, .rlw iframe, .rlw use, svg script").length,
    actions: document.querySelectorAll("cwdb-action").length,
  };
}"""


class _Measured(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, frozen=True)


class Box(_Measured):
    left: float
    top: float
    right: float
    bottom: float


class Text(Box):
    text: str
    size: float
    colour: str
    ground: str


class Row(_Measured):
    light: Box
    calls: Sequence[Box]


class Page(_Measured):
    width: float
    texts: Sequence[Text]
    rows: Sequence[Row]
    links: Sequence[Box]
    foreign: Annotated[int, "elements that CloudWatch would strip"]
    actions: int


READ = TypeAdapter(Page).validate_json
NUMBERS = TypeAdapter(list[float]).validate_json


def page_of(shown: Seen | RequestPage, *, theme: Theme = "light", width: int = 1000, font: bool = True) -> Page:
    return measured(
        range_document(shown, theme=theme, width=width, font=font),
        MEASURE,
        READ,
        looking=Looking(width=width + 40),
    )


def _details(which: Which, world: World | None = None, *, theme: Theme = "light", width: int = 1000) -> str:
    return details_document(details(which, world), BUSY_POLICY, theme=theme, width=width)


def overlap(one: Box, other: Box) -> bool:
    return (
        one.left < other.right - NEARLY
        and other.left < one.right - NEARLY
        and one.top < other.bottom - NEARLY
        and other.top < one.bottom - NEARLY
    )


def glyphs(text: Text) -> Box:
    """The line of a text without the room above and below its letters."""
    slack = max(text.bottom - text.top - text.size, 0) / 2
    return Box(left=text.left, right=text.right, top=text.top + slack, bottom=text.bottom - slack)


def inside(inner: Box, outer: Box) -> bool:
    return (
        inner.left >= outer.left - NEARLY
        and inner.right <= outer.right + NEARLY
        and inner.top >= outer.top - NEARLY
        and inner.bottom <= outer.bottom + NEARLY
    )


def luminance(colour: str) -> float:
    """The relative luminance of WCAG 2 of `rgb(…)` or `#rrggbb`."""
    if colour.startswith("#"):
        parts = [int(colour[at : at + 2], 16) for at in (1, 3, 5)]
    else:
        parts = [int(channel) for channel in colour.removeprefix("rgb(").removesuffix(")").split(",")]
    linear = [channel / 255 / 12.92 if channel <= 10 else ((channel / 255 + 0.055) / 1.055) ** 2.4 for channel in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.fixture(scope="module", params=[(w, t) for w in WIDTHS for t in THEMES], ids=lambda p: f"{p[0]}-{p[1]}")
def page(request: pytest.FixtureRequest) -> Page:
    """Ten requests, failed, uncertain and pending ones among them, and calls of none, at each size and theme."""
    width, theme = request.param
    return page_of(seen(), theme=theme, width=width)


def test_no_dark_bar_leaves_its_light_bar(page: Page) -> None:
    assert sum(len(row.calls) for row in page.rows) >= 10
    assert all(inside(call, row.light) for row in page.rows for call in row.calls)


def test_no_texts_overlap(page: Page) -> None:
    boxes = [glyphs(words) for words in page.texts]

    assert not [1 for one, other in combinations(boxes, 2) if overlap(one, other)]
    assert all(box.right <= page.width + NEARLY for box in boxes)


def test_every_text_has_a_contrast_of_at_least_four_and_a_half(page: Page) -> None:
    assert min(contrast(words.colour, words.ground) for words in page.texts) >= 4.5


def test_every_text_is_large_enough_to_read(page: Page) -> None:
    assert min(words.size for words in page.texts) >= 12


def test_a_row_is_a_link_over_its_bar(page: Page) -> None:
    assert len(page.links) == len(page.rows) == page.actions == 10
    assert all(
        link.top <= row.light.top and row.light.bottom <= link.bottom
        for link, row in zip(page.links, page.rows, strict=True)
    )
    assert not [1 for one, other in combinations(page.links, 2) if overlap(one, other)]


def test_nothing_that_cloudwatch_strips_is_needed(page: Page) -> None:
    assert page.foreign == 0


@pytest.mark.parametrize("width", [400, 500, 700])
def test_the_heading_of_the_lanes_is_whole_beside_what_their_figures_are(width: int) -> None:
    page = page_of(seen(crowded_minutes()), width=width)
    (heading,) = (
        words
        for words in page.texts
        if re.fullmatch(r"\d+ (LLM )?calls (without a request|that may be .*)", words.text)
    )
    others = [glyphs(words) for words in page.texts if words is not heading]

    assert 0 <= heading.left < heading.right <= page.width
    assert not [other for other in others if overlap(glyphs(heading), other)]


@pytest.mark.parametrize("width", [400, 500, 1000])
def test_the_number_of_calls_stands_whole_above_the_picture(width: int) -> None:
    above = " ".join(words.text for words in page_of(seen(), width=width).texts)

    assert "20 LLM calls so far: 12 linked, 3 pending, 5 unattributed" in above
    assert "2 failed calls, all throttled" in above
    assert "…" not in above.partition("since each request")[0]


@pytest.mark.parametrize("theme", THEMES)
def test_two_hundred_rows_are_readable(theme: Theme) -> None:
    page = page_of(request_page(200), theme=theme)

    assert len(page.rows) == len(page.links) == 200
    assert all(inside(call, row.light) for row in page.rows for call in row.calls)
    assert all(row.light.right - row.light.left >= 40 for row in page.rows)
    assert min(box.right - box.left for row in page.rows for box in row.calls) >= 2
    lines = sorted((glyphs(words) for words in page.texts), key=lambda box: box.top)
    near = [(one, other) for at, one in enumerate(lines) for other in lines[at + 1 : at + 12]]
    assert not [1 for one, other in near if overlap(one, other)]


@pytest.mark.parametrize("width", WIDTHS)
def test_failed_attempts_stay_inside_their_request_too(width: int) -> None:
    page = page_of(request_page(10, failing=True), width=width)

    assert all(inside(call, row.light) for row in page.rows for call in row.calls)
    boxes = [glyphs(words) for words in page.texts]
    assert not [1 for one, other in combinations(boxes, 2) if overlap(one, other)]


def test_the_systems_own_font_fits_too() -> None:
    found = page_of(seen(), width=600, font=False)
    boxes = [glyphs(words) for words in found.texts]

    assert not [1 for one, other in combinations(boxes, 2) if overlap(one, other)]


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=THEMES)
def test_shapes_differ_in_greyscale(palette: Palette) -> None:
    assert contrast(palette.call, palette.request) >= 3
    assert contrast(palette.failed, palette.request) >= 3
    assert contrast(palette.throttled, palette.request) >= 3
    assert contrast(palette.tool, palette.request) >= 5
    assert contrast(palette.tool, palette.tool_fill) >= 5  # a tool is an outline with a pale inside
    assert contrast(palette.call, palette.tool_fill) >= 5  # a call is filled
    assert contrast(palette.failed, palette.tool_fill) >= 3  # a failed tool's mark
    assert contrast(palette.request_edge, palette.background) >= 3
    assert contrast(palette.call, palette.background) >= 3


def test_a_hostile_name_stays_a_text_in_both_pages() -> None:
    rows = measured(
        document(timeline_page(request_page(3, route=HOSTILE), question(), POLICY, endpoint=ENDPOINT)), MEASURE, READ
    )
    asked = question(request_id="request-0001")
    calls = measured(
        document(details_page(request_detail(route=HOSTILE), asked, POLICY, endpoint=ENDPOINT)), MEASURE, READ
    )

    assert (rows.foreign, rows.actions, len(rows.rows)) == (0, 3, 3)
    assert (calls.foreign, calls.actions) == (0, 0)
    assert any(HOSTILE in words.text for words in calls.texts)


@pytest.mark.parametrize("theme", THEMES)
def test_the_details_are_readable(theme: Theme) -> None:
    page = measured(_details(Which.ALONE, crowded_minutes(), theme=theme), MEASURE, READ)

    assert "and 2 more calls, which request-lens requests --unattributed lists." in {words.text for words in page.texts}
    assert min(contrast(words.colour, words.ground) for words in page.texts) >= 4.5
    boxes = [glyphs(words) for words in page.texts]
    assert not [1 for one, other in combinations(boxes, 2) if overlap(one, other)]


LONG = "POST /agents/{agent}/conversations"


_LEFTS = """() => { const left = each => { const range = document.createRange(); range.selectNodeContents(each);
  return range.getBoundingClientRect().left; };
  return ["svg text", ".rlw p", ".rlw th"].map(name => left(document.querySelector(name))); }"""


@pytest.mark.parametrize("width", WIDTHS)
def test_sentences_and_tables_begin_where_the_picture_does(width: int) -> None:
    lefts = measured(_details(Which.TAGGED, width=width), _LEFTS, NUMBERS, looking=Looking(width=width))

    assert max(lefts) - min(lefts) < 1


def test_a_page_of_a_request_has_its_status_whole_where_its_route_is_cut() -> None:
    asked = question(request_id="request-0001", width=400)
    page = document(details_page(request_detail(route=LONG), asked, POLICY, endpoint=ENDPOINT))
    above = [words.text for words in measured(page, MEASURE, READ, looking=Looking(width=400)).texts]

    assert above[0].endswith("…")
    assert above[1] == "status 200 · request-0001"


@pytest.mark.parametrize("width", [400, 1000])
def test_a_long_route_is_whole_in_a_narrow_widget_and_a_wide_one(width: int) -> None:
    page = page_of(request_page(5, route=LONG), width=width)

    assert sum(words.text == LONG for words in page.texts) == 5
    boxes = [glyphs(words) for words in page.texts]
    assert not [1 for one, other in combinations(boxes, 2) if overlap(one, other)]


@pytest.mark.parametrize("count", [10, 44])
@pytest.mark.parametrize("width", WIDTHS)
def test_each_row_tells_its_request_from_others_without_a_click(width: int, count: int) -> None:
    requests = request_page(count, pending=3, uncertain=4).requests
    ids = [f"{at:08x}-103e-4f3c-8217-0386fee29476" for at in range(count)]
    named = (
        replace(each, record=replace(each.record, request_id=RequestId(id_)))
        for each, id_ in zip(requests, ids, strict=True)
    )
    texts = page_of(RequestPage(requests=list(named)), width=width).texts

    assert all(sum(id_[:8] in words.text for words in texts) == 1 for id_ in ids)
    boxes = sorted(map(glyphs, texts), key=lambda box: box.top)
    assert not [1 for at, one in enumerate(boxes) for other in boxes[at + 1 : at + 14] if overlap(one, other)]


@pytest.mark.parametrize("width", [400, 700, 1000, 1280])
@pytest.mark.parametrize("count", [42, 200])
def test_each_row_of_many_has_its_id_beside_a_status_and_wide_figures(width: int, count: int) -> None:
    requests = request_page(count, route="POST /ask", uncertain=count // 2, failing=True).requests
    ids = [f"{at:08x}-103e-4f3c-8217-0386fee29476" for at in range(count)]
    records = (
        replace(each.record, request_id=RequestId(id_), status=504 if at % 3 == 0 else 200)
        for at, (each, id_) in enumerate(zip(requests, ids, strict=True))
    )
    named = [replace(each, record=record) for each, record in zip(requests, records, strict=True)]
    texts = page_of(RequestPage(requests=named), width=width).texts

    assert all(sum(id_[:8] in words.text for words in texts) == 1 for id_ in ids)
    boxes = sorted(map(glyphs, texts), key=lambda box: box.top)
    assert not [1 for at, one in enumerate(boxes) for other in boxes[at + 1 : at + 14] if overlap(one, other)]


@pytest.mark.parametrize(("width", "lines"), [(1000, 2), (700, 3), (400, 7)])
def test_the_legend_takes_no_more_lines_than_it_needs_and_little_room_is_left_below(width: int, lines: int) -> None:
    page = page_of(seen(), width=width)
    tops = {round(words.top) for words in page.texts if words.text in {sign.value for sign in Sign}}
    last = max(words.bottom for words in page.texts if words.text in {sign.value for sign in Sign})
    note = min(words.top for words in page.texts if words.text.startswith("For example 0 to "))

    assert len(tops) <= lines
    assert note - last < 32


@pytest.mark.parametrize("width", [400, 640, 800, 899, 1000])
def test_the_longest_bar_has_two_fifths_of_the_widget_at_least(width: int) -> None:
    page = page_of(seen(), width=width)

    assert max(row.light.right - row.light.left for row in page.rows) >= 0.4 * width


@pytest.mark.parametrize("width", [900, 1_200])
def test_rows_of_a_long_picture_stay_low_at_any_width_that_has_room_beside(width: int) -> None:
    page = page_of(request_page(60), width=width)
    tops = [link.top for link in page.links]

    assert max(below - above for above, below in pairwise(tops[:20])) < 30


@pytest.mark.parametrize("lost", [True, False])
def test_the_legend_says_what_a_grey_bar_is_where_there_is_one(*, lost: bool) -> None:
    words = {each.text for each in page_of(seen() if lost else request_page(3)).texts}

    assert (Sign.UNATTRIBUTED.value in words) is lost


def test_what_failed_and_what_was_refused_are_counted_apart_as_the_legend_names_both() -> None:
    first, second, *others = request_page(5).requests
    refused = replace(second, record=replace(second.record, status=404))
    page = page_of(RequestPage(requests=[first, refused, *others]))
    above = " · ".join(words.text for words in page.texts)

    assert "5 requests: 1 failed (5xx), 1 refused (4xx) · " in above
    assert "status 5xx or 4xx" in above


@pytest.mark.parametrize("world", [busy_minutes(), crowded_minutes()], ids=["busy", "crowded"])
def test_what_may_be_a_requests_own_is_among_the_calls_without_a_request_below_it(world: World) -> None:
    shown = seen(world)
    lost = {call.invocation.invocation_id for call in shown.lost.calls}
    places = [at for at, each in enumerate(shown.page.requests) if not (each.is_pending or is_certain(each))]
    assert len(places) == 3
    for place in places:
        found = details(place, world)
        assert found.view is not None
        assert found.view.summary is not None
        assert len(found.possible) == found.view.summary.possible_calls
        assert {call.invocation.invocation_id for call in found.possible} <= lost


def is_certain(view: RequestView) -> bool:
    return view.summary is not None and view.summary.is_certain


def test_so_far_is_said_where_requests_are_pending_and_what_that_is() -> None:
    def above(world: World) -> str:
        return " · ".join(words.text for words in page_of(seen(world)).texts)

    assert "3 pending, 3 uncertain · 20 LLM calls so far: 12 linked, 3 pending, " in above(busy_minutes())
    assert "3 requests pending: decided about two and a half minutes after their end by default. Dashed calls" in above(
        busy_minutes()
    )
    assert "pending" not in above(crowded_minutes())
    assert "so far" not in above(crowded_minutes())


def test_so_far_is_said_of_each_figure_of_a_pending_request_on_its_page() -> None:
    asked = question(request_id="request-0001")
    page = details_page(request_detail(pending=True), asked, POLICY, endpoint=ENDPOINT).replace("&nbsp;", " ")

    times = "LLM time 2.4 s so far · other time 1.1 s so far (in tools: unknown)"
    assert f"2 LLM calls so far · 0 failed so far, 0 of them throttled · {times} · tokens in / out " in page
    assert re.search(r"tokens in / out [\d,]+ / \d+ so far · estimated cost \$[\d.]+ \+ 1 unpriced so far, by ", page)
    assert "so far" not in details_page(request_detail(), question(), POLICY, endpoint=ENDPOINT)


def test_that_no_tool_ran_is_a_word_however_calls_were_linked() -> None:
    detail = request_detail()
    assert detail.view is not None
    assert detail.view.summary is not None
    for confidence in (Confidence.EXACT, Confidence.INFERRED):
        bars = tuple(replace(bar, confidence=confidence) for bar in detail.view.summary.bars)
        summary = replace(detail.view.summary, tool_time_ms=0, bars=bars)
        page = details_page(
            replace(detail, view=replace(detail.view, summary=summary)), question(), POLICY, endpoint=ENDPOINT
        )
        assert "(in tools: none)" in page


def test_a_note_says_what_stands_at_an_uncertain_request() -> None:
    page = page_of(seen())
    notes = [words.text for words in page.texts if "What helps" in words.text]

    assert len(notes) == 1
    sign, _, meaning = notes[0].partition(": ")
    calls, _, possible = sign.removeprefix("For example ").rpartition(" ")
    assert {calls, possible} == {"0 to 2", "possible"}
    assert {calls, possible} <= {words.text for words in page.texts}
    # The roles of these requests' agents are named already.
    assert meaning == "at least 0 LLM calls; 2 unlinked calls may be its own. What helps: tag the calls."


@pytest.mark.parametrize("which", Which)
def test_a_page_of_a_request_is_whole_in_a_widget_of_half_a_dashboard(which: Which) -> None:
    pages = [_details(which, width=800), spanned_details(width=800)]
    for page in pages:
        texts = measured(page, MEASURE, READ, looking=Looking(width=800)).texts

        assert max(words.right for words in texts) <= 800


def test_how_a_call_was_correlated_and_its_cost_are_in_sight_in_a_narrow_details_page() -> None:
    page = measured(_details(Which.TAGGED, width=600), MEASURE, READ, looking=Looking(width=600))
    edges = {words.text: words.right for words in page.texts}

    assert max(edges["Correlated by"], edges["Estimated cost"]) <= 600
