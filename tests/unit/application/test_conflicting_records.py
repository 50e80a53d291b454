"""Two requests with one id: a client of a REST API chooses it, and one API hands it on to another."""

from dataclasses import replace
from datetime import timedelta

import pytest

from request_lens.domain.facts import Request, RequestId
from request_lens.domain.linking.link import Link, Unattributed
from request_lens.domain.policy import Policy
from request_lens.domain.publishing.metric_names import Metric
from tests.support.facts import ROLE, at, call, request, tag
from tests.support.world import FailingStore, World, places, run

OURS = Policy(agent_role_names=frozenset({ROLE}))
SECOND = request("r1", 100, duration_ms=4_000)
OWN_ID = RequestId("r1:1764872922000")
"""The id of SECOND where r1 is another request's: its start in epoch milliseconds follows."""


def kept(world: World) -> list[tuple[str, str]]:
    found = world.store.rejected_between(at(0), at(10_000), limit=100)
    return [(stored.record.reason.value, stored.record.detail) for stored in found]


def test_the_second_request_of_an_id_is_rejected_counted_and_kept_under_an_id_of_its_own() -> None:
    world = World(OURS)
    world.collect(10, request("r1"))
    report = world.collect(110, SECOND)
    world.run_until()

    assert (report.facts, report.ignored, report.kept) == (0, 0, 1)
    assert [record.reason.value for record in report.rejected] == ["conflicting_record"]
    detail = f"request r1 of 2025-12-04T18:28:42+00:00 (another has this id: kept as {OWN_ID})"
    assert kept(world) == [("conflicting_record", detail)]
    assert world.pipeline_sum(Metric.REJECTED_RECORDS) == 1
    assert world.sum_of(Metric.REQUESTS) == 2
    assert world.request("r1").record == request("r1")
    assert world.request(OWN_ID).record == replace(SECOND, request_id=OWN_ID, claimed_id=RequestId("r1"))


def test_the_second_request_s_calls_are_its_own_by_their_time() -> None:
    world = run([(10, request("r1")), (10, call("c1", 1)), (111, SECOND), (111, call("c2", 101))], OURS)

    assert places(world) == {"c1": "r1", "c2": OWN_ID}
    assert world.request(OWN_ID).revision > 0


@pytest.mark.parametrize("second", ["other", "r1"])
def test_a_request_whose_id_was_used_before_stays_a_rival_of_its_neighbours(second: str) -> None:
    world = run(
        [
            (10, request("r1")),
            (120, request(second, 100, duration_ms=4_000)),
            (121, request("z", 98, duration_ms=12_000)),
            (113, call("c", 101)),
        ],
        OURS,
    )

    assert places(world) == {"c": "ambiguous"}


def test_the_same_record_again_is_no_conflict_and_a_conflict_again_is_one() -> None:
    once, often = World(OURS), World(OURS)
    for world, times in ((once, 1), (often, 3)):
        world.collect(10, request("r1"))
        for moment in range(times):
            world.collect(110 + moment, request("r1"), *[SECOND] * times)
        world.run_until()

    assert len(kept(often)) == 1
    assert often.store.all_requests() == once.store.all_requests()
    assert often.published().keys() == once.published().keys()


def test_a_third_request_of_the_id_has_another_id_of_its_own() -> None:
    world = run([(10, request("r1")), (110, SECOND), (210, request("r1", 200))], OURS)

    assert len(world.store.all_requests()) == len({state.request_id for state in world.store.all_requests()}) == 3
    assert len(kept(world)) == 2


def test_a_batch_that_brings_both_requests_keeps_both() -> None:
    world = World(OURS)

    report = world.collect(110, request("r1"), SECOND, request("r2", 3))
    world.run_until()

    assert (report.facts, len(report.rejected)) == (2, 1)
    assert {state.request_id for state in world.store.all_requests()} == {"r1", "r2", OWN_ID}
    assert world.sum_of(Metric.REQUESTS) == 3


@pytest.mark.parametrize("fails_at", [1, 2, 3, 4, 5, 6])
@pytest.mark.parametrize("after", [True, False])
def test_a_batch_with_a_conflict_that_fails_amid_comes_again_and_loses_nothing(fails_at: int, *, after: bool) -> None:
    world = World(OURS, store=FailingStore(fails_at=fails_at, after=after))

    world.collect(110, request("r1"), SECOND, call("c1", 1), call("c2", 101))
    world.run_until()

    assert places(world) == {"c1": "r1", "c2": OWN_ID}
    assert len(kept(world)) == 1


def test_what_the_second_request_made_is_unknown_where_calls_bear_the_id_of_both() -> None:
    world = run(
        [
            (10, request("r1")),
            (10, call("c1", 1, tag=tag("r1", started=1))),
            (110, SECOND),
            (110, call("c2", 101, tag=tag("r1", started=101))),
        ],
        OURS,
    )

    assert world.calls_of("r1") == {"c1": ("tag", "exact"), "c2": ("tag", "exact")}
    summary = world.request(OWN_ID).summary
    assert summary is not None
    assert (summary.totals.llm_calls, summary.possible_calls, summary.is_certain) == (0, None, False)
    assert world.sum_of(Metric.LLM_CALLS) == 2


def test_what_the_second_request_made_is_known_where_calls_are_untagged() -> None:
    world = run([(10, request("r1")), (110, SECOND), (110, call("c2", 101))], OURS)

    summary = world.request(OWN_ID).summary
    assert summary is not None
    assert (summary.totals.llm_calls, summary.possible_calls) == (1, 0)
    assert world.decision("c2").__class__ is Link
    assert not isinstance(world.decision("c2"), Unattributed)


@pytest.mark.parametrize(
    ("first", "second", "is_another"),
    [
        ((0, 1), (0, 1), False),
        ((0, 1), (1, 1), True),
        ((0, 1000), (999, 1), False),
        ((0, 1000), (1000, 1), True),
        ((417, 1), (0, 1000), False),
        ((0, 1000), (0, 1000), False),
    ],
)
def test_two_records_are_of_one_request_if_they_can_have_begun_at_one_moment(
    first: tuple[int, int], second: tuple[int, int], *, is_another: bool
) -> None:
    def record(start_ms: int, precision_ms: int) -> Request:
        moment = at(0) + timedelta(milliseconds=start_ms)
        return replace(request(), started_at=moment, started_precision_ms=precision_ms)

    one, other = record(*first), record(*second)
    assert one.is_another_than(other) is is_another
    assert other.is_another_than(one) is is_another
