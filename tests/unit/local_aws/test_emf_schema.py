"""EMF lines are checked against the published specification."""

import copy
import json

import pytest
from aws_lambda_powertools.metrics import MetricUnit
from pydantic import JsonValue

from request_lens_cli.local_aws.emf.extraction import ExtractedMetric, extract
from request_lens_cli.local_aws.emf.schema import EmfSchemaError, parse_emf

type Document = dict[str, JsonValue]


def _document(**members: JsonValue) -> Document:
    """A valid document, with some members replaced."""
    directive: Document = {
        "Namespace": "RequestLens",
        "Dimensions": [["Service"], ["Service", "Route"]],
        "Metrics": [
            {"Name": "LlmCalls", "Unit": "Count", "StorageResolution": 1},
            {"Name": "LlmTime", "Unit": "Milliseconds"},
        ],
    }
    return {
        "_aws": {"Timestamp": 1_764_872_822_000, "CloudWatchMetrics": [directive]},
        "Service": "request-lens",
        "Route": "POST /ask",
        "LlmCalls": 2,
        "LlmTime": [1509, 1843, 1509],
        "publication_id": "a#1",
        **members,
    }


def _with_directive(**members: JsonValue) -> Document:
    document = copy.deepcopy(_document())
    metadata = document["_aws"]
    assert isinstance(metadata, dict)
    directives = metadata["CloudWatchMetrics"]
    assert isinstance(directives, list)
    directive = directives[0]
    assert isinstance(directive, dict)
    directive |= members
    return document


def test_a_document_has_one_metric_a_dimension_set() -> None:
    metrics = extract(json.dumps(_document()))
    assert [(metric.name, sorted(metric.dimensions)) for metric in metrics] == [
        ("LlmCalls", ["Service"]),
        ("LlmTime", ["Service"]),
        ("LlmCalls", ["Route", "Service"]),
        ("LlmTime", ["Route", "Service"]),
    ]


def test_values_units_and_resolutions_are_kept() -> None:
    calls, time = extract(json.dumps(_with_directive(Dimensions=[["Service"]])))
    assert (calls.values, calls.unit, calls.storage_resolution) == ((2.0,), MetricUnit.Count, 1)
    assert (time.values, time.unit, time.storage_resolution) == ((1509.0, 1843.0, 1509.0), MetricUnit.Milliseconds, 60)
    assert time.counted_values() == {1509.0: 2, 1843.0: 1}
    assert calls.at.isoformat() == "2025-12-04T18:27:02+00:00"


def test_a_dimension_set_may_be_empty() -> None:
    metrics = extract(json.dumps(_with_directive(Dimensions=[[]])))
    assert [metric.dimensions for metric in metrics] == [{}, {}]


@pytest.mark.parametrize(
    "line", ["START RequestId: a", "", "17", "[]", '{"message": "batch collected"}', "{", '{"a": NaN}']
)
def test_a_line_that_is_no_emf_is_passed_over(line: str) -> None:
    assert extract(line) == []
    assert parse_emf(line) is None


BROKEN: dict[str, Document] = {
    "no timestamp": {"_aws": {"CloudWatchMetrics": []}},
    "timestamp as text": {"_aws": {"Timestamp": "1764872822000", "CloudWatchMetrics": []}},
    "metadata is no object": {"_aws": 1},
    "no directives": {"_aws": {"Timestamp": 1}},
    "empty namespace": _with_directive(Namespace=""),
    "long namespace": _with_directive(Namespace="n" * 1025),
    "no dimensions": _with_directive(Dimensions=None),
    "31 dimensions": _with_directive(Dimensions=[[f"d{number}" for number in range(31)]]),
    "101 metrics": _with_directive(Metrics=[{"Name": "LlmCalls"}] * 101),
    "unknown unit": _with_directive(Metrics=[{"Name": "LlmCalls", "Unit": "Calls"}]),
    "resolution of 10 s": _with_directive(Metrics=[{"Name": "LlmCalls", "StorageResolution": 10}]),
    "nameless metric": _with_directive(Metrics=[{"Unit": "Count"}]),
    "dimension missing": _with_directive(Dimensions=[["Nowhere"]]),
    "dimension is a number": _document(Service=1),
    "dimension is empty": _document(Service=""),
    "dimension is long": _document(Service="s" * 1025),
    "metric missing": _with_directive(Metrics=[{"Name": "Nowhere"}]),
    "metric is text": _document(LlmCalls="2"),
    "metric is a truth": _document(LlmCalls=True),
    "no values": _document(LlmCalls=[]),
    "101 values": _document(LlmCalls=[1] * 101),
    "text among values": _document(LlmCalls=[1, "2"]),
}


@pytest.mark.parametrize("document", BROKEN.values(), ids=BROKEN.keys())
def test_a_line_that_breaks_the_specification_is_refused(document: Document) -> None:
    with pytest.raises(EmfSchemaError):
        extract(json.dumps(document))


def test_a_refusal_never_repeats_values() -> None:
    with pytest.raises(EmfSchemaError) as refusal:
        extract(json.dumps(_document(LlmCalls="a secret", publication_id="another secret")))
    assert "secret" not in str(refusal.value)
    assert "LlmCalls" in str(refusal.value)


def test_a_metric_is_data_alone() -> None:
    assert extract(json.dumps(_document()))[0] == ExtractedMetric(
        namespace="RequestLens",
        name="LlmCalls",
        dimensions={"Service": "request-lens"},
        values=(2.0,),
        unit=MetricUnit.Count,
        at=extract(json.dumps(_document()))[0].at,
        storage_resolution=1,
    )
