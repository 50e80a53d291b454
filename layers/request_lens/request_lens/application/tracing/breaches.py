"""Breaches: what spans show of the assumptions that links by trace, and those by time, rest on."""

from collections.abc import Iterator, Sequence

from request_lens.domain.facts import InvocationId
from request_lens.domain.linking.link import Assumption, Method
from request_lens.domain.linking.neighbourhood import MAX_FACTS_AROUND
from request_lens.domain.linking.traces import is_taken_from_another, shown_by_link
from request_lens.domain.policy import Policy
from request_lens.domain.settling.state import RequestState
from request_lens.domain.spans import Trace
from request_lens.domain.tracing.runs import own_spans
from request_lens.domain.tracing.traced import Traced
from request_lens.ports import Ports


def breaches_by_spans(state: RequestState, ports: Ports, policy: Policy) -> Sequence[Assumption]:
    """The assumptions that spans show broken of a request whose record has come, each once; none where none are read.

    Read is only what contradicts: the calls that its trace has and it has not, of more than MAX_FACTS_AROUND the
    earliest, and its tagged calls without a span.
    """
    if not policy.reads_spans:
        return ()
    found = set(_by_tags(state, ports))
    if state.trace is not None:
        found.update(_by_trace(state, state.trace, ports, policy))
    return sorted(found)


def _by_trace(state: RequestState, trace: Trace, ports: Ports, policy: Policy) -> Iterator[Assumption]:
    if is_taken_from_another(state.request, trace, policy):
        yield Assumption.TRACES_HAVE_ONE_REQUEST
    missing = _missing(state, state.traced, trace, policy) if state.traced is not None else ()
    for call in ports.store.load_all_unlinked(missing) if missing else ():
        if (shown := shown_by_link(call, trace.requests)) is not None:
            yield shown


def _missing(state: RequestState, told: Traced, trace: Trace, policy: Policy) -> Sequence[InvocationId]:
    """The calls of its spans that are not under it: of few by what the spans told, which names no more of many."""
    if told.missing_calls == len(told.missing):
        return told.missing
    linked = {call.invocation.invocation_id for call in state.invocations}
    own = own_spans(state.request, trace, policy)
    named = dict.fromkeys(span.invocation_id for span in own if span.invocation_id is not None)
    return [call_id for call_id in named if call_id not in linked][:MAX_FACTS_AROUND]


def _by_tags(state: RequestState, ports: Ports) -> Iterator[Assumption]:
    """A tag names this request, and the trace of the call's span names another: the tag wins."""
    tagged = [
        call.invocation.invocation_id
        for call in state.invocations
        if call.link.method is Method.TAG and call.span is None
    ]
    own = state.trace.trace_id if state.trace is not None else None
    others = {span.trace_id for span in ports.store.load_call_spans(tagged).values()} - {own} if tagged else ()
    if others and ports.store.find_named(sorted(others)):
        yield Assumption.TRACES_HAVE_ONE_REQUEST
