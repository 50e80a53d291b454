"""Judges of links and summaries: none wrong, each summary equal to a batch, whatever the order of arrival."""

from dataclasses import replace
from fractions import Fraction

from request_lens.domain.facts import InvocationId
from request_lens.domain.folding.summary import Summary, Totals
from request_lens.domain.linking.link import Assumption, Confidence, Method, Reason
from request_lens.domain.settling.state import RequestState
from tests.simulation.drawing.faults import Fault
from tests.simulation.drawing.truth import Style
from tests.simulation.judging.batch_reference import (
    TOTALS,
    cost_usd,
    counted_by_model,
    pluralize,
    times_of,
    times_of_failed,
)
from tests.simulation.judging.outcome import Outcome
from tests.simulation.judging.verdict import Verdict, expect


def exact(outcome: Outcome) -> Verdict:
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


def inferred(outcome: Outcome) -> Verdict:
    """Untagged calls, where all came in time and the design's assumptions hold."""
    if not (outcome.is_punctual and outcome.traffic.keeps_the_assumptions):
        return
    for key, link in outcome.links.items():
        if outcome.traffic.may_mislead and link.confidence is Confidence.ASSUMED:
            continue  # one request may hold what was truly split between two, or made after another's end
        if outcome.traffic.shared:
            continue  # and so may the other of two in which a trace began
        if link.method is Method.TRACE:
            continue  # those have a judge of their own
        yield expect(f"the link of {key} ({link.method})", link.request_id, outcome.calls[key].request_id)
    if outcome.traffic.style is Style.SPARSE:
        yield from _each_to_its_own(outcome)
    for state in outcome.states:
        if {each.invocation.invocation_id for each in state.invocations} & outcome.links.keys():
            yield from _like_the_batch(state, outcome)


def late(outcome: Outcome) -> Verdict:
    """Untagged calls far from any other request's, whenever records came; a lost message is made good for two hours."""
    is_mended = outcome.is_punctual or not outcome.world.faults.fired[Fault.LOST_MESSAGE]
    if is_mended and outcome.traffic.keeps_the_assumptions and outcome.traffic.style is Style.SPARSE:
        yield from _each_to_its_own(outcome)


def _each_to_its_own(outcome: Outcome) -> Verdict:
    """Whether each call is linked to the request that made it, if that can be known."""
    for key, each in outcome.calls.items():
        if key in outcome.spans and outcome.spans[key].trace_id in outcome.naming:
            continue  # its trace tells more than time does
        if not outcome.tells_all_in_time(each.request_id):
            continue  # by the spans that came the request had all of its calls without this one
        linked = outcome.links.get(key)
        own = outcome.records.get(each.request_id) if each.request_id is not None else None
        if own is not None and outcome.names_after_storing(own):
            continue  # while its trace was nobody's, so were the calls of its chain
        expected = own.request_id if own is not None and own.duration_ms is not None else None
        yield expect(f"the request of {key}", linked.request_id if linked else None, expected)


def _like_the_batch(state: RequestState, outcome: Outcome) -> Verdict:
    """Whether the last summary equals a batch over the request's distinct calls."""
    calls = [outcome.calls[each.invocation.invocation_id] for each in state.invocations]
    if state.record is None or state.summary is None:
        yield f"{state.request_id} has no summary"
        return
    yield expect(f"{state.request_id}: totals", _plain(state.summary.totals), dict(+pluralize(calls)))
    priced = (Fraction(state.summary.totals.estimated_cost_usd or 0), state.summary.totals.unpriced_calls)
    yield expect(f"{state.request_id}: cost and unpriced calls", priced, cost_usd(calls))
    by_model = {model: _plain(totals) for model, totals in state.summary.by_model}
    batch = {model: dict(+totals) for model, totals in counted_by_model(calls).items()}
    yield expect(f"{state.request_id}: totals by model", by_model, batch)
    if state.summary.traced is not None:
        return  # its times are those of its spans
    if state.summary.possible_calls == 0 and all(each.request_id == state.request_id for each in calls):
        times = times_of(state.record, calls, outcome.traffic.policy)
        if state.summary.possible_failed_calls != 0 and not state.summary.totals.llm_calls:
            times = times_of_failed()  # it may have waited for attempts that nobody has
        for name in sorted(times.judged):
            yield expect(f"{state.request_id}: {name}", getattr(state.summary, name), getattr(times, name))


def _plain(totals: Totals) -> dict[str, int]:
    return {name: value for name in TOTALS if (value := getattr(totals, name))}


def _order(outcome: Outcome) -> Verdict:
    prompt = outcome.prompt
    yield expect("where invocations end", _places(outcome), _places(prompt))
    yield expect("the links", outcome.links, prompt.links)
    ours, theirs = ({state.request_id: _settled(state) for state in each.states} for each in (outcome, prompt))
    for key in ours | theirs:
        yield expect(f"the summary of {key}", ours.get(key), theirs.get(key))


def _places(outcome: Outcome) -> list[tuple[InvocationId, str]]:
    """Where invocations end; of a call whose trace a record names, no reason why it is nobody's.

    It depends on whether the record came before the call was due: once it has, others may have had the trace, too.
    """
    traced = {key for key, span in outcome.spans.items() if span.trace_id in outcome.naming}
    return [
        (key, _NOBODYS if key in traced and place in {Reason.NO_REQUEST, Reason.AMBIGUOUS} else place)
        for key, place in outcome.places
    ]


_NOBODYS = "nobody's"


def _settled(state: RequestState) -> Summary | None:
    """The summary but for what depends on what came when.

    That is when it became certain, what it had sampled, what spans showed broken by then, and what its bars were before
    their trace told their request.
    """
    if state.summary is None:
        return None
    violates = tuple(each for each in state.summary.violates if each not in _BY_SPANS)
    bars = tuple(replace(bar, taken_back=False) for bar in state.summary.bars)
    return replace(state.summary, certain_since=None, sampled=frozenset(), violates=violates, bars=bars)


_BY_SPANS = frozenset({Assumption.TRACES_HAVE_ONE_REQUEST, Assumption.SPANS_COME_IN_TIME})


def order_exact(outcome: Outcome) -> Verdict:
    """Under any fault, while all calls are tagged."""
    return _order(outcome) if outcome.is_exact else iter(())


def order_inferred(outcome: Outcome) -> Verdict:
    """With untagged calls, where all come in time."""
    in_time = outcome.is_punctual and outcome.traffic.ends_in_time
    in_time = in_time and outcome.spans_come_in_time and not outcome.traffic.shared
    return _order(outcome) if in_time and not outcome.is_exact else iter(())
