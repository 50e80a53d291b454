"""Cheap parts of the benchmarks' documents, run with every test: a change of what they measure shows at once."""

import re
from itertools import pairwise

import pytest

from tests.benchmark.cost_table import CASES, MONTHS, PAGE, Case, Told, figures, monthly, spans_table, table, used
from tests.benchmark.linking_figure import ALONE_PANEL, DOCUMENT, FIELD_PANEL, LABEL_GAP, Panel, apart, point
from tests.benchmark.monthly_bill import LABELS
from tests.support.metering.list_prices import cost_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

CHEAP_GAP_S = 60
"""Where requests lie far apart a replay is short."""


@pytest.mark.parametrize("panel", [ALONE_PANEL, FIELD_PANEL], ids=lambda panel: panel.title)
def test_the_linking_picture_has_the_first_point_of_today(panel: Panel) -> None:
    (described,) = re.findall(rf"{panel.title}: ([^;<]*)", DOCUMENT.read_text(encoding="utf-8"))
    assert described.split(", ")[0] == point(panel, CHEAP_GAP_S).told, "run: make docs"


@pytest.mark.parametrize(
    ("ends", "labels"),
    [
        pytest.param([108, 150, 300], [0, 0, 0], id="each has room"),
        pytest.param([108, 117, 300], [-3, 3, 0], id="two share what moves them"),
        pytest.param([108, 111, 129], [-7, 5, 2], id="three do"),
        pytest.param([108, 320, 330], [0, -5, 0], id="none stands below the plot"),
    ],
)
def test_a_label_of_the_linking_picture_stands_at_its_line_as_far_as_others_leave_room(
    ends: list[float], labels: list[float]
) -> None:
    places = apart(ends)

    assert [place - end for place, end in zip(places, ends, strict=True)] == labels
    assert all(lower - upper >= LABEL_GAP for upper, lower in pairwise(places))


def test_the_cost_page_has_the_first_column_of_today() -> None:
    case, page = Case(tagged=True, batch=5), PAGE.read_text(encoding="utf-8")
    fresh = [float(each) for each in re.findall(r"\b\d+\.\d\d\b", table({case: cost_of(used(case))}))]
    column = figures(page)[CASES.index(case) :: len(CASES)]
    assert column == pytest.approx(fresh, abs=0.05), "run: make docs"


def test_the_cost_page_has_todays_cost_of_calls_that_spans_link() -> None:
    told, page = Told.REST_SPANS, PAGE.read_text(encoding="utf-8")
    fresh = [float(each) for each in re.findall(r"\b\d+\.\d\d\b", spans_table([told]))]
    column = figures(page, "spans")[list(Told).index(told) :: len(Told)]
    assert column == pytest.approx(fresh, abs=0.05), "run: make docs"


def test_the_cost_page_has_the_bill_of_a_million_requests_of_today() -> None:
    *_, million = MONTHS
    fresh = monthly(million)

    column = figures(PAGE.read_text(encoding="utf-8"), "month")[len(MONTHS) - 1 :: len(MONTHS)]
    assert column == pytest.approx([*(getattr(fresh, name) for name in LABELS), fresh.total], abs=0.05), (
        "run: make docs"
    )
