"""Lines of a Lambda function's log of every shape that Lambda itself writes, with one text where a text may stand.

`LAMBDA_SHAPES` names those in JSON that name a trace, `UNTRACED_LAMBDA_SHAPES` those that name none. A function whose
log format is text writes `report_line`.
"""

from collections.abc import Callable, Mapping
from typing import Any

type Json = Any
type Shape = Callable[[str], dict[str, Json]]

RUN_ID = "3f0c1d52-6a7e-4b8d-9c21-5e4f7a6b8c90"
XRAY_TRACE = "1-69a87976-0f1e2d3c4b5a69788796a5b4"
TRACE = "69a879760f1e2d3c4b5a69788796a5b4"
FUNCTION_ARN = "arn:aws:lambda:eu-west-1:123456789012:function:ask"


def platform_line(
    kind: str,
    *,
    time: str = "2026-03-04T18:27:02.417Z",
    run_id: str = RUN_ID,
    trace: str | None = XRAY_TRACE,
    **record: Json,
) -> dict[str, Json]:
    """A line of Lambda's own in JSON; where the run has a trace, it names the header that it came with."""
    header = {
        "spanId": "5c2f0a9b1d3e4f60",
        "type": "X-Amzn-Trace-Id",
        "value": f"Root={trace};Parent=5c2f0a9b;Sampled=1",
    }
    tracing = {} if trace is None else {"tracing": header}
    return {"time": time, "type": f"platform.{kind}", "record": {"requestId": run_id, **record, **tracing}}


def start_line(*, run_id: str = RUN_ID, trace: str | None = XRAY_TRACE, **fields: Json) -> dict[str, Json]:
    """The first line of a run."""
    return platform_line("start", run_id=run_id, trace=trace, version="$LATEST", functionArn=FUNCTION_ARN, **fields)


def report_line(*, run_id: str = RUN_ID, trace: str | None = XRAY_TRACE) -> str:
    """The last line of a run, in plain text."""
    measured = "Duration: 812.40 ms\tBilled Duration: 813 ms\tMemory Size: 256 MB\tMax Memory Used: 91 MB\t"
    traced = "" if trace is None else f"\nXRAY TraceId: {trace}\tSegmentId: 5c2f0a9b1d3e4f60\tSampled: true\t"
    return f"REPORT RequestId: {run_id}\t{measured}{traced}\n"


_METRICS = {"durationMs": 812.4, "billedDurationMs": 813, "memorySizeMB": 256, "maxMemoryUsedMB": 91}

LAMBDA_SHAPES: Mapping[str, Shape] = {
    "start": lambda text: start_line(note=text),
    "runtime_done": lambda text: platform_line("runtimeDone", status="error", errorType=text, metrics=_METRICS),
    "report": lambda text: platform_line("report", status="error", errorType=text, metrics=_METRICS),
}
"""Lines that name the trace of their run, by name."""

UNTRACED_LAMBDA_SHAPES: Mapping[str, Shape] = {
    "start_untraced": lambda text: start_line(trace=None, note=text),
    "report_untraced": lambda text: platform_line("report", trace=None, errorType=text, metrics=_METRICS),
    "init_start": lambda text: {
        "time": "2026-03-04T18:27:02.001Z",
        "type": "platform.initStart",
        "record": {"initializationType": "on-demand", "phase": "init", "functionName": "ask", "note": text},
    },
}
"""Lines that are normal and name none, by name."""
