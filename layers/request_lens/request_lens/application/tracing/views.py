"""Views of a request: what is stored of it, with what its spans say."""

from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import replace

from request_lens.domain.facts import InvocationId, Request, TraceId
from request_lens.domain.linking.link import Link, LinkedInvocation, UnlinkedInvocation
from request_lens.domain.linking.neighbourhood import MAX_FACTS_AROUND, due_at, may_be_linked
from request_lens.domain.linking.traces import BearingRecords, decide_in_trace
from request_lens.domain.policy import Policy
from request_lens.domain.request_time import runs_until
from request_lens.domain.settling.answers import BatchAnswers
from request_lens.domain.settling.state import RequestState, with_trace
from request_lens.domain.settling.uncertainty import is_unbounded, possible_attempts
from request_lens.domain.spans import Trace
from request_lens.domain.tracing.runs import own_spans
from request_lens.errors import UnreadableItem
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
        yield _view(state, ports.answers.traces[trace_id], ports, policy)
    yield _view(state, read_trace(trace_id, ports), ports, policy)


def _view(state: RequestState, trace: Trace, ports: Ports, policy: Policy) -> RequestState:
    """The request with its spans.

    Where others name its trace, a call that it lacks is not missing if it was logged and counts as possible.
    """
    told = with_trace(state, trace, policy, region=ports.region)
    if told.traced is None or not told.traced.lacks_calls or not trace.is_named_by_others(state.request_id):
        return told
    nobodys: Sequence[UnlinkedInvocation] = [
        call
        for call in _lacked(state, trace, ports, policy)
        if not isinstance(call.decision, Link) and call.invocation.is_llm_call and may_be_linked(call, policy)
    ]
    if not is_unbounded(state.request, state.invocations, policy):
        nobodys = possible_attempts(state.request, state.invocations, nobodys, policy)
    trace = with_shared(trace, nobodys)
    return with_trace(state, trace, policy, region=ports.region) if trace.shared else told


def with_shared(trace: Trace, nobodys: Iterable[UnlinkedInvocation]) -> Trace:
    """The trace with these of its calls as shared, but for tagged ones: their tag tells whose they are."""
    return replace(trace, shared={call.invocation.invocation_id for call in nobodys if call.invocation.tag is None})


def told_by_spans(
    states: Iterable[RequestState], ports: Ports, policy: Policy, *, deciding: Set[InvocationId] = frozenset()
) -> list[RequestState]:
    """The requests with what their spans say by all that is stored, whatever a revision said of them: when is chance.

    The calls that its trace gives to a request are its own, whether or not they have been linked yet. A request whose
    spans this version cannot read stays as it is; so does one that is given a call that is being decided, as it was
    known too late for the trace to decide that: its proof would leave the call to others. Spans that began when it was
    over, overtime included, tell of no call in its time: they are those of the next requests of its session, whose
    records may be yet to come.
    """
    if not policy.reads_spans:
        return list(states)
    answers = ports.answers or BatchAnswers()
    told, ports = list(states), replace(ports, answers=answers)
    asked = {state.request_id: state for state in told if state.record is not None and not state.is_cut}
    _learn_traces([state.request for state in asked.values()], answers, ports)
    known = asked.keys() & answers.trace_ids.keys()
    return [
        _told_once(state, answers, ports, policy, deciding) if state.request_id in known else state for state in told
    ]


def _learn_traces(records: Sequence[Request], answers: BatchAnswers, ports: Ports) -> None:
    """Remember for the batch which traces the records name, or that they name none, by one read."""
    unknown = [each for each in records if each.request_id not in answers.trace_ids.keys() | answers.untraced]
    for record, trace_id in zip(unknown, ports.store.traces_of(unknown) if unknown else (), strict=True):
        if trace_id is None:
            answers.untraced.add(record.request_id)
        else:
            answers.trace_ids[record.request_id] = trace_id


def _told_once(
    state: RequestState, answers: BatchAnswers, ports: Ports, policy: Policy, deciding: Set[InvocationId]
) -> RequestState:
    """What its spans say, worked out once a batch while it gains no call: a session's trace is long."""
    how_many = len(state.invocations)
    known = answers.told.get((state.request_id, how_many))
    told = known if known is not None else _told_by_spans(state, ports, policy)
    answers.told[state.request_id, how_many] = told
    given = (call.invocation.invocation_id for call in told.invocations[how_many:])
    return told if deciding.isdisjoint(given) else replace(state, spans_read=True)


def _told_by_spans(state: RequestState, ports: Ports, policy: Policy) -> RequestState:
    try:
        told = next(views(state, ports, policy))
    except UnreadableItem:  # its own settle tells that another version wrote of it
        return state
    if told.trace is None:
        return told
    trace = _begun_in_time(told.trace, told.request, policy)
    if len(trace.spans) < len(told.trace.spans):
        told = with_trace(told, trace, policy, region=ports.region)
    if told.traced is None or not told.traced.lacks_calls:
        return told
    held = _given(told, trace, ports, policy)
    whole = replace(told, invocations=(*told.invocations, *held))
    return with_trace(whole, trace, policy, region=ports.region) if held else told


def _begun_in_time(trace: Trace, request: Request, policy: Policy) -> Trace:
    """The trace with the spans that began before the request was over, its overtime included."""
    until = runs_until(request, policy)
    return replace(trace, spans=tuple(span for span in trace.spans if span.started_at <= until))


def _given(state: RequestState, trace: Trace, ports: Ports, policy: Policy) -> list[LinkedInvocation]:
    """The stored calls that the trace gives to the request, and that are not under it yet."""
    lacked, bearing = _lacked(state, trace, ports, policy), BearingRecords(trace, policy)
    links = ((call.invocation, _link_in(trace, call, bearing, policy)) for call in lacked)
    return [
        LinkedInvocation(invocation=invocation, link=link)
        for invocation, link in links
        if link is not None and link.request_id == state.request_id
    ]


def _lacked(state: RequestState, trace: Trace, ports: Ports, policy: Policy) -> Sequence[UnlinkedInvocation]:
    """The calls of a request's spans that were logged and are not under it; of too many none."""
    named = {span.invocation_id for span in own_spans(state.request, trace, policy)}
    missing = named - {None} - {call.invocation.invocation_id for call in state.invocations}
    if not missing or len(missing) > MAX_FACTS_AROUND:
        return ()
    return ports.store.load_all_unlinked(sorted(call_id for call_id in missing if call_id is not None))


def _link_in(trace: Trace, call: UnlinkedInvocation, bearing: BearingRecords, policy: Policy) -> Link | None:
    """The call's link as it stands, or as its trace makes it once it is due."""
    if isinstance(call.decision, Link):
        return call.decision
    if call.invocation.tag is not None or call.span is None or call.span.trace_id != trace.trace_id:
        return None
    decision = decide_in_trace(call, call.span, bearing.on(call.span), policy, now=due_at(call, policy))
    return decision if isinstance(decision, Link) else None


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
