"""The contract of metric sinks, over the one in memory and the one that prints EMF lines."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest
from aws_lambda_powertools import Logger

from request_lens.adapters.emf_metric_sink import EmfMetricSink
from request_lens.adapters.memory.clock import MemoryClock
from request_lens.adapters.memory.metric_sink import MemoryMetricSink
from request_lens.domain.publishing.metric_names import Metric
from request_lens.domain.publishing.publication import ModelValues, PipelineMetrics, Publication
from request_lens.ports import MetricSink
from tests.support.stored_facts import MODEL

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)

type Published = list[tuple[str, Mapping[str, list[float]]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class SinkUnderTest:
    """A metric sink, and what it has published per request: ids and values, in order."""

    sink: MetricSink
    published: Callable[[], Published]
    pipeline: Callable[[], list[Mapping[str, list[float]]]]


@pytest.fixture(params=["memory", "emf"])
def tested(request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]) -> SinkUnderTest:
    if request.param == "memory":
        return _in_memory()
    clock, logger = MemoryClock(moment=NOW), Logger(service="request-lens")
    return _printing(EmfMetricSink(service_name="request-lens", clock=clock, logger=logger), capsys)


def _in_memory() -> SinkUnderTest:
    sink = MemoryMetricSink()

    def published() -> Published:
        return [
            (publication.publication_id, {str(name): list(values) for name, values in publication.values.items()})
            for publication in sink.publications
        ]

    return SinkUnderTest(
        sink=sink,
        published=published,
        pipeline=lambda: [
            {str(name): list(values) for name, values in metrics.values.items()} for metrics in sink.pipeline
        ],
    )


def _printing(sink: EmfMetricSink, capsys: pytest.CaptureFixture[str]) -> SinkUnderTest:
    lines: list[Mapping[str, list[float]]] = []

    def documents(dimensions: list[list[str]]) -> list[Mapping[str, list[float]]]:
        lines.extend(json.loads(line) for line in capsys.readouterr().out.splitlines())
        return [line for line in lines if _directive(line)["Dimensions"] == dimensions]

    return SinkUnderTest(
        sink=sink,
        published=lambda: [
            (str(line["publication_id"]), _values(line)) for line in documents([["Service"], ["Service", "Route"]])
        ],
        pipeline=lambda: [_values(line) for line in documents([["Service"]])],
    )


def _directive(document: Mapping[str, object]) -> Mapping[str, object]:
    """The first one: that of the request, which a model's may stand beside."""
    aws = document["_aws"]
    assert isinstance(aws, dict)
    directive = aws["CloudWatchMetrics"][0]
    assert isinstance(directive, dict)
    return directive


def _values(document: Mapping[str, list[float]]) -> Mapping[str, list[float]]:
    metrics = cast("list[Mapping[str, str]]", _directive(document)["Metrics"])
    return {metric["Name"]: document[metric["Name"]] for metric in metrics}


def _publication(publication_id: str, calls: int) -> Publication:
    values = {Metric.LLM_CALLS: (calls,), Metric.REQUEST_DURATION: (4711,)}
    by_model = (ModelValues(model_id=MODEL, values={Metric.LLM_CALLS: (calls,)}),)
    return Publication(
        publication_id=publication_id,
        at=NOW - timedelta(minutes=1),
        route="POST /ask",
        values=values,
        by_model=by_model,
    )


def test_publications_stand_in_the_order_in_which_they_came(tested: SinkUnderTest) -> None:
    tested.sink.publish(_publication("request-2#1", 2))
    tested.sink.publish(_publication("request-1#1", 1))
    tested.sink.publish(_publication("request-2#1", 2))

    assert tested.published() == [
        ("request-2#1", {"LlmCalls": [2], "RequestDuration": [4711]}),
        ("request-1#1", {"LlmCalls": [1], "RequestDuration": [4711]}),
        ("request-2#1", {"LlmCalls": [2], "RequestDuration": [4711]}),
    ]


def test_a_publication_may_be_for_another_service(capsys: pytest.CaptureFixture[str]) -> None:
    sink = EmfMetricSink(
        service_name="request-lens", clock=MemoryClock(moment=NOW), logger=Logger(service="request-lens")
    )

    sink.publish(replace(_publication("r1#1", 2), service="doctor"))

    printed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert printed
    assert {document["Service"] for document in printed} == {"doctor"}


def test_taking_back_publishes_negative_totals(tested: SinkUnderTest) -> None:
    tested.sink.publish(_publication("invocation:call-1#2", -1))

    assert tested.published() == [("invocation:call-1#2", {"LlmCalls": [-1], "RequestDuration": [4711]})]


def test_the_pipeline_speaks_for_itself(tested: SinkUnderTest) -> None:
    tested.sink.publish_pipeline(
        PipelineMetrics(publication_id="batch:1", at=NOW, values={Metric.LOG_DELAY: (5_000, 13_000)})
    )

    assert tested.pipeline() == [{"LogDelay": [5_000, 13_000]}]
    assert tested.published() == []
