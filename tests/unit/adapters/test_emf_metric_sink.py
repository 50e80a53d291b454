"""EMF lines: what is printed, checked against the rules of the published EMF specification."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest
from aws_lambda_powertools import Logger
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from request_lens.adapters.emf_metric_sink import EmfMetricSink
from request_lens.adapters.memory.clock import MemoryClock
from request_lens.domain.log_record import RejectedReason
from request_lens.domain.publishing.metric_names import METRIC_UNITS, Metric
from request_lens.domain.publishing.publication import ModelValues, PipelineMetrics, Property, Publication, ToolValues

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
AT = NOW - timedelta(seconds=30, milliseconds=-123)
MODEL = "jp.anthropic.claude-haiku-4-5-20251001-v1:0"

type Document = Mapping[str, object]

PUBLICATION = Publication(
    publication_id="request-1#1",
    at=AT,
    route="POST /ask",
    values={Metric.REQUESTS: (1,), Metric.LLM_CALLS: (2,), Metric.REQUEST_DURATION: (4711,)},
    by_model=(ModelValues(model_id=MODEL, values={Metric.LLM_CALLS: (2,), Metric.INVOCATION_LATENCY: (1509, 1402)}),),
    properties={"request_id": "request-1", "revision": 1, "status": 200},
)


@pytest.fixture
def sink() -> EmfMetricSink:
    return EmfMetricSink(service_name="request-lens", clock=MemoryClock(moment=NOW), logger=Logger(service="test"))


def _documents(printed: str) -> list[Document]:
    """What was printed, line by line; every line is checked to be valid EMF."""
    documents: list[Document] = [json.loads(line) for line in printed.splitlines()]
    for document in documents:
        _check(document)
    return documents


def _check(document: Document) -> None:
    aws = cast("Mapping[str, object]", document["_aws"])
    assert isinstance(aws["Timestamp"], int)
    for directive in cast("list[Mapping[str, object]]", aws["CloudWatchMetrics"]):
        assert directive["Namespace"] == "RequestLens"
        for dimensions in cast("list[list[str]]", directive["Dimensions"]):
            assert len(dimensions) <= 30
            assert all(_is_dimension_value(document[name]) for name in dimensions)
        metrics = cast("list[Mapping[str, object]]", directive["Metrics"])
        names = [str(metric["Name"]) for metric in metrics]
        assert 0 < len(names) == len(set(names)) <= 100
        assert all(metric["StorageResolution"] == 1 for metric in metrics)
        assert all(metric["Unit"] == METRIC_UNITS[Metric(name)] for metric, name in zip(metrics, names, strict=True))
        assert all(0 < len(cast("list[float]", document[name])) <= 100 for name in names)


def _is_dimension_value(value: object) -> bool:
    return isinstance(value, str) and value.isascii() and 0 < len(value.strip()) <= 1024


def _dimensions(document: Document) -> object:
    return cast("Mapping[str, list[Mapping[str, object]]]", document["_aws"])["CloudWatchMetrics"][0]["Dimensions"]


def _metrics(document: Document) -> list[tuple[object, list[str]]]:
    """Dimensions and names of each directive."""
    directives = cast("Mapping[str, list[Mapping[str, object]]]", document["_aws"])["CloudWatchMetrics"]
    return [
        (
            directive["Dimensions"],
            [str(metric["Name"]) for metric in cast("list[Mapping[str, object]]", directive["Metrics"])],
        )
        for directive in directives
    ]


def test_the_only_models_metrics_stand_in_the_requests_line(
    sink: EmfMetricSink, capsys: pytest.CaptureFixture[str]
) -> None:
    sink.publish(PUBLICATION)

    [line] = _documents(capsys.readouterr().out)
    assert _metrics(line) == [
        ([["Service"], ["Service", "Route"]], ["Requests", "LlmCalls", "RequestDuration"]),
        ([["Service", "ModelId"]], ["LlmCalls", "InvocationLatency"]),
    ]
    assert {name: value for name, value in line.items() if name != "_aws"} == {
        "Service": "request-lens",
        "Route": "POST /ask",
        "ModelId": MODEL,
        "route": "POST /ask",
        "request_id": "request-1",
        "revision": 1,
        "status": 200,
        "publication_id": "request-1#1",
        "Requests": [1.0],
        "LlmCalls": [2.0],
        "RequestDuration": [4711.0],
        "InvocationLatency": [1509.0, 1402.0],
    }


@pytest.mark.parametrize("latencies", [99, 100])
def test_a_model_stands_beside_its_request_as_long_as_one_line_holds_it(
    sink: EmfMetricSink, capsys: pytest.CaptureFixture[str], latencies: int
) -> None:
    values = {Metric.LLM_CALLS: (2,), Metric.INVOCATION_LATENCY: tuple(range(latencies))}
    sink.publish(replace(PUBLICATION, by_model=(ModelValues(model_id=MODEL, values=values),)))

    lines = _documents(capsys.readouterr().out)
    assert len(lines) == (1 if latencies == 99 else 3)


def test_models_whose_values_differ_have_lines_of_their_own(
    sink: EmfMetricSink, capsys: pytest.CaptureFixture[str]
) -> None:
    models = tuple(ModelValues(model_id=f"{name}-model", values={Metric.LLM_CALLS: (1,)}) for name in ("a", "b"))
    sink.publish(replace(PUBLICATION, by_model=models))

    lines = _documents(capsys.readouterr().out)
    assert [(line.get("ModelId"), line["LlmCalls"]) for line in lines] == [
        (None, [2.0]),
        ("a-model", [1.0]),
        ("b-model", [1.0]),
    ]


def test_a_model_that_only_failed_does_not_bear_the_values_of_the_one_that_answered(
    sink: EmfMetricSink, capsys: pytest.CaptureFixture[str]
) -> None:
    failed = ModelValues(model_id="a-model", values={Metric.LLM_ERRORS: (1,)})
    answered = ModelValues(model_id="b-model", values={Metric.LLM_CALLS: (1,), Metric.INPUT_TOKENS: (1011,)})
    values = {Metric.REQUESTS: (1,), **answered.values, **failed.values}

    sink.publish(replace(PUBLICATION, values=values, by_model=(failed, answered)))

    lines = [line for line in _documents(capsys.readouterr().out) if "ModelId" in line]
    assert [(line["ModelId"], line.get("InputTokens")) for line in lines] == [("a-model", None), ("b-model", [1011.0])]


def test_a_publication_of_two_models_is_one_line_and_one_a_model(
    sink: EmfMetricSink, capsys: pytest.CaptureFixture[str]
) -> None:
    two = (replace(PUBLICATION.by_model[0], values={Metric.LLM_CALLS: (1,), Metric.INVOCATION_LATENCY: (1509, 1402)}),)
    sink.publish(replace(PUBLICATION, by_model=two))

    request, model = _documents(capsys.readouterr().out)
    assert _dimensions(request) == [["Service"], ["Service", "Route"]]
    assert {name: value for name, value in request.items() if name != "_aws"} == {
        "Service": "request-lens",
        "Route": "POST /ask",
        "request_id": "request-1",
        "revision": 1,
        "status": 200,
        "publication_id": "request-1#1",
        "Requests": [1.0],
        "LlmCalls": [2.0],
        "RequestDuration": [4711.0],
    }
    assert _dimensions(model) == [["Service", "ModelId"]]
    assert {name: value for name, value in model.items() if name != "_aws"} == {
        "Service": "request-lens",
        "ModelId": MODEL,
        "route": "POST /ask",
        "request_id": "request-1",
        "revision": 1,
        "status": 200,
        "publication_id": "request-1#1",
        "LlmCalls": [1.0],
        "InvocationLatency": [1509.0, 1402.0],
    }


def test_metrics_carry_the_time_of_what_they_measure(sink: EmfMetricSink, capsys: pytest.CaptureFixture[str]) -> None:
    sink.publish(PUBLICATION)

    times = [cast("Mapping[str, object]", line["_aws"])["Timestamp"] for line in _documents(capsys.readouterr().out)]
    assert times == [1795521570123]


def test_documents_share_nothing(sink: EmfMetricSink, capsys: pytest.CaptureFixture[str]) -> None:
    sink.publish(PUBLICATION)
    first = capsys.readouterr().out
    other = Publication(publication_id="other#1", at=NOW, route="GET /other", values={Metric.LLM_ERRORS: (1,)})
    sink.publish(other)
    [line] = _documents(capsys.readouterr().out)
    sink.publish(PUBLICATION)

    assert set(line) == {"_aws", "Service", "Route", "publication_id", "LlmErrors"}
    assert capsys.readouterr().out == first


def test_the_environment_adds_no_dimension(
    sink: EmfMetricSink, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "another")
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "Another")

    sink.publish_pipeline(PipelineMetrics(publication_id="batch:1", at=NOW, values={Metric.REJECTED_RECORDS: (1,)}))

    [line] = _documents(capsys.readouterr().out)
    assert set(line) == {"_aws", "Service", "RejectedRecords", "publication_id"}
    assert _dimensions(line) == [["Service"]]


def test_rejected_records_bear_their_reason_beside_the_service(
    sink: EmfMetricSink, capsys: pytest.CaptureFixture[str]
) -> None:
    values = {Metric.REJECTED_RECORDS: (3.0,)}
    sink.publish_pipeline(
        PipelineMetrics(publication_id="batch:1", at=NOW, values=values, reason=RejectedReason.NOT_JSON)
    )

    [line] = _documents(capsys.readouterr().out)
    assert _dimensions(line) == [["Service"], ["Service", "Reason"]]
    assert (line["Reason"], line["RejectedRecords"]) == ("not_json", [3.0])


@pytest.mark.parametrize("count", [98, 99, 100, 101, 198, 250])
def test_more_values_than_one_array_takes_fill_several_lines(
    sink: EmfMetricSink, capsys: pytest.CaptureFixture[str], count: int
) -> None:
    latencies = tuple(range(count))
    values = {Metric.LLM_CALLS: (count,), Metric.INVOCATION_LATENCY: latencies}

    sink.publish(Publication(publication_id="r#1", at=AT, route="/", values=values))

    documents = _documents(capsys.readouterr().out)
    printed = [value for line in documents for value in cast("list[float]", line["InvocationLatency"])]
    assert printed == list(latencies)
    assert [line["LlmCalls"] for line in documents if "LlmCalls" in line] == [[count]]
    assert [line["publication_id"] for line in documents] == ["r#1", "r#1/2", "r#1/3"][: len(documents)]


def test_a_publication_without_values_prints_nothing(sink: EmfMetricSink, capsys: pytest.CaptureFixture[str]) -> None:
    sink.publish(replace(PUBLICATION, values={}, by_model=()))
    sink.publish_pipeline(PipelineMetrics(publication_id="batch:1", at=NOW, values={}))

    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("at", "printed"),
    [
        (NOW - timedelta(days=14), True),
        (NOW - timedelta(days=14, seconds=1), False),
        (NOW + timedelta(hours=2), True),
        (NOW + timedelta(hours=2, seconds=1), False),
    ],
)
def test_what_cloudwatch_refuses_for_its_age_is_logged_and_not_printed(
    sink: EmfMetricSink,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    at: datetime,
    printed: bool,
) -> None:
    sink.publish(replace(PUBLICATION, at=at))

    documents = _documents(
        "".join(line for line in capsys.readouterr().out.splitlines(keepends=True) if "_aws" in line)
    )
    logged = [vars(record)["publication_id"] for record in caplog.records]
    assert (len(documents), logged) == ((1, []) if printed else (0, ["request-1#1"]))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(outside=st.text())
def test_text_from_outside_stays_inside_its_line(
    sink: EmfMetricSink, capsys: pytest.CaptureFixture[str], outside: str
) -> None:
    hostile = replace(
        PUBLICATION,
        publication_id=outside,
        route=outside,
        properties={"request_id": outside},
        by_model=(ModelValues(model_id=outside, values={Metric.LLM_CALLS: (1,)}),),
    )
    sink.publish(hostile)

    documents = _documents(capsys.readouterr().out)
    assert [line["publication_id"] for line in documents] == [outside, outside]
    assert documents[0]["request_id"] == outside


def test_details_stand_in_the_requests_own_first_line_alone(
    sink: EmfMetricSink, capsys: pytest.CaptureFixture[str]
) -> None:
    tool = ToolValues(tool="get_weather", values={Metric.TOOL_TIME: (420,)})
    models = tuple(ModelValues(model_id=model, values={Metric.LLM_CALLS: (1,)}) for model in ("m1", "m2"))
    values = {Metric.REQUESTS: (1,), Metric.LLM_TIME: tuple(range(1, 150))}
    details: Mapping[str, Property] = {"first_token_ms": 3_510, "tools": "get_weather at 1250 ms for 420 ms"}
    sink.publish(replace(PUBLICATION, values=values, by_model=models, by_tool=(tool,), details=details))
    lines = _documents(capsys.readouterr().out)

    assert len(lines) == 5
    assert [line.get("tools") for line in lines] == [details["tools"], *[None] * 4]
    assert lines[0]["first_token_ms"] == 3_510


def test_each_tool_has_a_line_of_its_own_that_names_no_route_as_a_dimension(
    sink: EmfMetricSink, capsys: pytest.CaptureFixture[str]
) -> None:
    tool = ToolValues(tool="get_weather", values={Metric.TOOL_TIME: (420,), Metric.TOOL_ERRORS: (1,)})
    time_by = {"llm_ms": 1, "tools_ms": 420}
    sink.publish(replace(PUBLICATION, by_tool=(tool,), properties={**PUBLICATION.properties, "time_by": time_by}))
    of_request, of_tool = _documents(capsys.readouterr().out)

    assert "Tool" not in of_request
    assert (of_tool["Tool"], of_tool["ToolTime"], of_tool["ToolErrors"]) == ("get_weather", [420], [1])
    assert "Route" not in of_tool
    assert (of_tool["route"], of_tool["request_id"], of_tool["time_by"]) == ("POST /ask", "request-1", time_by)
