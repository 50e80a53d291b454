"""`ModelInvocationLog` records: JSON text → Invocation.

The common fields decide whether a record can be read; a body never does.
"""

from typing import Annotated, Literal, NotRequired, TypedDict

from pydantic import AliasPath, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError

from request_lens.domain.facts import Conversation, Invocation, InvocationId, RequestId, Tag, TokenCounts
from request_lens.domain.log_record import RejectedReason
from request_lens.wire.answer import Answer, answer_of
from request_lens.wire.bodies import AnsweredBody, AskedBody
from request_lens.wire.fault import Fault, fault_of
from request_lens.wire.field_types import (
    MAX_EPOCH_MS,
    UNKNOWN,
    ApiRequestId,
    ForeignModel,
    Identifier,
    Label,
    Moment,
    Name,
    OrAbsent,
    OrNone,
    TokenCount,
    Word,
    foreign_part,
    in_utc,
)
from request_lens.wire.messages import each_once, returned_by
from request_lens.wire.names import model_name, role_name

SCHEMA_TYPE = "ModelInvocationLog"
"""`schemaType` of the records; a few exports lack it."""


MAX_CALL_INDEX = 100_000
"""No request makes more calls: a larger index is no index."""

_Digits = Annotated[str, StringConstraints(strict=True, pattern=r"^[0-9]{1,13}$")]
"""Metadata values are strings; 13 digits hold every epoch millisecond before the year 2287."""

_Whole = Annotated[_Digits | Annotated[int, Field(strict=True)] | None, OrNone()]


class RequestMetadata(ForeignModel):
    """The tag's keys among whatever else the caller put there; a value that cannot be one is None."""

    model_config = ConfigDict(alias_generator=None)

    api_request_id: Annotated[ApiRequestId | None, OrNone()] = None
    call_index: _Whole = None
    call_started_ms: _Whole = None


def tag_of(metadata: RequestMetadata | None) -> Tag | None:
    """The tag, or None where there is no request id that API Gateway could have made."""
    if metadata is None or metadata.api_request_id is None:
        return None
    return Tag(
        request_id=RequestId(metadata.api_request_id),
        call_index=_within(metadata.call_index, 1, MAX_CALL_INDEX),
        call_started_ms=_within(metadata.call_started_ms, 0, MAX_EPOCH_MS),
    )


def _within(value: str | int | None, least: int, most: int) -> int | None:
    if value is None:
        return None
    number = int(value)
    return number if least <= number <= most else None


class _Input(TypedDict, total=False):
    input_body_json: AskedBody
    input_token_count: TokenCount | None
    cache_read_input_token_count: TokenCount | None
    cache_write_input_token_count: TokenCount | None


class _Output(TypedDict, total=False):
    output_body_json: AnsweredBody
    output_token_count: TokenCount | None


@foreign_part
class ModelInvocationLog(TypedDict):
    """The fields of a record that we read; failed calls have neither input nor output.

    It and its parts are TypedDicts, which take half the time of models; the parts take over its camelCase.
    """

    schema_type: NotRequired[Literal["ModelInvocationLog"] | None]
    timestamp: Moment
    request_id: Identifier
    model_id: Name
    operation: NotRequired[Label | None]
    error_code: NotRequired[Label | None]
    region: NotRequired[Annotated[Word, OrAbsent()]]
    caller_arn: NotRequired[Annotated[Name, OrAbsent(), Field(validation_alias=AliasPath("identity", "arn"))]]
    request_metadata: NotRequired[Annotated[RequestMetadata, OrAbsent()]]
    input: NotRequired[_Input | None]
    output: NotRequired[_Output | None]


_RECORD: TypeAdapter[ModelInvocationLog] = TypeAdapter(ModelInvocationLog)


def read_invocation(raw: bytes) -> Invocation | Fault:
    """The invocation that a record's JSON text reports, or what is wrong with its common fields."""
    try:
        record = _RECORD.validate_json(raw)
    except ValidationError as error:
        return fault_of(error)
    return invocation_of(record)


def invocation_of(record: ModelInvocationLog) -> Invocation | Fault:
    """The invocation that a record reports, or why it may be something else's."""
    if record.get("schema_type") is None and record.get("operation") is None:
        return Fault(reason=RejectedReason.UNKNOWN_RECORD)
    return _to_invocation(record)


def _to_invocation(record: ModelInvocationLog) -> Invocation:
    asked, answered = record.get("input") or _Input(), record.get("output") or _Output()
    answer = answer_of(answered.get("output_body_json"))
    return Invocation(
        invocation_id=InvocationId(record["request_id"]),
        model_id=model_name(record["model_id"]),
        operation=record.get("operation") or UNKNOWN,
        logged_at=in_utc(record["timestamp"]),
        latency_ms=answer.latency_ms,
        stop_reason=answer.stop_reason,
        error_code=record.get("error_code"),
        tokens=_tokens(asked, answered, answer),
        caller_role=role_name(record.get("caller_arn")),
        tag=tag_of(record.get("request_metadata")),
        conversation=_conversation(asked.get("input_body_json"), answer),
        region=record.get("region"),
        service_tier=answer.service_tier,
        first_byte_latency_ms=answer.first_byte_latency_ms,
        guardrail_intervened=answer.guardrail_intervened,
    )


def _tokens(asked: _Input, answered: _Output, answer: Answer) -> TokenCounts:
    """The record's own counts; those of the cache, which older records lack, else from the answer's usage.

    A split that is more than its total, or has none, is kept as it is: a call with such counts has no cost.
    """
    read, written = asked.get("cache_read_input_token_count"), asked.get("cache_write_input_token_count")
    return TokenCounts(
        input=asked.get("input_token_count"),
        output=answered.get("output_token_count"),
        cache_read=answer.cache_read if read is None else read,
        cache_write=answer.cache_write if written is None else written,
        cache_write_1h=answer.cache_write_1h,
    )


def _conversation(body: AskedBody, answer: Answer) -> Conversation | None:
    """The tool-use ids that came and went, or None where no messages can be read."""
    last = None if body is None else body.get("last_message")
    if last is None:
        return None
    return Conversation(returned=each_once(returned_by(last)), produced=answer.produced)
