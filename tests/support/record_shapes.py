"""Log lines of every shape that Bedrock and API Gateway write, small, with one text in every field that holds text.

`INVOCATION_SHAPES` and `ACCESS_SHAPES` name them. Each takes the text that stands for prompts, answers and tool texts,
so that a test can plant a canary, and gives a new JSON value.
"""

from collections.abc import Callable, Mapping
from typing import Any

from tests.support.body_shapes import (
    CHUNK_LISTS,
    INPUT_BODIES,
    OUTPUT_BODIES,
    TOOL_RESULT,
    blocked_by_guardrail,
    converse_answer,
    responses_answer,
    responses_events,
    routed_answer,
)

type Json = Any
type Shape = Callable[[str], dict[str, Json]]

BASE_MODEL = "anthropic.claude-haiku-4-5-20251001-v1:0"
ACCOUNT = "123456789012"
ROLE_ARN = f"arn:aws:sts::{ACCOUNT}:assumed-role/AgentRole/BedrockAgentCore-1f0c"
BEDROCK_ARN = f"arn:aws:bedrock:eu-west-1:{ACCOUNT}"
MODEL_IDS = (
    BASE_MODEL,
    f"eu.{BASE_MODEL}",
    f"global.{BASE_MODEL}",
    f"arn:aws:bedrock:eu-west-1::foundation-model/{BASE_MODEL}",
    f"{BEDROCK_ARN}:inference-profile/eu.{BASE_MODEL}",
    f"{BEDROCK_ARN}:application-inference-profile/a1b2c3d4e5f6",
    f"{BEDROCK_ARN}:provisioned-model/a1b2c3d4e5f6",
    f"{BEDROCK_ARN}:imported-model/a1b2c3d4e5f6",
)


def invocation(operation: str = "Converse", **fields: Json) -> dict[str, Json]:
    """A record's common fields, and those given."""
    return {
        "timestamp": "2026-03-04T18:27:02Z",
        "accountId": ACCOUNT,
        "region": "eu-west-1",
        "requestId": "5e0b6c1a-8d5a-4b43-9d7e-0f3b2f6f1a02",
        "operation": operation,
        "modelId": f"eu.{BASE_MODEL}",
        "identity": {"arn": ROLE_ARN},
        **fields,
        "schemaType": "ModelInvocationLog",
        "schemaVersion": "1.0",
    }


def asked(body: Json, **counts: int) -> dict[str, Json]:
    """The input side with a body in place."""
    return {"inputContentType": "application/json", "inputBodyJson": body, "inputTokenCount": 1011, **counts}


def answered(body: Json, **counts: int) -> dict[str, Json]:
    """The output side with a body in place."""
    return {"outputContentType": "application/json", "outputBodyJson": body, "outputTokenCount": 31, **counts}


def call(operation: str, asked_body: Json, answered_body: Json, **fields: Json) -> dict[str, Json]:
    """A record of a call that succeeded, with both bodies in place."""
    return invocation(operation, input=asked(asked_body), output=answered(answered_body), **fields)


def converse(text: str) -> dict[str, Json]:
    """A Converse call in the middle of a loop: it brings a tool's result and asks for another, cached and tagged."""
    return call(
        "Converse",
        INPUT_BODIES["converse"](text),
        converse_answer(text),
        inferenceRegion="eu-north-1",
        requestMetadata={"api_request_id": "TmVhckx5QkFwaQ=", "call_index": "2", "note": text[:256]},
    )


def throttled(text: str) -> dict[str, Json]:
    """A failed attempt: no input, no output, no inferenceRegion."""
    return invocation("ConverseStream", errorCode="ThrottlingException", errorMessage=text)


def failed_with_sides(text: str) -> dict[str, Json]:
    """A failed attempt whose record has both sides, without bodies."""
    return invocation("Converse", errorCode="ResourceNotFoundException", input={}, output={}, errorMessage=text)


def broken_off(text: str) -> dict[str, Json]:
    """A stream that broke off: what it had taken and made until then is counted."""
    body = {"output": {"message": {"role": "assistant", "content": [{"text": text}]}}}
    error = {"errorCode": "ModelStreamErrorException", "errorMessage": text}
    return invocation("ConverseStream", input=asked(TOOL_RESULT), output=answered(body), **error)


def optimized(text: str) -> dict[str, Json]:
    """A call for low latency, which the record tells beside its bodies."""
    performance = {"latency": "optimized", "note": text}
    return call("InvokeModel", {"prompt": text}, {"generation": text}, performanceConfig=performance, status="SUCCESS")


def exported(text: str) -> dict[str, Json]:
    """An export that writes its counts as text or with a fraction."""
    return invocation(
        "Converse",
        input={"inputBodyJson": INPUT_BODIES["converse"](text), "inputTokenCount": "1011"},
        output={"outputBodyJson": converse_answer(text), "outputTokenCount": 31.0},
    )


def flattened(text: str) -> dict[str, Json]:
    """An export that joined its keys by dots."""
    dotted = {"identity.arn": ROLE_ARN, "input.inputTokenCount": 1011, "output.outputTokenCount": 31}
    record = invocation("Converse") | dotted | {"output.outputBodyJson": converse_answer(text)}
    del record["identity"]
    return record


def bodies_off(_: str) -> dict[str, Json]:
    """Text delivery is off: counts alone."""
    return invocation("Converse", input={"inputTokenCount": 12}, output={"outputTokenCount": 8})


def bodies_on_s3(_: str) -> dict[str, Json]:
    """Large bodies are objects in S3."""
    path = "s3://bucket/AWSLogs/data/5e0b6c1a"
    return invocation(
        "InvokeModelWithResponseStream",
        input={"inputBodyS3Path": f"{path}_input.json.gz", "inputTokenCount": 6, "cacheReadInputTokenCount": 178_945},
        output={"outputBodyS3Path": f"{path}_output.json.gz", "outputTokenCount": 12},
    )


def video(_: str) -> dict[str, Json]:
    """A video: no counts, and an output that is an object in S3."""
    output = {"outputVideoS3Path": "s3://bucket/AWSLogs/data/video.mp4", "outputVideoDurationSeconds": 6}
    return invocation("InvokeModel", modelId="amazon.nova-reel-v1:1", input={}, output=output)


def unknown_operation(text: str) -> dict[str, Json]:
    """An operation of tomorrow, with bodies of tomorrow and fields that nobody knows."""
    body = {"novelty": [text, {"messages": text, "usage": [text], "metrics": text, "stopReason": [text]}]}
    return call("ConverseTomorrow", body, [body, text], tomorrow={"text": text})


def embedding(text: str) -> dict[str, Json]:
    """An embedding: no count of output tokens."""
    output = {"outputBodyJson": {"embedding": [0.01, -0.02], "inputTextTokenCount": 3}}
    return invocation("InvokeModel", input=asked({"inputText": text}), output=output)


def with_bodies_as(wrap: Callable[[Json], Json]) -> Shape:
    """The Converse call with both of its bodies turned into something else."""

    def shape(text: str) -> dict[str, Json]:
        record = converse(text)
        record["input"]["inputBodyJson"] = wrap(record["input"]["inputBodyJson"])
        record["output"]["outputBodyJson"] = wrap(record["output"]["outputBodyJson"])
        return record

    return shape


def of_body(operation: str, bodies: Mapping[str, Callable[[str], Json]], name: str) -> Shape:
    """A call with the output body of that name, and the input body that goes with it."""
    asks = INPUT_BODIES.get(name.split("_", maxsplit=1)[0], INPUT_BODIES["prompt"])
    return lambda text: call(operation, asks(text), bodies[name](text))


BODY_WRAPS: Mapping[str, Callable[[Json], Json]] = {
    "null": lambda _: None,
    "list": lambda body: [body, "[DONE]", None, 7],
    "list_of_text": lambda body: [str(body)],
    "number": lambda _: 7,
    "text": str,
}
"""What the bodies of a record may be instead of themselves."""

INVOCATION_SHAPES: Mapping[str, Shape] = {
    "converse": converse,
    "converse_guardrail": lambda text: call("Converse", TOOL_RESULT, blocked_by_guardrail(text)),
    "throttled": throttled,
    "failed_with_sides": failed_with_sides,
    "broken_off": broken_off,
    "optimized": optimized,
    "exported": exported,
    "flattened": flattened,
    "routed": lambda text: call(
        "Converse", TOOL_RESULT, routed_answer(text), modelId=f"{BEDROCK_ARN}:prompt-router/a1"
    ),
    "responses": lambda text: call("Responses", INPUT_BODIES["responses"](text), responses_answer(text)),
    "responses_events": lambda text: call("Responses", INPUT_BODIES["responses"](text), responses_events(text)),
    "bodies_off": bodies_off,
    "bodies_on_s3": bodies_on_s3,
    "bodies_empty": lambda _: call("Converse", {}, {}),
    "video": video,
    "embedding": embedding,
    "unknown_operation": unknown_operation,
    **{f"bodies_{name}": with_bodies_as(wrap) for name, wrap in BODY_WRAPS.items()},
    **{f"invoke_{name}": of_body("InvokeModel", OUTPUT_BODIES, name) for name in OUTPUT_BODIES},
    **{f"stream_{name}": of_body("InvokeModelWithResponseStream", CHUNK_LISTS, name) for name in CHUNK_LISTS},
}
"""Every shape of an invocation's record, by name."""


def http_line(text: str) -> dict[str, Json]:
    """An HTTP API's line in the recommended format."""
    return {
        "requestId": "TmVhckx5QkFwaQ=",
        "requestTimeEpoch": "1772648822417",
        "responseLatency": "2140",
        "status": "200",
        "routeKey": "POST /ask",
        "integrationError": text,
    }


def rest_line(text: str) -> dict[str, Json]:
    """A REST API's line in the recommended format."""
    return {
        "requestId": "0f5c2d6e-6a0a-4d57-9d37-2b7f0a6f9f10",
        "requestTimeEpoch": "1772648822417",
        "responseLatency": "29003",
        "status": "504",
        "httpMethod": "POST",
        "resourcePath": "/ask/{id}",
        "integrationLatency": "-",
        "xrayTraceId": "Root=1-69a87bf6-0123456789abcdef01234567",
        "integrationErrorMessage": text,
    }


def http_console_line(text: str) -> dict[str, Json]:
    """An HTTP API's line in the console's default format: no latency, a time in whole seconds."""
    return {
        "requestId": "TmVhckx5QkFwaQ=",
        "ip": "192.0.2.7",
        "requestTime": "04/Mar/2026:18:27:02 +0000",
        "httpMethod": "POST",
        "routeKey": "POST /ask",
        "status": "200",
        "protocol": "HTTP/1.1",
        "responseLength": "184",
        "userAgent": text,
    }


def rest_console_line(text: str) -> dict[str, Json]:
    """A REST API's line in the console's default format."""
    line = http_console_line(text) | {"caller": "-", "user": "-", "resourcePath": "/ask"}
    del line["routeKey"]
    return line


def rest_streamed_line(text: str) -> dict[str, Json]:
    """A REST API's line of an answer that was sent piece by piece."""
    return rest_line(text) | {
        "status": "200",
        "integrationResponseTransferMode": "STREAMED",
        "responseLatency": "283000",
    }


def rest_epoch_line(text: str) -> dict[str, Json]:
    """A REST API's line in a vendor's format: numbers as numbers, the epoch under the other key."""
    line = rest_console_line(text) | {"requestTime": 1_772_648_822_417, "status": 200, "stage": "live"}
    return line | {"extendedRequestId": "VnJ1c3RFeHQ9", "wafResponseCode": text}


def message_line(text: str) -> dict[str, Json]:
    """A WebSocket API's line of a message."""
    return {
        "requestId": "VnJ1c3RBQkM9",
        "requestTimeEpoch": "1772648822417",
        "eventType": "MESSAGE",
        "routeKey": "askAgent",
        "status": "200",
        "connectionId": "VnJ1c3RDb25uPQ=",
        "integrationLatency": "6400",
        "error": text,
    }


ACCESS_SHAPES: Mapping[str, Shape] = {
    "http": http_line,
    "rest": rest_line,
    "http_console": http_console_line,
    "rest_console": rest_console_line,
    "http_no_route": lambda text: http_line(text) | {"routeKey": "-", "status": "404", "responseLatency": "2"},
    "rest_streamed": rest_streamed_line,
    "rest_epoch": rest_epoch_line,
    "rest_preflight": lambda text: rest_line(text) | {"httpMethod": "OPTIONS", "status": "204"},
    "message": message_line,
    "connection": lambda text: message_line(text) | {"eventType": "CONNECT", "routeKey": "$connect"},
}
"""Every shape of an access log's line, by name."""

FAULTY_SHAPES: Mapping[str, Shape] = {
    "rest_in_http_format": lambda text: http_line(text) | {"routeKey": "-", "httpMethod": "POST", "path": text},
    "http_in_rest_format": lambda text: rest_line(text) | {"resourcePath": "-"},
    "no_status": lambda text: http_line(text) | {"status": "-"},
}
"""Lines of an access log that say what its format should hold, by name."""
