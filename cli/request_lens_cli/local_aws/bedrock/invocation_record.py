"""The record of a call in the invocation log, in the shape in which Bedrock writes it."""

import json
from datetime import datetime

from pydantic import JsonValue, TypeAdapter

from request_lens_cli.local_aws.bedrock.dialects import dialect_of
from request_lens_cli.local_aws.bedrock.event_stream import JsonObject
from request_lens_cli.local_aws.bedrock.model_call import Answered, ModelCall, Outcome, Refused
from request_lens_cli.local_aws.environment import ACCOUNT_ID, REGION

_PROFILES = ("global.", "jp.", "apac.", "us.", "eu.")
"""How the ids of inference profiles across Regions begin: only their records say in which Region the model ran."""

_BODY: TypeAdapter[dict[str, JsonValue]] = TypeAdapter(dict[str, JsonValue])


def invocation_record(call: ModelCall, outcome: Outcome, *, with_texts: bool) -> JsonObject:
    """The record of a call; without `with_texts` it has no bodies, and so neither latency nor stop reason.

    Its time is the call's start, floored to the second. That of a failed call has neither input nor output.
    """
    record: dict[str, JsonValue] = {
        "timestamp": floored(call.started_at).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "accountId": ACCOUNT_ID,
        "region": REGION,
        "requestId": call.request_id,
        "operation": call.operation.value,
        "modelId": call.model_id,
    }
    if call.caller_arn is not None:
        record["identity"] = {"arn": call.caller_arn}
    match outcome:
        case Answered():
            record |= _answer(call, outcome, with_texts=with_texts)
        case Refused():
            record["errorCode"] = outcome.error_code
    record |= {"schemaType": "ModelInvocationLog", "schemaVersion": "1.0"}
    if call.metadata is not None:
        record["requestMetadata"] = dict(call.metadata)
    return record


def floored(moment: datetime) -> datetime:
    """The moment without its fraction of a second, as Bedrock logs it."""
    return moment.replace(microsecond=0)


def _answer(call: ModelCall, outcome: Answered, *, with_texts: bool) -> dict[str, JsonValue]:
    turn, timing = outcome.turn, outcome.timing
    asked: dict[str, JsonValue] = {"inputContentType": "application/json", "inputTokenCount": turn.input_tokens}
    answer: dict[str, JsonValue] = {"outputContentType": "application/json", "outputTokenCount": turn.output_tokens}
    if with_texts:
        dialect, streamed = dialect_of(call.operation), call.operation.is_streamed
        asked["inputBodyJson"] = dict(dialect.logged_input(_BODY.validate_json(call.body)))
        answer["outputBodyJson"] = dialect.logged_output(turn, timing, streamed=streamed)
    asked |= {"cacheReadInputTokenCount": 0, "cacheWriteInputTokenCount": 0}
    both: dict[str, JsonValue] = {"input": asked, "output": answer}
    return both | ({"inferenceRegion": REGION} if call.model_id.startswith(_PROFILES) else {})


def as_line(record: JsonObject) -> str:
    """The record as one line of JSON."""
    return json.dumps(dict(record), ensure_ascii=False, separators=(",", ":"))
