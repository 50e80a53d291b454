"""Judges of certainty: no request says more of itself than is known, and what it leaves possible is what is left."""

from collections.abc import Iterable, Sequence, Set
from dataclasses import replace
from datetime import datetime, timedelta

from request_lens.application.deciding.candidates import MAX_CANDIDATES
from request_lens.domain.facts import LOG_PRECISION_MS, Invocation, InvocationId, Request, RequestId
from request_lens.domain.linking.link import Confidence, Link, Method, Unattributed, UnlinkedInvocation
from request_lens.domain.policy import Policy
from request_lens.domain.settling.state import RequestState
from tests.simulation.drawing.truth import CallTruth
from tests.simulation.judging.outcome import Outcome
from tests.simulation.judging.verdict import Verdict, expect

SECOND = timedelta(seconds=1)
RUNS_ON = frozenset({202, 499, 503, 504})
WAITS_FOR_TOOL = frozenset({"tool_use", "tool_calls"})


def nothing_hidden(outcome: Outcome) -> Verdict:
    """Where logs come in time, the calls that a request lacks are among those that it says are possible.

    So a request that is certain lacks none. Requests that break an assumption are left out: those that tag some of
    their calls only, and those that outlast what the policy takes for the longest.
    """
    if not (outcome.is_punctual and outcome.traffic.keeps_the_assumptions):
        return
    for state in outcome.states:
        made = outcome.traffic.calls_of(state.request_id)
        own = [each for each in made if is_ours(each.call, outcome.traffic.policy)]
        if state.record is None or state.summary is None or _tags_some(made) or state.summary.possible_calls is None:
            continue
        if outcome.traffic.shared or not outcome.names_in_time(state.record):
            continue  # another request may have its calls
        if state.spans_prove and not outcome.tells_all_in_time(state.request_id):
            continue  # by the spans that came it had all of its calls without those of another agent
        linked = {each.invocation.invocation_id for each in state.invocations} | _assumed(outcome, state, state.record)
        lacking = [each.call for each in own if each.call.invocation_id not in linked]
        calls = [each.invocation_id for each in lacking if each.error_code is None]
        failed = [each.invocation_id for each in lacking if each.error_code is not None]
        yield _at_most(f"LLM calls of {state.request_id}", calls, state.summary.possible_calls)
        yield _at_most(f"failed attempts of {state.request_id}", failed, state.summary.possible_failed_calls)


def _at_most(what: str, lacking: Sequence[InvocationId], told: int | None) -> str | None:
    return None if told is None or len(lacking) <= told else f"{what}: lacks {lacking}, says that {told} are possible"


def _assumed(outcome: Outcome, state: RequestState, record: Request) -> set[InvocationId]:
    """Calls that somebody has by a link that is but assumed, and may be wrong.

    For a request without any it is none of them, but where any link is assumed, and it was made in that one's own time:
    nothing makes it certain of 0.
    """
    may_mislead, policy = outcome.traffic.may_mislead, outcome.traffic.policy
    return {
        key
        for key, link in outcome.links.items()
        if may_mislead and link.confidence is Confidence.ASSUMED
        if _has_llm_calls(state) or _is_assumed_anyway(outcome.calls[key].call, record, policy)
    }


def _has_llm_calls(state: RequestState) -> bool:
    return any(each.invocation.error_code is None for each in state.invocations)


def _is_assumed_anyway(call: Invocation, record: Request, policy: Policy) -> bool:
    """Whether a link by time that is but assumed says nothing of another request, which ran while the call did."""
    by_rule = not policy.agent_role_names or policy.one_loop_per_request
    return by_rule and may_be_of(call, record, policy, overtime=False)


def is_ours(call: Invocation, policy: Policy) -> bool:
    """Whether the policy takes the caller for an agent of ours."""
    return not policy.agent_role_names or call.caller_role in policy.agent_role_names


def _tags_some(made: Sequence[CallTruth]) -> bool:
    return len({each.call.tag is None for each in made}) > 1


def possible(outcome: Outcome) -> Verdict:
    """What a request says is possible at the end is a plain count over the calls that are left to it."""
    policy = outcome.traffic.policy
    untagged = [each for each in outcome.world.all_unlinked() if each.invocation.tag is None]
    for state in outcome.states:
        if state.summary is not None and state.record is not None:
            left = [each.invocation for each in untagged if _is_left(each, state, state.record, policy)]
            told = _told_roles(outcome, state)
            untold = policy.agent_role_names - told if told is not None else None
            said = (state.summary.possible_calls, state.summary.possible_failed_calls)
            expected = _possible(state, state.record, left, policy, untold=untold)
            yield expect(f"possible calls and failed ones of {state.request_id}", said, expected)


def _is_left(call: UnlinkedInvocation, state: RequestState, record: Request, policy: Policy) -> bool:
    """Whether nobody has a call, or another just by an assumed link, and the request has none and may have made it."""
    match call.decision:
        case Unattributed(trace_id=trace_id):
            traced = state.summary.traced if state.summary is not None else None
            return traced is None or trace_id in (None, traced.trace_id)
        case Link(confidence=Confidence.ASSUMED, request_id=maker) if maker != state.request_id:
            return not _has_llm_calls(state) and not _is_assumed_anyway(call.invocation, record, policy)
        case _:
            return False


def _told_roles(outcome: Outcome, state: RequestState) -> set[str | None] | None:
    """The roles whose calls its spans prove to be all; None where they prove nothing."""
    if state.summary is None or state.summary.traced is None or not state.summary.traced.complete:
        return None
    return {
        each.invocation.caller_role
        for each in state.invocations
        if each.link.method is Method.TRACE or each.invocation.invocation_id in outcome.spans
    }


def _possible(
    state: RequestState, record: Request, unlinked: Iterable[Invocation], policy: Policy, *, untold: Set[str] | None
) -> tuple[int | None, int | None]:
    """How many LLM calls, and attempts that failed: tags and spans tell only of the first."""
    longest_ms = (policy.max_request + policy.clock_skew) / timedelta(milliseconds=1)
    outlasts = record.duration_ms is None or record.duration_ms > longest_ms or record.status == 202
    has_tagged = bool(_tagged_of(state))
    is_whole = untold is not None and (not untold or is_proven(_tagged_of(state)))
    if (outlasts or record.streamed) and not (is_whole or has_tagged):
        return None, None
    in_reach = [each for each in unlinked if each.logged_at <= record.started_at + policy.reach]
    possible = [each for each in in_reach if is_ours(each, policy) and may_be_of(each, record, policy)]
    calls = [each for each in possible if each.error_code is None]
    left = [each for each in calls if not has_tagged and (untold is None or each.caller_role in untold)]
    return len(left), None if outlasts and not is_whole else len(possible) - len(calls)


def is_proven(tagged: Sequence[Invocation]) -> bool:
    """Whether the tags count 1, 2 … n, each begun once, the last of which answered."""
    by_index: dict[int | None, list[Invocation]] = {}
    starts: dict[int | None, int | None] = {}
    for each in tagged:
        if each.tag is not None and starts.setdefault(each.tag.call_index, each.tag.call_started_ms) != (
            each.tag.call_started_ms
        ):
            return False
        by_index.setdefault(each.tag.call_index if each.tag is not None else None, []).append(each)
    last = by_index.get(len(by_index), [])
    return (
        {*by_index} == {*range(1, len(by_index) + 1)}
        and any(each.error_code is None and each.stop_reason is not None for each in last)
        and not any(each.stop_reason in WAITS_FOR_TOOL for each in last)
    )


def may_be_of(call: Invocation, record: Request, policy: Policy, *, overtime: bool = True) -> bool:
    """Whether a call can have begun in its second, and ended, while the request or its overtime ran."""
    skew, ends = policy.clock_skew, _runs_until(record, policy, overtime=overtime)
    begins = max(call.logged_at, record.started_at - skew)
    return begins < call.logged_at + SECOND and begins + timedelta(milliseconds=call.latency_ms or 0) <= ends


def proven_are_no_candidates(outcome: Outcome) -> Verdict:
    """A request that its tags prove complete in time has no call by time, and makes no other's call ambiguous.

    In time is what has come when the other's call is due, or, if later, of all runs that may have made it. Attempts
    that failed are left out: their log may lack the tag that the call had. So are chains, where more requests than are
    looked at may have made one of their calls.
    """
    if not outcome.is_punctual:
        return
    yield from (None for state in outcome.states if is_proven(_tagged_of(state)))
    for state in outcome.states:
        for each in state.invocations:
            if each.link.method not in {Method.TAG, Method.TRACE} and each.invocation.error_code is None:
                took = _is_proven_beside(each.invocation, state, outcome)
                yield f"proven {state.request_id} took {each.invocation.invocation_id}" if took else None
    are_many = len(outcome.states) > MAX_CANDIDATES
    for call in outcome.world.all_unlinked():
        if not isinstance(call.decision, Unattributed) or not _is_decided_by_time(call.decision, outcome):
            continue
        if call.invocation.error_code is None and not (are_many and _names_tools(call.invocation)):
            counted = call.decision.candidates > len(_rivals_for(call.invocation, outcome))
            yield f"{call.invocation.invocation_id} is ambiguous for a proven request" if counted else None


def _rivals_for(call: Invocation, outcome: Outcome) -> list[RequestId]:
    """The requests that may have made a call and are not proven to have all of theirs when it is due."""
    return [
        state.request_id
        for state in outcome.states
        if state.record is not None
        and may_be_of(call, state.record, outcome.traffic.policy)
        and not _is_proven_beside(call, state, outcome)
    ]


def _is_proven_beside(call: Invocation, state: RequestState, outcome: Outcome) -> bool:
    """Whether the request's tagged calls prove that they are all when another call is due.

    Not where those that come later show a gap, but for a call that stands alone: a chain, or an agent's run, is decided
    when the last of its calls is due.
    """
    stands_alone = not _names_tools(call) and call.invocation_id not in outcome.spans
    come = _known_for(call, state, outcome)
    return is_proven(come) and (stands_alone or is_proven(_tagged_of(state)))


def _names_tools(call: Invocation) -> bool:
    return call.conversation is not None and bool(call.conversation.produced or call.conversation.returned)


def _known_for(call: Invocation, state: RequestState, outcome: Outcome) -> list[Invocation]:
    """The request's tagged calls that have come, within `LinkDelaySeconds` of their end, when a call is decided.

    That is when it is due, and not before all has come of each request's run that may have made it.
    """
    policy = outcome.traffic.policy
    records = [each.record for each in outcome.states if each.record is not None]
    runs = [_expected_until(record, policy) for record in records if may_be_of(call, record, policy)]
    decided = max([call.logged_at + policy.due_after - policy.link_delay, *runs])
    return [each for each in _tagged_of(state) if _latest_end(each, state.record, policy) <= decided]


def _latest_end(call: Invocation, record: Request | None, policy: Policy) -> datetime:
    """When a tagged call had ended at the latest: with its request's run, if it can have.

    It may have begun as its second ended; one of unknown latency may have been as long as a request.
    """
    latency = policy.max_request if call.latency_ms is None else call.latency
    longest = call.logged_at + timedelta(milliseconds=LOG_PRECISION_MS) + latency
    if record is None or record.duration_ms is None:
        return longest
    until = _expected_until(record, policy)
    return min(longest, until) if call.logged_at + call.latency <= until else longest


def _expected_until(record: Request, policy: Policy) -> datetime:
    """The end of its run, but no later than that of the longest."""
    longest = replace(record, duration_ms=None, started_at=record.started_at + policy.clock_skew)
    return min(_runs_until(record, policy), _runs_until(longest, policy))


def _runs_until(record: Request, policy: Policy, *, overtime: bool = True) -> datetime:
    """The end of its run: of its agent's, where that may go on, and of the longest, where the end is unknown."""
    lasts = policy.max_request if record.duration_ms is None else timedelta(milliseconds=record.duration_ms)
    runs_on = overtime and (record.streamed or record.status in RUNS_ON)
    ends = record.started_at + lasts + policy.clock_skew
    return ends + policy.max_agent if runs_on else ends


def _is_decided_by_time(decision: Unattributed, outcome: Outcome) -> bool:
    """Whether no requests name the call's trace: of those that do, none is left out."""
    return decision.trace_id is None or decision.trace_id not in outcome.naming


def _tagged_of(state: RequestState) -> list[Invocation]:
    return [each.invocation for each in state.invocations if each.link.method is Method.TAG]
