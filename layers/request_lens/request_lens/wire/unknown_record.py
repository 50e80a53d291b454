"""A JSON object of neither log: what it seems to be instead, told by its keys and the kind that it gives itself."""

from typing import Annotated

from pydantic import AliasChoices, Field, ValidationError

from request_lens.domain.log_record import RejectedReason
from request_lens.wire.fault import Fault, fault_of
from request_lens.wire.field_types import ForeignModel, OrNone, Word

BATCH_LINE = "it seems to be a line of batch inference's output: a batch job's calls belong to no API request"
CALL_BODY = "it seems to be a body of a call, as Bedrock puts large ones into S3: it says neither which call nor when"

ACCESS_LINE = (
    'if it is an access log\'s, its format should name the keys as API Gateway does, such as "requestId":'
    '"$context.requestId","status":"$context.status"'
)

OTHER_SCHEMA = "its schemaType is another than ModelInvocationLog"

NOTHING_KNOWN = (
    "looked for at the top of the object: schemaType, or modelId with operation (invocation log); requestTimeEpoch, "
    "requestTime, routeKey, resourcePath, or status with requestId or extendedRequestId (access log); traceId with "
    "spanId (span); record with a type of platform (Lambda)"
)
"""The keys by which lines are told, none of which such an object has; what it has instead may be a text of its own."""

_BATCH_KEYS = frozenset({"model_input", "model_output", "error"})
"""What a line of batch inference has beside its `recordId`; alone they tell nothing."""

_CHUNKS = frozenset(
    {
        "message",
        "message_start",
        "message_delta",
        "message_stop",
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
    }
)
"""How Anthropic's answers, and the events of which a stream of them is made, call themselves."""

_RESPONSE = "response"
"""How an answer of OpenAI's Responses API calls itself, and how the names of its events begin: `response.created`."""

_RESPONSES_KEYS = frozenset({"model", "input"})
"""What a request to the Responses API has; each alone tells nothing."""


_ID_KEYS = AliasChoices(
    "request_id", "request-id", "RequestId", "requestID", "requestid", "context.requestId", "$context.requestId"
)
_STATUS_KEYS = AliasChoices("status", "Status", "statusCode", "status_code", "context.status", "$context.status")
"""How formats spell two keys that every access log has."""


class _Access(ForeignModel):
    """Those keys, and the one by which a line says of itself that it is of another log."""

    schema_type: object = None
    request_id: object = Field(default=None, validation_alias=_ID_KEYS)
    status: object = Field(default=None, validation_alias=_STATUS_KEYS)


class _Keys(ForeignModel):
    """The keys by which such objects are told apart: those of batches, and those of bodies alone."""

    type: Annotated[Word | None, OrNone()] = None
    record_id: object = None
    model_input: object = None
    model_output: object = None
    error: object = None
    messages: object = None
    prompt: object = None
    model: object = None
    input: object = None
    object_: Annotated[Word | None, OrNone()] = Field(default=None, alias="object")
    input_text: object = None
    choices: object = None
    stop_reason: object = None
    content_block_index: object = None
    anthropic_version: object = Field(default=None, alias="anthropic_version")
    metrics: object = Field(default=None, alias="amazon-bedrock-invocationMetrics")


def unknown_record(raw: bytes) -> Fault:
    """The fault of such an object, with what it seems to be in its detail."""
    try:
        found, access = _Keys.model_validate_json(raw), _Access.model_validate_json(raw)
    except ValidationError as error:
        return fault_of(error)
    return Fault(reason=RejectedReason.UNKNOWN_RECORD, detail=_resemblance(found) or _what_it_lacks(access))


def _what_it_lacks(access: _Access) -> str:
    keys = access.model_fields_set
    if "schema_type" in keys:
        return OTHER_SCHEMA
    return ACCESS_LINE if keys == {"request_id", "status"} else NOTHING_KNOWN


def _resemblance(found: _Keys) -> str:
    keys = found.model_fields_set
    if "record_id" in keys and keys & _BATCH_KEYS:
        return BATCH_LINE
    if keys - _BATCH_KEYS - _RESPONSES_KEYS - {"type", "record_id", "object_"} or keys >= _RESPONSES_KEYS:
        return CALL_BODY
    is_answer = found.type in _CHUNKS or _RESPONSE in ((found.type or "").partition(".")[0], found.object_)
    return CALL_BODY if is_answer else ""
