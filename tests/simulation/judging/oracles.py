"""The judges of a schedule's end: each says what is wrong, and whether there was anything to judge."""

from collections import Counter
from collections.abc import Callable
from enum import StrEnum

from request_lens.domain.log_record import Rejected, RejectedReason
from tests.simulation.drawing.faults import Fault
from tests.simulation.judging import certainty, links, publications, traces
from tests.simulation.judging.outcome import Outcome, fate
from tests.simulation.judging.verdict import Verdict, expect


class Oracle(StrEnum):
    """What is judged after every run."""

    EVENTS = "1 each log event is one of fact, ignored, rejected"
    PLACES = "1 each invocation ends in one place"
    SUMS = "1+3 publications add up to distinct invocations"
    EXACT = "2 exact summaries equal the batch"
    INFERRED = "2 links in time are true, summaries equal the batch"
    LATE = "2 links are true and complete, however late records come"
    NOTHING_HIDDEN = "2 no call that a request lacks is hidden (in time)"
    POSSIBLE = "2 possible_calls are what is left"
    PROVEN = "2 a request that is proven is no candidate"
    DISTRIBUTIONS = "3 one sample a request, once it is certain"
    SAMPLES = "3 the sample counts every call (in time, no fault)"
    UNCERTAIN = "3 UncertainRequests add up"
    REPEATS = "3 a repeat carries the same publication_id"
    ORDER_EXACT = "4 order and duplicates do not matter (exact)"
    ORDER_INFERRED = "4 order and duplicates do not matter (inferred)"
    TRACED = "15 a call is its trace's one request's"
    TRACED_AT_ONCE = "15 whoever comes last links at once (nothing fails)"
    TRACES_TRUE = "15 no link by trace is wrong (in time)"
    TRACES_SHARED = "15 two records name a trace: none is sure"
    RUNS = "15 the calls of one run are not parted, however late records are"
    WHOLE = "15 a request whose spans prove it whole has no other's call (in time)"
    COMPLETE = "15 what is missing is what the trace has more"
    TRACES_TOLD = "15 an unattributed call tells its trace (in time)"
    BREACHES = "AssumptionBreaches add up to what the facts show"
    DRAINED = "5 the run drains"


OF_TRACES = frozenset(
    {
        Oracle.TRACED,
        Oracle.TRACED_AT_ONCE,
        Oracle.TRACES_TRUE,
        Oracle.TRACES_SHARED,
        Oracle.RUNS,
        Oracle.WHOLE,
        Oracle.COMPLETE,
        Oracle.TRACES_TOLD,
    }
)
"""Those that only schedules with spans are judged by."""

MOSTLY_AT_MEETINGS = frozenset({Oracle.TRACED_AT_ONCE, Oracle.TRACES_SHARED, Oracle.RUNS, Oracle.TRACES_TOLD})
"""Those that need more to come together: `meetings` brings that about."""


def judge(outcome: Outcome, judged: Counter[Oracle]) -> list[str]:
    """All that is wrong with an outcome; counts in `judged` each oracle that had something to judge."""
    problems: list[str] = []
    for oracle, verdict in ORACLES.items():
        findings = list(verdict(outcome))
        judged[oracle] += bool(findings)
        problems += [f"{oracle}: {each}" for each in findings if each is not None]
    return problems


def _events(outcome: Outcome) -> Verdict:
    for each in outcome.world.collected:
        fates = Counter(fate(record, at=each.at, policy=outcome.traffic.policy) for record in each.batch.records)
        report = each.report
        found = {
            "fact": report.facts,
            "ignored": report.ignored,
            **Counter(_rejection(each) for each in report.rejected),
        }
        yield expect("a batch's report", {name: count for name, count in found.items() if count}, dict(fates))


def _rejection(record: Rejected) -> str:
    return str(record.reason) if record.reason in (RejectedReason.TOO_OLD, RejectedReason.TOO_NEW) else "rejected"


def _places(outcome: Outcome) -> Verdict:
    if outcome.calls:
        yield expect("where invocations end", sorted(key for key, _ in outcome.places), sorted(outcome.calls))
    for each in outcome.world.all_unlinked():
        if each.decision is None:
            yield f"{each.invocation.invocation_id} was never decided"


def _drained(outcome: Outcome) -> Verdict:
    world = outcome.world
    yield from world.errors
    yield None if world.drained else f"still not drained after {world.steps} steps"
    if not world.stream.is_read:
        yield "the stream was not read to its end"
    if world.longest_chain > _most_rounds(outcome):
        yield f"a chain of {world.longest_chain} messages"


def _most_rounds(outcome: Outcome) -> int:
    """Four messages in a row, and as many where a call takes up a chain that was left to it and waits for that.

    Each that comes before its time is sent again, for the same time.

    A clock that is two hours ahead takes a message every 15 minutes, the longest that SQS waits: eight more. Lambda
    stops a function that feeds itself after about 16.
    """
    fired = outcome.world.faults.fired
    return 8 + fired[Fault.EARLY_MESSAGE] + (8 if fired[Fault.CLOCK_AHEAD] or fired[Fault.CLOCK_FAR_AHEAD] else 0)


ORACLES: dict[Oracle, Callable[[Outcome], Verdict]] = {
    Oracle.EVENTS: _events,
    Oracle.PLACES: _places,
    Oracle.SUMS: publications.sums,
    Oracle.EXACT: links.exact,
    Oracle.INFERRED: links.inferred,
    Oracle.LATE: links.late,
    Oracle.NOTHING_HIDDEN: certainty.nothing_hidden,
    Oracle.POSSIBLE: certainty.possible,
    Oracle.PROVEN: certainty.proven_are_no_candidates,
    Oracle.DISTRIBUTIONS: publications.distributions,
    Oracle.SAMPLES: publications.samples,
    Oracle.UNCERTAIN: publications.uncertain_requests,
    Oracle.REPEATS: publications.repeats,
    Oracle.ORDER_EXACT: links.order_exact,
    Oracle.ORDER_INFERRED: links.order_inferred,
    Oracle.TRACED: traces.named,
    Oracle.TRACED_AT_ONCE: traces.at_once,
    Oracle.TRACES_TRUE: traces.true,
    Oracle.TRACES_SHARED: traces.shared,
    Oracle.RUNS: traces.together,
    Oracle.WHOLE: traces.whole,
    Oracle.COMPLETE: traces.completeness,
    Oracle.TRACES_TOLD: traces.unattributed,
    Oracle.BREACHES: publications.breaches,
    Oracle.DRAINED: _drained,
}
