"""What an answer says of its call: one whole answer, or chunks that say it together."""

from typing import NamedTuple

from request_lens.domain.facts import GUARDRAIL_INTERVENED
from request_lens.wire.bodies import AnsweredBody, Piece
from request_lens.wire.messages import each_once, produced_by, tool_use_of

_ONE_HOUR = "1h"

LATENCY_OPTIMIZED = "latency_optimized"
"""The service tier of a call that Bedrock ran for low latency (`performanceConfig`), at prices of its own."""


class Answer(NamedTuple):
    """What an output body says; None is unknown. A tuple, as it is made in a third of a frozen dataclass's time."""

    stop_reason: str | None = None
    latency_ms: int | None = None
    first_byte_latency_ms: int | None = None
    guardrail_intervened: bool = False
    service_tier: str | None = None
    produced: tuple[str, ...] = ()
    cache_read: int | None = None
    cache_write: int | None = None
    cache_write_1h: int | None = None


def answer_of(body: AnsweredBody) -> Answer:
    """What the body says; of chunks that say the same thing, the last one: reasons and latencies come at the end."""
    said: Piece = {}
    produced: list[str] = []
    intervened = False
    for piece in body if isinstance(body, list) else (body,):
        if piece:
            said |= piece
            produced += _produced_by(piece)
            intervened = intervened or piece.get("guardrail_action") == "INTERVENED"
    reason = said.get("stop_reason")
    return Answer(
        stop_reason=reason,
        latency_ms=_whole(said.get("latency_ms")),
        first_byte_latency_ms=_whole(said.get("first_byte_latency_ms")),
        guardrail_intervened=intervened or reason == GUARDRAIL_INTERVENED,
        service_tier=LATENCY_OPTIMIZED if said.get("performance") == "optimized" else said.get("service_tier"),
        produced=each_once(produced),
        cache_read=said.get("cache_read"),
        cache_write=said.get("cache_write"),
        cache_write_1h=_written_for_an_hour(said),
    )


def _produced_by(piece: Piece) -> list[str]:
    found = produced_by(piece)
    if "message" in piece:
        found += produced_by(piece["message"])
    if "block" in piece and (tool_use_id := tool_use_of(piece["block"])) is not None:
        found.append(tool_use_id)
    return found


def _written_for_an_hour(said: Piece) -> int | None:
    """The tokens written to the cache for an hour; None where the split is not there, or not readable as a whole.

    Those of any other time are the rest, which costs what the model's cache writes cost: for a time without a price of
    its own, such as GPT's `30m`, there is no other.
    """
    details = said.get("cache_details")
    if not details:
        return said.get("cache_write_1h")
    if any(each is None or each.keys() != {"ttl", "tokens"} for each in details):
        return None
    return sum(each["tokens"] for each in details if each is not None and each["ttl"] == _ONE_HOUR)


def _whole(milliseconds: float | None) -> int | None:
    return None if milliseconds is None else round(milliseconds)
