"""The dashboard and the saved queries show what the code publishes, and nothing else."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from aws_lambda_powertools import Logger

from request_lens.adapters.emf_metric_sink import EmfMetricSink
from request_lens.adapters.memory.clock import MemoryClock
from request_lens.domain.folding.fold import fold
from request_lens.domain.linking.link import Reason, Unattributed
from request_lens.domain.policy import Policy
from request_lens.domain.pricing import NO_PRICES
from request_lens.domain.publishing.changes import InvocationDecided, RevisionWritten
from request_lens.domain.publishing.metric_names import UNATTRIBUTED_ROUTE, Metric
from request_lens.domain.publishing.request_metrics import publication_of
from tests.support.facts import call, linked, request
from tests.support.template_document import DASHBOARD, RESOURCES, of_type, properties

type Widget = Mapping[str, Any]

DISTRIBUTIONS = frozenset(
    {
        Metric.REQUEST_DURATION,
        Metric.LLM_CALLS_PER_REQUEST,
        Metric.LLM_TIME,
        Metric.TOOL_TIME,
        Metric.NON_LLM_TIME,
        Metric.INVOCATION_LATENCY,
        Metric.LOG_DELAY,
        Metric.SETTLE_DELAY,
    }
)
DIMENSIONS = {("Service",), ("Service", "Route"), ("Service", "ModelId"), ("Service", "Reason")}
ALL_CALLS = ["Service", "ServiceName"]
UNATTRIBUTED = [*ALL_CALLS, "Route", UNATTRIBUTED_ROUTE]
SEARCH = re.compile(r"SEARCH\('\{RequestLens,([\w,]+)\} MetricName=\"(\w+)\" Service=\"ServiceName\"', '(\w+)', 1\)")
QUERIES = {
    name: str(each["Properties"]["QueryString"])
    for name, each in DASHBOARD["Resources"].items()
    if each["Type"] == "AWS::Logs::QueryDefinition"
}
COMMANDS = (
    r"SOURCE '[^']*'|#.*|'[^']*'|\b(filter|display|sort|stats|limit|by|as|and|or|desc|ispresent|sum|max|count|latest)\b"
)


def widgets(*kinds: str) -> list[Widget]:
    body = DASHBOARD["Resources"]["RequestDashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    found = json.loads(re.sub(r"\$\{([^}]+)\}", r"\1", body))["widgets"]
    return [each for each in found if not kinds or each["type"] in kinds]


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


@pytest.fixture
def log_fields(capsys: pytest.CaptureFixture[str]) -> set[str]:
    """The fields of the lines that a request and an unattributed call make, as Logs Insights names them."""
    ours = [linked(call("i1", 0)), linked(call("i2", 2, error_code="ThrottlingException"))]
    record, unattributed = request(), Unattributed(reason=Reason.AMBIGUOUS, candidates=2)
    summary = fold(record, ours, Policy(), NO_PRICES, possible_calls=3)
    revision = RevisionWritten(request=record, stored_at=record.started_at, revision=1, summary=summary)
    lost = InvocationDecided(invocation=call("i3"), stored_at=record.started_at, decision=unattributed)
    sink = EmfMetricSink(service_name="lens", clock=MemoryClock(moment=record.started_at), logger=Logger())
    for each in (publication_of(revision), publication_of(lost)):
        assert each is not None
        sink.publish(each)
    fields = {"@timestamp"}
    for line in capsys.readouterr().out.splitlines():
        fields |= {f"{name}.0" if isinstance(value, list) else name for name, value in json.loads(line).items()}
    # Which metrics a line has depends on its request; each is a list.
    return fields | {f"{metric}.0" for metric in Metric}


def fields_of(query: str) -> set[str]:
    """The fields that a query reads: its words without commands, functions, texts, comments, and names of its own."""
    own = set(re.findall(r"\bas (\w+)", query))
    words = re.sub(COMMANDS, " ", query)
    return set(re.findall(r"@?[A-Za-z_][\w.]*", words)) - own


def test_the_first_two_rows_are_the_key_figures() -> None:
    first = [each["properties"] for each in widgets("metric") if each["y"] < 8]

    assert {each["view"] for each in first} == {"singleValue"}
    assert {part[1] for each in first for part in each["metrics"] if isinstance(part[0], str)} >= {
        *("Requests", "LlmCallsPerRequest", "RequestDuration", "LlmTime", "ToolTime", "NonLlmTime", "InputTokens"),
        *("OutputTokens", "CacheReadInputTokens", "CacheWriteInputTokens", "EstimatedCost", "LlmErrors"),
        *("LlmThrottles", "UnattributedInvocations", "RejectedRecords", "AssumptionBreaches", "LogDelay"),
    }


def test_a_key_figure_that_holds_unattributed_calls_says_so_beside_it_or_in_its_title() -> None:
    held = {Metric.ESTIMATED_COST, Metric.LLM_ERRORS, Metric.INPUT_TOKENS, Metric.OUTPUT_TOKENS, Metric.LLM_CALLS}
    for widget in (each["properties"] for each in widgets("metric") if each["y"] < 8):
        shown = [part for part in widget["metrics"] if isinstance(part[0], str) and part[-1].get("visible", True)]
        if held.isdisjoint(part[1] for part in shown):
            continue
        beside = [part for part in shown if part[2:-1] == UNATTRIBUTED]
        assert "all calls" in widget["title"] or "all calls" in [part[-1]["label"] for part in shown]
        assert "unattributed" in " ".join([widget["title"], *(part[-1]["label"] for part in beside)])


def test_average_times_side_by_side_are_of_the_same_requests() -> None:
    [times] = [each["properties"] for each in widgets("metric") if "LLM time is known" in each["properties"]["title"]]

    assert {part[1] for part in times["metrics"] if isinstance(part[0], str)}.isdisjoint({Metric.REQUEST_DURATION})
    [whole] = [part[0] for part in times["metrics"] if not isinstance(part[0], str)]
    assert (whole["expression"], whole["label"]) == ("llm + other", "request")
    assert [
        part[-1]["stat"] for part in times["metrics"] if isinstance(part[0], str) and part[-1]["label"] == "requests"
    ] == ["SampleCount"]


def test_uncertain_requests_stand_beside_the_requests_and_have_a_list_that_says_why_and_what_helps() -> None:
    [requests] = [each["properties"] for each in widgets("metric") if each["properties"]["title"] == "Requests"]
    [listed] = [each for each in widgets("log") if each["properties"]["title"].startswith("Uncertain requests")]
    [said] = [each for each in widgets("text") if each["y"] == listed["y"]]

    shown = [part[1] for part in requests["metrics"]][:3]
    assert shown == [Metric.REQUESTS, Metric.FAILED_REQUESTS, Metric.UNCERTAIN_REQUESTS]
    assert "filter uncertain > 0" in listed["properties"]["query"]
    for helps in ("AgentRoleNames", "tag the calls", "responseLatency", "MaxRequestSeconds", "202"):
        assert helps in said["properties"]["markdown"]


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


def test_every_metric_is_drawn_at_one_second_and_the_reader_is_told_how_long_it_is_kept() -> None:
    assert {each["properties"]["period"] for each in widgets("metric")} == {1}
    assert any("3 hours" in each["properties"]["markdown"] for each in widgets("text"))


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
    joined = properties("DashboardStack")["Parameters"]["AlarmArns"]["Fn::Join"][1]
    alarms = of_type("AWS::CloudWatch::Alarm")

    assert {each["Fn::GetAtt"][0] for each in joined} == {n for n in alarms if "Condition" not in RESOURCES[n]}
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


def test_every_log_field_of_a_widget_is_in_the_lines(log_fields: set[str]) -> None:
    for each in widgets("log"):
        assert fields_of(each["properties"]["query"].replace("|", " ")) <= log_fields


@pytest.mark.parametrize("name", QUERIES)
def test_every_log_field_of_a_saved_query_is_in_the_lines(name: str, log_fields: set[str]) -> None:
    assert fields_of(QUERIES[name]) <= log_fields


def test_there_is_a_saved_query_for_each_question() -> None:
    assert len(QUERIES) == 6
