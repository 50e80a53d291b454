"""Lambda's own lines name a run and its trace, whatever format the function logs in; all else of them is ignored."""

import json
from datetime import UTC, datetime

import pytest

from request_lens.domain.facts import TraceId
from request_lens.domain.log_record import Ignored, LogRecord, Rejected
from request_lens.domain.spans import LambdaRun
from request_lens.wire.log_record import read_record
from tests.support.record_strategies import CANARY
from tests.support.telemetry.lambda_shapes import (
    LAMBDA_SHAPES,
    RUN_ID,
    TRACE,
    UNTRACED_LAMBDA_SHAPES,
    report_line,
    start_line,
)


def record_of(line: object) -> LogRecord:
    return read_record(json.dumps(line))


def trace_of(header: object) -> str | None:
    line = start_line()
    line["record"]["tracing"]["value"] = header
    record = record_of(line)
    return record.trace_id if isinstance(record, LambdaRun) else None


@pytest.mark.parametrize("name", LAMBDA_SHAPES)
def test_each_line_of_a_run_in_json_names_its_trace_and_none_of_its_texts(name: str) -> None:
    record = record_of(LAMBDA_SHAPES[name](CANARY))

    at = datetime(2026, 3, 4, 18, 27, 2, 417_000, tzinfo=UTC)
    assert record == LambdaRun(lambda_request_id=RUN_ID, trace_id=TraceId(TRACE), at=at)


def test_a_report_in_plain_text_names_the_trace_too_and_the_second_in_which_that_began() -> None:
    record = read_record(report_line())

    assert record == LambdaRun(
        lambda_request_id=RUN_ID, trace_id=TraceId(TRACE), at=datetime(2026, 3, 4, 18, 27, 2, tzinfo=UTC)
    )


@pytest.mark.parametrize("name", UNTRACED_LAMBDA_SHAPES)
def test_a_line_without_a_trace_is_ignored(name: str) -> None:
    assert isinstance(record_of(UNTRACED_LAMBDA_SHAPES[name](CANARY)), Ignored)


@pytest.mark.parametrize(
    "line",
    [
        f"START RequestId: {RUN_ID} Version: $LATEST\n",
        f"END RequestId: {RUN_ID}\n",
        "INIT_START Runtime Version: python:3.13.v12\tRuntime Version ARN: arn:aws:lambda:eu-west-1::runtime:0a1b\n",
        report_line(trace=None),
        report_line(trace="1-69a87976"),
        report_line(run_id="r" * 129),
    ],
)
def test_a_line_in_plain_text_without_a_trace_is_ignored(line: str) -> None:
    assert isinstance(read_record(line), Ignored)


def test_what_a_function_prints_itself_is_no_line_of_lambdas() -> None:
    assert isinstance(read_record(f"the REPORT RequestId: {RUN_ID}\tXRAY TraceId: 1-69a87976-{'0' * 24}"), Rejected)
    assert isinstance(record_of({"type": "platform", "time": "2026-03-04T18:27:02.417Z", "record": {}}), Rejected)


@pytest.mark.parametrize(
    ("header", "trace"),
    [
        ("Root=1-69a87976-0f1e2d3c4b5a69788796a5b4", TRACE),
        ("Root=1-69a87976-0f1e2d3c4b5a69788796a5b4;Parent=0;Sampled=0;Lineage=1:5c2f0a9b:0", TRACE),
        ("Self=1-69a87976-000000000000000000000000;Root=1-69a87976-0f1e2d3c4b5a69788796a5b4;Sampled=1", TRACE),
        ("Root=1-69a87976-0F1E2D3C4B5A69788796A5B4", None),
        ("Root=1-69a87976-0f1e", None),
        ("xRoot=1-69a87976-0f1e2d3c4b5a69788796a5b4", None),
        ("Root=" + "1" * 600, None),
        (7, None),
        (None, None),
    ],
)
def test_the_trace_is_the_root_of_the_header(header: object, trace: str | None) -> None:
    assert trace_of(header) == trace


@pytest.mark.parametrize("time", ["later", None, 7, "1969-12-31T23:59:59Z"])
def test_a_line_of_an_unreadable_time_was_written_when_its_trace_began(time: object) -> None:
    record = record_of(start_line() | {"time": time})

    assert isinstance(record, LambdaRun)
    assert record.at == datetime(2026, 3, 4, 18, 27, 2, tzinfo=UTC)


def test_a_trace_of_the_next_century_has_a_time_that_arithmetic_bears() -> None:
    record = record_of(start_line(trace=f"1-ffffffff-{'0' * 24}", time=""))

    assert isinstance(record, LambdaRun)
    assert record.at == datetime(2100, 1, 1, tzinfo=UTC)
