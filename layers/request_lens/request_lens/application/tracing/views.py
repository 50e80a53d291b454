"""Views of a request: what is stored of it, with what its spans say."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from request_lens.domain.facts import Request, TraceId
from request_lens.domain.linking.link import Confidence, Link, LinkedInvocation, Method, UnlinkedInvocation
from request_lens.domain.policy import Policy
from request_lens.domain.settling.answers import BatchAnswers
from request_lens.domain.settling.state import RequestState, with_trace
from request_lens.domain.spans import Trace
from request_lens.domain.tracing.runs import own_spans
from request_lens.ports import Ports


def views(state: RequestState, ports: Ports, policy: Policy) -> Iterator[RequestState]:
    """The request with its spans as its batch has read them before, if it has, and then as they are now.

    Who sees no reason to write by the first need not ask for the second: whoever stores further spans looks at the
    request by itself. Who writes does so by the last, which is no older than the request's own state: of two that write
    revisions the second knows all spans that the first one knew.
    """
    trace_id = _trace_of(state, ports) if policy.reads_spans else None
    if trace_id is None:
        yield state
        return
    if ports.answers is not None and trace_id in ports.answers.traces:
        yield with_trace(state, ports.answers.traces[trace_id], policy, region=ports.region)
    yield with_trace(state, read_trace(trace_id, ports), policy, region=ports.region)


def told_by_spans(
    states: Iterable[RequestState], around: Sequence[UnlinkedInvocation], ports: Ports, policy: Policy
) -> list[RequestState]:
    """The requests with what their spans say by all that is stored, where no revision tells it: when is chance.

    Those of the calls around that a request's own spans tell of are its own, whether or not they have been linked yet.
    """
    return [_told_by_spans(state, around, ports, policy) for state in states]


def _told_by_spans(
    state: RequestState, around: Sequence[UnlinkedInvocation], ports: Ports, policy: Policy
) -> RequestState:
    revised = state.summary.traced if state.summary is not None else None
    if state.record is None or (state.revision and not (revised is not None and revised.missing_calls)):
        return state
    told = next(views(state, ports, policy))
    if told.trace is None:
        return told
    missing = {span.invocation_id for span in own_spans(state.record, told.trace, policy)}
    missing -= {call.invocation.invocation_id for call in state.invocations}
    to_be_linked = Link(request_id=state.request_id, method=Method.TRACE, confidence=Confidence.EXACT)
    held = [
        LinkedInvocation(invocation=call.invocation, link=to_be_linked)
        for call in around
        if call.invocation.invocation_id in missing
        and not (isinstance(call.decision, Link) and call.decision.request_id != state.request_id)
    ]
    whole = replace(state, invocations=(*state.invocations, *held))
    return with_trace(whole, told.trace, policy, region=ports.region) if held else told


def read_trace(trace_id: TraceId, ports: Ports) -> Trace:
    """The trace as it is now; the batch remembers it, and whose it is."""
    trace = ports.store.load_trace(trace_id)
    if ports.answers is not None:
        ports.answers.traces[trace_id] = trace
        ports.answers.trace_ids |= dict.fromkeys(trace.requests, trace_id)
    return trace


def _trace_of(state: RequestState, ports: Ports) -> TraceId | None:
    """The trace that a request's record names: once known, it stays."""
    if state.record is None:
        return None
    if state.summary is not None and state.summary.traced is not None:
        return state.summary.traced.trace_id
    answers = ports.answers or BatchAnswers()
    return answers.trace_ids.get(state.request_id) or _read_trace_of(state.record, answers, ports)


def _read_trace_of(record: Request, answers: BatchAnswers, ports: Ports) -> TraceId | None:
    (trace_id,) = ports.store.traces_of([record])
    if trace_id is not None:
        answers.trace_ids[record.request_id] = trace_id
    return trace_id
