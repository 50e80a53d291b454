"""Drawn facts as the lines that Bedrock and API Gateway would have logged of them, and as Lambda events."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from functools import cache

from request_lens.domain.facts import Conversation, Invocation, Request, Tag, TraceId
from request_lens.domain.log_record import LogRecord, Rejected
from request_lens.domain.spans import LambdaRun, Span, SpanKind
from request_lens.wire.log_record import PERMISSION_LINE, read_record
from tests.simulation.drawing.deliveries import POISON, Batch
from tests.support.facts import EPOCH

INVOCATIONS, ACCESS = "/aws/bedrock/model-invocations", "/aws/apigateway/access"
SPANS, FUNCTION = "aws/spans", "/aws/lambda/behind-the-api"

type Json = Mapping[str, object]

_MS = timedelta(milliseconds=1)


def line_of(record: LogRecord) -> str:
    """The line that reads as this record. Raises: KeyError for a rejected one that is none of the drawn."""
    match record:
        case Request():
            return json.dumps(_access(record))
        case Invocation():
            return json.dumps(_invocation(record))
        case Span():
            return json.dumps(_span(record))
        case LambdaRun():
            return json.dumps(_platform_start(record))
        case Rejected():
            return _poison_lines()[record.sha256 or record.detail]
        case _:
            return PERMISSION_LINE


@cache
def _poison_lines() -> Mapping[str, str]:
    read = {line: read_record(line) for line in POISON}
    return {each.sha256 or each.detail: line for line, each in read.items() if isinstance(each, Rejected)}


def by_log_group(batch: Batch) -> Iterator[Batch]:
    """The batch as several, for a subscription filter delivers one log group's lines alone."""
    for group in (INVOCATIONS, ACCESS, SPANS, FUNCTION):
        own = tuple(each for each in batch.records if _group_of(each) == group)
        if own:
            yield Batch(at=batch.at, records=own)


def log_group_of(batch: Batch) -> str:
    """The log group that a batch comes from."""
    return _group_of(batch.records[0])


def _group_of(record: LogRecord) -> str:
    """What is no fact is in the access log's group."""
    match record:
        case Invocation():
            return INVOCATIONS
        case Span():
            return SPANS
        case LambdaRun():
            return FUNCTION
        case _:
            return ACCESS


def _access(request: Request) -> Json:
    return {
        "requestId": request.request_id,
        "requestTimeEpoch": str((request.started_at - EPOCH) // _MS),
        "routeKey": request.route,
        "status": str(request.status),
        "responseLatency": "-" if request.duration_ms is None else str(request.duration_ms),
        "integrationResponseTransferMode": "STREAMED" if request.streamed else "BUFFERED",
        "integrationRequestId": request.lambda_request_id or "-",
        "xrayTraceId": "-" if request.trace_id is None else f"Root={_with_dashes(request.trace_id)}",
    }


def _with_dashes(trace_id: TraceId) -> str:
    """A trace's id as X-Ray writes it."""
    return f"1-{trace_id[:8]}-{trace_id[8:]}"


def _platform_start(run: LambdaRun) -> Json:
    tracing = {
        "type": "X-Amzn-Trace-Id",
        "value": f"Root={_with_dashes(run.trace_id)};Parent=0000000000000001;Sampled=0",
    }
    record = {"requestId": run.lambda_request_id, "version": "$LATEST", "tracing": tracing}
    time = run.at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {"time": time, "type": "platform.start", "record": record}


_KINDS: Mapping[SpanKind, tuple[str, str, str, Json]] = {
    SpanKind.CALL: (
        "chat model",
        "CLIENT",
        "opentelemetry.instrumentation.botocore.bedrock-runtime",
        {"rpc.service": "Bedrock Runtime", "rpc.method": "ConverseStream"},
    ),
    SpanKind.CHAT: ("chat", "INTERNAL", "strands.telemetry.tracer", {"gen_ai.operation.name": "chat"}),
    SpanKind.ENTRY: ("POST /invocations", "SERVER", "opentelemetry.instrumentation.starlette", {}),
    SpanKind.AGENT: ("invoke_agent Strands Agents", "INTERNAL", "strands.telemetry.tracer", {}),
    SpanKind.TOOL: ("execute_tool look", "INTERNAL", "strands.telemetry.tracer", {"gen_ai.tool.name": "look"}),
}
"""The name, kind, scope and attributes of the drawn spans."""


def _span(span: Span) -> Json:
    name, kind, scope, attributes = _KINDS[span.kind]
    known = {
        "aws.request_id": span.invocation_id,
        "gen_ai.usage.input_tokens": span.tokens.input,
        "gen_ai.usage.output_tokens": span.tokens.output,
        "gen_ai.tool.call.id": span.tool_call_id,
        "gen_ai.tool.status": "error" if span.failed else None,
    }
    started_ns, ended_ns = ((each - EPOCH) // _MS * 1_000_000 for each in (span.started_at, span.ended_at))
    return {
        "resource": {"attributes": {"service.name": span.resource}},
        "scope": {"name": scope},
        "traceId": span.trace_id,
        "spanId": span.span_id,
        "name": name,
        "kind": kind,
        "startTimeUnixNano": started_ns,
        "endTimeUnixNano": ended_ns,
        "attributes": {**attributes, **_known(known)},
        "status": {"code": "UNSET"},
    }


def _invocation(call: Invocation) -> Json:
    head = {
        "schemaType": "ModelInvocationLog",
        "timestamp": f"{call.logged_at:%Y-%m-%dT%H:%M:%SZ}",
        "requestId": call.invocation_id,
        "operation": call.operation,
        "modelId": call.model_id,
        "identity": {"arn": f"arn:aws:sts::123456789012:assumed-role/{call.caller_role}/agent"},
    }
    tag = {"requestMetadata": _metadata(call.tag)} if call.tag is not None else {}
    if call.error_code is not None:
        return {**head, **tag, "errorCode": call.error_code}
    return {**head, **tag, "input": _input(call), "output": _output(call)}


def _metadata(tag: Tag) -> Json:
    known = {"call_index": tag.call_index, "call_started_ms": tag.call_started_ms}
    return {
        "api_request_id": tag.request_id,
        **{name: str(value) for name, value in known.items() if value is not None},
    }


def _input(call: Invocation) -> Json:
    counts = {
        "inputTokenCount": call.tokens.input,
        "cacheReadInputTokenCount": call.tokens.cache_read,
        "cacheWriteInputTokenCount": call.tokens.cache_write,
    }
    body = {} if call.conversation is None else {"inputBodyJson": {"messages": _messages(call.conversation)}}
    return _known(counts) | body


def _messages(conversation: Conversation) -> Sequence[Json]:
    results: list[Json] = [
        {"toolResult": {"toolUseId": each, "content": [{"text": "found"}]}} for each in conversation.returned
    ]
    return [{"role": "user", "content": results or [{"text": "What time is it?"}]}]


def _output(call: Invocation) -> Json:
    counts = _known({"outputTokenCount": call.tokens.output})
    if call.conversation is None:
        return counts
    uses: list[Json] = [
        {"toolUse": {"toolUseId": each, "name": "look", "input": {}}} for each in call.conversation.produced
    ]
    message = {"role": "assistant", "content": [{"text": "I see."}, *uses]}
    metrics = {} if call.latency_ms is None else {"metrics": {"latencyMs": call.latency_ms}}
    body = {"output": {"message": message}, **_known({"stopReason": call.stop_reason}), **metrics}
    return {**counts, "outputBodyJson": body}


def _known(values: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in values.items() if value is not None}
