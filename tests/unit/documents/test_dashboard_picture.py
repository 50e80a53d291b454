"""The dashboard's picture is drawn from the dashboard itself, and refuses what it could not draw."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aws_lambda_powertools.metrics import MetricUnit

from request_lens.domain.facts import RequestId
from request_lens_cli.local_aws.emf.extraction import ExtractedMetric
from scripts.dashboard import log_query
from scripts.dashboard.body import NotDrawnError, read_widgets
from scripts.dashboard.canvas import Area, figure, fits
from scripts.dashboard.chart import chart, palette, value_ticks
from scripts.dashboard.metric_math import Series, series_of
from scripts.dashboard.metric_store import MetricStore, percentile
from scripts.dashboard.picture import IMAGES, PICTURES, draw, own_span, picture, widgets
from scripts.dashboard.sample_hour import sample_hour
from scripts.dashboard.tiles import ROW_HEIGHT, table
from tests.support.template_document import DASHBOARD

BEGINS = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
SPAN = (BEGINS, BEGINS + timedelta(minutes=3))
PLACE = {"x": 0, "y": 0, "width": 6, "height": 6}


def body(kind: str, properties: Mapping[str, object]) -> str:
    return json.dumps({"widgets": [{"type": kind, **PLACE, "properties": properties}]})


def metric(name: str, minute: int, *values: float, route: str | None = None) -> ExtractedMetric:
    return ExtractedMetric(
        namespace="RequestLens",
        name=name,
        dimensions={"Service": "lens"} if route is None else {"Service": "lens", "Route": route},
        values=values,
        unit=MetricUnit.Count,
        at=BEGINS + timedelta(minutes=minute, seconds=7),
        storage_resolution=1,
    )


def shown(metrics: Sequence[object], *published: ExtractedMetric, period: int = 60) -> dict[str, list[float]]:
    found = series_of({"metrics": metrics, "period": period}, MetricStore(published), SPAN)
    return {each.label: list(each.points.values()) for each in found}


@pytest.mark.parametrize("path", PICTURES, ids=lambda path: str(path.name))
def test_each_picture_is_of_the_dashboard_as_it_is(path: Path) -> None:
    rows, theme = PICTURES[path]

    assert picture(rows, sample_hour(), theme=theme) == path.read_text(encoding="utf-8"), "run: make docs"


def test_the_hour_gives_every_widget_something_to_show() -> None:
    hour = sample_hour()
    empty = [
        each.title
        for each in widgets()
        if each.kind == "metric"
        and not any(series.points for series in series_of(each.properties, hour.store, own_span(each)))
    ]
    empty += [
        each.title
        for each in widgets()
        if each.kind == "log" and not log_query.run(str(each.properties["query"]), hour.events)
    ]

    assert empty == []


def test_every_list_of_requests_says_when_each_began_as_the_timeline_does() -> None:
    hour = sample_hour()
    began = {each.request_id: each.request.started_at for each in hour.result.requests}
    answers = [log_query.run(str(each.properties["query"]), hour.events) for each in widgets() if each.kind == "log"]
    lists = [rows for rows in answers if "Request id" in rows[0]]

    assert len(lists) == 4
    for row in (row for rows in lists for row in rows):
        assert next(iter(row)) == "Start (UTC)"
        said = datetime.fromisoformat(str(row["Start (UTC)"]))
        assert abs(said - began[RequestId(str(row["Request id"]))]) < timedelta(milliseconds=1)


@pytest.mark.parametrize("title", ["Failed requests (status 5xx)", "Uncertain or incomplete requests"])
def test_the_newest_request_that_failed_or_is_not_certain_is_on_top(title: str) -> None:
    [listed] = [each for each in widgets() if each.title.startswith(title)]
    query = str(listed.properties["query"])
    starts = [str(row["Start (UTC)"]) for row in log_query.run(query, sample_hour().events)]

    assert len(starts) > 1
    assert starts == sorted(starts, reverse=True)


def test_the_key_figures_of_calls_add_up_in_sight() -> None:
    [calls] = [each for each in widgets() if each.title.startswith("All LLM calls")]
    shown = {each.label: each.points for each in series_of(calls.properties, sample_hour().store, own_span(calls))}
    succeeded, failed, unattributed, share = (
        next(iter(shown[label].values()))
        for label in (
            "succeeded",
            "failed",
            "unattributed",
            "unattributed (%)",
        )
    )

    assert failed > 0
    assert share == pytest.approx(100 * unattributed / (succeeded + failed))


def test_the_label_of_a_key_figure_is_one_line() -> None:
    shown = [each for each in widgets() if each.properties.get("view") == "singleValue"]
    drawn = [draw(each, sample_hour(), top=0) for each in shown]

    assert len(drawn) == 3
    for each in drawn:
        assert each.count('class="muted"') == each.count('class="figure"') > 0


def test_no_line_of_a_chart_lies_below_another_all_along_but_a_p99_of_few_values() -> None:
    for each in widgets():
        if each.properties.get("view") == "timeSeries" and not each.properties.get("stacked"):
            lines = [
                tuple(line.points.items())
                for line in series_of(each.properties, sample_hour().store, own_span(each))
                if "p99" not in line.label
            ]
            assert len(lines) == len(set(lines)), each.title


def test_every_saved_query_finds_something_in_the_hour() -> None:
    queries = {
        name: str(each["Properties"]["QueryString"])
        for name, each in DASHBOARD["Resources"].items()
        if each["Type"] == "AWS::Logs::QueryDefinition"
    }
    events = sample_hour().events

    assert [name for name, query in queries.items() if not log_query.run(query, events)] == []


def test_every_title_is_shown_whole() -> None:
    assert [each.title for each in widgets() if not fits(each)] == []


@pytest.mark.parametrize(
    "dashboard",
    [
        body("explorer", {"title": "t"}),
        body("metric", {"title": "t", "view": "timeSeries", "metrics": [], "annotations": {}}),
        body("metric", {"title": "t", "view": "pie", "metrics": []}),
        body("metric", {"title": "t", "view": "timeSeries", "metrics": [["N", "m", {"stat": "Sum", "region": "r"}]]}),
        body("log", {"title": "t", "view": "bar", "query": ""}),
        json.dumps({"widgets": [], "variables": []}),
    ],
)
def test_a_widget_a_property_or_a_view_that_is_not_drawn_is_refused(dashboard: str) -> None:
    with pytest.raises(NotDrawnError):
        read_widgets(dashboard)


@pytest.mark.parametrize("expression", ["RATE(m)", "m > 1", "SEARCH('{A,B} x', 'Sum')", "other + 1", "1 + 1"])
def test_math_that_is_not_drawn_is_refused(expression: str) -> None:
    hidden = ["RequestLens", "Requests", "Service", "lens", {"stat": "Sum", "id": "m", "visible": False}]

    with pytest.raises(NotDrawnError):
        shown([[{"expression": expression, "label": ""}], hidden], metric("Requests", 0, 1))


def test_a_statistic_that_is_not_drawn_is_refused() -> None:
    with pytest.raises(NotDrawnError):
        shown([["RequestLens", "Requests", "Service", "lens", {"stat": "TM90"}]], metric("Requests", 0, 1))


@pytest.mark.parametrize(
    "query",
    ["parse a", "sort a asc", "stats median(a) as b by c", "stats a as b by c", "filter a like 1", "filter a < 1"],
)
def test_a_query_that_is_not_drawn_is_refused(query: str) -> None:
    with pytest.raises(NotDrawnError):
        log_query.run(query, [{"a": 1.0}])


def test_failed_requests_are_0_where_there_are_requests_and_nothing_where_there_are_none() -> None:
    metrics = [
        [{"expression": "FILL(failures, 0) + 0 * requests", "label": "failed"}],
        [{"expression": "100 * FILL(failures, 0) / requests", "label": "% failed"}],
        ["RequestLens", "Requests", "Service", "lens", {"stat": "Sum", "id": "requests", "visible": False}],
        ["RequestLens", "FailedRequests", "Service", "lens", {"stat": "Sum", "id": "failures", "visible": False}],
    ]

    assert shown(
        metrics, metric("Requests", 0, 1, 1, 1, 1), metric("Requests", 2, 1), metric("FailedRequests", 0, 1)
    ) == {
        "failed": [1, 0],
        "% failed": [25, 0],
    }
    assert shown(metrics) == {"failed": [], "% failed": []}


def test_a_search_has_a_series_for_each_route_and_is_divided_as_a_whole() -> None:
    search = "SEARCH('{RequestLens,Service,Route} MetricName=\"RequestDuration\" Service=\"lens\"', 'p90') / 1000"
    published = [metric("RequestDuration", 0, 500, 1500, route="/a"), metric("RequestDuration", 1, 250, route="/b")]

    assert shown([[{"expression": search, "label": ""}]], *published) == {"/a": [1.5], "/b": [0.25]}


def test_a_percentile_is_the_least_value_that_so_many_do_not_exceed() -> None:
    values = [float(value) for value in range(1, 101)]

    assert [percentile(values, percent) for percent in (50, 90, 99)] == [50, 90, 99]
    assert percentile([7.0], 50) == 7


def test_a_period_has_the_values_that_lie_in_it() -> None:
    total = [["RequestLens", "Requests", "Service", "lens", {"stat": "Sum", "label": "all"}]]
    published = [metric("Requests", 0, 1), metric("Requests", 2, 1, 1), metric("Requests", 3, 1)]

    assert shown(total, *published) == {"all": [1, 2]}
    assert shown(total, *published, period=180) == {"all": [3]}


def series(label: str, *values: float) -> Series:
    """One value a minute."""
    first = int(BEGINS.timestamp())
    return Series(label=label, points={first + 60 * at: value for at, value in enumerate(values)})


@pytest.mark.parametrize(
    ("values", "ticks"),
    [
        ([1, 3], [0, 1, 2, 3]),
        ([1], [0, 1]),
        ([9], [0, 3, 6, 9]),
        ([10], [0, 3, 6, 9, 12]),
        ([19], [0, 5, 10, 15, 20]),
        ([0.3, 2.6], [0, 0.8, 1.6, 2.4, 3.2]),
    ],
)
def test_counts_have_whole_ticks_and_no_value_exceeds_the_last(values: list[float], ticks: list[float]) -> None:
    assert value_ticks([series("calls", *values)], stacked=False) == pytest.approx(ticks)


def test_a_label_has_one_colour_in_all_charts_and_no_other_one_has_it_beside() -> None:
    drawn = [
        series_of(each.properties, sample_hour().store, own_span(each))
        for each in widgets()
        if each.kind == "metric" and each.properties["view"] == "timeSeries"
    ]
    colors = palette(drawn)

    assert len(drawn) > 10
    for shown_together in drawn:
        labels = [each.label for each in shown_together if not each.color]
        assert len({colors[label] for label in labels}) == len(labels)


def test_all_lines_are_of_one_width_and_the_first_lies_on_top() -> None:
    p90, p99 = series("p90", 1, 2, 3), series("p99", 1, 2, 4)
    area = Area(x=0, y=0, width=400, height=300)

    drawn = chart([replace(p90, color="top"), replace(p99, color="below")], area, span=SPAN, period=60, stacked=False)

    assert re.findall(r'stroke="(\w+)" stroke-width="1.75"', drawn) == ["below", "top"]


def test_an_empty_cell_is_blank_and_never_0() -> None:
    drawn = table([{"calls": None, "usd": 0.0}, {"calls": 2, "usd": None}], Area(x=0, y=0, width=400, height=100))

    assert drawn.count("></text>") == 2
    assert drawn.count(">0</text>") == 1


def test_a_table_shows_the_rows_that_fit_and_a_bar_where_there_are_more() -> None:
    rows = [{"calls": at} for at in range(20)]
    area = Area(x=0, y=0, width=400, height=4 * ROW_HEIGHT)

    assert ('class="scroll"' in table(rows, area), "scroll" in table(rows[:3], area)) == (True, False)
    assert table(rows, area).count(">2</text>") == 2, "the second row's number, and the third one's calls"
    assert ">4</text>" not in table(rows, area)


@pytest.mark.parametrize(
    ("value", "written"), [(0.76, "0.76"), (5.89981, "5.8998"), (3.0, "3"), (1534.0, "1534"), (0.00001, "0")]
)
def test_a_cell_has_four_decimals_at_most(value: float, written: str) -> None:
    assert f">{written}</text>" in table([{"a": value}], Area(x=0, y=0, width=400, height=100))


def test_no_list_of_the_hour_cuts_a_route_an_id_or_a_heading() -> None:
    for name in ("dashboard", "dashboard-lists", "dashboard-charts"):
        drawn = (IMAGES / f"{name}.svg").read_text(encoding="utf-8")
        cut = [
            words for words in re.findall(r">([^<>]*…[^<>]*)</text>", drawn) if not words.startswith("request-lens ·")
        ]
        assert cut == []


def test_a_name_in_backticks_is_a_heading_and_can_be_filtered_sorted_and_shown_by() -> None:
    events: list[log_query.Row] = [{"id": "a", "ms": 1_000}, {"id": "b", "ms": 4_000}, {"id": "c", "ms": 9_000}]
    query = """stats max(ms / 1000) as `Time, whole (s)` by id as `Request | id`
    | filter `Time, whole (s)` > 2
    | sort `Time, whole (s)` desc
    | display `Request | id`, `Time, whole (s)`"""

    assert [list(row.items()) for row in log_query.run(query, events)] == [
        [("Request | id", "c"), ("Time, whole (s)", 9.0)],
        [("Request | id", "b"), ("Time, whole (s)", 4.0)],
    ]


def test_a_query_filters_counts_and_sorts_as_it_says() -> None:
    events: list[log_query.Row] = [
        {"request_id": "a", "LlmCalls.0": 2.0, "status": 200},
        {"request_id": "b", "LlmCalls.0": 5.0, "status": 500},
        {"request_id": "a", "LlmCalls.0": 1.0, "status": 504},
        {"other": 1},
    ]
    query = """# a comment
    filter ispresent(request_id) and ispresent(LlmCalls.0)
    | stats sum(LlmCalls.0) as calls, latest(status) as http_status, count(*) as lines by request_id
    | filter calls > 2
    | sort calls desc
    | limit 5"""

    assert log_query.run(query, events) == [
        {"request_id": "b", "calls": 5, "http_status": 500, "lines": 1},
        {"request_id": "a", "calls": 3, "http_status": 504, "lines": 2},
    ]


def test_a_query_reckons_with_figures_over_all_lines() -> None:
    query = "stats floor(avg(ms / 2) + 0.5) as half, floor(sum(usd) * 100 + 0.5) as cents, count(ms) as timed by id"
    events: list[log_query.Row] = [{"id": "a", "ms": 5}, {"id": "a", "ms": 6, "usd": 0.25}, {"id": "b", "usd": 1}]

    assert log_query.run(query, events) == [
        {"id": "a", "half": 3, "cents": 25, "timed": 2},
        {"id": "b", "half": None, "cents": 100, "timed": 0},
    ]


def test_a_query_takes_the_first_of_several_fields_that_a_line_has() -> None:
    query = "fields revision * 0 as zero | fields coalesce(LlmErrors.0, zero) as errors | display errors, usd"

    assert log_query.run(query, [{"revision": 2, "LlmErrors.0": 3.0, "usd": 0.5}, {"revision": 1}]) == [
        {"errors": 3.0, "usd": 0.5},
        {"errors": 0, "usd": None},
    ]


def test_the_lists_tell_one_number_of_calls_of_a_request_and_known_zeros_as_0() -> None:
    calls: dict[object, set[object]] = {}
    unsure = {event["request_id"] for event in sample_hour().events if event.get("UncertainRequests.0")}
    for widget in (each for each in widgets() if each.kind == "log"):
        for row in log_query.run(str(widget.properties["query"]), sample_hour().events):
            is_sure = row.get("Request id") not in unsure
            known_zeros = row.keys() & {
                "LLM calls linked",
                "Unpriced",
                "Uncertain",
                "Possible calls",
                "Possible failed",
            }
            known_zeros |= row.keys() & {"LLM calls", "Failed calls", "Throttled"} if is_sure else set()
            assert [name for name in known_zeros if row[name] is None] == [], widget.title
            if "Request id" in row:
                told = row.get("LLM calls", row.get("LLM calls linked"))
                calls.setdefault(row["Request id"], set()).update([] if told is None else [told])

    assert len(calls) > 30
    assert {request: told for request, told in calls.items() if len(told) > 1} == {}


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, "--"),
        (0.0, "0"),
        (0.00526, "0.0053"),
        (4.8249, "4.82"),
        (1250.4, "1,250"),
        (98_760, "98.8k"),
        (2e6, "2M"),
    ],
)
def test_a_figure_has_few_digits(value: float | None, written: str) -> None:
    assert figure(value) == written
