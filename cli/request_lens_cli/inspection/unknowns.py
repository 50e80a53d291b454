"""Why fields of a fact are unknown, by the field's name in the JSON documents."""

from collections.abc import Iterator, Mapping
from itertools import chain

from request_lens.domain.facts import Invocation, Request
from request_lens.domain.folding.summary import OTHER_MODEL
from request_lens.wire.field_types import UNKNOWN
from request_lens.wire.names import OTHER_ROUTE
from request_lens_cli.inspection.record_shape import Json, RecordShape, read_line, record_shape

_FAILED = "a failed call's record carries none"
_NO_OUTPUT_COUNT = "the record has no outputTokenCount (embeddings, images and video have none)"
_ONLY_TAGS = "only tags link to this request"


def unknown_of_request(request: Request, message: str) -> dict[str, str]:
    """Why the duration or the start's milliseconds are unknown: the console's default formats have neither."""
    line = read_line(message)
    unknown: dict[str, str] = {}
    if request.route == OTHER_ROUTE:
        unknown["route"] = "no API's route is worded like the one in the line"
    elif _lacks_name(request, line):
        unknown["requestLensApi"] = "it is no name of 1 to 64 letters, digits and any of . _ - / $: the route lacks it"
    if request.duration_ms is None:
        unknown["duration_ms"] = f"{_latency_fault(line)}: {_ONLY_TAGS}"
    if request.started_precision_ms > 1:
        unknown["started_at"] = f"known to the second only: {_start_fault(line)}"
    return unknown


def _lacks_name(request: Request, line: Mapping[str, Json]) -> bool:
    """Whether the line names its API in a way that cannot be read."""
    name = line.get("requestLensApi")
    return name not in (None, "", "-") and not request.route.startswith(f"{name} ")


def _latency_fault(line: Mapping[str, Json]) -> str:
    latency = line.get("responseLatency")
    if latency in ("-", ""):
        return "responseLatency is absent"
    if latency is not None:
        return "responseLatency is no number of milliseconds up to a day"
    if any(line.get(key, "-") != "-" for key in ("eventType", "connectionId")):
        return "the log of a WebSocket API has no responseLatency"
    return "the format has no responseLatency, as the console's default formats have none"


def _start_fault(line: Mapping[str, Json]) -> str:
    epoch = line.get("requestTimeEpoch")
    return "the format has no requestTimeEpoch" if epoch in (None, "-", "") else "requestTimeEpoch is in seconds"


def unknown_of_invocation(invocation: Invocation, message: str) -> dict[str, str]:
    """Why what a record may tell is unknown of this call, by field."""
    shape = record_shape(message)
    reasons = (
        _of_names(invocation),
        _of_call(invocation, shape),
        _of_counts(invocation, shape),
        _of_caller(invocation, shape),
    )
    return dict(chain.from_iterable(reasons))


def _of_names(call: Invocation) -> Iterator[tuple[str, str]]:
    if call.model_id == OTHER_MODEL:
        yield "model_id", "no model's id is worded like the one in the record"
    if call.operation == UNKNOWN:
        yield "operation", "the record names none, or what it names is no word"
    if call.error_code == UNKNOWN:
        yield "error_code", "what the record names is no word"


def _of_call(call: Invocation, shape: RecordShape) -> Iterator[tuple[str, str]]:
    if call.latency_ms is None:
        yield "latency_ms", shape.no_latency(call.operation) if call.is_llm_call else _FAILED
    if call.first_byte_latency_ms is None and isinstance(shape.response_body, list):
        yield "first_byte_latency_ms", shape.no_latency(call.operation)
    if call.stop_reason is None:
        yield "stop_reason", shape.no_stop_reason() if call.is_llm_call else _FAILED
    if call.conversation is None:
        yield "conversation", shape.no_conversation() if call.is_llm_call else _FAILED


def _of_counts(call: Invocation, shape: RecordShape) -> Iterator[tuple[str, str]]:
    tokens = call.tokens
    flat_input, flat_output = shape.flattened("input"), shape.flattened("output")
    if tokens.input is None:
        yield "input_tokens", (flat_input or "the record has no inputTokenCount") if call.is_llm_call else _FAILED
    if tokens.output is None:
        yield "output_tokens", (flat_output or _NO_OUTPUT_COUNT) if call.is_llm_call else _FAILED
    for name, count in (("cache_read", tokens.cache_read), ("cache_write", tokens.cache_write)):
        if count is None and call.is_llm_call:
            yield f"{name}_input_tokens", flat_input or "neither the record nor its body counts them"
    if tokens.cache_write and tokens.cache_write_1h is None:
        yield "cache_write_1h_input_tokens", "the body does not split the cache's tokens by time to live"


def _of_caller(call: Invocation, shape: RecordShape) -> Iterator[tuple[str, str]]:
    if call.tag is None:
        fault = "has no usable api_request_id" if shape.has("requestMetadata") else "is not in the record"
        yield "tag", f"requestMetadata {fault}: the call is linked by its time instead"
    if call.caller_role is None:
        flattened = shape.flattened("identity")
        yield "caller_role", flattened or "identity.arn names no role: AgentRoleNames cannot name it"
    if call.region is None:
        yield "region", "the record has no region"
