"""The dashboard shows what the code publishes, and nothing else, in periods and units that are understood."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from request_lens.domain.publishing.metric_names import METRIC_UNITS, UNATTRIBUTED_ROUTE, Metric, Unit
from request_lens.presentation.calls import REASONS
from scripts.dashboard.log_query import run
from tests.support.template_document import RESOURCES, of_type, properties
from tests.template.dashboard_body import QUERIES, Widget, body, widgets

DISTRIBUTIONS = frozenset(
    {
        Metric.REQUEST_DURATION,
        Metric.LLM_CALLS_PER_REQUEST,
        Metric.LLM_TIME,
        Metric.TOOL_TIME,
        Metric.NON_LLM_TIME,
        Metric.MEMORY_TIME,
        Metric.TIME_TO_FIRST_TOKEN,
        Metric.INVOCATION_LATENCY,
        Metric.LOG_DELAY,
        Metric.SETTLE_DELAY,
    }
)
DIMENSIONS = {("Service",), ("Service", "Route"), ("Service", "ModelId"), ("Service", "Tool"), ("Service", "Reason")}
ALL_CALLS = ["Service", "ServiceName"]
UNATTRIBUTED = [*ALL_CALLS, "Route", UNATTRIBUTED_ROUTE]
SEARCH = re.compile(
    r"SEARCH\('\{RequestLens,([\w,]+)\} MetricName=\"(\w+)\" Service=\"ServiceName\"', '(\w+)'\)( / 1000)?"
)
UNIT = re.compile(r"\((count|m?s|USD|estimated US cents)\b[^()]*\)")
MS = r"(?: \+ (?:\w+\.0|0 \* \w+_ms))?\)? as (?:`[^`]+ \(ms\)`|\w+_ms\b)"
"""How a query names a time in milliseconds: of one request, the greatest of its lines, or a part of a whole."""


FAILED, DOUBTED = "#e5484d", "#b7791f"
"""The colours of key figures."""

CUT_BY = {
    "Start (UTC)": "newest",
    "Duration (ms)": "slowest",
    "Cost (US cents)": "most expensive",
    "With spans": "routes with most",
    "Calls": "most frequent",
}
"""What a title calls the rows that a list keeps, by the column that it is sorted by."""


def key_figures() -> list[Mapping[str, Any]]:
    return [each["properties"] for each in widgets("metric") if each["properties"]["view"] == "singleValue"]


def lists_of_requests() -> list[Widget]:
    """From top to bottom."""
    lists = [each for each in widgets("log") if "by request_id as `" in str(each) or "display `Start" in str(each)]
    return sorted(lists, key=lambda each: int(each["y"]))


def series() -> Iterator[tuple[tuple[str, ...], Metric, str]]:
    """The dimensions, metric and statistic of everything that is drawn."""
    for widget in widgets("metric"):
        for metric in widget["properties"]["metrics"]:
            if isinstance(metric[0], str):
                namespace, name, *dimensions = (part for part in metric if isinstance(part, str))
                assert (namespace, dimensions) in (("RequestLens", ALL_CALLS), ("RequestLens", UNATTRIBUTED))
                yield tuple(dimensions[::2]), Metric(name), metric[-1]["stat"]
            elif "SEARCH" in metric[0]["expression"]:
                found = SEARCH.fullmatch(metric[0]["expression"])
                assert found, metric[0]["expression"]
                yield tuple(found[1].split(",")), Metric(found[2]), found[3]


def test_the_alarms_come_first_and_the_key_figures_next() -> None:
    first = min(widgets(), key=lambda each: (each["y"], each["x"]))

    assert (first["type"], first["width"]) == ("alarm", 24)
    timeline = next(each["y"] for each in widgets("custom"))
    assert all(each["y"] < timeline for each in widgets("metric") if each["properties"] in key_figures())
    assert {part[1] for each in key_figures() for part in each["metrics"] if isinstance(part[0], str)} >= {
        *("Requests", "FailedRequests", "UncertainRequests", "LlmCallsPerRequest", "RequestDuration"),
        *("InputTokens", "OutputTokens", "CacheReadInputTokens", "CacheWriteInputTokens"),
        *("EstimatedCost", "LlmErrors", "LlmThrottles", "UnattributedInvocations", "RejectedRecords"),
        *("AssumptionBreaches", "RunawayRequests", "IncompleteRequests"),
    }


def test_a_key_figure_is_of_the_whole_range_and_asks_for_no_period() -> None:
    for each in key_figures():
        assert each["setPeriodToTimeRange"] is True
        assert "period" not in each


def test_the_periods_fit_any_range_and_only_what_is_of_the_last_minutes_asks_for_seconds() -> None:
    assert body()["periodOverride"] == "auto"
    charts = [each["properties"] for each in widgets("metric") if each["properties"]["view"] == "timeSeries"]
    seconds = [each for each in charts if each["period"] < 60]

    assert [each["title"].partition(",")[0] for each in seconds] == ["Requests", "LLM calls"]
    for each in seconds:
        assert (each["period"], each["start"], each["end"], each["liveData"]) == (1, "-PT15M", "P0D", True)
        assert all(part[-1].get("yAxis") is None for part in each["metrics"])
    assert all("start" not in each for each in charts if each not in seconds)
    assert any("3 hours" in each["properties"]["markdown"] for each in widgets("text"))


def test_there_are_few_widgets_and_no_chart_is_narrower_than_half_of_the_page() -> None:
    charts = [each for each in widgets("metric") if each["properties"]["view"] == "timeSeries"]

    assert len(widgets()) <= 30
    assert len(key_figures()) == 3
    assert max(len([part for part in each["metrics"] if part[-1].get("visible", True)]) for each in key_figures()) <= 9
    assert all(each["width"] >= 12 and each["height"] >= 6 for each in charts)


def test_a_list_of_requests_has_the_whole_width_for_ids_and_routes() -> None:
    lists = lists_of_requests()

    assert len(lists) == 4
    assert all(each["width"] == 24 for each in lists)


def test_no_widget_leaves_a_gap_above_or_beside_it() -> None:
    rows = {y: 0 for each in widgets() for y in range(each["y"], each["y"] + each["height"])}
    for each in widgets():
        for y in range(each["y"], each["y"] + each["height"]):
            rows[y] += each["width"]

    assert set(rows) == set(range(len(rows)))
    assert set(rows.values()) == {24}


def test_a_list_that_is_cut_off_says_in_its_title_at_how_many_and_by_what() -> None:
    cut = [each["properties"] for each in widgets("log") if "| limit" in each["properties"]["query"]]

    assert len(cut) == 6
    for each in cut:
        [(key, limit)] = re.findall(r"\| sort `([^`]+)` desc \| limit (\d+)", each["query"])
        assert f"he {limit} {CUT_BY[key]}" in each["title"]


def test_every_title_says_what_is_counted_and_in_which_unit() -> None:
    titles = [each["properties"]["title"] for each in widgets("metric", "log", "custom")]

    assert [title for title in titles if not UNIT.search(title)] == []
    assert len(titles) == len(set(titles)) > 20


def test_key_figures_of_several_units_say_theirs_beside_each_figure() -> None:
    for each in key_figures():
        for part in each["metrics"]:
            options, expression = part[-1], str(part[0])
            seconds = "/ 1000" in expression
            assert ("(s)" in options.get("label", "")) is seconds, options
            assert ("(%)" in options.get("label", "")) is expression.startswith("{'expression': '100 *"), options
            if part[1:2] == [Metric.ESTIMATED_COST] and options.get("visible", True):
                assert "(USD)" in options["label"]


def test_every_duration_is_shown_in_seconds_and_of_lists_in_whole_milliseconds() -> None:
    for each in (widget["properties"] for widget in widgets("metric")):
        divided = " ".join(part[0]["expression"] for part in each["metrics"] if isinstance(part[0], dict))
        for part in each["metrics"]:
            if isinstance(part[0], str):
                if METRIC_UNITS[Metric(part[1])] is Unit.MILLISECONDS and part[-1]["stat"] != "SampleCount":
                    assert part[-1]["visible"] is False
                    assert re.search(rf"\b{part[-1]['id']}\b.* / 1000", divided)
            elif found := SEARCH.fullmatch(part[0]["expression"]):
                assert bool(found[4]) is (METRIC_UNITS[Metric(found[2])] is Unit.MILLISECONDS)
    for query in [*QUERIES.values(), *(each["properties"]["query"] for each in widgets("log"))]:
        unitless = re.sub(rf"\w+\.0(?: > 0|{MS})|(?:count|ispresent)\(\w+\.0\)", "", query)
        for metric in re.findall(r"(\w+)\.0\b", unitless):
            assert METRIC_UNITS[Metric(metric)] is not Unit.MILLISECONDS, (metric, query)
        assert query.count("avg(") == len(re.findall(r"floor\(avg\(\w+\) \+ 0\.5\) as `[^`]+ \(ms\)`", query))


def test_every_expression_names_metrics_of_its_own_widget() -> None:
    for each in (widget["properties"]["metrics"] for widget in widgets("metric")):
        ids = [part[-1]["id"] for part in each if "id" in part[-1]]
        assert len(ids) == len(set(ids))
        expressions = [part[0]["expression"] for part in each if isinstance(part[0], dict)]
        named = {word for text in expressions if "SEARCH" not in text for word in re.findall(r"\b[a-z]\w*", text)}
        assert named <= set(ids)
        assert {part[-1]["id"] for part in each if part[-1].get("visible") is False} <= named


def test_a_key_figure_that_holds_unattributed_calls_says_so_in_its_title() -> None:
    held = {Metric.ESTIMATED_COST, Metric.LLM_ERRORS, Metric.INPUT_TOKENS, Metric.OUTPUT_TOKENS, Metric.LLM_CALLS}
    for widget in key_figures():
        shown = [part for part in widget["metrics"] if isinstance(part[0], str) and part[-1].get("visible", True)]
        if held.isdisjoint(part[1] for part in shown):
            continue
        assert "all llm calls" in widget["title"].lower()
        assert "unattributed" in widget["title"]


def test_average_times_side_by_side_are_of_the_same_requests() -> None:
    """As metrics they would not be: of an agent that ran on after a time-out the LLM time is known, and no other.

    How many requests are left out shows beside how many there are.
    """
    [listed] = [each["properties"] for each in widgets("log") if "times are known" in each["properties"]["title"]]
    lines: list[Mapping[str, object]] = [
        {"Route": "GET /a", "Requests.0": 1, "LlmTime.0": 2_000, "NonLlmTime.0": 1_000, "ToolTime.0": 400},
        {"Route": "POST /b", "Requests.0": 1, "UncertainRequests.0": 1},
        {"Route": "POST /b", "LlmTime.0": 4_000, "NonLlmTime.0": 3_000},
        {"Route": "POST /b", "Requests.0": 1, "LlmTime.0": 60_000, "ToolTime.0": 0, "RequestDuration.0": 29_000},
        {"Route": "POST /b", "Requests.0": 1, "RequestDuration.0": 9_000},
        {"Route": "unattributed", "LlmCalls.0": 1},
    ]

    times = {"Duration (ms)": 5_000, "LLM time (ms)": 3_000, "Other time (ms)": 2_000}
    tools = {"Tools (ms)": 400, "Tools known": 1}
    assert run(listed["query"], lines) == [{"Requests": 4, "By time": 0, "Times known": 2, **times, **tools}]


def test_where_the_time_went_by_spans_says_how_many_requests_of_a_route_have_them() -> None:
    [listed] = [each["properties"] for each in widgets("log") if "with spans" in each["properties"]["title"]]
    parts = {"llm": 2_000, "llm_elsewhere": 0, "tools": 500, "agent": 400, "outside": 100}
    lines: list[Mapping[str, object]] = [
        {"request_id": "1", "revision": 1, "Route": "GET /a", "RequestDuration.0": 3_000}
        | {f"time_by.{name}_ms": ms for name, ms in parts.items()},
        {"request_id": "2", "revision": 1, "Route": "GET /a", "RequestDuration.0": 9_000},
        {"request_id": "3", "revision": 1, "Route": "POST /b", "RequestDuration.0": 1_000},
    ]

    [row] = run(listed["query"], lines)

    assert (row["Route"], row["Requests"], row["With spans"]) == ("GET /a", 2, 1)
    assert (row["Duration (ms)"], row["Bedrock (ms)"], row["Tools (ms)"]) == (3_000, 2_000, 500)


def test_failed_and_uncertain_requests_stand_beside_the_requests_and_are_0_only_where_there_are_requests() -> None:
    [requests] = [each for each in key_figures() if each["title"].startswith("Requests (count)")]
    shown = {part[-1]["label"]: part for part in requests["metrics"] if part[-1].get("visible", True)}

    assert list(shown)[:5] == ["requests", "failed (status 5xx)", "failed (%)", "uncertain", "incomplete"]
    for label in ("failed (status 5xx)", "uncertain", "incomplete", "runaway"):
        assert re.fullmatch(r"FILL\(\w+, 0\) \+ 0 \* requests", shown[label][0]["expression"])


def test_figures_that_failed_are_red_and_those_that_say_what_to_believe_have_another_colour() -> None:
    shown = [part[-1] for each in key_figures() for part in each["metrics"] if part[-1].get("visible", True)]
    by_color = {color: [each["label"] for each in shown if each.get("color") == color] for color in (FAILED, DOUBTED)}

    assert by_color[FAILED] == ["failed (status 5xx)", "failed"]
    assert by_color[DOUBTED] == [
        *("uncertain", "incomplete", "unattributed", "broken assumptions"),
        *("calls without a price", "rejected log lines"),
    ]
    assert {each.get("color") for each in shown} == {FAILED, DOUBTED, None}
    [money] = [each for each in key_figures() if each["title"].startswith("Estimated cost (USD)")]
    assert [part[-1]["label"] for part in money["metrics"][:2]] == ["cost (USD)", "calls without a price"]


def test_uncertain_and_incomplete_requests_have_a_list_and_below_all_lists_stands_why_and_what_helps() -> None:
    [listed] = [each for each in widgets("log") if each["properties"]["title"].startswith("Uncertain or incomplete")]
    lists = lists_of_requests()
    [said] = widgets("text")

    assert [each["y"] for each in lists[1:]] == [each["y"] + each["height"] for each in lists[:-1]]
    assert said["y"] == lists[-1]["y"] + lists[-1]["height"]
    assert "filter uncertain > 0 or incomplete > 0" in listed["properties"]["query"]
    for helps in ("AgentRoleNames", "tag the calls", "responseLatency", "MaxRequestSeconds", "202"):
        assert helps in said["properties"]["markdown"]


def test_the_reasons_of_unattributed_calls_which_their_list_has_by_name_are_said_in_words() -> None:
    [said] = widgets("text")

    assert [
        name for name, words in REASONS.items() if f"{words} (`{name}`)" not in said["properties"]["markdown"]
    ] == []


def test_every_series_has_dimensions_that_are_published() -> None:
    drawn = list(series())

    assert {dimensions for dimensions, _, _ in drawn} == DIMENSIONS
    assert {metric for dimensions, metric, _ in drawn if "Reason" in dimensions} == {Metric.REJECTED_RECORDS}
    latencies = {dimensions for dimensions, metric, _ in drawn if metric is Metric.INVOCATION_LATENCY}
    assert latencies == {("Service", "ModelId")}


def test_a_total_is_only_summed_and_a_distribution_never() -> None:
    for _, metric, stat in series():
        assert (stat == "Sum") is (metric not in DISTRIBUTIONS), (metric, stat)


def test_every_published_metric_is_drawn() -> None:
    assert {metric for _, metric, _ in series()} >= set(Metric)


def test_no_widget_overlaps_another() -> None:
    cells = [
        (x, y)
        for each in widgets()
        for x in range(each["x"], each["x"] + each["width"])
        for y in range(each["y"], each["y"] + each["height"])
    ]

    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24


def test_every_alarm_of_the_pipeline_is_shown_and_says_what_to_do() -> None:
    *always, last = properties("DashboardStack")["Parameters"]["AlarmArns"]["Fn::Join"][1]
    condition, with_limits, without = last["Fn::If"]
    alarms = of_type("AWS::CloudWatch::Alarm")

    shown = {each["Fn::GetAtt"][0] for each in [*always, without]}
    assert shown == {name for name in alarms if "Condition" not in RESOURCES[name]}
    limited = with_limits["Fn::Sub"].split('", "')
    assert limited == [f"${{{name}.Arn}}" for name in (without["Fn::GetAtt"][0], "RunawayRequestAlarm")]
    assert RESOURCES["RunawayRequestAlarm"]["Condition"] == condition
    assert shown | {"RunawayRequestAlarm"} == set(alarms)
    advice = re.compile(r"\b(look|find|filter|see|move|remove|raise|deploy|send)\b", re.IGNORECASE)
    assert [n for n, each in alarms.items() if not advice.search(each["Properties"]["AlarmDescription"])] == []
    assert widgets("alarm")[0]["properties"]["alarms"] == ["AlarmArns"]


def test_an_alarm_on_our_own_metrics_watches_one_that_is_published() -> None:
    ours = [each["Properties"] for each in of_type("AWS::CloudWatch::Alarm").values()]
    ours = [each for each in ours if each["Namespace"] == "RequestLens"]

    assert ours
    for each in ours:
        assert ("ExtendedStatistic" in each) is (Metric(each["MetricName"]) in DISTRIBUTIONS)
        assert [dimension["Name"] for dimension in each["Dimensions"]] == ["Service"]


def test_the_timeline_follows_the_dashboards_range_and_size() -> None:
    (timeline,) = (each["properties"] for each in widgets("custom"))

    assert timeline["endpoint"] == "TimelineWidgetArn"
    assert timeline["updateOn"] == {"refresh": True, "resize": True, "timeRange": True}
