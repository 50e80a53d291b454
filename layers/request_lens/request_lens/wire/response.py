"""Response bodies, whole or as the chunks of a stream, → what they report of their call."""

from typing import NamedTuple

from request_lens.domain.facts import GUARDRAIL_INTERVENED
from request_lens.wire.bodies import OutputBody, ResponseChunk
from request_lens.wire.messages import requested_id, tool_uses_requested, unique_ids

LATENCY_OPTIMIZED = "latency_optimized"
"""The service tier of a call that Bedrock ran for low latency (`performanceConfig`), at prices of its own."""

_ONE_HOUR = "1h"


class ResponseFacts(NamedTuple):
    """What a response body reports; None is unknown. A tuple, as it is made in a third of a frozen dataclass's time."""

    stop_reason: str | None = None
    latency_ms: int | None = None
    first_byte_latency_ms: int | None = None
    guardrail_intervened: bool = False
    service_tier: str | None = None
    tool_uses: tuple[str, ...] = ()
    cache_read: int | None = None
    cache_write: int | None = None
    cache_write_1h: int | None = None


def response_facts(body: OutputBody) -> ResponseFacts:
    """What the body reports; where several chunks do, the last one counts: reasons and latencies come at the end."""
    merged: ResponseChunk = {}
    tool_uses: list[str] = []
    intervened = False
    for chunk in body if isinstance(body, list) else (body,):
        if chunk:
            merged |= chunk
            tool_uses += _tool_uses_requested(chunk)
            intervened = intervened or chunk.get("guardrail_action") == "INTERVENED"
    reason = merged.get("stop_reason")
    return ResponseFacts(
        stop_reason=reason,
        latency_ms=_whole(merged.get("latency_ms")),
        first_byte_latency_ms=_whole(merged.get("first_byte_latency_ms")),
        guardrail_intervened=intervened or reason == GUARDRAIL_INTERVENED,
        service_tier=LATENCY_OPTIMIZED if merged.get("performance") == "optimized" else merged.get("service_tier"),
        tool_uses=unique_ids(tool_uses),
        cache_read=merged.get("cache_read"),
        cache_write=merged.get("cache_write"),
        cache_write_1h=_cached_for_an_hour(merged),
    )


def _tool_uses_requested(chunk: ResponseChunk) -> list[str]:
    tool_uses = tool_uses_requested(chunk)
    if "message" in chunk:
        tool_uses += tool_uses_requested(chunk["message"])
    if "block" in chunk and (tool_use_id := requested_id(chunk["block"])) is not None:
        tool_uses.append(tool_use_id)
    return tool_uses


def _cached_for_an_hour(merged: ResponseChunk) -> int | None:
    """The tokens written to the cache for an hour; None where the split is not there, or not readable as a whole.

    Those of any other time are the rest, which costs what the model's cache writes cost: for a time without a price of
    its own, such as GPT's `30m`, there is no other.
    """
    writes = merged.get("cache_details")
    if not writes:
        return merged.get("cache_write_1h")
    if any(write is None or write.keys() != {"ttl", "tokens"} for write in writes):
        return None
    return sum(write["tokens"] for write in writes if write is not None and write["ttl"] == _ONE_HOUR)


def _whole(milliseconds: float | None) -> int | None:
    return None if milliseconds is None else round(milliseconds)
