"""The judges themselves: what they let pass, and what they do not, in schedules that are written out."""

import random
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import timedelta

import pytest

from request_lens.domain.facts import Invocation, Request
from request_lens.domain.policy import Policy
from tests.simulation.broken_rules import LINKING, PROVEN_UNTIL_LATER, UNKNOWN_IS_LONGEST, broken
from tests.simulation.drawing.deliveries import Batch
from tests.simulation.drawing.faults import Faults
from tests.simulation.drawing.truth import OTHER_ROLE, CallTruth, Style, Traffic
from tests.simulation.judging.batch_reference import times_of
from tests.simulation.judging.certainty import proven_are_no_candidates
from tests.simulation.judging.links import late as late_records
from tests.simulation.judging.outcome import Outcome
from tests.simulation.judging.publications import samples_when_prompt
from tests.simulation.judging.traces import together
from tests.simulation.world import World
from tests.support.facts import ROLE, at, call, request, tag
from tests.support.telemetry.linked_traces import SPANS, agent_of, entry_of, span_of, trace_id, traced_request


def _quiet_outcome(
    calls: dict[float, CallTruth], *, record_at: float, records: Sequence[Request] = (request("r0"),)
) -> Outcome:
    """What comes of these requests, one of 5 s, and calls, each collected at its second, without any fault."""
    facts = {each.call.invocation_id: each for each in calls.values()}
    requests = {each.request_id: each for each in records}
    traffic = Traffic(style=Style.MIXED, policy=Policy(), requests=requests, calls=facts, goes_on=False)
    world = World(Faults(random.Random(1), quiet=True), traffic.policy)
    world.run(
        [
            Batch(at=at(record_at), records=tuple(records)),
            *(Batch(at=at(seconds), records=(each.call,)) for seconds, each in calls.items()),
        ]
    )
    return Outcome(seed=1, traffic=traffic, world=world, records=traffic.requests, calls=facts)


def _own(invocation: Invocation) -> CallTruth:
    return CallTruth(call=invocation, request_id=request("r0").request_id, began=invocation.logged_at)


@pytest.mark.parametrize(("came", "judged"), [(20, 1), (50, 0)])
def test_the_sample_need_not_know_a_strangers_call_that_came_after_the_wait_for_tagged_ones(
    came: float, judged: int
) -> None:
    """A tagged call tells the request not to wait for untagged ones; the stranger's is linked to it all the same."""
    stranger = call("stranger", 2, role=OTHER_ROLE)
    outcome = _quiet_outcome(
        {
            10: _own(call("r0-0", 1, tag=tag("r0"))),
            came: CallTruth(call=stranger, request_id=None, began=stranger.logged_at, stranger=True),
        },
        record_at=12,
    )

    assert [len(each.invocations) for each in outcome.states] == [2]
    assert list(samples_when_prompt(outcome)) == [None] * judged


@pytest.mark.parametrize("status", [200, 504])
def test_the_sample_of_a_request_that_tags_all_is_judged_whether_or_not_it_may_run_on(status: int) -> None:
    """Only where a call is but assumed to be its own may it be one that was not known when the sample was taken."""
    outcome = _quiet_outcome(
        {10: _own(call("r0-0", 1, tag=tag("r0", 1)))}, record_at=9, records=(request("r0", status=status),)
    )

    assert list(samples_when_prompt(outcome)) == [None]


@pytest.mark.parametrize(("first_came", "judged"), [(20, 0), (7, 1)], ids=["the later agent's first", "as made"])
def test_the_sample_need_not_know_calls_that_another_agent_numbered_anew_before_they_come(
    first_came: float, judged: int
) -> None:
    """What the second agent counted from 1 proves that all are there, until the first one's call 1 shows otherwise."""
    asks = call("r0-0", 1, produced=["tool"], tag=tag("r0", 1, started=1))
    answers = call("r0-1", 4, returned=["tool"], tag=tag("r0", 1, started=4))
    outcome = _quiet_outcome({first_came: _own(asks), 9: _own(answers)}, record_at=8)

    assert [len(each.invocations) for each in outcome.states] == [2]
    assert list(samples_when_prompt(outcome)) == [None] * judged


def test_a_broken_rule_that_the_product_would_call_otherwise_is_refused() -> None:
    """Every schedule would break at the call, and the rule seem caught whatever it is."""

    def without_overtime(chain: object, requests: object, bounds: object, policy: object) -> None:
        """What `explain` was once called by."""

    with pytest.raises(AssertionError, match="explain is not called as without_overtime is"):
        broken(f"{LINKING}.context.explain", without_overtime)


Breaking = Callable[[], AbstractContextManager[None]]


def _strange_call() -> CallTruth:
    """A call at second 2 that no request made; nothing ties it to others."""
    strange = call("strange", 2)
    return CallTruth(call=strange, request_id=None, began=strange.logged_at)


@pytest.mark.parametrize(
    ("breaking", "found"),
    [(nullcontext, []), (UNKNOWN_IS_LONGEST, ["proven r0 took strange"])],
    ids=["as it is", "taken for as long as any"],
)
def test_a_call_of_unknown_latency_has_ended_with_its_request_for_the_judge_of_proofs(
    breaking: Breaking, found: Sequence[str]
) -> None:
    """If it were taken for as long as the longest, it would not be known when the other call is due."""
    with breaking():
        outcome = _quiet_outcome(
            {9: _own(call("r0-0", 4, latency_ms=None, tag=tag("r0", 1))), 10: _strange_call()}, record_at=8
        )

    assert [each for each in proven_are_no_candidates(outcome) if each is not None] == found


@pytest.mark.parametrize(
    ("breaking", "found"),
    [(nullcontext, []), (PROVEN_UNTIL_LATER, ["strange is ambiguous for a proven request"])],
    ids=["as it is", "all that has come"],
)
def test_what_comes_after_a_call_that_stands_alone_is_due_takes_no_proof_away_for_the_judge_of_proofs(
    breaking: Breaking, found: Sequence[str]
) -> None:
    """The second call of the request, which ran on for longer than `MaxAgentSeconds`, shows a gap.

    Of what must have come when the other's is decided it did not, though it came before.
    """
    records = (request("r0", status=504), request("r1"))
    own: dict[float, CallTruth] = {
        9: _own(call("r0-0", 1, tag=tag("r0", 1))),
        80: _own(call("r0-2", 70, tag=tag("r0", 3))),
    }
    with breaking():
        outcome = _quiet_outcome({**own, 10: _strange_call()}, record_at=8, records=records)

    assert [each for each in proven_are_no_candidates(outcome) if each is not None] == found


@pytest.mark.parametrize(("entry_at", "found"), [(30, [None]), (600, [])], ids=["in time", "late"])
def test_a_call_without_a_span_is_not_judged_where_its_agent_told_of_itself_later_than_others(
    entry_at: float, found: list[None]
) -> None:
    """Another agent's spans prove the request whole by then; only the first one's own span tells that it was there."""
    record = traced_request("r0")
    unseen, seen = call("r0-0", 1, role=ROLE), call("r0-1", 3, role=ROLE)
    late = entry_of(trace_id(), 0.2, 4.9)
    told = (entry_of(trace_id(), 3.1, 4.5, resource="other"), span_of(seen, trace_id(), resource="other"))
    sums = replace(agent_of(trace_id(), seen, begins=3.15, ends=4.45), resource="other")
    telemetry = (late, *told, sums)
    facts = {each.invocation_id: _own(each) for each in (unseen, seen)}
    traffic = Traffic(
        style=Style.SPARSE,
        policy=SPANS,
        requests={record.request_id: record},
        calls=facts,
        telemetry={record.request_id: telemetry},
    )
    world = World(Faults(random.Random(1), quiet=True), SPANS)
    world.run(
        [
            Batch(at=at(12), records=(record, unseen, seen, *telemetry[1:])),
            Batch(at=at(entry_at), records=(late,)),
        ]
    )
    outcome = Outcome(seed=1, traffic=traffic, world=world, records=traffic.requests, calls=facts, telemetry=telemetry)

    assert world.all_requests()[0].invocations
    assert list(late_records(outcome)) == found


def test_the_calls_of_two_agents_of_one_trace_are_no_run_that_is_parted() -> None:
    """The second one's server has an entry span of its own, in whose time another request had begun, too."""
    records = (request("r0"), request("r1", 3))
    calls = (call("r0-0", 1, role=ROLE), call("r0-1", 3, role=ROLE))
    entries = (entry_of(trace_id(), 0.2, 4.5), entry_of(trace_id(), 3.2, 4.4, resource="other"))
    spans = (span_of(calls[0], trace_id()), span_of(calls[1], trace_id(), resource="other"))
    telemetry = (*entries, *spans)
    requests = {each.request_id: each for each in records}
    facts = {each.invocation_id: _own(each) for each in calls}
    traffic = Traffic(
        style=Style.OVERLAPPING, policy=SPANS, requests=requests, calls=facts, telemetry={None: telemetry}
    )
    world = World(Faults(random.Random(1), quiet=True), SPANS)
    world.run([Batch(at=at(12), records=(*records, *calls, *telemetry))])
    outcome = Outcome(seed=1, traffic=traffic, world=world, records=requests, calls=facts, telemetry=telemetry)

    assert outcome.places == [("r0-0", "r0"), ("r0-1", "ambiguous")]
    assert list(together(outcome)) == [None, None]


@pytest.mark.parametrize(("gap", "judged"), [(91, True), (92, False)])
def test_calls_out_of_reach_of_each_other_are_no_loop_whose_tool_time_is_known(gap: int, judged: bool) -> None:
    """Ids are looked for within the reach: a request that lasts for longer may have to do without."""
    record, began = request("r0", duration_ms=100_000), (at(1), at(1 + gap))
    calls = [
        CallTruth(
            call=call(f"r0-{place}", 1 + place * gap, tag=tag("r0", place + 1, started=1 + place * gap)),
            request_id=record.request_id,
            began=began[place],
            position=place,
        )
        for place in (0, 1)
    ]

    assert ("tool_time_ms" in times_of(record, calls, Policy()).judged) is judged


@pytest.mark.parametrize(("latency_ms", "llm_time_ms"), [(3_000, 4_000), (61_000, 62_000), (61_001, None)])
def test_calls_that_overlap_are_a_loop_as_long_as_the_first_is_known_when_the_next_is_due(
    latency_ms: int, llm_time_ms: int | None
) -> None:
    """It had ended by then, `MaxRequestSeconds` after the next began: the log's whole seconds tell no more."""
    record = request("r0", duration_ms=100_000)
    calls = [
        CallTruth(
            call=call(f"r0-{place}", 1 + place, tag=tag("r0", place + 1), latency_ms=latency),
            request_id=record.request_id,
            began=at(1 + place),
            position=place,
        )
        for place, latency in enumerate((latency_ms, 1_000))
    ]

    assert times_of(record, calls, Policy(max_request=timedelta(seconds=60))).llm_time_ms == llm_time_ms
