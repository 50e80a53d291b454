"""Lambda's own lines in a function's log: text → LambdaRun, or why a line tells of no trace.

In JSON a run's lines are `platform.start`, `platform.runtimeDone` and `platform.report`, and each names the trace under
`tracing`; in plain text `REPORT` names it. Where the run has no trace, neither does.
https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html
"""

import re
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import AliasPath, Field, StringConstraints, ValidationError

from request_lens.domain.facts import TraceId
from request_lens.domain.log_record import Ignored
from request_lens.domain.spans import LambdaRun
from request_lens.domain.times import EPOCH, as_utc
from request_lens.wire.fault import Fault, fault_of
from request_lens.wire.field_types import MAX_TIME, ApiRequestId, ForeignModel, OrNone, Timestamp

PLATFORM = "platform."
"""How the type of each of Lambda's own lines in JSON begins."""

NO_TRACE = "line of a Lambda function that names no trace"

_TEXT_LINES = ("START RequestId: ", "END RequestId: ", "REPORT RequestId: ", "INIT_START ")

_REPORT = re.compile(
    r"REPORT RequestId: (?P<run>[A-Za-z0-9-]{1,128})\s.*?"
    r"\bXRAY TraceId: 1-(?P<born>[0-9a-f]{8})-(?P<rest>[0-9a-f]{24})\b",
    re.DOTALL,
)

_ROOT = re.compile(r"(?:^|;) ?Root=1-(?P<born>[0-9a-f]{8})-(?P<rest>[0-9a-f]{24})(?:;|$)")
"""https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader"""

_Header = Annotated[str, StringConstraints(strict=True, max_length=512)]


class _PlatformLine(ForeignModel):
    """The fields of a line that we read: each may be missing."""

    time: Annotated[Timestamp | None, OrNone()] = None
    run: Annotated[ApiRequestId | None, OrNone(), Field(validation_alias=AliasPath("record", "requestId"))] = None
    trace: Annotated[_Header, OrNone(), Field(validation_alias=AliasPath("record", "tracing", "value"))] = ""


def read_text_line(message: str) -> LambdaRun | Ignored | None:
    """The run that a `REPORT` in plain text names, or why it names none; None where the text is no line of Lambda's."""
    if not message.startswith(_TEXT_LINES):
        return None
    report = _REPORT.match(message)
    return Ignored(why=NO_TRACE) if report is None else _run(report["run"], report, at=None)


def read_platform_line(raw: bytes) -> LambdaRun | Ignored | Fault:
    """The run that a platform line's JSON text names, why it names none, or what is wrong with it."""
    try:
        line = _PlatformLine.model_validate_json(raw)
    except ValidationError as error:
        return fault_of(error)
    root = _ROOT.search(line.trace or "")
    return Ignored(why=NO_TRACE) if root is None or line.run is None else _run(line.run, root, at=line.time)


def _run(lambda_request_id: str, trace: re.Match[str], *, at: datetime | None) -> LambdaRun:
    """The run; a line without a time was written soon after its trace began, which the trace's id tells."""
    born = min(EPOCH + timedelta(seconds=int(trace["born"], 16)), MAX_TIME)
    return LambdaRun(
        lambda_request_id=lambda_request_id,
        trace_id=TraceId(trace["born"] + trace["rest"]),
        at=born if at is None else as_utc(at),
    )
