"""Roles that spans tell nothing of: a function of ours whose calls have none, beside an agent that sends them."""

from dataclasses import replace

import pytest

from request_lens.application.deciding import possible
from request_lens.domain.facts import Request, RequestId
from request_lens.domain.log_record import LogRecord
from request_lens.domain.policy import Policy
from tests.support.facts import call, request, tag
from tests.support.telemetry.linked_traces import (
    SPANS,
    agent_of,
    entry_of,
    span_of,
    trace_id,
    traced_request,
    untagged_call,
)
from tests.support.world import FailingStore, World, places

TRACE = trace_id()

FUNCTION = "function-role"
MIXED = replace(SPANS, agent_role_names=SPANS.agent_role_names | {FUNCTION})
"""Policy of a function that calls models without spans, beside an agent that sends them."""


@pytest.mark.parametrize(
    ("beside", "policy", "place"),
    [
        ([], MIXED, "r1"),
        ([request("r2", 1)], MIXED, "ambiguous"),
        ([span_of(untagged_call("plain", 3, role=FUNCTION), trace_id(2))], MIXED, "no_request"),
        ([], SPANS, "other_caller"),
        ([], replace(SPANS, agent_role_names=frozenset()), "no_request"),
    ],
    ids=["nobody else", "another may have", "its own trace", "not listed", "everybody is considered"],
)
def test_a_call_of_a_listed_role_that_spans_tell_nothing_of_is_of_the_request_that_alone_can_have_made_it(
    beside: list[LogRecord], policy: Policy, place: str
) -> None:
    own, plain = untagged_call(), untagged_call("plain", 3, role=FUNCTION)
    world = World(policy)
    world.collect(10, traced_request(), own, span_of(own, TRACE), entry_of(TRACE, 0.1, 2.5), plain, *beside)
    world.collect(11, agent_of(TRACE, own, ends=2.4))
    world.run_until()

    assert places(world) == {"c1": "r1", "plain": place}
    summary = world.request("r1").summary
    assert summary is not None
    assert summary.possible_calls == (1 if place == "ambiguous" else 0)
    if place == "r1":
        assert world.calls_of()["plain"] == ("window", "assumed")
        assert [each.summary.totals.llm_calls for each in world.store.all_requests() if each.summary] == [2]


def test_a_chain_of_two_roles_of_which_one_sends_spans_may_be_a_proven_requests() -> None:
    """That one of its calls has a span, of a trace of its own, tells nothing of the other's."""
    own = untagged_call()
    asks, returns = call("f-1", 2, role=FUNCTION, produced=["x"]), call("f-2", 4, role="guard-role", returned=["x"])
    policy = replace(MIXED, agent_role_names=MIXED.agent_role_names | {"guard-role"})
    world = World(policy)
    world.collect(
        10, traced_request(), own, span_of(own, TRACE), entry_of(TRACE, 0.1, 2.5), agent_of(TRACE, own, ends=2.4)
    )
    world.collect(11, asks, returns, span_of(asks, trace_id(2)), request("r2", 1))
    world.run_until()

    assert places(world) == {"c1": "r1", "f-1": "ambiguous", "f-2": "ambiguous"}


@pytest.mark.parametrize(("policy", "settles_at"), [(SPANS, 10), (MIXED, 32.5)], ids=["one role", "two roles"])
def test_what_spans_prove_settles_at_once_only_where_they_tell_of_each_listed_role(
    policy: Policy, settles_at: float
) -> None:
    own = untagged_call()
    spans = [span_of(own, TRACE, begins=0), entry_of(TRACE, 0.1, 2.4), agent_of(TRACE, own, ends=2.3)]
    world = World(policy)
    world.collect(10, traced_request(duration_ms=2_500), own, *spans)

    world.run_until(settles_at - 0.001)
    assert not world.request("r1").revision
    world.run_until(settles_at + 0.001)
    assert world.request("r1").revision == 1


@pytest.mark.parametrize(
    "record",
    [
        replace(traced_request(), streamed=True),
        traced_request(status=202),
        traced_request(duration_ms=60_000),
        traced_request(duration_ms=None),
    ],
    ids=["streamed", "202", "longer than any", "of unknown length"],
)
@pytest.mark.parametrize(("policy", "possible_calls"), [(SPANS, 0), (MIXED, None)], ids=["one role", "two roles"])
def test_what_runs_on_may_have_calls_of_untold_roles_that_nobody_looks_at(
    record: Request, policy: Policy, possible_calls: int | None
) -> None:
    own = untagged_call()
    world = World(policy)
    world.collect(70, record, own, span_of(own, TRACE), entry_of(TRACE, 0.1, 4.9), agent_of(TRACE, own))
    world.run_until()

    summary = world.request("r1").summary
    assert summary is not None
    assert summary.traced is not None
    assert summary.traced.complete
    assert summary.possible_calls == possible_calls


def test_a_call_of_an_agent_whose_calls_are_tagged_and_have_spans_is_not_taken_for_one_that_sends_none() -> None:
    own, job = call("c1", 1, tag=tag("r1")), untagged_call("job", 3)
    world = World(SPANS)
    world.collect(10, traced_request(), own, job, span_of(own, TRACE), entry_of(TRACE, 0.1, 4.9), agent_of(TRACE, own))
    world.run_until()

    assert places(world) == {"c1": "r1", "job": "no_request"}


def test_spans_tell_of_the_role_of_a_call_of_theirs_that_was_linked_by_its_time_before_they_came() -> None:
    own, job = untagged_call(), untagged_call("job", 3)
    world = World(SPANS)
    world.collect(10, traced_request(), own)
    world.collect(301, span_of(own, TRACE), entry_of(TRACE, 0.1, 4.9), agent_of(TRACE, own))
    world.collect(302, job, request("r2", 1))
    world.run_until()

    assert world.calls_of() == {"c1": ("window", "inferred")}
    assert world.calls_of("r2") == {"job": ("window", "inferred")}
    summary = world.request("r1").summary
    assert summary is not None
    assert summary.possible_calls == 0


@pytest.mark.parametrize("fails_at", range(20))
@pytest.mark.parametrize("comes_first", [True, False])
def test_a_chain_of_which_one_call_has_a_span_is_of_an_agent_that_sends_them_whichever_is_decided_first(
    comes_first: bool, fails_at: int
) -> None:
    own, other = untagged_call(), trace_id(2)
    asks = replace(call("asks", 2, role=FUNCTION, produced=["tool"]), latency_ms=300)
    returns = replace(call("returns", 2, role=FUNCTION, returned=["tool"]), latency_ms=300)
    spans = [span_of(own, TRACE), entry_of(TRACE, 0.1, 4.9), agent_of(TRACE, own)]
    beside = [span_of(asks, other, resource="other"), entry_of(other, 2, 3, resource="other")]
    world = World(MIXED, store=FailingStore(fails_at=fails_at))
    chain = [asks, returns] if comes_first else [returns, asks]
    world.collect(10, traced_request(), own, *chain, *spans, *beside)
    world.run_until()

    assert places(world) == {"c1": "r1", "asks": "no_request", "returns": "no_request"}


def test_in_a_crowd_of_strangers_it_is_unknown_how_many_calls_of_untold_roles_are_a_proven_requests(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(possible, "MAX_READ", 4)
    own, plain = untagged_call(), untagged_call("plain", 3, role=FUNCTION)
    strangers = [untagged_call(f"stranger-{number}", 2, role="nobody we list") for number in range(4)]
    spans = [span_of(own, TRACE), entry_of(TRACE, 0.1, 2.5), agent_of(TRACE, own, ends=2.4)]
    world = World(MIXED)
    world.collect(10, traced_request(), own, *spans, *strangers, plain)
    world.run_until(60)

    summary = world.request("r1").summary
    assert summary is not None
    assert summary.possible_calls is None


def test_a_proven_request_whose_id_is_anothers_may_have_tagged_calls_of_untold_roles_among_those_of_that_one() -> None:
    trace, own = trace_id(born=100), untagged_call("own", 101)
    tagged = [call("t1", 1, role=FUNCTION, tag=tag("r1")), call("t2", 103, role=FUNCTION, tag=tag("r1"))]
    entry = entry_of(trace, 100.1, 102.5)
    world = World(MIXED)
    world.collect(10, request("r1"), tagged[0])
    world.collect(110, traced_request("r1", 100, trace=trace), tagged[1], own, span_of(own, trace), entry)
    world.collect(111, agent_of(trace, own, begins=100.2, ends=102.4))
    world.run_until()

    (second,) = [each for each in world.store.all_requests() if each.request_id != RequestId("r1")]
    assert second.summary is not None
    assert second.summary.traced is not None
    assert second.summary.traced.complete
    assert second.summary.possible_calls is None


def test_each_call_of_a_role_that_spans_tell_nothing_of_is_of_its_request_whichever_was_linked_before() -> None:
    own, plain = untagged_call(), [untagged_call(f"plain{at}", at, role=FUNCTION) for at in (2, 3)]
    world = World(MIXED)
    world.collect(10, traced_request(), own, span_of(own, TRACE), entry_of(TRACE, 0.1, 4.9), agent_of(TRACE, own))
    world.collect(11, *plain)
    world.run_until()

    assert places(world) == {"c1": "r1", "plain2": "r1", "plain3": "r1"}
