"""Calls without a request beside a list: those of its time, and all that a request of the list counts as possible."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from request_lens.application.query import (
    ReadPorts,
    RequestPage,
    list_requests,
    possible_calls_of,
    unattributed_beside,
)
from request_lens.application.without_request import UntaggedCalls, untagged_beside
from request_lens.domain.facts import Fact
from request_lens.domain.linking.link import Unattributed
from request_lens.domain.policy import Policy
from request_lens.domain.pricing import NO_PRICES
from tests.support.drawn.traffic import Traffic, traffic
from tests.support.facts import ROLE, at, call, request, tag
from tests.support.world import World

POLICY = Policy(agent_role_names=frozenset({ROLE}))
LATER = at(3_600)
TWO = (request("r1", 0.9), request("r2", 1.1))
"""Two that overlap: each call of theirs fits both. The first second holds calls, too."""
CALLS = (call("before", 0), call("inside", 2), call("after", 5))


def settled(*facts: Fact, policy: Policy = POLICY) -> World:
    """A world in which the facts came at once, and all is decided."""
    world = World(policy)
    world.collect(40, *facts)
    world.run_until()
    return world


def listed(world: World, span: tuple[datetime, datetime], *, limit: int = 100) -> tuple[RequestPage, UntaggedCalls]:
    """What the widget reads of the span."""
    ports = ReadPorts(reader=world.store, prices=NO_PRICES)
    page = list_requests(ports, world.policy, span=span, now=LATER, limit=limit)
    return page, unattributed_beside(ports, world.policy, page, span=span)


def ids(found: UntaggedCalls) -> Sequence[str]:
    return [each.invocation.invocation_id for each in found.calls]


@pytest.mark.parametrize(
    ("first", "last", "limit"),
    [
        pytest.param(0.0, 60, 100, id="the whole time"),
        pytest.param(0.95, 60, 100, id="from within the second of a call"),
        pytest.param(1.0, 60, 100, id="from the second after it"),
        pytest.param(0.0, 60, 1, id="the newest row alone"),
        pytest.param(0.0, 1.5, 100, id="until before calls of the requests"),
        pytest.param(1.05, 1.15, 100, id="a moment"),
    ],
)
def test_a_list_has_all_calls_that_its_requests_count(first: float, last: float, limit: int) -> None:
    page, beside = listed(settled(*TWO, *CALLS), (at(first), at(last)), limit=limit)

    assert page.requests
    assert {view.summary.possible_calls for view in page.requests if view.summary} == {3}
    assert ids(beside) == ["before", "inside", "after"]


@pytest.mark.parametrize("last", [60.0, 3, 1.15])
def test_calls_that_are_not_decided_count_beside_a_past_time_where_they_may_be_of_its_requests(last: float) -> None:
    alone = (request("later", 30), call("long after", 31))
    world = World(POLICY)
    world.collect(40, *TWO, *CALLS, *alone)

    ports = ReadPorts(reader=world.store, prices=NO_PRICES)
    page = list_requests(ports, POLICY, span=(at(0.95), at(last)), now=at(50), limit=100)

    assert ids(UntaggedCalls(calls=page.unplaced)) == ["before", "inside", "after"]
    assert [view.summary is not None for view in page.requests] == [False, True][: len(page.requests)]
    assert ids(unattributed_beside(ports, POLICY, page, span=(at(0.95), at(last)))) == []


def test_a_call_after_a_past_time_is_drawn_in_the_request_that_it_would_be_linked_to() -> None:
    world = World(POLICY)
    world.collect(40, TWO[0], call("ends later", 4))

    ports = ReadPorts(reader=world.store, prices=NO_PRICES)
    page = list_requests(ports, POLICY, span=(at(0), at(2)), now=at(50), limit=100)

    assert [view.summary and len(view.summary.bars) for view in page.requests] == [1]
    assert page.unplaced == ()


def test_calls_outside_that_no_request_of_the_list_counts_are_left_out() -> None:
    alone = (call("long before", -20), call("long after", 40), call("ends later", 5, latency_ms=20_000))
    page, beside = listed(settled(*TWO, *CALLS, *alone), (at(1), at(4)))

    assert [view.record.request_id for view in page.requests] == ["r2"]
    assert ids(beside) == ["before", "inside", "after"]


def test_a_call_that_fits_only_requests_outside_the_list_is_left_out() -> None:
    others = (request("o1", 20), request("o2", 20.2), call("theirs", 21))

    _, beside = listed(settled(*TWO, *CALLS, *others), (at(0), at(10)))

    assert ids(beside) == ["before", "inside", "after"]


def test_a_call_of_the_second_in_which_the_time_begins_is_of_it_though_it_fits_no_request() -> None:
    world = settled(call("nobodys", 3))

    assert ids(listed(world, (at(3.4), at(9)))[1]) == ["nobodys"]
    assert ids(listed(world, (at(4), at(9)))[1]) == []


def test_a_request_that_is_proven_to_have_all_its_calls_brings_none_of_outside() -> None:
    own = call("its", 11, tag=tag("sure", 1, started=11))
    others = (request("a", 12.5), request("b", 12.6), call("fits a and b", 13))
    world = settled(request("sure", 10), own, *others)

    page, beside = listed(world, (at(9), at(12)))

    assert [view.summary and view.summary.possible_calls for view in page.requests] == [0]
    assert ids(beside) == []
    assert ids(listed(world, (at(9), at(12.5)))[1]) == ["fits a and b"]


def test_where_not_all_were_read_there_may_be_more() -> None:
    world = settled(*TWO, *CALLS)
    states = [view.state for view in listed(world, (at(1), at(60)))[0].requests]

    def read(limit: int) -> UntaggedCalls:
        return untagged_beside(world.store, world.policy, states, span=(at(1), at(60)), limit=limit)

    assert (ids(read(2)), read(2).may_be_more) == (["before", "inside"], True)
    assert (ids(read(4)), read(4).may_be_more) == (["before", "inside", "after"], False)


@given(traffic(), st.integers(-2_000, 45_000), st.integers(0, 40_000), st.integers(1, 4))
@settings(max_examples=150, deadline=None)
def test_no_request_has_more_possible_calls_than_stand_beside_the_list(
    drawn: Traffic, first_ms: int, length_ms: int, limit: int
) -> None:
    world = settled(*drawn.facts)
    first = at(0) + timedelta(milliseconds=first_ms)
    page, beside = listed(world, (first, first + timedelta(milliseconds=length_ms)), limit=limit)
    without = set(ids(beside))

    for view in page.requests:
        possible = possible_calls_of(world.store, world.policy, state=view.state)
        nobodys = {each.invocation.invocation_id for each in possible if isinstance(each.decision, Unattributed)}
        assert nobodys <= without
        if view.summary is not None:
            counted = (view.summary.possible_calls or 0) + (view.summary.possible_failed_calls or 0)
            assumed = len(possible) - len(nobodys)  # to be another's: it may be this one's, and counts as linked
            assert counted <= len(without) + assumed
