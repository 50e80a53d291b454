"""Log lines of a scripted conversation, in the shape in which Bedrock and API Gateway write them."""

import base64
import hashlib
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from scripts.scenarios.script import Ask, Call, Script, Tool

type Json = Mapping[str, object]

ACCOUNT_ID = "123456789012"
REGION = "ap-northeast-1"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedCall:
    """One call of a request with its place in time, its ids and the messages that it sends."""

    call: Call
    invocation_id: str
    tool_use_id: str
    started_at: datetime
    inference_region: str
    messages: tuple[Json, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedRequest:
    """One API request with its place in time, its id and its calls, at least one."""

    ask: Ask
    request_id: str
    seed: str
    started_at: datetime
    calls: tuple[PlannedCall, ...]


def seeded_uuid(seed: str) -> str:
    """A version-4 UUID that is always the same for the same seed."""
    return str(uuid.UUID(bytes=hashlib.sha256(seed.encode()).digest()[:16], version=4))


def seeded_http_id(seed: str) -> str:
    """An id of a request as API Gateway makes it: 15 letters or digits and a `=`."""
    text = base64.b64encode(hashlib.sha256(seed.encode()).digest()).decode()
    return text.replace("+", "k").replace("/", "Q")[:15] + "="


def seeded_tool_use_id(seed: str) -> str:
    """A tool-use id as Bedrock makes them."""
    return "tooluse_" + base64.urlsafe_b64encode(hashlib.sha256(seed.encode()).digest()).decode()[:22]


def plan(name: str, script: Script) -> tuple[PlannedRequest, ...]:
    """Every request of the scenario with its calls, in order of start."""
    planned: list[PlannedRequest] = []
    for number, (ask, start) in enumerate(zip(script.requests, script.starts(), strict=True), start=1):
        before = planned[-1].calls[-1] if ask.continues else None
        planned.append(_planned(f"{name}/{number}", ask, start, script, before=before))
    return tuple(planned)


def _planned(
    seed: str, ask: Ask, started_at: datetime, script: Script, *, before: PlannedCall | None
) -> PlannedRequest:
    request_id = seeded_http_id(seed if script.api == "http" else f"{seed}/extended")
    calls = tuple(_planned_calls(seed, ask, started_at, script, messages=_opening(ask, before)))
    return PlannedRequest(ask=ask, request_id=request_id, seed=seed, started_at=started_at, calls=calls)


def _opening(ask: Ask, before: PlannedCall | None) -> tuple[Json, ...]:
    """The conversation with which a request begins: what came before, the result that is due, and what was typed."""
    typed: list[Json] = [{"text": ask.prompt}] if ask.typed else []
    if before is None:
        return ({"role": "user", "content": typed},)
    result = [_tool_result(before)] if before.call.tool is not None else []
    return (*before.messages, _assistant_turn(before), {"role": "user", "content": [*result, *typed]})


def _planned_calls(
    seed: str, ask: Ask, started_at: datetime, script: Script, *, messages: tuple[Json, ...]
) -> Iterator[PlannedCall]:
    moment = started_at + timedelta(milliseconds=ask.before_ms)
    for index, call in enumerate(ask.calls, start=1):
        moment += timedelta(milliseconds=call.gap_ms)
        planned = PlannedCall(
            call=call,
            invocation_id=call.invocation_id or seeded_uuid(f"{seed}/call/{index}"),
            tool_use_id=seeded_tool_use_id(f"{seed}/tool/{index}"),
            started_at=moment,
            inference_region=_picked(f"{seed}/{index}", script.inference_regions),
            messages=messages,
        )
        yield planned
        moment += timedelta(milliseconds=call.latency_ms)
        if call.tool is not None:
            messages += (_assistant_turn(planned), {"role": "user", "content": [_tool_result(planned)]})


def _picked(seed: str, choices: tuple[str, ...]) -> str:
    return choices[hashlib.sha256(seed.encode()).digest()[0] % len(choices)]


def _assistant_turn(planned: PlannedCall) -> Json:
    """What the model has said, and the tool that it asks for."""
    call = planned.call
    content: list[Json] = [{"text": call.text}]
    if call.tool is not None:
        content.append(
            {"toolUse": {"toolUseId": planned.tool_use_id, "name": call.tool, "input": dict(call.arguments)}}
        )
    return {"role": "assistant", "content": content}


def _tool_result(planned: PlannedCall) -> Json:
    """What the tool has answered."""
    content = [{"text": planned.call.result}]
    return {"toolResult": {"toolUseId": planned.tool_use_id, "status": "success", "content": content}}


def invocation_line(planned: PlannedCall, script: Script) -> Json:
    """The ModelInvocationLog event of one call; its timestamp is the call's start, floored to the second."""
    head: Json = {
        "timestamp": planned.started_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "accountId": ACCOUNT_ID,
        "region": REGION,
        "requestId": planned.invocation_id,
        "operation": "ConverseStream",
        "modelId": script.model_id,
        "identity": {"arn": script.caller_arn},
    }
    tail: Json = {"schemaType": "ModelInvocationLog", "schemaVersion": "1.0"}
    if planned.call.error_code is not None:
        return {**head, "errorCode": planned.call.error_code, **tail}
    bodies = {"input": _input(planned, script), "output": _output(planned)}
    return {**head, **bodies, "inferenceRegion": planned.inference_region, **tail}


def _input(planned: PlannedCall, script: Script) -> Json:
    body: Json = {
        "messages": list(planned.messages),
        "system": [{"text": script.system}],
        "inferenceConfig": {"temperature": 0.7},
        "toolConfig": {"tools": [_tool_spec(tool) for tool in script.tools], "toolChoice": {"auto": {}}},
    }
    return {
        "inputContentType": "application/json",
        "inputBodyJson": body,
        "inputTokenCount": planned.call.tokens[0],
        "cacheReadInputTokenCount": 0,
        "cacheWriteInputTokenCount": 0,
    }


def _tool_spec(tool: Tool) -> Json:
    properties = {name: {"type": "string", "description": text} for name, text in tool.parameters.items()}
    schema = {"type": "object", "properties": properties, "required": list(tool.parameters)}
    return {"toolSpec": {"name": tool.name, "description": tool.description, "inputSchema": {"json": schema}}}


def _output(planned: PlannedCall) -> Json:
    call, (input_tokens, output_tokens) = planned.call, planned.call.tokens
    content: list[Json] = [{"text": call.text}]
    if call.tool is not None:
        use = {"toolUseId": planned.tool_use_id, "name": call.tool, "type": "tool_use", "input": dict(call.arguments)}
        content.append({"toolUse": use})
    body: Json = {
        "output": {"message": {"role": "assistant", "content": content}},
        "stopReason": "end_turn" if call.tool is None else "tool_use",
        "metrics": {"latencyMs": call.latency_ms},
        "usage": {
            "inputTokens": input_tokens,
            "outputTokens": output_tokens,
            "totalTokens": input_tokens + output_tokens,
        },
    }
    return {"outputContentType": "application/json", "outputBodyJson": body, "outputTokenCount": output_tokens}


_INTEGRATION_OVERHEAD_MS = 13
_TIMED_OUT = 504


def access_line(planned: PlannedRequest, script: Script) -> Json:
    """The access-log object of one request, in the format that we recommend for its kind of API."""
    if script.api == "http":
        return _http_access_line(planned, script)
    return _rest_access_line(planned, script)


def _http_access_line(planned: PlannedRequest, script: Script) -> Json:
    return {
        "requestId": planned.request_id,
        "extendedRequestId": planned.request_id,
        "requestTimeEpoch": _epoch_ms(planned.started_at),
        "httpMethod": "POST",
        "routeKey": f"POST {script.route_path}",
        "stage": "$default",
        "apiId": "a1b2c3d4e5",
        **_outcome(planned),
        "integrationError": "-",
    }


def _rest_access_line(planned: PlannedRequest, script: Script) -> Json:
    trace = uuid.UUID(seeded_uuid(f"{planned.seed}/trace")).hex[:24]
    return {
        "requestId": seeded_uuid(planned.seed),
        "extendedRequestId": planned.request_id,
        "requestTimeEpoch": _epoch_ms(planned.started_at),
        "httpMethod": "POST",
        "path": f"/prod{script.route_path}",
        "resourcePath": script.route_path,
        "stage": "prod",
        "apiId": "f6g7h8i9j0",
        **_outcome(planned),
        "xrayTraceId": f"Root=1-{int(planned.started_at.timestamp()):08x}-{trace}",
        "integrationErrorMessage": "-",
    }


def _outcome(planned: PlannedRequest) -> Json:
    duration_ms = planned.ask.duration // timedelta(milliseconds=1)
    has_answer = planned.ask.status != _TIMED_OUT
    return {
        "status": str(planned.ask.status),
        "responseLatency": str(duration_ms),
        "integrationLatency": str(duration_ms - _INTEGRATION_OVERHEAD_MS),
        "integrationStatus": str(planned.ask.status) if has_answer else "-",
        "integrationRequestId": seeded_uuid(f"{planned.seed}/integration"),
    }


def _epoch_ms(moment: datetime) -> str:
    return str(round(moment.timestamp() * 1000))
