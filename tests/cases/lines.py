"""Lines of the cases: requests and calls by when they begin, in seconds after nine o'clock, to the millisecond."""

from datetime import UTC, datetime, timedelta

from tests.cases.case import Json
from tests.support.record_shapes import answered, asked, invocation

NINE = datetime(2026, 6, 1, 9, tzinfo=UTC)
HAIKU = "global.anthropic.claude-haiku-4-5-20251001-v1:0"
"""Input 1 and output 5 USD for a million tokens."""

SONNET = "us.anthropic.claude-sonnet-4-6"
PLAN = "POST /plan"

ASKED = {"role": "user", "content": "Which train?"}
METRICS = "amazon-bedrock-invocationMetrics"


def http(name: str, at: float, duration_ms: int, **fields: Json) -> dict[str, Json]:
    """An HTTP API's line in the recommended format."""
    line = {"requestId": name, "requestTimeEpoch": epoch_ms(at), "responseLatency": str(duration_ms), "status": "200"}
    return {**line, "routeKey": PLAN, **fields}


def rest(name: str, at: float, duration_ms: int, **fields: Json) -> dict[str, Json]:
    """A REST API's line in the recommended format."""
    method, path = PLAN.split(" ")
    latency = {"integrationLatency": str(duration_ms - 9)}
    line = {key: value for key, value in http(name, at, duration_ms).items() if key != "routeKey"}
    return {**line, "httpMethod": method, "resourcePath": path, **latency, **fields}


def epoch_ms(at: float) -> str:
    return str(round((NINE.timestamp() + at) * 1000))


def called(name: str, at: float, operation: str, sides: tuple[Json, Json], **fields: Json) -> dict[str, Json]:
    """A record of a call by Haiku; its time is floored to the second. A side of None is not there."""
    moment = NINE + timedelta(seconds=at)
    bodies = {key: side for key, side in zip(("input", "output"), sides, strict=True) if side is not None}
    common = {"timestamp": f"{moment:%Y-%m-%dT%H:%M:%SZ}", "requestId": name, "modelId": HAIKU, "region": "us-east-1"}
    return invocation(operation, **{**common, **bodies, **fields})


def converse(
    name: str,
    at: float,
    latency_ms: int,
    *,
    brings: tuple[str, ...] = (),
    asks: tuple[str, ...] = (),
    tokens: tuple[int, int] = (500, 60),
    **fields: Json,
) -> dict[str, Json]:
    """A call by ConverseStream that brings results of tools, and asks for others."""
    results: list[Json] = [{"toolResult": {"toolUseId": each, "content": [{"text": "ok"}]}} for each in brings]
    uses: list[Json] = [{"toolUse": {"toolUseId": each, "name": "find_trains", "input": {}}} for each in asks]
    messages = [{"role": "user", "content": results or [{"text": "To the lake, please."}]}]
    body = {
        "output": {"message": {"role": "assistant", "content": uses or [{"text": "At noon."}]}},
        "stopReason": "tool_use" if asks else "end_turn",
        "metrics": {"latencyMs": latency_ms},
        "usage": {"inputTokens": tokens[0], "outputTokens": tokens[1], "totalTokens": sum(tokens)},
    }
    return called(name, at, "ConverseStream", sides({"messages": messages}, body, tokens), **fields)


def counted(name: str, at: float, model: str, counts: Json, usage: Json, **fields: Json) -> dict[str, Json]:
    """A call by Converse whose record counts `(input, cache reads, cache writes, output)`, its body as `usage` says."""
    read, cached, written, said = counts
    body = {"stopReason": "end_turn", "metrics": {"latencyMs": 900}, "usage": usage}
    cache = {"cacheReadInputTokenCount": cached, "cacheWriteInputTokenCount": written}
    both = sides({"messages": [{"role": "user", "content": [{"text": "When?"}]}]}, body, (read, said), **cache)
    return called(name, at, "Converse", both, modelId=model, **fields)


def sides(question: Json, answer: Json, tokens: tuple[int, int | None], **cache: int) -> tuple[Json, Json]:
    """Both sides of a record, with a body and its count each; one of None is not counted."""
    output = answered(answer)
    output["outputTokenCount"] = tokens[1]
    return asked(question, inputTokenCount=tokens[0], **cache), {k: v for k, v in output.items() if v is not None}


def loop(name: str, starts: tuple[float, ...], latency_ms: int, **fields: Json) -> list[dict[str, Json]]:
    """Calls of one loop of tools: each asks for a tool whose result the next brings; 80 tokens more each time."""
    last = len(starts) - 1
    return [
        converse(
            f"{name}-{number + 1}",
            at,
            latency_ms,
            brings=(f"tooluse_{name}{number - 1}",) if number else (),
            asks=(f"tooluse_{name}{number}",) if number < last else (),
            tokens=(500 + 80 * number, 60),
            **fields,
        )
        for number, at in enumerate(starts)
    ]


def tagged(request: str, *calls: tuple[dict[str, Json], float]) -> list[dict[str, Json]]:
    """The calls with the tag of their request: its id, their number, and their start to the millisecond."""
    return [
        call | {"requestMetadata": tag(request, number, epoch_ms(at))}
        for number, (call, at) in enumerate(calls, start=1)
    ]


def tag(request: str, number: int, started_ms: str) -> dict[str, str]:
    return {"api_request_id": request, "call_index": str(number), "call_started_ms": started_ms}


def throttled(name: str, at: float, error: str = "ThrottlingException", **fields: Json) -> dict[str, Json]:
    """An attempt that failed: neither side is there."""
    return called(name, at, "ConverseStream", (None, None), errorCode=error, **fields)


def message_start(**counts: Json) -> Json:
    """The first chunk of a stream of Anthropic's messages."""
    return {"type": "message_start", "message": {"role": "assistant", "content": [], "usage": counts}}


def usage(counts: tuple[int, int]) -> Json:
    return {"input_tokens": counts[0], "output_tokens": counts[1]}
