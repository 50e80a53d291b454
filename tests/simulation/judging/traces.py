"""Judges of links by trace: whose trace a call's span is of, by plain look-ups over all that came."""

from collections.abc import Iterator, Mapping, Sequence

from request_lens.domain.facts import InvocationId, Request, RequestId, TraceId
from request_lens.domain.linking.link import Confidence, Decision, Link, Method, Unattributed
from request_lens.domain.policy import Policy
from request_lens.domain.request_time import is_born_in, may_hold, may_hold_alone
from request_lens.domain.settling.state import RequestState
from request_lens.domain.spans import LambdaRun, Span, SpanKind
from request_lens.domain.times import MS
from tests.simulation.drawing.faults import INTERRUPTING, Fault
from tests.simulation.drawing.truth import PLAIN_ROLE, CallTruth
from tests.simulation.judging.certainty import is_ours
from tests.simulation.judging.outcome import Outcome
from tests.simulation.judging.verdict import Verdict, expect


def _decisions(outcome: Outcome) -> Mapping[InvocationId, Decision | None]:
    return {each.invocation.invocation_id: each.decision for each in outcome.world.all_unlinked()}


def _traced(outcome: Outcome) -> Iterator[tuple[CallTruth, Span, Decision | None]]:
    """The untagged calls that came with their spans, and what was decided of them."""
    decisions = _decisions(outcome)
    for key, span in outcome.spans.items():
        if key in outcome.calls and outcome.calls[key].call.tag is None:
            yield outcome.calls[key], span, decisions.get(key)


def named(outcome: Outcome) -> Verdict:
    """A call whose trace one record names is that request's: exactly, where all came in time, and never unattributed.

    One that had been linked by its time before its trace was known stays with that link. Of an older trace, it is that
    request's only where it lies in its time.
    """
    in_time = outcome.is_punctual and outcome.spans_come_in_time
    for truth, span, decision in _traced(outcome):
        records = outcome.naming.get(span.trace_id, ())
        key = truth.call.invocation_id
        if len(records) != 1:
            continue
        if not _is_of_only(span, records[0], outcome.traffic.policy):
            by_trace = isinstance(decision, Link) and decision.method is Method.TRACE
            yield f"{key} is out of the time of {records[0].request_id}, and its own" if by_trace else None
        elif not isinstance(decision, Link):
            yield f"{key} is {decision}, and {records[0].request_id} names its trace"
        elif decision.method is Method.TRACE or in_time:
            is_exact = (decision.request_id, decision.method, decision.confidence)
            yield expect(f"the link of {key}", is_exact, (records[0].request_id, Method.TRACE, Confidence.EXACT))


def _is_of_only(span: Span, record: Request, policy: Policy) -> bool:
    """Whether a call is that of the only request that names its trace."""
    is_own_trace = is_born_in(span.trace_id, record, clock_skew=policy.clock_skew)
    return is_own_trace or may_hold_alone(record, span.started_at, span.ended_at, policy)


_DELAYING = INTERRUPTING - {Fault.INTERLEAVED, Fault.TWO_WORKERS, Fault.DUPLICATE_MESSAGE, Fault.PRINT_CRASH}


def at_once(outcome: Outcome) -> Verdict:
    """Where nothing fails, whoever comes last of a call, its span, its request's record and bridge links it at once.

    However many of them meet: so it is for a trace that was born in its only request, in whose time the call lies.
    """
    policy, came = outcome.traffic.policy, outcome.first_collected
    if any(outcome.world.faults.fired[each] for each in _DELAYING) or not outcome.world.first_traced:
        return
    for truth, span, _ in _traced(outcome):
        records = outcome.naming.get(span.trace_id, ())
        if len(records) != 1 or not is_born_in(span.trace_id, records[0], clock_skew=policy.clock_skew):
            continue
        if may_hold(records[0], span.started_at, span.ended_at, policy, overtime=False):
            runs = (
                each for each in outcome.telemetry if isinstance(each, LambdaRun) and each.trace_id == span.trace_id
            )
            last = max(came[truth.call], came[span], came[records[0]], *(came[each] for each in runs))
            linked = outcome.world.first_traced.get(truth.call.invocation_id)
            if linked is not None:
                yield None if linked <= last else f"{truth.call.invocation_id} is linked at {linked}, known at {last}"


def true(outcome: Outcome) -> Verdict:
    """Where records and calls came in time, no link by trace is wrong, but where a trace began in two requests.

    Nor where requests of one trace overlap of which some are not there, were named too late, or outlast any.
    """
    if not outcome.is_punctual:
        return
    longest = outcome.traffic.policy.max_request + outcome.traffic.policy.clock_skew
    unclear = outcome.traffic.shared | {span.trace_id for span in _of_nobody_in_time(outcome)}
    for key, link in outcome.links.items():
        span = outcome.spans.get(key)
        if link.method is not Method.TRACE or span is None or span.trace_id in unclear:
            continue
        named = outcome.naming.get(span.trace_id, ())
        if len(named) > 1 and any(each.duration_ms is not None and each.duration_ms * MS > longest for each in named):
            continue  # the record of such a one comes when others of the trace have been asked
        if outcome.names_in_time(*named):
            yield expect(f"the trace's link of {key}", link.request_id, outcome.calls[key].request_id)


def _of_nobody_in_time(outcome: Outcome) -> Iterator[Span]:
    """The spans of calls that no request made that is there, in the time of one that names their trace."""
    for key, span in outcome.spans.items():
        records = outcome.naming.get(span.trace_id, ())
        if key not in outcome.calls or outcome.calls[key].request_id is not None:
            continue
        if any(may_hold_alone(each, span.started_at, span.ended_at, outcome.traffic.policy) for each in records):
            yield span


def shared(outcome: Outcome) -> Verdict:
    """While two records name a trace, none of them has a call for sure: both had come before the call and its span.

    And both requests had begun when the call began, or the trace in them: a later one bears on no call.
    """
    stored, came = outcome.world.first_stored, outcome.first_collected
    skew = outcome.traffic.policy.clock_skew
    for truth, span, decision in _traced(outcome):
        named = outcome.naming.get(span.trace_id, ())
        records = [
            each
            for each in named
            if each.started_at - skew <= span.started_at or is_born_in(span.trace_id, each, clock_skew=skew)
        ]
        key = truth.call.invocation_id
        if len(records) < 2 or key not in stored or span.span_id not in stored:
            continue
        known = max(stored[key], stored[span.span_id])
        if all(came[each] < known for each in records) and not _by_run(records):
            sure = isinstance(decision, Link) and (decision.method, decision.confidence) == (
                Method.TRACE,
                Confidence.EXACT,
            )
            yield f"{key} is surely of one of {[each.request_id for each in records]}" if sure else None


def _by_run(records: Sequence[Request]) -> bool:
    return any(each.trace_id is None for each in records)


def together(outcome: Outcome) -> Verdict:
    """The calls below one entry span of a trace that no record names end in one place, however late records come.

    Below it are those of its own resource: another agent in the trace has a server, and an entry span, of its own.
    Where calls and spans came in time: what comes later finds the others decided. And where no message was lost, if a
    record came late: none is sent again that was to decide anew what it fits.
    """
    is_mended = outcome.is_punctual or not outcome.world.faults.fired[Fault.LOST_MESSAGE]
    if not (is_mended and outcome.calls_come_in_time and outcome.telemetry_comes_in_time):
        return
    places = dict(outcome.places)
    for entry in _entries(outcome):
        if entry.trace_id in outcome.naming:
            continue
        own = {
            truth.call.invocation_id: places.get(truth.call.invocation_id)
            for truth, span, _ in _traced(outcome)
            if (span.trace_id, span.resource) == (entry.trace_id, entry.resource) and entry.holds(span.started_at)
            if is_ours(truth.call, outcome.traffic.policy)
        }
        if own:
            yield None if len(set(own.values())) == 1 else f"the calls of one run are apart: {own}"


def _entries(outcome: Outcome) -> Iterator[Span]:
    return (each for each in outcome.telemetry if isinstance(each, Span) and each.kind is SpanKind.ENTRY)


def completeness(outcome: Outcome) -> Verdict:
    """What a request says to be missing is what its trace has and it has not; complete, it lacks none that was made.

    No call is missing that was logged and is nobody's, where it may be this request's or another's of the trace. Each
    run of a tool in its own trace is told once, whatever else ran then.
    """
    decisions = _decisions(outcome)
    for state in outcome.states:
        trace_id = _only_own(state, outcome)
        if not outcome.world.faults.fired[Fault.LOST_MESSAGE]:
            nobodys = [key for key in _missing(state) if isinstance(decisions.get(key), Unattributed)]
            logged = [key for key in nobodys if _is_of_either(key, state, outcome)]
            yield f"{state.request_id} misses {logged}, which were logged" if logged else None
        if (
            trace_id is None
            or state.record is None
            or state.summary is None
            or outcome.world.faults.fired[Fault.LOST_MESSAGE]
        ):
            continue
        linked = {each.invocation.invocation_id for each in state.invocations}
        reported = {
            key
            for key, span in outcome.spans.items()
            if span.trace_id == trace_id and _is_of_only(span, state.record, outcome.traffic.policy)
        }
        traced = state.summary.traced
        if traced is None:
            yield f"{state.request_id} says nothing of its spans" if reported else None
            continue
        yield expect(f"the calls that {state.request_id} misses", traced.missing_calls, len(reported - linked))
        if is_born_in(trace_id, state.record, clock_skew=outcome.traffic.policy.clock_skew):
            told = sorted(tool.failed for tool in traced.tools)
            yield expect(f"the tools of {state.request_id} and which failed", told, _tools(outcome, trace_id))
        if traced.complete and outcome.is_punctual and outcome.tells_all_in_time(state.request_id):
            made = _made(outcome, state.request_id)
            yield None if made <= linked else f"{state.request_id} is complete without {made - linked}"


def _tools(outcome: Outcome, trace_id: TraceId) -> Sequence[bool]:
    """Of each use of a tool that a span came of, whether one told that it failed."""
    failed: dict[str | None, bool] = {}
    for each in outcome.telemetry:
        if isinstance(each, Span) and each.kind is SpanKind.TOOL and each.trace_id == trace_id:
            failed[each.tool_call_id] = failed.get(each.tool_call_id, False) or each.failed
    return sorted(failed.values())


def _missing(state: RequestState) -> Sequence[InvocationId]:
    traced = state.summary.traced if state.summary is not None else None
    return traced.missing if traced is not None else ()


def _is_of_either(key: InvocationId, state: RequestState, outcome: Outcome) -> bool:
    """Whether this request or another that names its trace may have made a call, which it counts as possible.

    None whose tag tells whose it is, though that one's record never came.
    """
    span, call, policy = outcome.spans[key], outcome.calls[key].call, outcome.traffic.policy
    if (
        any(each.link.method is Method.TAG for each in state.invocations)
        or call.tag is not None
        or call.error_code
        or not is_ours(call, policy)
    ):
        return False
    fitting = [
        record.request_id
        for record in outcome.naming.get(span.trace_id, ())
        if may_hold(record, span.started_at, span.ended_at, policy)
    ]
    return state.request_id in fitting and len(fitting) > 1


def _only_own(state: RequestState, outcome: Outcome) -> TraceId | None:
    """The trace that this request's record names, and no other's."""
    own = (
        key for key, records in outcome.naming.items() if [each.request_id for each in records] == [state.request_id]
    )
    return next(own, None)


def _is_named_by_others(state: RequestState, outcome: Outcome) -> bool:
    """Whether records of other requests name this one's trace, too."""
    named = ([each.request_id for each in records] for records in outcome.naming.values())
    return any(state.request_id in ids and len(ids) > 1 for ids in named)


def _made(outcome: Outcome, request_id: RequestId) -> set[InvocationId]:
    """The calls that a request's agents truly made that send spans, but for attempts that failed."""
    made = (each.call for each in outcome.traffic.calls_of(request_id))
    return {each.invocation_id for each in made if each.error_code is None and each.caller_role != PLAIN_ROLE}


def unattributed(outcome: Outcome) -> Verdict:
    """An unattributed call tells its span's trace, where that had come when it was decided."""
    for truth, span, decision in _traced(outcome):
        if isinstance(decision, Unattributed) and outcome.is_punctual and outcome.spans_come_in_time:
            yield expect(f"the trace of {truth.call.invocation_id}", decision.trace_id, span.trace_id)


def whole(outcome: Outcome) -> Verdict:
    """A request whose spans prove its calls to be all, and came in time, has no other's, whoever calls, and when.

    But for calls by roles of which its spans tell nothing. Asked where nothing goes wrong, too: there they come so.
    """
    if outcome.traffic.policy.reads_spans:
        yield from _whole(outcome)
        yield from _whole(outcome.prompt)


def _whole(outcome: Outcome) -> Verdict:
    traffic = outcome.traffic
    if not traffic.ends_in_time or not traffic.agents_end_in_time or traffic.lacks_requests:
        return
    for state in outcome.states:
        if not state.spans_prove or not outcome.tells_all_in_time(state.request_id):
            continue
        if state.record is None or not outcome.names_in_time(state.record):
            continue
        if not outcome.logs_all_in_time(state.request_id) or _is_named_by_others(state, outcome):
            continue  # the agent of two requests, one around the other, works for both
        told = {each.invocation.caller_role for each in state.invocations if each.link.method is Method.TRACE}
        by_time = [each.invocation for each in state.invocations if each.link.method not in {Method.TAG, Method.TRACE}]
        others = [
            call.invocation_id
            for call in by_time
            if call.is_llm_call  # a failed attempt has no span
            if not traffic.policy.agent_role_names or call.caller_role in told
            if outcome.calls[call.invocation_id].request_id != state.request_id
        ]
        yield expect(f"calls of others that {state.request_id} has", others, [])
