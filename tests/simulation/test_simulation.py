"""The product under drawn faults is right in every schedule, and twelve broken designs are not."""

import sys
from collections import Counter
from collections.abc import Sequence
from os import process_cpu_count

import pytest

from tests.simulation.drawing.truth import Style
from tests.simulation.judging.oracles import judge
from tests.simulation.judging.outcome import Outcome, run_promptly, run_seed
from tests.simulation.run import replay_with
from tests.simulation.tally import tally_by
from tests.simulation.variants import VARIANTS

SCHEDULES = 2_200
MIN_SEEN = 100

FAILED_ONCE = (
    *(2_325, 21_347, 21_001_295, 31_012_547, 31_015_269, 31_020_118, 41_000_615),
    *(20_003_752, 21_004_756, 30_005_485, 30_006_486, 50_000_897, 60_003_615),
    *(80_002_076, 80_011_021, 80_025_856),
    *(210_016_757, 222_015_786, 232_007_776, 222_050_751, 250_034_639, 260_008_170),
    *(301_057_375, 301_067_919, 301_094_005, 310_059_921),
    *(320_079_692, 330_034_091, 340_041_596, 350_013_258, 430_084_452),
)
"""Schedules beyond these that showed a fault.

In their order: of a judge; of a call that was counted as it stood before; of another caller's call in a session's
trace, which was not waited for; of such a trace that was taken for whole without the call of a run that was lost; twice
of a judge, by numbers that two agents gave; of a judge of calls whose agent told of itself late; of a proof without the
run of an agent whose call was there; of another agent that had a second and some skew; of a revision that met a
decision; of a judge that took two agents of a trace for one; of an agent whose spans were all lost; of a judge, by a
call that a trace added to what tags had counted; of a proof by spans that counted only once a revision told it; twice
of a tagged call that was given up, which bore on others by when that was; of a traced call that was taken for untold
before its trace was asked; of a call that was decided anew by whoever died then; of a proof by spans of an agent that
ran on, which came by chance before another call was due; of a link that was as sure as that of the call before it;
again of calls that were decided anew by whoever died then; of a request that had another call's span once a second
record named its trace, and one still; twice of a judge that took logs for there before they had to be; of one that
judged a call of a chain before the last of that was due; again of one, by an agent whose spans were all lost; of
another's call that was linked to a request that ran on, after that had taken its samples, as its spans prove them all;
of a call that went on from another request's by a tool's name, by which a tagged call asked, too; of a judge, by
calls of a run of a request that outlasts the longest; of one, by when a call is decided that a request which runs on
may have made; and of one, by a call that was logged hours after its span had come.
"""

CAUGHT_WITHIN = 1_000
"""Each broken design shows in one of so many schedules."""


@pytest.mark.timeout(300)
def test_every_schedule_of_faults_ends_right_and_every_fault_and_oracle_is_seen(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = tally_by(process_cpu_count() or 1, range(SCHEDULES), most_failures=1, run=run_seed)

    with capsys.disabled():
        sys.stdout.write(f"\n{found.told()}\n")
    assert not found.failed, "\n".join(f"replay with: {replay_with(seed)}\n{why}" for seed, why in found.failed.items())
    assert min(found.rarest(), found.rarest_of_traces()) >= MIN_SEEN, found.told()


@pytest.mark.parametrize("seed", FAILED_ONCE)
def test_a_schedule_that_once_ended_wrong_ends_right(seed: int) -> None:
    assert judge(run_seed(seed), Counter()) == []


@pytest.mark.parametrize("name", VARIANTS)
def test_a_broken_design_is_caught(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    caught = _first_caught(name)

    with capsys.disabled():
        sys.stdout.write(f"\n{name}: caught after {caught} schedules ")
    assert caught is not None


def _first_caught(name: str) -> int | None:
    """After how many schedules a variant shows; None if it does not."""
    for seed in range(CAUGHT_WITHIN):
        if judge(run_seed(seed, VARIANTS[name]), Counter()):
            return seed + 1
    return None


@pytest.fixture(scope="module")
def tagged() -> Sequence[Outcome]:
    """Those of some schedules in which every call is tagged."""
    drawn = [run_seed(seed) for seed in range(150)]
    return [outcome for outcome in drawn if outcome.traffic.style is Style.TAGGED]


@pytest.mark.parametrize("name", ["naive ADD", "marker then ADD", "publish if new", "settle prints its own revision"])
def test_a_broken_design_looks_right_while_nothing_goes_wrong(name: str, tagged: Sequence[Outcome]) -> None:
    """So it is the faults that it fails by, not the way in which it is built in."""
    wrong = [each.seed for each in tagged if judge(run_promptly(each, VARIANTS[name]), Counter())]

    assert len(tagged) > 30
    assert wrong == []


def test_a_seed_is_one_schedule() -> None:
    first, second = (run_seed(7) for _ in range(2))

    assert first.world.faults.trace == second.world.faults.trace
    assert first.world.printed == second.world.printed
