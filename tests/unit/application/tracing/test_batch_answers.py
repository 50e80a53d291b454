"""What the settles of one batch know of each other: each trace is read once, and nothing that is newer is lost."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import pytest

from request_lens.adapters.memory.fact_store import MemoryFactStore
from request_lens.application.settle import settle
from request_lens.application.settle_batch import collect_and_settle, settle_messages
from request_lens.application.settle_request import revise_if_due
from request_lens.application.tracing import views
from request_lens.application.tracing.views import read_trace
from request_lens.domain.facts import InvocationId, Request, RequestId, TraceId
from request_lens.domain.linking.link import LinkedInvocation
from request_lens.domain.log_record import LogRecord
from request_lens.domain.policy import Policy
from request_lens.domain.settling.answers import BatchAnswers, Unrevised
from request_lens.domain.settling.state import RequestState, SettleKey, SettleKind, with_trace
from request_lens.domain.spans import Trace
from request_lens.ports import Ports
from tests.support.facts import at
from tests.support.telemetry.linked_traces import (
    SPANS,
    answered_request,
    entry_of,
    run_of,
    span_of,
    trace_id,
    traced_request,
    untagged_call,
)
from tests.support.world import World

TRACE = trace_id()
TRACE_KEY = SettleKey(SettleKind.TRACE, TRACE)


class ReadingStore(MemoryFactStore):
    """Counts what is read by key, by the method that reads it."""

    def __init__(self) -> None:
        super().__init__()
        self.reads: Counter[str] = Counter()

    def traces_of(self, requests: Sequence[Request]) -> Sequence[TraceId | None]:
        self.reads["traces of"] += 1
        return super().traces_of(requests)

    def load_trace(self, trace_id: TraceId) -> Trace:
        self.reads["trace"] += 1
        return super().load_trace(trace_id)

    def load_request(self, request_id: RequestId) -> RequestState:
        self.reads["request"] += 1
        return super().load_request(request_id)

    def load_heads(self, request_ids: Sequence[RequestId], *, is_consistent: bool = False) -> Sequence[RequestState]:
        self.reads["heads"] += 1
        return super().load_heads(request_ids, is_consistent=is_consistent)

    def find_unrevised(self, linked: Sequence[LinkedInvocation]) -> Unrevised:
        self.reads["unrevised"] += 1
        return super().find_unrevised(linked)


def _session(requests: int) -> list[LogRecord]:
    """Requests of one trace, one after the other, each with one call in its own run of the agent."""
    facts: list[LogRecord] = []
    for number in range(requests):
        call = untagged_call(f"c{number:02}", 10 * number + 1)
        facts += [traced_request(f"r{number:02}", 10 * number, trace=TRACE), call, span_of(call, TRACE)]
        facts.append(entry_of(TRACE, 10 * number + 0.5, 10 * number + 4))
    return facts


def _settled(requests: int) -> tuple[World, ReadingStore]:
    """A session that has come and been settled, and the counter of what is read from now on."""
    store = ReadingStore()
    world = World(SPANS, store=store)
    world.collect(10 * requests, *_session(requests))
    world.run_until()
    store.reads.clear()
    return world, store


def test_a_message_of_a_long_session_reads_its_trace_once_and_each_request_around_its_calls_once() -> None:
    world, store = _settled(30)

    settle_messages([TRACE_KEY], world.ports, world.policy)

    assert store.reads == {"trace": 1, "heads": 1, "request": 30}
    assert [state.revision for state in store.all_requests()] == [1] * 30


def test_a_batch_reads_a_trace_once_whatever_its_keys() -> None:
    world, store = _settled(6)
    calls = [SettleKey(SettleKind.INVOCATION, InvocationId(f"c{number:02}")) for number in range(6)]
    requests = [SettleKey(SettleKind.REQUEST, RequestId(f"r{number:02}")) for number in range(6)]

    settle_messages([TRACE_KEY, *calls, *requests, TRACE_KEY], world.ports, world.policy)

    assert store.reads["trace"] == 1
    assert store.reads["unrevised"] == 1


def test_a_request_that_its_trace_has_settled_is_not_read_again_in_its_batch() -> None:
    store = ReadingStore()
    world = World(SPANS, store=store)
    world.clock.moment = at(20)

    collect_and_settle(_session(1), world.ports, world.policy)

    assert store.load_heads([RequestId("r00")])[0].record is not None
    assert store.reads["request"] == 1


def _batch(world: World) -> Ports:
    return replace(world.ports, answers=BatchAnswers())


def test_a_revision_never_says_less_than_one_that_another_worker_wrote_since_the_trace_was_read() -> None:
    world = World(SPANS)
    call = untagged_call("c1")
    world.collect(10, traced_request(trace=TRACE), call, span_of(call, TRACE))
    world.run_until()
    batch = _batch(world)
    read_trace(TRACE, batch)
    lost = untagged_call("lost")
    world.collect(200, span_of(lost, TRACE))
    world.run_until()
    newest = world.store.load_request(RequestId("r1"))

    revise_if_due(RequestId("r1"), batch, world.policy)

    assert newest.summary is not None
    assert newest.summary.traced is not None
    assert newest.summary.traced.missing == ("lost",)
    assert world.store.load_request(RequestId("r1")) == newest


def test_a_call_that_is_linked_after_its_request_was_looked_at_is_counted_in_the_same_batch() -> None:
    world = World(SPANS)
    calls = [untagged_call("c1", 1), untagged_call("c2", 3)]
    world.collect(10, traced_request(trace=TRACE), calls[0], span_of(calls[0], TRACE))
    world.run_until(40)
    batch = _batch(world)
    revise_if_due(RequestId("r1"), batch, world.policy)
    world.collect(41, calls[1], span_of(calls[1], TRACE))

    settle(TRACE_KEY, batch, world.policy)

    summary = world.store.load_request(RequestId("r1")).summary
    assert summary is not None
    assert summary.totals.invocations == 2


def test_which_traces_the_requests_beside_a_batchs_calls_name_is_read_once() -> None:
    """They were answered by functions whose own logs do not come."""
    world, store = _world_of_many(calls=25, requests=10)
    keys = [SettleKey(SettleKind.INVOCATION, call.invocation.invocation_id) for call in store.all_unlinked()]

    assert not settle_messages(keys, world.ports, world.policy)

    assert all(call.decision is not None for call in store.all_unlinked())
    assert store.reads["traces of"] == 1


def _world_of_many(*, calls: int, requests: int) -> tuple[World, ReadingStore]:
    """Calls that are due, each of which any of the requests may have made."""
    store = ReadingStore()
    records = [answered_request(f"r{number}", f"run-{number}", 0.1 * number) for number in range(requests)]
    store.store_requests(records, stored_at=at(10))
    store.store_unlinked([untagged_call(f"c{number:02}", 2) for number in range(calls)], stored_at=at(10))
    world = World(SPANS, store=store)
    world.clock.moment = at(130)
    return world, store


def test_what_a_sessions_spans_tell_of_a_request_is_worked_out_once_for_a_batchs_calls(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its trace may have thousands of spans, and hundreds of records that name it."""
    worked_out: Counter[str] = Counter()

    def counting(state: RequestState, trace: Trace, policy: Policy, *, region: str | None) -> RequestState:
        worked_out[state.request_id] += 1
        return with_trace(state, trace, policy, region=region)

    monkeypatch.setattr(views, "with_trace", counting)
    world, store = _world_of_many(calls=25, requests=10)
    records = [replace(each.request, trace_id=TRACE) for each in store.all_requests()]
    own = untagged_call("own", 1)
    store.store_spans([entry_of(TRACE, 0.95, 4), span_of(own, TRACE)], stored_at=at(10))
    store.name_traces([(TRACE, record) for record in records])
    store.join_runs([run_of(f"run-{number}", TRACE) for number in range(10)], [])
    keys = [SettleKey(SettleKind.INVOCATION, call.invocation.invocation_id) for call in store.all_unlinked()]

    assert not settle_messages(keys, world.ports, world.policy)

    assert all(call.decision is not None for call in store.all_unlinked())
    assert worked_out == {f"r{number}": 1 for number in range(10)}
