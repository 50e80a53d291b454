"""One run of a function behind the API, under the request's trace, and what Lambda's own log lines say of it."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pydantic import JsonValue

from request_lens_cli.local_aws.api.log_lines import LogLine
from request_lens_cli.local_aws.emulated.traced_invoke import TRACE_HEADER

if TYPE_CHECKING:
    from mypy_boto3_lambda.client import LambdaClient

_TRACE: ContextVar[str] = ContextVar("trace")
"""The trace header of the Invoke that this thread sends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionRun:
    """A run: its id and trace header as the function has them, its times and what it answered."""

    run_id: str
    trace: str
    began_at: datetime
    ended_at: datetime
    answer: bytes
    failed: bool

    @property
    def duration_ms(self) -> float:
        """How long its caller waited for it."""
        return round((self.ended_at - self.began_at).total_seconds() * 1000, 3)


def send_traces(functions: LambdaClient) -> None:
    """Let each Invoke of the client carry the trace of the request that it is for."""
    functions.meta.events.register("before-call.lambda.Invoke", _add_trace)


def _add_trace(params: dict[str, dict[str, str]], **_: object) -> None:
    params["headers"][TRACE_HEADER] = _TRACE.get()


def run_function(
    function_arn: str, event: Mapping[str, JsonValue], trace_id: str, *, functions: LambdaClient
) -> FunctionRun:
    """Run a function under a trace, as a part of it with an id of its own."""
    trace = f"Root={trace_id};Parent={os.urandom(8).hex()};Sampled=1"
    _TRACE.set(trace)
    began_at = datetime.now(UTC)
    run = functions.invoke(FunctionName=function_arn, Payload=json.dumps(dict(event)).encode())
    return FunctionRun(
        run_id=run["ResponseMetadata"]["RequestId"],
        trace=trace,
        answer=run["Payload"].read(),
        failed="FunctionError" in run,
        began_at=began_at,
        ended_at=datetime.now(UTC),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformLog:
    """Where Lambda's own lines of a function go, and what they say of each of its runs.

    They name the trace of a run where the function's tracing is active.
    """

    group: str
    version: str
    memory_mb: int
    is_traced: bool

    def lines(self, run: FunctionRun) -> tuple[LogLine, LogLine]:
        """A run's lines `platform.start` and `platform.report`.

        https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html
        """
        tracing: dict[str, JsonValue] = {
            "spanId": os.urandom(8).hex(),
            "type": "X-Amzn-Trace-Id",
            "value": run.trace,
        }
        metrics: dict[str, JsonValue] = {
            "durationMs": run.duration_ms,
            "billedDurationMs": math.ceil(run.duration_ms),
            "memorySizeMB": self.memory_mb,
        }
        status = "error" if run.failed else "success"
        start: dict[str, JsonValue] = {"requestId": run.run_id, "version": self.version}
        if self.is_traced:
            start["tracing"] = tracing
        report: dict[str, JsonValue] = {"requestId": run.run_id, "metrics": metrics, "status": status}
        return (
            self._line("platform.start", start, run.began_at),
            self._line("platform.report", report, run.ended_at),
        )

    def _line(self, kind: str, record: Mapping[str, JsonValue], at: datetime) -> LogLine:
        time = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        text = json.dumps({"time": time, "type": kind, "record": dict(record)}, separators=(",", ":"))
        return LogLine(group=self.group, at_ms=round(at.timestamp() * 1000), text=text)


def platform_log(function_arn: str, *, functions: LambdaClient) -> PlatformLog | None:
    """Where Lambda logs a function's runs as JSON; None where its logging settings ask for no such lines."""
    found = functions.get_function_configuration(FunctionName=function_arn)
    logging = found.get("LoggingConfig", {})
    if logging.get("LogFormat") != "JSON" or logging.get("SystemLogLevel") not in ("INFO", "DEBUG"):
        return None
    return PlatformLog(
        group=logging.get("LogGroup", f"/aws/lambda/{found['FunctionName']}"),
        version=found["Version"],
        memory_mb=found["MemorySize"],
        is_traced=found.get("TracingConfig", {}).get("Mode") == "Active",
    )
