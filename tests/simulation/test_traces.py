"""Links by trace under drawn faults: whoever meets, they are right; and twelve broken designs are not."""

import sys
from collections import Counter

import pytest

from tests.simulation.broken_traces import PARTS_RUNS, PROVES_FOR_ALL, SETTLES_PROVEN, VARIANTS
from tests.simulation.judging.oracles import Oracle, judge
from tests.simulation.judging.outcome import run_seed
from tests.simulation.judging.publications import samples_when_prompt
from tests.simulation.meetings import run_late_records, run_left_chains, run_meeting, run_second_agent
from tests.simulation.sessions import (
    run_call_last,
    run_next_of_session,
    run_plain_calls,
    run_record_and_span,
    run_session,
)
from tests.simulation.tally import RunSeed, tally

MEETINGS = 300

LATE_RECORDS = 200

LEFT_CHAINS = 200

SECOND_AGENTS = 100

ONE_TRACE = 300

CAUGHT_WITHIN = 200
"""Each broken design shows in one of so many schedules of some kind."""

JUDGED_AT_MEETINGS = (Oracle.TRACED, Oracle.TRACED_AT_ONCE, Oracle.TRACES_TRUE, Oracle.RUNS, Oracle.COMPLETE)


def test_whoever_comes_last_of_a_requests_logs_links_its_calls_at_once() -> None:
    found = tally(range(MEETINGS), run=run_meeting)

    assert not found.failed
    assert min(found.judged[each] for each in JUDGED_AT_MEETINGS) >= 20, found.told()


def test_no_late_record_parts_the_calls_of_an_agents_run() -> None:
    found = tally(range(LATE_RECORDS), run=run_late_records)

    assert not found.failed, found.failed
    assert found.judged[Oracle.RUNS] >= 100, found.told()


def test_no_call_is_left_in_a_chain_whose_last_one_its_trace_decides() -> None:
    found = tally(range(LEFT_CHAINS), run=run_left_chains)

    assert not found.failed, found.failed
    assert found.judged[Oracle.TRACED] >= LEFT_CHAINS // 2, found.told()


@pytest.mark.parametrize(
    ("run", "oracle"),
    [
        (run_call_last, Oracle.TRACED_AT_ONCE),
        (run_session, Oracle.TRACED),
        (run_next_of_session, Oracle.ORDER_INFERRED),
        (run_record_and_span, Oracle.TRACED_AT_ONCE),
        (run_plain_calls, Oracle.LATE),
    ],
    ids=[
        "the call comes last",
        "of a session",
        "two of a session at once",
        "record and span meet",
        "a function sends no spans",
    ],
)
def test_the_calls_of_one_trace_end_right_however_they_come(run: RunSeed, oracle: Oracle) -> None:
    found = tally(range(ONE_TRACE), run=run)

    assert not found.failed, found.failed
    assert found.judged[oracle] >= ONE_TRACE // 5, found.told()


def test_a_request_does_not_settle_for_good_before_another_agents_spans_have_come() -> None:
    drawn = [run_second_agent(seed) for seed in range(SECOND_AGENTS)]

    assert [judge(each, Counter()) for each in drawn] == [[]] * SECOND_AGENTS
    assert [list(samples_when_prompt(each)) for each in drawn] == [[None]] * SECOND_AGENTS


def test_a_design_that_settles_while_another_agent_may_be_at_work_is_caught() -> None:
    found = [list(samples_when_prompt(run_second_agent(seed, SETTLES_PROVEN))) for seed in range(SECOND_AGENTS)]

    assert sum(judged != [None] for judged in found) > SECOND_AGENTS // 2


def test_a_design_that_parts_runs_by_late_records_is_caught() -> None:
    assert any(judge(run_late_records(seed, PARTS_RUNS), Counter()) for seed in range(LATE_RECORDS))


def test_a_design_that_takes_a_proof_of_one_role_for_one_of_all_is_caught() -> None:
    assert any(judge(run_plain_calls(seed, PROVES_FOR_ALL), Counter()) for seed in range(CAUGHT_WITHIN))


@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", VARIANTS)
def test_a_broken_design_of_links_by_trace_is_caught(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    caught = _first_caught(name)

    with capsys.disabled():
        sys.stdout.write(f"\n{name}: caught after {caught} schedules ")
    assert caught is not None


def _first_caught(name: str) -> int | None:
    """After how many schedules of each kind a variant shows; None if it does not."""
    kinds = (
        run_call_last,
        run_session,
        run_next_of_session,
        run_record_and_span,
        run_meeting,
        run_left_chains,
        run_seed,
    )
    for seed in range(CAUGHT_WITHIN):
        for run in kinds:
            if judge(run(seed, VARIANTS[name]), Counter()):
                return seed + 1
    return None
