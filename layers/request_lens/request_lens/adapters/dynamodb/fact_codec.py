"""Facts, links and decisions as maps of plain values, which the table's items hold, and back.

What is unknown is left out of a map. A function that reads raises KeyError, TypeError or ValueError where the map is
not one that this package wrote.
"""

from typing import assert_never

from request_lens.adapters.dynamodb.attributes import (
    PlainMap,
    integer,
    iso,
    known,
    mapping,
    moment_of,
    optional_integer,
    optional_number,
    optional_text,
    text,
    texts,
)
from request_lens.domain.facts import Conversation, Invocation, InvocationId, Request, RequestId, Tag, TokenCounts
from request_lens.domain.linking.link import Assumption, Confidence, Decision, Link, Method, Reason, Unattributed
from request_lens.domain.log_record import Rejected, RejectedReason
from request_lens.domain.pricing import Quote


def request_values(record: Request) -> PlainMap:
    """A request's record as a map."""
    values: PlainMap = {
        "request_id": record.request_id,
        "route": record.route,
        "status": record.status,
        "started_at": iso(record.started_at),
        "duration_ms": record.duration_ms,
        "started_precision_ms": record.started_precision_ms if record.started_precision_ms > 1 else None,
    }
    return known(values)


def request_from(values: PlainMap) -> Request:
    """The request whose record the map holds."""
    return Request(
        request_id=RequestId(text(values, "request_id")),
        route=text(values, "route"),
        status=integer(values, "status"),
        started_at=moment_of(values, "started_at"),
        duration_ms=optional_integer(values, "duration_ms"),
        started_precision_ms=optional_integer(values, "started_precision_ms") or 1,
    )


def invocation_values(invocation: Invocation) -> PlainMap:
    """An invocation as a map: no text of prompts or completions is in it."""
    tag, conversation = invocation.tag, invocation.conversation
    values: PlainMap = {
        "invocation_id": invocation.invocation_id,
        "model_id": invocation.model_id,
        "operation": invocation.operation,
        "logged_at": iso(invocation.logged_at),
        "latency_ms": invocation.latency_ms,
        "stop_reason": invocation.stop_reason,
        "error_code": invocation.error_code,
        "tokens": _token_values(invocation.tokens),
        "caller_role": invocation.caller_role,
        "tag": _tag_values(tag) if tag is not None else None,
        "conversation": _conversation_values(conversation) if conversation is not None else None,
        "region": invocation.region,
        "service_tier": invocation.service_tier,
        "first_byte_latency_ms": invocation.first_byte_latency_ms,
        "guardrail_intervened": invocation.guardrail_intervened or None,
        "inference_profile": invocation.inference_profile,
    }
    return known(values)


def invocation_from(values: PlainMap) -> Invocation:
    """The invocation that the map holds."""
    return Invocation(
        invocation_id=InvocationId(text(values, "invocation_id")),
        model_id=text(values, "model_id"),
        operation=text(values, "operation"),
        logged_at=moment_of(values, "logged_at"),
        latency_ms=optional_integer(values, "latency_ms"),
        stop_reason=optional_text(values, "stop_reason"),
        error_code=optional_text(values, "error_code"),
        tokens=_tokens_from(mapping(values, "tokens")),
        caller_role=optional_text(values, "caller_role"),
        tag=_tag_from(mapping(values, "tag")) if "tag" in values else None,
        conversation=_conversation_from(mapping(values, "conversation")) if "conversation" in values else None,
        region=optional_text(values, "region"),
        service_tier=optional_text(values, "service_tier"),
        first_byte_latency_ms=optional_integer(values, "first_byte_latency_ms"),
        guardrail_intervened=values.get("guardrail_intervened") is True,
        inference_profile=optional_text(values, "inference_profile"),
    )


def rejected_values(record: Rejected) -> PlainMap:
    """A rejected record as a map: nothing of the event's text is in it."""
    values: PlainMap = {
        "reason": record.reason.value,
        "detail": record.detail,
        "size_bytes": record.size_bytes,
        "sha256": record.sha256,
        "log_group": record.log_group,
        "log_stream": record.log_stream,
        "event_id": record.event_id,
    }
    return known(values)


def rejected_from(values: PlainMap) -> Rejected:
    """The rejected record that the map holds."""
    return Rejected(
        reason=RejectedReason(text(values, "reason")),
        detail=text(values, "detail"),
        size_bytes=optional_integer(values, "size_bytes"),
        sha256=optional_text(values, "sha256"),
        log_group=text(values, "log_group"),
        log_stream=text(values, "log_stream"),
        event_id=text(values, "event_id"),
    )


def link_values(link: Link) -> PlainMap:
    """A link as a map."""
    return {
        "request_id": link.request_id,
        "method": link.method.value,
        "confidence": link.confidence.value,
        **_breach_values(link),
    }


def link_from(values: PlainMap) -> Link:
    """The link that the map holds."""
    return Link(
        request_id=RequestId(text(values, "request_id")),
        method=Method(text(values, "method")),
        confidence=Confidence(text(values, "confidence")),
        violates=_breach_from(values),
    )


def decision_values(decision: Decision) -> PlainMap:
    """A decision as a map: a link's, or one with a `reason`."""
    match decision:
        case Link():
            return link_values(decision)
        case Unattributed():
            return {
                "reason": decision.reason.value,
                "candidates": decision.candidates,
                **_breach_values(decision),
                **_quote_values(decision.quote),
            }
        case _:
            assert_never(decision)


def decision_from(values: PlainMap) -> Decision:
    """The decision that the map holds."""
    if "reason" in values:
        return Unattributed(
            reason=Reason(text(values, "reason")),
            candidates=integer(values, "candidates"),
            violates=_breach_from(values),
            quote=_quote_from(values),
        )
    return link_from(values)


def _breach_values(decision: Decision) -> PlainMap:
    return {} if decision.violates is None else {"breaks": decision.violates.value}


def _breach_from(values: PlainMap) -> Assumption | None:
    return Assumption(text(values, "breaks")) if "breaks" in values else None


def _quote_values(quote: Quote) -> PlainMap:
    return known({"estimated_cost_usd": quote.estimated_cost_usd, "knows_model": quote.knows_model or None})


def _quote_from(values: PlainMap) -> Quote:
    return Quote(
        estimated_cost_usd=optional_number(values, "estimated_cost_usd"),
        knows_model=values.get("knows_model") is True,
    )


def _token_values(tokens: TokenCounts) -> PlainMap:
    return known(
        {
            "input": tokens.input,
            "output": tokens.output,
            "cache_read": tokens.cache_read,
            "cache_write": tokens.cache_write,
            "cache_write_1h": tokens.cache_write_1h,
        }
    )


def _tokens_from(values: PlainMap) -> TokenCounts:
    return TokenCounts(
        input=optional_integer(values, "input"),
        output=optional_integer(values, "output"),
        cache_read=optional_integer(values, "cache_read"),
        cache_write=optional_integer(values, "cache_write"),
        cache_write_1h=optional_integer(values, "cache_write_1h"),
    )


def _tag_values(tag: Tag) -> PlainMap:
    return known({"request_id": tag.request_id, "call_index": tag.call_index, "call_started_ms": tag.call_started_ms})


def _tag_from(values: PlainMap) -> Tag:
    return Tag(
        request_id=RequestId(text(values, "request_id")),
        call_index=optional_integer(values, "call_index"),
        call_started_ms=optional_integer(values, "call_started_ms"),
    )


def _conversation_values(conversation: Conversation) -> PlainMap:
    return {"returned": list(conversation.returned), "produced": list(conversation.produced)}


def _conversation_from(values: PlainMap) -> Conversation:
    return Conversation(returned=texts(values, "returned"), produced=texts(values, "produced"))
