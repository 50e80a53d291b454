"""`ModelInvocationLog` records: JSON text → Invocation.

The common fields decide whether a record can be read; a body never does.
"""

from typing import Annotated, Literal, NotRequired, TypedDict

from pydantic import AliasPath, ConfigDict, Field, OnErrorOmit, StringConstraints, TypeAdapter, ValidationError

from request_lens.domain.cached_input import without_cached
from request_lens.domain.facts import Conversation, Invocation, InvocationId, RequestId, Tag, TokenCounts
from request_lens.domain.log_record import RejectedReason
from request_lens.domain.times import EPOCH, as_utc
from request_lens.wire.bodies import InputBody, OutputBodies, RequestBody
from request_lens.wire.fault import Fault, fault_of
from request_lens.wire.field_types import (
    MAX_EPOCH_MS,
    MAX_NAME,
    MAX_TIME,
    MAX_TOKENS,
    UNKNOWN,
    ApiRequestId,
    ForeignModel,
    Identifier,
    Label,
    Name,
    OrNone,
    Timestamp,
    TokenCount,
    Word,
    foreign_part,
)
from request_lens.wire.messages import OptionalWord, tool_uses_answered, unique_ids
from request_lens.wire.names import model_name, role_name, routed_model
from request_lens.wire.response import ResponseFacts, response_facts
from request_lens.wire.usage import (
    Usage,
    cache_read,
    cache_write,
    cache_write_1h,
    includes_cached,
    with_iterations,
)

SCHEMA_TYPE = "ModelInvocationLog"
"""`schemaType` of the records; a few exports lack it."""

MAX_CALL_INDEX = 100_000
"""No request makes more calls: a larger index is no index."""

LATENCY_OPTIMIZED = "latency_optimized"
"""The service tier of a call that Bedrock ran for low latency (`performanceConfig`), at prices of its own."""

_OPTIMIZED = "optimized"

_ANY_TIER = "auto"

_Digits = Annotated[str, StringConstraints(strict=True, pattern=r"^[0-9]{1,13}$")]
"""Metadata values are strings; 13 digits hold every epoch millisecond before the year 2287."""

_Whole = Annotated[_Digits | Annotated[int, Field(strict=True)] | None, OrNone()]


class _RequestMetadata(ForeignModel):
    """The tag's keys among whatever else the caller put there; a value that cannot be one is None."""

    model_config = ConfigDict(alias_generator=None)

    api_request_id: Annotated[ApiRequestId | None, OrNone()] = None
    call_index: _Whole = None
    call_started_ms: _Whole = None


class _Input(TypedDict, total=False):
    input_body_json: InputBody
    input_token_count: TokenCount | None
    cache_read_input_token_count: TokenCount | None
    cache_write_input_token_count: TokenCount | None


class _Output(OutputBodies, total=False):
    output_token_count: TokenCount | None


@foreign_part
class ModelInvocationLog(TypedDict):
    """The fields of a record that we read; failed calls have neither input nor output.

    It and its parts are TypedDicts, which take half the time of models; the parts take over its camelCase.
    """

    schema_type: NotRequired[Literal["ModelInvocationLog"] | None]
    timestamp: Timestamp
    request_id: Identifier
    model_id: Name
    operation: NotRequired[Label | None]
    error_code: NotRequired[Label | None]
    region: NotRequired[OnErrorOmit[Word]]
    caller_arn: NotRequired[Annotated[OnErrorOmit[Name], Field(validation_alias=AliasPath("identity", "arn"))]]
    request_metadata: NotRequired[OnErrorOmit[_RequestMetadata]]
    performance: NotRequired[Annotated[OptionalWord, Field(validation_alias=AliasPath("performanceConfig", "latency"))]]
    input: NotRequired[_Input | None]
    output: NotRequired[_Output | None]


_RECORD: TypeAdapter[ModelInvocationLog] = TypeAdapter(ModelInvocationLog)


def read_invocation(raw: bytes) -> Invocation | Fault:
    """The invocation that a record's JSON text reports, or what is wrong with its common fields."""
    try:
        record = _RECORD.validate_json(raw)
    except ValidationError as error:
        return fault_of(error, _advice_on)
    return invocation_of(record)


_EXPECTED = {
    "timestamp": "a time in ISO 8601, such as 2026-03-04T18:27:02Z",
    "requestId": "up to 256 visible ASCII characters",
    "modelId": "text of one line",
}
"""What Bedrock writes into the fields that a record can be rejected for."""

_IN_RANGE = {
    "greater_than_equal": f"a time from {EPOCH:%Y} on",
    "less_than": f"a time before {MAX_TIME:%Y}",
    "string_too_long": f"up to {MAX_NAME:,} characters",
}
"""The same for a value of the right form that is out of bounds, by the type of its error."""


def _advice_on(field: str, error_type: str) -> str:
    """What to do about a field at fault: whoever exported the record changed what Bedrock wrote."""
    if field.endswith("TokenCount"):
        return f"it should be a whole number from 0 to {MAX_TOKENS:,}, as Bedrock wrote it"
    if field not in _EXPECTED:
        return ""
    if error_type == "missing":
        return "Bedrock writes it into each record: the export should keep it"
    return f"it should be {_IN_RANGE.get(error_type, _EXPECTED[field])}, as Bedrock wrote it"


def invocation_of(record: ModelInvocationLog) -> Invocation | Fault:
    """The invocation that a record reports, or a fault where nothing distinguishes it from a record of another log."""
    if record.get("schema_type") is None and record.get("operation") is None:
        return Fault(reason=RejectedReason.UNKNOWN_RECORD)
    asked = (record.get("input") or _Input()).get("input_body_json") or RequestBody()
    facts = response_facts(record.get("output") or _Output())
    model = model_name(record["model_id"])
    if facts.invoked_model is not None:
        model = routed_model(model, facts.invoked_model)
    return Invocation(
        invocation_id=InvocationId(record["request_id"]),
        model_id=model,
        operation=record.get("operation") or UNKNOWN,
        logged_at=as_utc(record["timestamp"]),
        latency_ms=facts.latency_ms,
        stop_reason=facts.stop_reason,
        error_code=record.get("error_code"),
        tokens=_tokens(record, facts.usage, model),
        caller_role=role_name(record.get("caller_arn")),
        tag=_tag(record.get("request_metadata")),
        conversation=_conversation(asked, facts),
        region=record.get("region"),
        service_tier=_service_tier(record, asked, facts),
        first_byte_latency_ms=facts.first_byte_latency_ms,
        guardrail_intervened=facts.guardrail_intervened,
    )


def _tokens(record: ModelInvocationLog, usage: Usage, model: str) -> TokenCounts:
    """The record's own counts; those of the cache, which it may lack, else from the body's usage.

    A split that is more than its total, or has none, is kept as it is: a call with such counts has no cost.
    """
    request, response = record.get("input") or _Input(), record.get("output") or _Output()
    read, written = request.get("cache_read_input_token_count"), request.get("cache_write_input_token_count")
    read = cache_read(usage) if read is None else read
    written = cache_write(usage) if written is None else written
    tokens = TokenCounts(
        input=request.get("input_token_count"),
        output=response.get("output_token_count"),
        cache_read=read,
        cache_write=written,
        cache_write_1h=cache_write_1h(usage),
    )
    if (read or written) and includes_cached(tokens, usage, model, record.get("operation") or UNKNOWN):
        return without_cached(tokens)
    return with_iterations(tokens, usage) if "iterations" in usage else tokens


def _service_tier(record: ModelInvocationLog, asked: RequestBody, facts: ResponseFacts) -> str | None:
    """The tier that the call ran at, or the one asked for; to ask for `auto` leaves it to Bedrock, as to ask for none.

    A performance is told by the record, by the answer, or else by what was asked.
    """
    if (record.get("performance") or facts.performance or asked.get("performance")) == _OPTIMIZED:
        return LATENCY_OPTIMIZED
    tier = asked.get("service_tier")
    return facts.service_tier or (None if tier == _ANY_TIER else tier)


def _tag(metadata: _RequestMetadata | None) -> Tag | None:
    """The tag, or None where there is no request id that API Gateway could have made."""
    if metadata is None or metadata.api_request_id is None:
        return None
    return Tag(
        request_id=RequestId(metadata.api_request_id),
        call_index=_within(metadata.call_index, 1, MAX_CALL_INDEX),
        call_started_ms=_within(metadata.call_started_ms, 0, MAX_EPOCH_MS),
    )


def _within(value: str | int | None, minimum: int, maximum: int) -> int | None:
    if value is None:
        return None
    number = int(value)
    return number if minimum <= number <= maximum else None


def _conversation(asked: RequestBody, facts: ResponseFacts) -> Conversation | None:
    """The tool uses that came and went, or None where no messages can be read."""
    last = asked.get("last_message")
    if last is None and facts.is_of_responses_api:
        if "is_text" in asked:
            return Conversation(produced=facts.tool_uses)
        last = asked.get("last_item")
    if last is None:
        return None
    earlier = (asked.get("second_last"), asked.get("third_last"), asked.get("fourth_last"))
    return Conversation(returned=unique_ids(tool_uses_answered(last, earlier)), produced=facts.tool_uses)
