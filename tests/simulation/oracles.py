"""The judges of a schedule's end: each says what is wrong, and whether there was anything to judge."""

from collections import Counter
from collections.abc import Callable, Iterator
from enum import StrEnum
from fractions import Fraction

from request_lens.domain.facts import RequestId
from request_lens.domain.folding.summary import Totals
from request_lens.domain.linking.assumptions import violations_by_call, violations_by_request
from request_lens.domain.linking.link import Assumption, Method
from request_lens.domain.log_record import Rejected, RejectedReason
from request_lens.domain.publishing.metric_names import Metric
from request_lens.domain.publishing.pipeline_metrics import count_breaches
from request_lens.domain.publishing.publication import Publication
from request_lens.domain.settling.state import RequestState
from tests.simulation.batch_reference import cost_usd, counted_by_model, pluralize, times_of
from tests.simulation.faults import Fault
from tests.simulation.outcome import Outcome, fate
from tests.simulation.traffic import Style

TOTALS = {
    "llm_calls": Metric.LLM_CALLS,
    "llm_errors": Metric.LLM_ERRORS,
    "llm_throttles": Metric.LLM_THROTTLES,
    "input_tokens": Metric.INPUT_TOKENS,
    "output_tokens": Metric.OUTPUT_TOKENS,
    "cache_read_input_tokens": Metric.CACHE_READ_INPUT_TOKENS,
    "cache_write_input_tokens": Metric.CACHE_WRITE_INPUT_TOKENS,
}
FLOAT_ERROR_USD = 1e-9
"""Metrics are floats, which add up to a cost with less error than this."""

DISTRIBUTIONS = {
    Metric.REQUEST_DURATION: "duration_ms",
    Metric.LLM_TIME: "llm_time_ms",
    Metric.TOOL_TIME: "tool_time_ms",
    Metric.NON_LLM_TIME: "non_llm_time_ms",
}


class Oracle(StrEnum):
    """What is judged after every run."""

    EVENTS = "1 each log event is one of fact, ignored, rejected"
    PLACES = "1 each invocation ends in one place"
    SUMS = "1+3 publications add up to distinct invocations"
    EXACT = "2 exact summaries equal the batch"
    INFERRED = "2 links in time are true, summaries equal the batch"
    DISTRIBUTIONS = "3 one sample a request"
    SAMPLES = "3 the sample counts every untagged call (in time, no fault)"
    REPEATS = "3 a repeat carries the same publication_id"
    ORDER_EXACT = "4 order and duplicates do not matter (exact)"
    ORDER_INFERRED = "4 order and duplicates do not matter (inferred)"
    BREACHES = "AssumptionBreaches add up to what the facts show"
    DRAINED = "5 the run drains"


type Verdict = Iterator[str | None]
"""None where something was judged and found right, else what is wrong."""


def judge(outcome: Outcome, judged: Counter[Oracle]) -> list[str]:
    """All that is wrong with an outcome; counts in `judged` each oracle that had something to judge."""
    problems: list[str] = []
    for oracle, verdict in ORACLES.items():
        findings = list(verdict(outcome))
        judged[oracle] += bool(findings)
        problems += [f"{oracle}: {each}" for each in findings if each is not None]
    return problems


def _expect(what: str, found: object, expected: object) -> str | None:
    return None if found == expected else f"{what} is {found}, expected {expected}"


def _events(outcome: Outcome) -> Verdict:
    for each in outcome.world.collected:
        fates = Counter(fate(record, at=each.at, policy=outcome.traffic.policy) for record in each.batch.records)
        report = each.report
        found = {
            "fact": report.facts,
            "ignored": report.ignored,
            **Counter(_rejection(each) for each in report.rejected),
        }
        yield _expect("a batch's report", {name: count for name, count in found.items() if count}, dict(fates))


def _rejection(record: Rejected) -> str:
    return str(record.reason) if record.reason in (RejectedReason.TOO_OLD, RejectedReason.TOO_NEW) else "rejected"


def _places(outcome: Outcome) -> Verdict:
    if outcome.calls:
        yield _expect("where invocations end", sorted(key for key, _ in outcome.places), sorted(outcome.calls))
    for each in outcome.world.store.inner.all_unlinked():
        if each.decision is None:
            yield f"{each.invocation.invocation_id} was never decided"


def distinct(outcome: Outcome) -> dict[str, Publication]:
    """What was printed, each publication_id once."""
    return {each.publication_id: each for each in outcome.world.printed}


def _sum(outcome: Outcome, metric: Metric) -> float:
    return sum(sum(each.values.get(metric, ())) for each in distinct(outcome).values())


def _model_sum(outcome: Outcome, metric: Metric) -> float:
    printed = distinct(outcome).values()
    return sum(sum(model.values.get(metric, ())) for each in printed for model in each.by_model)


def _sums(outcome: Outcome) -> Verdict:
    expected = pluralize(list(outcome.calls.values()))
    for name, metric in TOTALS.items():
        yield _expect(f"the sum of {metric}", _sum(outcome, metric), expected[name])
        yield _expect(f"the models' sum of {metric}", _model_sum(outcome, metric), expected[name])
    cost, _ = cost_usd(list(outcome.calls.values()))
    for name, found in (("sum", _sum), ("models' sum", _model_sum)):
        difference = abs(found(outcome, Metric.ESTIMATED_COST) - float(cost))
        yield None if difference <= FLOAT_ERROR_USD else f"the {name} of EstimatedCost is off by {difference}"
    yield _expect("the sum of Requests", _sum(outcome, Metric.REQUESTS), len(outcome.records))


def _exact(outcome: Outcome) -> Verdict:
    """Requests with tagged calls alone, under any delay."""
    for state in outcome.states:
        linked = {each.invocation.invocation_id for each in state.invocations}
        tagged = {
            key for key, each in outcome.calls.items() if each.call.tag and each.call.tag.request_id == state.request_id
        }
        if not tagged <= linked:
            yield f"{state.request_id} lacks tagged calls"
        elif tagged == linked:
            yield from _like_the_batch(state, outcome)


def _inferred(outcome: Outcome) -> Verdict:
    """Untagged calls, where all came in time and the design's assumptions hold."""
    if not (outcome.is_punctual and outcome.traffic.keeps_the_assumptions):
        return
    for key, link in outcome.links.items():
        yield _expect(f"the link of {key} ({link.method})", link.request_id, outcome.calls[key].request_id)
    if outcome.traffic.style is Style.SPARSE:
        for key, each in outcome.calls.items():
            linked = outcome.links.get(key)
            own = outcome.records.get(each.request_id) if each.request_id is not None else None
            expected = own.request_id if own is not None and own.duration_ms is not None else None
            yield _expect(f"the request of {key}", linked.request_id if linked else None, expected)
    for state in outcome.states:
        if {each.invocation.invocation_id for each in state.invocations} & outcome.links.keys():
            yield from _like_the_batch(state, outcome)


def _like_the_batch(state: RequestState, outcome: Outcome) -> Verdict:
    """Whether the last summary equals a batch over the request's distinct calls."""
    calls = [outcome.calls[each.invocation.invocation_id] for each in state.invocations]
    if state.record is None or state.summary is None:
        yield f"{state.request_id} has no summary"
        return
    yield _expect(f"{state.request_id}: totals", _plain(state.summary.totals), dict(+pluralize(calls)))
    priced = (Fraction(state.summary.totals.estimated_cost_usd or 0), state.summary.totals.unpriced_calls)
    yield _expect(f"{state.request_id}: cost and unpriced calls", priced, cost_usd(calls))
    by_model = {model: _plain(totals) for model, totals in state.summary.by_model}
    batch = {model: dict(+totals) for model, totals in counted_by_model(calls).items()}
    yield _expect(f"{state.request_id}: totals by model", by_model, batch)
    if all(each.request_id == state.request_id for each in calls):
        times = times_of(state.record, calls)
        for name in sorted(times.judged):
            yield _expect(f"{state.request_id}: {name}", getattr(state.summary, name), getattr(times, name))


def _plain(totals: Totals) -> dict[str, int]:
    return {name: value for name in TOTALS if (value := getattr(totals, name))}


def _distributions(outcome: Outcome) -> Verdict:
    samples: dict[Metric, Counter[RequestId]] = {
        metric: Counter() for metric in (*DISTRIBUTIONS, Metric.LLM_CALLS_PER_REQUEST)
    }
    for each in distinct(outcome).values():
        for metric, count in samples.items():
            if metric in each.values:
                count[RequestId(str(each.properties.get("request_id", "none")))] += len(each.values[metric])
    if outcome.records:
        once = dict.fromkeys(outcome.records, 1)
        yield _expect("LlmCallsPerRequest samples", dict(samples[Metric.LLM_CALLS_PER_REQUEST]), once)
        timed = {key: 1 for key, each in outcome.records.items() if each.duration_ms is not None}
        yield _expect("RequestDuration samples", dict(samples[Metric.REQUEST_DURATION]), timed)
    for metric, count in samples.items():
        if count and max(count.values()) > 1:
            yield f"{metric} has more than one sample a request"


def _samples(outcome: Outcome) -> Verdict:
    """A distribution cannot be corrected: where nothing goes wrong, the first revision knows every untagged call."""
    if outcome.is_exact:
        return
    printed = distinct(outcome.prompt)
    for state in outcome.prompt.states:
        if state.invocations and all(each.link.method is not Method.TAG for each in state.invocations):
            sample = printed[f"{state.request_id}#1"].values[Metric.LLM_CALLS_PER_REQUEST]
            calls = sum(each.invocation.is_llm_call for each in state.invocations)
            yield _expect(f"the sample of {state.request_id}", sample, (calls,))


def _repeats(outcome: Outcome) -> Verdict:
    first: dict[str, Publication] = {}
    repeats = 0
    for each in outcome.world.printed:
        repeats += each.publication_id in first
        if each.publication_id in first:
            yield _expect(f"the repeat of {each.publication_id}", each, first[each.publication_id])
        first.setdefault(each.publication_id, each)
    again = outcome.world.deliveries - len(outcome.world.stream.all_changes())
    if repeats > again:
        yield f"{repeats} lines were repeated, but the stream repeated only {again} changes"


def _order(outcome: Outcome) -> Verdict:
    prompt = outcome.prompt
    yield _expect("where invocations end", outcome.places, prompt.places)
    yield _expect("the links", outcome.links, prompt.links)
    ours, theirs = ({state.request_id: state.summary for state in each.states} for each in (outcome, prompt))
    for key in ours | theirs:
        yield _expect(f"the summary of {key}", ours.get(key), theirs.get(key))


def _order_exact(outcome: Outcome) -> Verdict:
    return _order(outcome) if outcome.is_exact else iter(())


def _order_inferred(outcome: Outcome) -> Verdict:
    return _order(outcome) if not outcome.is_exact and outcome.is_punctual else iter(())


def _breaches(outcome: Outcome) -> Verdict:
    """Whatever was counted and taken back on the way: at the end each breach that stands counts once."""
    policy = outcome.traffic.policy
    standing = Counter[Assumption]()
    for state in outcome.states:
        if state.record is not None and state.stored_at is not None:
            standing.update(violations_by_request(state.record, stored_at=state.stored_at, policy=policy))
        standing.update(state.summary.violates if state.summary is not None else ())
    for each in outcome.world.store.inner.all_unlinked():
        if each.invocation.tag is None:
            standing.update(violations_by_call(each.invocation, stored_at=each.stored_at, policy=policy))
        if each.decision is not None and each.decision.violates is not None:
            standing[each.decision.violates] += 1
    found = count_breaches(outcome.world.stream.all_changes(), policy)
    if standing or found:
        yield _expect("AssumptionBreaches", found, standing)


def _drained(outcome: Outcome) -> Verdict:
    world = outcome.world
    yield from world.errors
    yield None if world.drained else f"still not drained after {world.steps} steps"
    for shard in world.stream.shards:
        if shard.checkpoint != len(shard.changes):
            yield "the stream was not read to its end"
    if world.longest_chain > _most_rounds(outcome):
        yield f"a chain of {world.longest_chain} messages"


def _most_rounds(outcome: Outcome) -> int:
    """Four messages in a row; each that comes before its time is sent again, for the same time.

    A clock that is two hours ahead takes a message every 15 minutes, the longest that SQS waits: eight more. Lambda
    stops a function that feeds itself after about 16.
    """
    fired = outcome.world.faults.fired
    return 4 + fired[Fault.EARLY_MESSAGE] + (8 if fired[Fault.CLOCK_AHEAD] or fired[Fault.CLOCK_FAR_AHEAD] else 0)


ORACLES: dict[Oracle, Callable[[Outcome], Verdict]] = {
    Oracle.EVENTS: _events,
    Oracle.PLACES: _places,
    Oracle.SUMS: _sums,
    Oracle.EXACT: _exact,
    Oracle.INFERRED: _inferred,
    Oracle.DISTRIBUTIONS: _distributions,
    Oracle.SAMPLES: _samples,
    Oracle.REPEATS: _repeats,
    Oracle.ORDER_EXACT: _order_exact,
    Oracle.ORDER_INFERRED: _order_inferred,
    Oracle.BREACHES: _breaches,
    Oracle.DRAINED: _drained,
}
