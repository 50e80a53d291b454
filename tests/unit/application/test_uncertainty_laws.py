"""What a request says is possible holds what is known, also where the list by time is behind the table."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

import pytest

from request_lens.adapters.memory.fact_store import MemoryFactStore
from request_lens.application.deciding import possible
from request_lens.application.settle_batch import settle_messages
from request_lens.application.settle_chain import settle_invocation
from request_lens.application.settle_request import recount, revise_if_due, settle_request
from request_lens.domain.facts import InvocationId, Request, RequestId
from request_lens.domain.folding.summary import Summary
from request_lens.domain.linking.link import Decision, Reason, Unattributed, UnlinkedInvocation
from request_lens.domain.policy import Policy
from request_lens.domain.settling.state import SettleKey, SettleKind
from request_lens.errors import StoreUnavailable
from tests.support.facts import at, call, chain_of_two, link, linked, request, tag
from tests.support.telemetry.linked_traces import SPANS, span_of, trace_id, traced_request
from tests.support.world import FailingStore, World

POLICY = Policy(agent_role_names=frozenset({"agent-role"}))


class BehindStore(MemoryFactStore):
    """A store whose list by time does not show any decision yet."""

    def unlinked_between(self, first: datetime, last: datetime, *, limit: int) -> Sequence[UnlinkedInvocation]:
        return [replace(found, decision=None) for found in super().unlinked_between(first, last, limit=limit)]


def test_what_was_just_decided_is_possible_for_nobody_that_tags_its_calls() -> None:
    """The untagged call fits two requests, and is ambiguous once it is due: then it bears on neither any more."""
    world = World(POLICY, store=BehindStore())
    world.collect(10, request("r1"), request("r2", 1), call("c1", 1), call("c2", 2, tag=tag("r1")))
    world.run_until()

    assert isinstance(world.decision("c1"), Unattributed)
    assert (world.request("r1").revision, _possible(world, "r1")) == (2, 0)
    assert _possible(world, "r2") == 1


@pytest.mark.parametrize(
    ("decision", "possible"), [(link("r9"), 0), (Unattributed(reason=Reason.AMBIGUOUS, candidates=2), 1)]
)
def test_a_call_that_another_settle_decided_moments_ago_counts_as_it_stands(decision: Decision, possible: int) -> None:
    world = World(POLICY, store=BehindStore())
    world.collect(10, request("r1"), request("r2", 1), call("c1", 1))
    (lone,) = world.store.all_unlinked()
    world.run_until()
    assert _possible(world, "r1") == 1

    world.store._unlinked[lone.invocation.invocation_id] = replace(lone, decision=decision)
    recount(RequestId("r1"), world.ports, POLICY, just_decided={})

    assert _possible(world, "r1") == possible


def test_throttled_attempts_that_two_requests_may_have_made_are_0_of_neither() -> None:
    """A client's retries are events of their own; nothing tells which of two overlapping requests waited for them."""
    world = World(POLICY)
    throttled = [call(f"c{number}", 1 + number, error_code="ThrottlingException") for number in range(3)]
    world.collect(10, request("r1"), request("r2", 1), *throttled)
    world.run_until()

    for request_id in ("r1", "r2"):
        summary = world.request(request_id).summary
        assert summary is not None
        assert (summary.possible_calls, summary.possible_failed_calls) == (0, 3)
        assert (summary.is_certain, summary.knows_failed_calls) == (True, False)
        assert (summary.llm_time_ms, summary.non_llm_time_ms, summary.totals.estimated_cost_usd) == (None, None, None)


def test_a_request_whose_tags_prove_its_calls_may_yet_have_tried_more() -> None:
    """The log of an attempt that failed may lack the tag that its call had."""
    world = World(POLICY)
    own = call("c1", 1, tag=tag("r1", call_index=1))
    throttled = call("c2", 1, error_code="ThrottlingException")
    world.collect(10, request("r1"), request("r2"), own, throttled)
    world.run_until()

    summary = world.request("r1").summary
    assert summary is not None
    assert (summary.proven, summary.possible_calls, summary.possible_failed_calls) == (True, 0, 1)
    assert summary.llm_time_ms == 1_000


@pytest.mark.parametrize(
    "record",
    [request("r1", duration_ms=None), request("r1", status=202), request("r1", duration_ms=100_000)],
    ids=["unknown end", "202", "too long"],
)
def test_how_many_attempts_failed_is_unknown_of_a_tagged_request_that_may_outlast_what_is_looked_at(
    record: Request,
) -> None:
    world = World(POLICY)
    world.collect(10, record, call("c1", 1, tag=tag("r1", call_index=1)))
    world.run_until()

    summary = world.request("r1").summary
    assert summary is not None
    assert (summary.possible_calls, summary.possible_failed_calls) == (0, None)


def test_a_count_that_stands_is_not_written_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of more attempts than are read the failed ones are counted, and the LLM calls unknown."""
    monkeypatch.setattr(possible, "MAX_READ", 3)
    world = World(POLICY)
    throttled = [call(f"c{number}", 1, error_code="ThrottlingException") for number in range(5)]
    world.collect(10, request("r1"), request("r2", 0.5), *throttled)
    world.run_until()
    stands = world.request("r1")
    assert stands.summary is not None
    assert (stands.summary.possible_calls, stands.summary.possible_failed_calls) == (None, 3)

    recount(RequestId("r1"), world.ports, POLICY, just_decided={})

    assert world.request("r1").revision == stands.revision


def test_llm_calls_are_read_again_before_failed_attempts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A list by time that is behind shows an LLM call as undecided that somebody has; the storm around is larger."""
    monkeypatch.setattr(possible, "MAX_READ_AGAIN", 5)
    world = World(POLICY, store=BehindStore())
    throttled = [call(f"a{number}", 1, error_code="ThrottlingException") for number in range(9)]
    world.collect(10, request("r1"), request("r2", 0.5), call("z", 2), *throttled)
    world.run_until()
    stands = next(each for each in world.store.all_unlinked() if each.invocation.invocation_id == "z")
    world.store._unlinked[stands.invocation.invocation_id] = replace(stands, decision=link("r9"))
    recount(RequestId("r1"), world.ports, POLICY, just_decided={})

    assert _possible(world, "r1") == 0


def test_an_attempt_that_its_only_request_has_leaves_nothing_possible() -> None:
    world = World(POLICY)
    world.collect(10, request("r1"), call("c1", 1, error_code="ThrottlingException"))
    world.run_until()

    summary = world.request("r1").summary
    assert summary is not None
    assert (summary.totals.llm_errors, summary.possible_failed_calls) == (1, 0)


def test_a_request_that_counts_anew_counts_what_a_settle_that_died_has_linked_to_it() -> None:
    world = World(POLICY)
    world.collect(10, request("r1"))
    world.run_until()
    world.store.store_linked([linked(call("c1", 1))])

    recount(RequestId("r1"), world.ports, POLICY, just_decided={})

    summary = world.request("r1").summary
    assert summary is not None
    assert summary.totals.llm_calls == 1


class MeetingStore(MemoryFactStore):
    """A store by whose side, before a write, another worker does all of its work."""

    def __init__(self) -> None:
        super().__init__()
        self.meets: dict[str, Callable[[], object]] = {}
        self.dies_after_revision: BaseException | None = None

    def _meet(self, at: str) -> None:
        if (other := self.meets.pop(at, None)) is not None:
            other()

    def decide(self, unlinked: UnlinkedInvocation, decision: Decision) -> Decision:
        self._meet("decision")
        return super().decide(unlinked, decision)

    def write_revision(self, request_id: RequestId, *, revision: int, summary: Summary) -> bool:
        self._meet("revision")
        written = super().write_revision(request_id, revision=revision, summary=summary)
        if (death := self.dies_after_revision) is not None:
            self.dies_after_revision = None
            raise death
        return written


@pytest.mark.parametrize("meets_at", ["decision", "revision"])
def test_a_revision_and_a_decision_that_meet_leave_no_call_possible_that_was_decided(meets_at: str) -> None:
    """Each has read before the other writes: whoever writes last has the request count anew."""
    store = MeetingStore()
    world = World(POLICY, store=store)
    world.collect(10, request("r1"), request("r2", 1), call("c1", 1), call("c2", 2, tag=tag("r1")))
    world.clock.moment = at(130)  # all messages are late

    def decides() -> None:
        settle_invocation(InvocationId("c1"), world.ports, POLICY)

    def revises() -> None:
        revise_if_due(RequestId("r1"), world.ports, POLICY)

    store.meets = {meets_at: revises if meets_at == "decision" else decides}
    (decides if meets_at == "decision" else revises)()

    assert isinstance(world.decision("c1"), Unattributed)
    assert _possible(world, "r1") == 0


def test_a_revision_whose_writer_met_a_decision_and_died_is_made_good_when_its_message_comes_again() -> None:
    store = MeetingStore()
    world = World(POLICY, store=store)
    world.collect(10, request("r1"), request("r2", 1), call("c1", 1), call("c2", 2, tag=tag("r1")))
    world.clock.moment = at(130)
    store.meets = {"revision": lambda: settle_invocation(InvocationId("c1"), world.ports, POLICY)}
    store.dies_after_revision = StoreUnavailable("the worker died")

    with pytest.raises(StoreUnavailable):
        settle_request(RequestId("r1"), world.ports, POLICY)
    assert _possible(world, "r1") == 1
    settle_request(RequestId("r1"), world.ports, POLICY)

    assert _possible(world, "r1") == 0


class WorkerKilled(BaseException):
    """The end of a worker's process: nothing of its batch goes on."""


def test_a_batch_that_comes_again_after_its_worker_was_killed_counts_anew_what_is_possible() -> None:
    """Its trace's message has looked at the request when that one's own turn comes."""
    store = MeetingStore()
    world = World(SPANS, store=store)
    later = call("later", 35)
    world.collect(10, traced_request("r1"), request("r2", 1), later, span_of(later, trace_id()))
    world.collect(11, call("c1", 1), call("c2", 3, tag=tag("r1")))
    world.clock.moment = at(130)  # all messages are late
    batch = [SettleKey(SettleKind.TRACE, trace_id()), SettleKey(SettleKind.REQUEST, RequestId("r1"))]
    store.meets = {"revision": lambda: settle_invocation(InvocationId("c1"), world.ports, SPANS)}
    store.dies_after_revision = WorkerKilled()

    with pytest.raises(WorkerKilled):
        settle_messages(batch, world.ports, SPANS)
    assert _possible(world, "r1") == 1
    settle_messages(batch, world.ports, SPANS)

    assert _possible(world, "r1") == 0


def _possible(world: World, request_id: str) -> int | None:
    summary = world.request(request_id).summary
    assert summary is not None
    return summary.possible_calls


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("fails_at", range(1, 18))
def test_a_settle_that_died_leaves_no_request_counting_a_call_of_the_chain(fails_at: int, after: bool) -> None:
    """The short request counts the first call, and the settle of the second, which links both, fails on its way."""
    world = World(POLICY, store=FailingStore(fails_at=fails_at, after=after))
    first, second = chain_of_two("c", 1, 8)
    world.collect(12, request("long", 0, duration_ms=11_000), request("short", 0, duration_ms=2_500), first)
    world.collect(121, second)  # just before the first is decided without it
    world.run_until()

    assert world.calls_of("long").keys() == {"c-1", "c-2"}
    assert (_possible(world, "long"), _possible(world, "short")) == (0, 0)
