"""Requests as the widget may find them: many, few, none, failing, pending, and of hostile names."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from request_lens.adapters.memory.fact_store import MemoryFactStore
from request_lens.adapters.price_list import bedrock_prices
from request_lens.application.query import ReadPorts, RequestDetail, RequestPage, get_request, list_requests
from request_lens.domain.facts import Conversation, Invocation, InvocationId, Request, RequestId, Tag, TokenCounts
from request_lens.domain.folding.fold import fold
from request_lens.domain.linking.link import (
    Confidence,
    Link,
    LinkedInvocation,
    Method,
    Reason,
    Unattributed,
    UnlinkedInvocation,
)
from request_lens.domain.policy import Policy
from request_lens.ports import FactStore

START = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
ROUTES = ("POST /ask", "GET /trips/{id}", "POST /agents/{agent}/invoke", "$default")
MODELS = ("jp.anthropic.claude-haiku-4-5-20251001-v1:0", "amazon.nova-lite-v1:0")
POLICY = Policy(agent_role_names=frozenset({"agent"}))
HOSTILE = "</text></title></svg><cwdb-action action=\"call\" endpoint='x'>{}</cwdb-action><script>alert(1)</script>"


def request_page(
    count: int,
    *,
    apart_ms: int = 5500,
    pending: int = 0,
    uncertain: int = 0,
    failing: bool = False,
    route: str | None = None,
) -> RequestPage:
    """So many requests, the first ones uncertain, the last ones pending, as the widget sees them."""
    store = _stored(count, apart_ms=apart_ms, pending=pending, uncertain=uncertain, failing=failing, route=route)
    last = START + timedelta(milliseconds=apart_ms * count + 30_000)
    return list_requests(
        ReadPorts(reader=store, prices=bedrock_prices()),
        POLICY,
        span=(START - timedelta(minutes=1), last),
        now=last,
        limit=200,
    )


def request_detail(
    *, pending: bool = False, uncertain: bool = False, failing: bool = False, route: str | None = None
) -> RequestDetail:
    """One request of three calls with its details."""
    counts = {"pending": 2 if pending else 0, "uncertain": 3 if uncertain else 0}
    store = _stored(3, apart_ms=20_000, failing=failing, route=route, **counts)
    return get_request(ReadPorts(reader=store, prices=bedrock_prices()), POLICY, request_id=RequestId("request-0001"))


def store_settled(
    store: FactStore, count: int, *, began: datetime = START, prefix: str = "request", possible_calls: int = 0
) -> None:
    """Store so many settled requests, 5.5 s apart."""
    for number in range(count):
        record = _record(number, prefix=prefix, began=began)
        _store(store, record, number, failing=False, model=None, possible_calls=possible_calls)


def store_unattributed(store: FactStore, count: int) -> None:
    """Store so many calls, 5.5 s apart, that are decided to belong to no request."""
    for number in range(count):
        (call,) = _calls(_record(number, prefix="lost"), 0, failing=False, model=None)
        unlinked = UnlinkedInvocation(invocation=replace(call, tag=None), stored_at=START)
        store.decide(unlinked, Unattributed(reason=Reason.NO_REQUEST))


def store_fitting(store: FactStore, count: int, *, within: RequestId, error_code: str | None = None) -> None:
    """Store so many calls, in the time of a request that is stored, that fit three requests."""
    (state,) = store.load_requests([within])
    for number in range(count):
        call = replace(
            _call(state.request, 0, of=1, failing=False, model=None),
            invocation_id=InvocationId(f"fitting-{number:04}"),
            latency_ms=300 if error_code is None else None,
            error_code=error_code,
            tag=None,
            conversation=None,
        )
        unlinked = UnlinkedInvocation(invocation=call, stored_at=START)
        store.decide(unlinked, Unattributed(reason=Reason.AMBIGUOUS, candidates=3))


def _stored(
    count: int, *, apart_ms: int, pending: int, failing: bool, route: str | None, uncertain: int = 0
) -> MemoryFactStore:
    store = MemoryFactStore()
    for number in range(count):
        record = _record(number, apart_ms=apart_ms, route=route)
        possible = 1 + number % 4 if number < uncertain else 0
        if number >= count - pending:
            _store_pending(store, record, number, failing=failing, model=route)
        else:
            _store(store, record, number, failing=failing, model=route, possible_calls=possible)
    return store


def _store(
    store: FactStore, record: Request, number: int, *, failing: bool, model: str | None, possible_calls: int = 0
) -> None:
    calls = _calls(record, number, failing=failing, model=model)
    store.store_requests([record], stored_at=record.started_at)
    linked = [_linked(each, record, number) for each in calls]
    store.store_linked(linked)
    summary = fold(record, linked, POLICY, bedrock_prices(), possible_calls=possible_calls)
    store.write_revision(record.request_id, revision=1, summary=summary)


def _store_pending(store: FactStore, record: Request, number: int, *, failing: bool, model: str | None) -> None:
    calls = _calls(record, number, failing=failing, model=model)
    store.store_requests([record], stored_at=record.started_at)
    store.store_unlinked([replace(each, tag=None) for each in calls], stored_at=record.started_at)


def _record(
    number: int, *, apart_ms: int = 5500, route: str | None = None, prefix: str = "request", began: datetime = START
) -> Request:
    return Request(
        request_id=RequestId(f"{prefix}-{number:04}"),
        route=route or ROUTES[number % len(ROUTES)],
        status=200 if number % 7 else 500,
        started_at=began + timedelta(milliseconds=number * apart_ms + 137 * (number % 5)),
        duration_ms=2600 + 900 * (number % 4),
    )


def _calls(record: Request, number: int, *, failing: bool, model: str | None) -> list[Invocation]:
    return [_call(record, at, of=1 + number % 3, failing=failing, model=model) for at in range(1 + number % 3)]


def _call(record: Request, at: int, *, of: int, failing: bool, model: str | None) -> Invocation:
    step = ((record.duration_ms or 0) - 400) // of
    started = record.started_at + timedelta(milliseconds=150 + at * step)
    error = ("ThrottlingException", "ValidationException", None)[at % 3] if failing else None
    produced = (f"{record.request_id}-tool-{at}",) if at < of - 1 else ()
    return Invocation(
        invocation_id=InvocationId(f"{record.request_id}-call-{at}"),
        model_id=model or MODELS[at % 2],
        operation="ConverseStream",
        logged_at=started.replace(microsecond=0),
        latency_ms=None if error else max(step - 350, 100),
        stop_reason=None if error else "tool_use" if produced else "end_turn",
        error_code=error,
        tokens=TokenCounts() if error else TokenCounts(input=1011 + 17 * at, output=31 + at, cache_read=512 * at),
        caller_role="agent",
        tag=_tag(record, at, started) if int(record.request_id[-4:]) % 2 else None,
        conversation=None
        if error
        else Conversation(returned=(f"{record.request_id}-tool-{at - 1}",) if at else (), produced=produced),
    )


def _tag(record: Request, at: int, started: datetime) -> Tag:
    return Tag(request_id=record.request_id, call_index=at + 1, call_started_ms=round(started.timestamp() * 1000))


def _linked(call: Invocation, record: Request, number: int) -> LinkedInvocation:
    links: Sequence[tuple[Method, Confidence]] = (
        (Method.WINDOW, Confidence.INFERRED),
        (Method.TAG, Confidence.EXACT),
        (Method.WINDOW, Confidence.ASSUMED),
        (Method.TAG, Confidence.EXACT),
    )
    method, confidence = links[number % 4]
    return LinkedInvocation(
        invocation=call, link=Link(request_id=record.request_id, method=method, confidence=confidence)
    )
