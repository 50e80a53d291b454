"""Settle: revisions, links and orphans over time, as the use cases write them."""

from dataclasses import replace
from datetime import timedelta

import pytest

from request_lens.application.deciding import possible
from request_lens.domain.facts import Fact, Tag
from request_lens.domain.linking.link import Confidence, Method, Reason, Unattributed
from request_lens.domain.policy import Policy
from request_lens.domain.publishing.metric_names import Metric
from request_lens.domain.settling.state import SettleKey, SettleKind
from tests.support.facts import DUE_S, ROLE, at, call, chain_of_two, link, request, tag
from tests.support.world import World, places, run

AGENTS = Policy(agent_role_names=frozenset({ROLE}))
NEVER_SEEN = Unattributed(reason=Reason.REQUEST_NEVER_SEEN)


def revision_at(world: World, seconds: float, request_id: str = "r1") -> int:
    """The request's revision when everything up to and at that second has happened."""
    world.run_until(seconds + 0.001)
    return world.request(request_id).revision


def test_complete_evidence_settles_a_request_at_once() -> None:
    world = World()
    world.collect(6, call("t1", 1, produced=["x"], tag=tag("r1", 1)))
    world.collect(8, request())
    assert revision_at(world, 8) == 0

    world.collect(9, call("t2", 3, returned=["x"], tag=tag("r1", 2)))

    assert revision_at(world, 9) == 1
    assert world.published()["r1#1"].values[Metric.LLM_CALLS_PER_REQUEST] == (2,)
    assert world.calls_of() == {"t1": ("tag", "exact"), "t2": ("tag", "exact")}


def test_a_guard_that_answers_before_its_agent_does_not_settle_the_request() -> None:
    world = World()
    world.collect(6, call("guard", 0, latency_ms=400, tag=tag("r1", 1)))
    world.collect(8, request(duration_ms=4_000))
    assert revision_at(world, 8) == 0

    world.collect(12, call("agent", 1, latency_ms=2_600, tag=tag("r1", 2)))

    assert revision_at(world, 12) == 1
    assert world.published()["r1#1"].values[Metric.LLM_CALLS_PER_REQUEST] == (2,)


def test_two_agents_that_number_alike_prove_nothing_so_the_request_waits_and_has_the_calls_of_both() -> None:
    """As where one payload went to two, or an API's event was handed on whole: each numbers from 1."""
    world = World()
    world.collect(8, request())
    of_one = call("a", 1, latency_ms=3_800, tag=tag("r1", 1, started=1.1))
    world.collect(9, of_one, call("b-1", 1, latency_ms=900, tag=tag("r1", 1, started=1.4)))
    assert revision_at(world, 9) == 0

    world.collect(12, call("b-2", 3, tag=tag("r1", 2, started=3.2)))
    assert revision_at(world, 34.9) == 0
    assert revision_at(world, 35) == 1

    assert world.published()["r1#1"].values[Metric.LLM_CALLS_PER_REQUEST] == (3,)
    assert world.calls_of() == dict.fromkeys(("a", "b-1", "b-2"), ("tag", "exact"))


def test_tagged_calls_without_an_index_settle_the_settle_delay_after_the_response() -> None:
    world = World()
    world.collect(8, request(), call("t1", 1, tag=tag("r1")))

    assert revision_at(world, 34.9) == 0
    assert revision_at(world, 35) == 1


def test_a_request_without_calls_settles_when_all_calls_in_its_time_are_decided() -> None:
    world = World()
    world.collect(8, request())

    assert revision_at(world, 154.9) == 0
    assert revision_at(world, 155) == 1
    assert world.request().summary is not None
    world.run_until()
    assert world.published().keys() == {"r1#1"}


@pytest.mark.parametrize("arrived", [12, 40, 63.9])
def test_a_call_that_elimination_decides_is_in_the_first_summary_however_late_within_the_link_delay(
    arrived: float,
) -> None:
    """The distributions are published with the first summary and cannot be corrected."""
    short, long = request("short", 1, duration_ms=2_000), request("long", duration_ms=6_000)
    calls = [(12, call("a", 4)), (arrived, call("b", 1))]
    world = run([(8, long), (8, short), *calls], replace(AGENTS, one_loop_per_request=True))

    assert world.calls_of("short").keys() == {"b"}
    assert world.published().keys() == {"short#1", "long#1"}


@pytest.mark.parametrize(("policy", "confidence"), [(AGENTS, "inferred"), (Policy(), "assumed")])
def test_untagged_calls_are_found_by_time_and_by_their_chain(policy: Policy, confidence: str) -> None:
    world = run([(8, request()), *((12, each) for each in chain_of_two("c", 1, 3))], policy)

    assert world.calls_of() == {"c-1": ("window", confidence), "c-2": ("chain", confidence)}
    assert world.published().keys() == {"r1#1"}
    assert world.request().summary is not None


def test_an_untagged_call_of_a_chain_waits_for_the_last_one() -> None:
    world = World()
    first, second = chain_of_two("c", 0, 20)
    world.collect(10, first)
    world.collect(30, second, request(duration_ms=25_000))

    world.run_until(20 + DUE_S - 0.1)
    assert world.decision("c-1") is None
    world.run_until(20 + DUE_S + 0.1)
    assert world.decision("c-1") == link("r1", Method.WINDOW, Confidence.ASSUMED)
    assert world.decision("c-2") == link("r1", Method.CHAIN, Confidence.ASSUMED)


def test_a_call_that_fits_two_requests_is_ambiguous_after_another_request_time() -> None:
    world = World()
    world.collect(8, request("r1"), request("r2", 1), call("i1", 2))

    world.run_until(2 + DUE_S + 30 - 0.1)
    assert world.decision("i1") is None
    world.run_until(2 + DUE_S + 30 + 0.1)
    assert world.decision("i1") == Unattributed(reason=Reason.AMBIGUOUS, candidates=2)
    assert world.published()["invocation:i1#1"].values[Metric.LLM_CALLS] == (1,)
    assert world.pipeline_sum(Metric.UNATTRIBUTED_INVOCATIONS) == 1


@pytest.mark.parametrize("role", ["payroll", None])
def test_calls_of_others_are_counted_and_never_linked(role: str | None) -> None:
    world = World(AGENTS)
    world.collect(12, request(), call("i1", 1, role=role))
    world.run_until(1 + DUE_S - 0.1)
    assert world.decision("i1") is None

    world.run_until(1 + DUE_S + 0.1)
    assert world.decision("i1") == Unattributed(reason=Reason.OTHER_CALLER)
    assert world.calls_of() == {}
    assert run([(12, request()), (12, call("i1", 1, role=role))]).decision("i1") == link(
        "r1", Method.WINDOW, Confidence.ASSUMED
    )


def test_a_tagged_call_is_linked_whoever_made_it() -> None:
    world = run([(8, request()), (12, call("t1", 1, role="payroll", tag=tag("r1", 1)))], AGENTS)

    assert world.calls_of() == {"t1": ("tag", "exact")}


ASKING = call("t1", 1, produced=["x"], tag=tag("r1", 1))
RETURNING = call("i2", 3, returned=["x"])
BESIDE: dict[str, list[tuple[float, Fact]]] = {
    "nothing": [],
    "a request that its tags prove complete": [(9, request("r2")), (9, call("t2", 2, tag=tag("r2", 1)))],
    "a request": [(9, request("r2"))],
    "a request with a tagged call that asked for a tool": [
        (9, request("r2")), (9, call("t2", 2, produced=["y"], tag=tag("r2", 1)))
    ],
    "a request whose agent may have run on": [(9, request("r2", -9, status=504))],
}  # fmt: skip


@pytest.mark.parametrize(
    ("beside", "confidence"), list(zip(BESIDE, ("exact", "exact", "inferred", "inferred", "inferred"), strict=True))
)
def test_a_call_that_continues_a_tagged_one_is_as_sure_only_where_no_other_request_may_have_made_it(
    beside: str, confidence: str
) -> None:
    facts: list[tuple[float, Fact]] = [(9, request("r1")), (10, ASKING), (12, RETURNING), *BESIDE[beside]]
    calls = [run(facts, policy).calls_of("r1") for policy in (AGENTS, Policy())]

    unsure = confidence if confidence == "exact" else "assumed"  # while everybody's calls are considered
    assert calls == [{"t1": ("tag", "exact"), "i2": ("chain", each)} for each in (confidence, unsure)]


@pytest.mark.parametrize(
    ("beside", "confidence"),
    [
        ([], "exact"),
        ([request("r2", 3.5)], "inferred"),
        ([request("r2", -1, duration_ms=4_000)], "inferred"),
        ([request("r2", 3.5), call("t2", 4, tag=tag("r2", 1))], "exact"),
    ],
    ids=["nothing", "a request that may have made the last call", "one that may have made the first", "a proven one"],
)
def test_a_chain_that_continues_a_tagged_call_is_as_sure_only_where_no_other_request_may_have_made_a_call_of_it(
    beside: list[Fact], confidence: str
) -> None:
    """The whole of it fits r1 alone, but by its ids alone: the log of who asked for the second may be missing."""
    chain = [call("i2", 2, returned=["x"], produced=["y"]), call("i3", 5, returned=["y"])]
    world = run([(10, each) for each in [request("r1", duration_ms=8_000), ASKING, *chain, *beside]], AGENTS)

    assert world.calls_of("r1") == {"t1": ("tag", "exact")} | dict.fromkeys(("i2", "i3"), ("chain", confidence))


@pytest.mark.parametrize(("began_s", "confidence"), [(2, "inferred"), (50, "exact")])
def test_a_late_call_that_continues_a_tagged_one_is_inferred_beside_a_request_that_was_never_seen(
    began_s: float, confidence: str
) -> None:
    of_unseen = call("t9", began_s, tag=tag("r9", 1))
    world = run([(9, request("r1")), (10, ASKING), (60, of_unseen), (2_000, RETURNING)], AGENTS)

    unseen = world.decision("t9")
    assert isinstance(unseen, Unattributed)
    assert unseen.reason is Reason.REQUEST_NEVER_SEEN
    assert world.calls_of("r1") == {"t1": ("tag", "exact"), "i2": ("chain", confidence)}


def test_a_request_whose_record_has_come_is_not_unseen_though_its_revision_is_still_to_come() -> None:
    beside, of_beside = request("r9", 20), call("t9", 21, tag=tag("r9", 1))

    world = run([(9, request("r1")), (10, ASKING), (60, of_beside), (2_000, RETURNING), (2_050, beside)], AGENTS)

    assert world.calls_of("r1") == {"t1": ("tag", "exact"), "i2": ("chain", "exact")}


def test_what_a_clock_that_is_ahead_has_given_up_early_bears_on_no_call_that_is_due_before_its_time() -> None:
    """Else a link was as sure as the order in which things came."""
    world = World(AGENTS)
    world.collect(0, call("t9", 3_002, tag=tag("r9", 1)))
    world.run_until(2_000)
    asking, returning = (
        replace(each, logged_at=each.logged_at + timedelta(seconds=3_000)) for each in (ASKING, RETURNING)
    )
    world.collect(3_010, request("r1", 3_000), asking, returning)
    world.run_until()

    unseen = world.decision("t9")
    assert isinstance(unseen, Unattributed)
    assert unseen.reason is Reason.REQUEST_NEVER_SEEN
    assert world.calls_of("r1") == {"t1": ("tag", "exact"), "i2": ("chain", "exact")}


def test_a_failed_attempt_without_a_tag_may_be_of_a_request_that_is_proven_to_have_all_its_calls() -> None:
    failed = call("failed", 0.5, error_code="ThrottlingException")

    world = run([(9, request("r1")), (10, failed), (10, call("t1", 1, tag=tag("r1", 1)))], AGENTS)

    assert world.calls_of("r1")["failed"] == ("window", "inferred")


def test_a_request_of_unknown_duration_takes_tagged_calls_only() -> None:
    world = run([(8, request(duration_ms=None)), (12, call("t1", 1, tag=tag("r1"))), (12, call("i1", 1))])

    assert world.calls_of() == {"t1": ("tag", "exact")}
    assert world.decision("i1") == Unattributed(reason=Reason.AMBIGUOUS, candidates=1)


@pytest.mark.parametrize(("status", "linked"), [(503, True), (504, True), (200, False)])
def test_calls_go_on_after_a_time_out_of_the_api(status: int, linked: bool) -> None:
    world = run([(40, request(duration_ms=29_000, status=status)), (70, call("i1", 50))])

    assert bool(world.calls_of()) is linked


@pytest.mark.parametrize("arrives", [97, 145])
def test_the_calls_after_a_time_out_decide_the_chain_whenever_they_come_in_time(arrives: float) -> None:
    """Without its second call the chain fits both requests."""
    timed_out, other = request("r1", 0, duration_ms=29_000, status=503), request("r2", 0.5, duration_ms=29_000)
    first, second = chain_of_two("c", 1, 85)

    world = run([(40, timed_out), (40, other), (12, first), (arrives, second)], AGENTS)

    assert world.calls_of("r1") == {"c-1": ("window", "inferred"), "c-2": ("chain", "inferred")}
    assert world.published()["r1#1"].values[Metric.LLM_CALLS_PER_REQUEST] == (2,)


def test_a_late_call_makes_a_revision_that_publishes_the_difference_only() -> None:
    world = World()
    world.collect(8, request(), call("t1", 2, tag=tag("r1", 1)))
    world.collect(500, call("t2", 4, latency_ms=700, tag=tag("r1", 2)))
    world.run_until()

    assert world.request().revision == 2
    assert world.published()["r1#2"].values == {
        Metric.LLM_CALLS: (1,), Metric.INPUT_TOKENS: (1_011,), Metric.OUTPUT_TOKENS: (31,)
    }  # fmt: skip
    assert world.sum_of(Metric.REQUESTS) == 1
    assert world.pipeline_sum(Metric.LATE_REVISIONS) == 1
    assert world.pipeline_sum(Metric.SETTLE_DELAY) == 3_000


def test_the_calls_of_a_request_that_never_came_are_unattributed() -> None:
    world = World()
    world.collect(10, call("t1", 1, tag=tag("r1", 1)), call("t2", 3, tag=tag("r1", 2)))

    world.run_until(909.9)
    assert world.sink.publications == []
    world.run_until()
    assert world.published().keys() == {"invocation:t1#1", "invocation:t2#1"}
    assert (world.decision("t1"), world.decision("t2")) == (NEVER_SEEN, NEVER_SEEN)


def test_a_record_that_comes_after_all_takes_its_orphans_back() -> None:
    world = World()
    world.collect(10, call("t1", 1, tag=tag("r1", 1)))
    world.collect(2_000, request())
    world.run_until()

    found = world.published()
    assert found.keys() == {"invocation:t1#1", "invocation:t1#2", "r1#1"}
    assert found["invocation:t1#2"].values == {
        Metric.LLM_CALLS: (-1,), Metric.INPUT_TOKENS: (-1_011,), Metric.OUTPUT_TOKENS: (-31,)
    }  # fmt: skip
    assert world.sum_of(Metric.LLM_CALLS) == 1
    assert world.calls_of() == {"t1": ("tag", "exact")}
    assert world.decision("t1") == link("r1", Method.TAG, Confidence.EXACT)


def test_an_orphan_that_came_after_the_others_were_given_up_is_given_up_as_well_and_taken_back() -> None:
    world = World()
    world.collect(10, call("t1", 1, tag=tag("r1", 1)))
    world.collect(1_000, call("t2", 2, tag=tag("r1", 2)))
    world.run_until()
    assert world.published().keys() == {"invocation:t1#1", "invocation:t2#1"}

    world.collect(3_000, request())
    world.run_until()

    assert world.sum_of(Metric.LLM_CALLS) == 2
    assert world.published().keys() >= {"invocation:t1#2", "invocation:t2#2", "r1#1"}


def test_an_orphans_timer_that_comes_late_leaves_a_request_alone_that_has_its_record() -> None:
    world = run([(10, call("t1", 1, tag=tag("r1", 1))), (20, request())])

    assert world.published().keys() == {"r1#1"}


@pytest.mark.parametrize(("matter", "key"), [(matter, "unheard-of") for matter in SettleKind])
def test_a_message_about_nothing_does_nothing(matter: SettleKind, key: str) -> None:
    world = World()
    world.timer.send([(SettleKey(matter, request(key).request_id), at(0))])

    world.run_until()

    assert world.sink.publications == []
    assert world.store.all_unlinked() == []
    assert world.request(key).orphaned is (matter is SettleKind.ORPHAN)


@pytest.mark.parametrize("gap", [0, 1, 5])
@pytest.mark.parametrize("record_first", [True, False])
@pytest.mark.parametrize("tags", [(None, None), (tag("r1", 1), tag("r1", 2)), (tag("r1"), tag("r1"))])
def test_a_backfill_an_hour_later_gives_the_right_first_revision(
    gap: float, record_first: bool, tags: tuple[Tag | None, Tag | None]
) -> None:
    first = call("c1", 1, produced=["x"], tag=tags[0])
    second = call("c2", 3, returned=["x"], tag=tags[1])
    facts: list[Fact] = [request(), first, second] if record_first else [second, first, request()]

    world = run([(3_600 + n * gap, fact) for n, fact in enumerate(facts)])

    assert world.published().keys() == {"r1#1"}
    assert world.published()["r1#1"].values[Metric.LLM_CALLS_PER_REQUEST] == (2,)


def test_a_backfill_in_one_batch_attributes_every_call_it_can() -> None:
    world = World()
    world.collect(
        3_600, request("r1"), *chain_of_two("a", 1, 3), request("r2", 20), *chain_of_two("b", 21, 23), call("i5", 12)
    )
    world.run_until()

    assert world.published().keys() == {"r1#1", "r2#1", "invocation:i5#1"}
    assert world.decision("i5") == Unattributed(reason=Reason.NO_REQUEST)


def test_a_call_whose_chain_is_seen_longer_from_it_than_from_its_last_call_is_decided_all_the_same() -> None:
    """The last call's settle does not reach back to the first, so it cannot see that it follows the middle one."""
    first, middle = call("i1", 0, produced=["x"]), call("i2", 100, returned=["x"])
    last = call("i3", 200, returned=["x"])

    world = run([(300, first), (600, middle), (640, last)])

    assert [world.decision(each) for each in ("i1", "i2", "i3")] == [Unattributed(reason=Reason.NO_REQUEST)] * 3


def test_a_call_in_the_overtime_of_a_request_that_began_long_before_is_linked() -> None:
    timed_out = request("r1", 0, duration_ms=29_000, status=504)
    world = run((3_600, each) for each in (call("lone", 173), call("late", 88, latency_ms=500), timed_out))

    assert world.decision("lone") == Unattributed(reason=Reason.NO_REQUEST)
    assert world.calls_of() == {"late": ("window", "assumed")}


def test_a_loop_that_runs_for_ten_minutes_beside_all_requests_is_decided() -> None:
    """Each call's chain still grows when its own timer fires."""
    loop = [call(f"i{n:02}", 20 * n, returned=[f"t{n - 1}"] if n else [], produced=[f"t{n}"]) for n in range(31)]
    world = run([(20 * n + 12, each) for n, each in enumerate(loop)])

    assert places(world) == {each.invocation_id: "no_request" for each in loop}


def test_a_payload_that_lambda_repeats_six_hours_later_changes_nothing() -> None:
    facts: list[Fact] = [request("r1"), *chain_of_two("c", 1, 3), request("r2", 60), call("t1", 61, tag=tag("r2", 1))]
    once = run([(75, each) for each in facts], AGENTS)
    world = World(AGENTS)
    for hours in (0, 6):
        world.collect(75 + hours * 3_600, *facts)
        world.run_until()

    assert world.published() == once.published()
    assert world.calls_of("r1") == {"c-1": ("window", "inferred"), "c-2": ("chain", "inferred")}


@pytest.mark.parametrize("ahead", [-6_600, 0, 6_600])
def test_clocks_two_hours_apart_change_no_link(ahead: float) -> None:
    """The clock of the logs is ahead of ours, or behind it."""
    world = World(AGENTS)
    world.collect(70 - ahead, request("r1"), *chain_of_two("c", 1, 3), request("r2", 60), call("t1", 61, tag=tag("r2")))
    world.run_until()

    assert world.calls_of("r1") == {"c-1": ("window", "inferred"), "c-2": ("chain", "inferred")}
    assert world.calls_of("r2") == {"t1": ("tag", "exact")}
    assert world.published().keys() == {"r1#1", "r2#1"}


@pytest.mark.parametrize("burst", [900, 1_001])
def test_a_chain_across_the_edge_of_a_crowd_is_decided_with_its_neighbours(burst: int) -> None:
    """The burst, of another role, begins half a minute after the first call, which leaves the chain to its last."""
    world = World(AGENTS)
    world.collect(40, request("r1", -1, duration_ms=28_000), *chain_of_two("a", 0, 25))
    world.collect(62, *(call(f"s{n:04}", 32 + n * 20 // burst, role="nightly-batch") for n in range(burst)))
    world.run_until()

    assert world.decision("a-1") is not None
    assert world.decision("a-2") is not None
    assert world.sum_of(Metric.LLM_CALLS) == burst + 2


def test_where_more_calls_lie_around_than_are_read_it_is_unknown_how_many_are_possible(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(possible, "MAX_READ", 3)
    world = World(AGENTS)
    others = [call(f"o{n}", 1, role="nightly-batch") for n in range(3)]
    world.collect(10, request("r1", duration_ms=5_000), *others)
    world.run_until()

    summary = world.request("r1").summary
    assert summary is not None
    assert (summary.possible_calls, summary.certain_since) == (None, None)


@pytest.mark.parametrize(("indices", "calls"), [((1, 2), 2), ((None, None), 3)])
def test_tags_that_count_the_calls_of_a_request_are_taken_at_their_word_and_others_wait_for_a_guard(
    indices: tuple[int | None, int | None], calls: int
) -> None:
    """An assumption, see docs/correlation.md: what such a request leaves untagged is nobody's, or a neighbour's."""
    world = World(AGENTS)
    world.collect(12, request("r1", duration_ms=9_000))
    first, last = (tag("r1", index, started=1 + 3 * place) for place, index in enumerate(indices))
    world.collect(13, call("t1", 1, produced=["x"], tag=first), call("t2", 4, returned=["x"], tag=last))
    world.collect(13, call("guard", 7, latency_ms=900))
    world.run_until()

    summary = world.request("r1").summary
    assert summary is not None
    assert (summary.totals.llm_calls, summary.possible_calls) == (calls, 0)
    assert isinstance(world.decision("guard"), Unattributed) is (calls == 2)
    assert [
        values for each in world.published().values() if (values := each.values.get(Metric.LLM_CALLS_PER_REQUEST))
    ] == [(calls,)]
