"""Judges of what was printed: totals that add up, samples taken once and when certain, repeats that say the same."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import timedelta

from request_lens.domain.facts import RequestId
from request_lens.domain.folding.summary import Summary
from request_lens.domain.linking.assumptions import violations_by_call, violations_by_request
from request_lens.domain.linking.link import Assumption, Method
from request_lens.domain.publishing.changes import RevisionWritten
from request_lens.domain.publishing.metric_names import Metric
from request_lens.domain.publishing.pipeline_metrics import count_breaches
from request_lens.domain.publishing.publication import Publication
from request_lens.domain.settling.state import RequestState
from request_lens.domain.settling.uncertainty import is_proven
from request_lens.domain.spans import Span, SpanId
from tests.simulation.judging.batch_reference import TOTALS, cost_usd, pluralize
from tests.simulation.judging.outcome import Outcome
from tests.simulation.judging.verdict import Verdict, expect

FLOAT_ERROR_USD = 1e-9
"""Metrics are floats, which add up to a cost with less error than this."""

TIMES = {
    Metric.LLM_TIME: "llm_time_ms",
    Metric.TOOL_TIME: "tool_time_ms",
    Metric.NON_LLM_TIME: "non_llm_time_ms",
}
"""The distributions of times, with that of a summary which each one samples."""


def distinct(outcome: Outcome) -> dict[str, Publication]:
    """What was printed, each publication_id once."""
    return {each.publication_id: each for each in outcome.world.printed}


def _sum(outcome: Outcome, metric: Metric) -> float:
    return sum(sum(each.values.get(metric, ())) for each in distinct(outcome).values())


def _model_sum(outcome: Outcome, metric: Metric) -> float:
    printed = distinct(outcome).values()
    return sum(sum(model.values.get(metric, ())) for each in printed for model in each.by_model)


def sums(outcome: Outcome) -> Verdict:
    """Publications add up to the distinct invocations, requests, and requests that are not certain."""
    expected = pluralize(list(outcome.calls.values()))
    for name, metric in TOTALS.items():
        yield expect(f"the sum of {metric}", _sum(outcome, metric), expected[name])
        yield expect(f"the models' sum of {metric}", _model_sum(outcome, metric), expected[name])
    cost, _ = cost_usd(list(outcome.calls.values()))
    for name, found in (("sum", _sum), ("models' sum", _model_sum)):
        difference = abs(found(outcome, Metric.ESTIMATED_COST) - float(cost))
        yield None if difference <= FLOAT_ERROR_USD else f"the {name} of EstimatedCost is off by {difference}"
    yield expect("the sum of Requests", _sum(outcome, Metric.REQUESTS), len(outcome.records))
    failed = sum(record.status >= 500 for record in outcome.records.values())
    yield expect("the sum of FailedRequests", _sum(outcome, Metric.FAILED_REQUESTS), failed)


def uncertain_requests(outcome: Outcome) -> Verdict:
    """UncertainRequests adds up to the requests whose last summary leaves calls possible, or does not know."""
    if not outcome.states:
        return
    standing = sum(state.summary is not None and state.summary.possible_calls != 0 for state in outcome.states)
    if standing or any(Metric.UNCERTAIN_REQUESTS in each.values for each in outcome.world.printed):
        yield expect("the sum of UncertainRequests", _sum(outcome, Metric.UNCERTAIN_REQUESTS), standing)


def distributions(outcome: Outcome) -> Verdict:
    """A request's duration is sampled in its first revision, the rest in the first certain one that knows it, once."""
    if outcome.records:
        first = {
            f"{key}#1": (each.duration_ms,) for key, each in outcome.records.items() if each.duration_ms is not None
        }
        yield expect("RequestDuration by revision", _samples_of(outcome, Metric.REQUEST_DURATION), first)
    revisions = _revisions(outcome)
    for metric in (Metric.LLM_CALLS_PER_REQUEST, Metric.TIME_TO_FIRST_TOKEN, *TIMES) if revisions else ():
        known = (_first_known(those, metric) for those in revisions.values())
        yield expect(f"{metric} by revision", _samples_of(outcome, metric), dict(each for each in known if each))
    for key, those in revisions.items():
        yield from _certain_since(key, those)


def _first_known(revisions: Sequence[RevisionWritten], metric: Metric) -> tuple[str, tuple[float]] | None:
    """The first certain revision that knows what a metric samples, and what that is."""
    for each in revisions:
        value = _known(each.summary, metric)
        if each.summary.possible_calls == 0 and value is not None:
            return _revision_id(each), (value,)
    return None


def _known(summary: Summary, metric: Metric) -> int | None:
    if metric is Metric.LLM_CALLS_PER_REQUEST:
        return None if _misses_calls(summary) else summary.totals.llm_calls
    if metric is Metric.TIME_TO_FIRST_TOKEN:
        return None if summary.traced is None else summary.traced.first_token_ms
    time: int | None = getattr(summary, TIMES[metric])
    return time


def _certain_since(key: RequestId, revisions: list[RevisionWritten]) -> Verdict:
    """`certain_since` is the first revision without possible calls, for good; while there are some no time is known."""
    since: int | None = None
    for each in revisions:
        uncertain = each.summary.possible_calls != 0
        since = each.revision if since is None and not uncertain else since
        yield expect(f"certain_since of {_revision_id(each)}", each.summary.certain_since, since)
        known = [name for name in TIMES.values() if getattr(each.summary, name) is not None]
        if uncertain and known:
            yield f"{key} is not certain, but says {known}"


def _samples_of(outcome: Outcome, metric: Metric) -> dict[str, tuple[float, ...]]:
    return {key: each.values[metric] for key, each in distinct(outcome).items() if metric in each.values}


def _revisions(outcome: Outcome) -> dict[RequestId, list[RevisionWritten]]:
    """Every revision that was written, by request, in order."""
    found: defaultdict[RequestId, list[RevisionWritten]] = defaultdict(list)
    for change in outcome.world.all_changes():
        if isinstance(change, RevisionWritten):
            found[change.request.request_id].append(change)
    return found


def _revision_id(change: RevisionWritten) -> str:
    return f"{change.request.request_id}#{change.revision}"


def samples(outcome: Outcome) -> Verdict:
    """A distribution cannot be corrected: where nothing goes wrong, the sample knows every call that is ever linked."""
    return iter(()) if outcome.is_exact else samples_when_prompt(outcome.prompt)


def samples_when_prompt(prompt: Outcome) -> Verdict:
    """The same of an outcome in which nothing went wrong."""
    printed = distinct(prompt)
    for state in prompt.states:
        if _proves_early(state, prompt):
            continue
        if state.invocations and state.summary is not None and _came_in_time(state, prompt):
            calls = sum(each.invocation.is_llm_call for each in state.invocations)
            publication = printed.get(f"{state.request_id}#{state.summary.certain_since}")
            if publication is None or Metric.LLM_CALLS_PER_REQUEST not in publication.values:
                continue  # not certain yet, or its spans told of a call that was missing then
            [sample] = publication.values[Metric.LLM_CALLS_PER_REQUEST]
            is_right = calls - _calls_of_unseen(state, prompt) <= sample <= calls
            yield expect(f"the sample of {state.request_id}", sample, sample if is_right else calls)


def _came_in_time(state: RequestState, outcome: Outcome) -> bool:
    """Whether the calls that a request has, and its own, and the spans of its trace, came within the wait for them.

    A tagged one tells that others are tagged, and one linked by its trace that spans come: then `SettleDelaySeconds`
    are waited, which logs and spans usually come within, and else `LinkDelaySeconds`. What is not the request's own,
    and linked to it all the same, comes late like any.
    """
    by_time = {Method.TAG, Method.TRACE}.isdisjoint(each.link.method for each in state.invocations)
    if by_time and not _is_traced(state):
        return True
    if state.record is None or state.record.ended_at is None:
        return False
    stored = outcome.world.first_stored
    known = {each.call.invocation_id for each in outcome.traffic.calls_of(state.request_id)}
    known |= {each.invocation.invocation_id for each in state.invocations}
    spans = {outcome.spans[key].span_id for key in known if key in outcome.spans} | _of_its_trace(state, outcome)
    last = max(stored[key] for key in (*known, *spans) if key in stored)
    return last < state.record.ended_at + outcome.traffic.policy.settle_delay


def _of_its_trace(state: RequestState, outcome: Outcome) -> set[SpanId]:
    """The spans of the trace that tells of it: those of one of its agents may prove what another's do not yet."""
    traced = state.summary.traced if state.summary is not None else None
    spans = (each for each in outcome.telemetry if isinstance(each, Span))
    return {each.span_id for each in spans if traced is not None and each.trace_id == traced.trace_id}


def _proves_early(state: RequestState, outcome: Outcome) -> bool:
    """Whether its tags proved that all of its calls were there, before another came or could be linked.

    A request settles as soon as its tags prove that. That two agents numbered their calls from 1 nobody can know before
    both came; and a call that a trace adds to what the tags counted, such as another caller's, is linked afterwards.
    """
    stored = outcome.world.first_stored
    calls = [each for each in state.invocations if each.invocation.is_llm_call]
    tagged = [each for each in calls if each.invocation.tag is not None]
    tagged.sort(key=lambda each: stored[each.invocation.invocation_id])
    return any(is_proven(tagged[:known]) for known in range(1, len(tagged) + 1) if known < len(calls))


def _calls_of_unseen(state: RequestState, outcome: Outcome) -> int:
    """How many of its calls are of requests that nobody is told of in time: the rest of a run follows, however late.

    The record of one that outlasts the longest comes too late.
    """
    calls = (each.invocation for each in state.invocations if each.invocation.is_llm_call)
    makers = [outcome.calls[call.invocation_id].request_id for call in calls]
    return sum(maker is not None and maker != state.request_id and _is_unseen(maker, outcome) for maker in makers)


def _is_unseen(maker: RequestId, outcome: Outcome) -> bool:
    record, policy = outcome.records.get(maker), outcome.traffic.policy
    if record is None or record.duration_ms is None:
        return True
    return timedelta(milliseconds=record.duration_ms) > policy.max_request + policy.clock_skew


def _misses_calls(summary: Summary) -> bool:
    """Whether spans tell of calls that are not there: how many it made is not known then."""
    return summary.traced is not None and summary.traced.lacks_calls


def _is_traced(state: RequestState) -> bool:
    return state.summary is not None and state.summary.traced is not None


def repeats(outcome: Outcome) -> Verdict:
    """A line is repeated only where the stream repeats its change, and then says the same."""
    first: dict[str, Publication] = {}
    repeated = 0
    for each in outcome.world.printed:
        repeated += each.publication_id in first
        if each.publication_id in first:
            yield expect(f"the repeat of {each.publication_id}", each, first[each.publication_id])
        first.setdefault(each.publication_id, each)
    again = outcome.world.deliveries - len(outcome.world.all_changes())
    if repeated > again:
        yield f"{repeated} lines were repeated, but the stream repeated only {again} changes"


def breaches(outcome: Outcome) -> Verdict:
    """Whatever was counted and taken back on the way: at the end each breach that stands counts once."""
    policy = outcome.traffic.policy
    standing = Counter[Assumption]()
    for state in outcome.states:
        if state.record is not None and state.stored_at is not None:
            standing.update(violations_by_request(state.record, stored_at=state.stored_at, policy=policy))
        standing.update(state.summary.violates if state.summary is not None else ())
    for each in outcome.world.all_unlinked():
        if each.invocation.tag is None:
            standing.update(violations_by_call(each.invocation, stored_at=each.stored_at, policy=policy))
        if each.decision is not None and each.decision.violates is not None:
            standing[each.decision.violates] += 1
    found = count_breaches(outcome.world.all_changes(), policy)
    if standing or found:
        yield expect("AssumptionBreaches", found, standing)
