"""Response bodies, whole or as the chunks of a stream, → what they report of their call."""

from collections.abc import Sequence
from typing import NamedTuple, cast

from request_lens.domain.facts import GUARDRAIL_INTERVENED, TOOL_USE
from request_lens.wire.bodies import OutputBodies, Response, ResponseChunk
from request_lens.wire.messages import Item, calls_requested, requested_id, tool_uses_requested, unique_ids
from request_lens.wire.usage import Usage

_NOTHING_COUNTED = Usage()

_INTERVENED = "INTERVENED"
"""The `amazon-bedrock-guardrailAction` of a guardrail that blocked or masked something."""

_COMPLETED, _INCOMPLETE = "completed", "incomplete"
_ENDED = frozenset({_COMPLETED, _INCOMPLETE, "failed", "cancelled"})
"""How an answer of the Responses API ends; any other status is on its way there."""


class ResponseFacts(NamedTuple):
    """What a response body reports; None is unknown. A tuple, as it is made in a third of a frozen dataclass's time."""

    stop_reason: str | None = None
    latency_ms: int | None = None
    first_byte_latency_ms: int | None = None
    guardrail_intervened: bool = False
    service_tier: str | None = None
    performance: str | None = None
    tool_uses: tuple[str, ...] = ()
    usage: Usage = _NOTHING_COUNTED
    invoked_model: str | None = None
    is_of_responses_api: bool = False


def response_facts(bodies: OutputBodies) -> ResponseFacts:
    """What the response body reports, be it whole or in chunks."""
    if chunks := [chunk for chunk in bodies.get("chunks", ()) if chunk]:
        return _facts_of_chunks(chunks)
    body = bodies.get("whole")
    if not body:
        return ResponseFacts()
    response = cast("Response", body) if isinstance(body.get("output"), list) else None
    return _facts(body, _usage(body), _tool_uses_requested(body), response=response)


def _facts_of_chunks(chunks: Sequence[ResponseChunk]) -> ResponseFacts:
    """What the chunks report; where several do, the last one counts: reasons and latencies come at the end."""
    merged: ResponseChunk = {}
    usage: Usage = {}
    tool_uses: list[str] = []
    for chunk in chunks:
        merged |= chunk
        usage |= _usage(chunk)
        tool_uses += _tool_uses_requested(chunk)
    if any(chunk.get("guardrail_action") == _INTERVENED for chunk in chunks):
        merged["guardrail_action"] = _INTERVENED
    return _facts(merged, usage, tool_uses, response=_response_of(chunks, merged.get("response")))


def _response_of(events: Sequence[ResponseChunk], last: Response | None) -> Response | None:
    """The answer that the last of the events has, or what was put out until the stream broke off."""
    if last is not None and last.get("output"):
        return last
    items: list[Item | None] = [event["item"] for event in events if "item" in event]
    return (last or Response()) | Response(output=items) if items else last


def _facts(
    merged: ResponseChunk, usage: Usage, tool_uses: Sequence[str], *, response: Response | None
) -> ResponseFacts:
    reason, tier = merged.get("stop_reason"), merged.get("service_tier")
    latency, first_byte_latency = merged.get("latency_ms"), merged.get("first_byte_latency_ms")
    if response is not None:
        tool_uses = [*tool_uses, *calls_requested(response.get("output", ()))]
        reason, tier = _stop_reason(response, tool_uses), tier or response.get("service_tier")
    return ResponseFacts(
        reason,
        None if latency is None else round(latency),
        None if first_byte_latency is None else round(first_byte_latency),
        reason == GUARDRAIL_INTERVENED or merged.get("guardrail_action") == _INTERVENED,
        tier,
        merged.get("performance"),
        unique_ids(tool_uses),
        usage,
        merged.get("invoked_model"),
        response is not None,
    )


def _stop_reason(response: Response, tool_uses: Sequence[str]) -> str | None:
    """Why an answer of the Responses API ended, in its own words but for the tools that it asks for."""
    status = response.get("status")
    if status == _INCOMPLETE:
        return response.get("incomplete_reason", status)
    if status == _COMPLETED and tool_uses:
        return TOOL_USE
    return status if status in _ENDED else None


def _usage(chunk: ResponseChunk) -> Usage:
    """What a chunk counts, wherever it does."""
    usage = chunk.get("usage", _NOTHING_COUNTED)
    if "usage_at_start" in chunk or "usage_measured" in chunk:
        usage = chunk.get("usage_measured", _NOTHING_COUNTED) | chunk.get("usage_at_start", _NOTHING_COUNTED) | usage
    return usage | chunk["response"].get("usage", _NOTHING_COUNTED) if "response" in chunk else usage


def _tool_uses_requested(chunk: ResponseChunk) -> list[str]:
    tool_uses = tool_uses_requested(chunk) if "content" in chunk else []
    output = chunk.get("output")
    if isinstance(output, dict) and "message" in output:
        tool_uses += tool_uses_requested(output["message"])
    if "message" in chunk:
        tool_uses += tool_uses_requested(chunk["message"])
    if "block" in chunk and (tool_use_id := requested_id(chunk["block"])) is not None:
        tool_uses.append(tool_use_id)
    return tool_uses
