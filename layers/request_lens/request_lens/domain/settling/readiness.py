"""Settlement: when a request's facts should be in, and whether a revision would say anything new."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from request_lens.domain.call_start import LAST_STEP, ends_with
from request_lens.domain.facts import LEFT_EARLY, Invocation, Request, last_attempts
from request_lens.domain.folding.summary import Summary
from request_lens.domain.linking.link import LinkedInvocation, Method
from request_lens.domain.policy import Policy
from request_lens.domain.request_time import overtime_of
from request_lens.domain.settling.state import RequestState
from request_lens.domain.settling.uncertainty import is_told_whole, untold_by
from request_lens.domain.tracing.pauses import has_no_pause

_IMMEDIATELY = datetime.min.replace(tzinfo=UTC)


def has_news(state: RequestState) -> bool:
    """Whether a revision would say more than the last one: the record for the first time, more invocations, or spans.

    Spans that were not read are no news.
    """
    if state.record is None:
        return False
    if state.summary is None or len(state.invocations) > state.summary.totals.invocations:
        return True
    return state.spans_read and not (state.summary.tells(state.traced) and _draws(state.invocations, state.summary))


def _draws(linked: Sequence[LinkedInvocation], summary: Summary) -> bool:
    """Whether the summary's bars, if it has one of each call, begin to the millisecond wherever a span tells it.

    Once a second request names its trace, a request may have other spans, yet as many and which say the same.
    """
    told = (call.invocation for call in linked if call.span is not None)
    spanned = Counter((call.model_id, call.latency_ms) for call in told)
    drawn = Counter((bar.model_id, bar.latency_ms) for bar in summary.bars if bar.precision_ms == 1)
    return len(summary.bars) < len(linked) or spanned <= drawn


def revision_due_at(state: RequestState, policy: Policy) -> datetime:
    """When the next revision may be written: at once where the evidence is complete or a first one stands.

    It is complete where tags prove that all calls are there, or spans do and no agent that they do not tell of had time
    in it. Where each call that has a span is linked, the wait is that of tags, as further spans may be on their way.
    The waits count from the request's end; where its record came later than they provide for (late logs, backfill), its
    calls may come as late, and the waits count from the record's arrival.
    """
    tagged = [call.invocation for call in state.invocations if call.link.method is Method.TAG]
    if state.record is None or state.stored_at is None or state.revision > 0:
        return _IMMEDIATELY
    if is_complete(tagged, state.record, policy) or _is_told_whole(state, state.record, policy):
        return _IMMEDIATELY
    ended_at = _latest_end(state.record, policy)
    if tagged or (state.traced is not None and state.traced.has_all_calls):
        record_within, wait = policy.settle_delay, policy.settle_delay + overtime_of(state.record, policy)
    else:
        record_within, wait = policy.link_delay, _decided_within(state.record, policy) + policy.settle_delay
    return (ended_at if state.stored_at <= ended_at + record_within else state.stored_at) + wait


def _is_told_whole(state: RequestState, record: Request, policy: Policy) -> bool:
    """Whether spans prove that all calls are there, and between these no other agent can have called a model.

    Its spans come by themselves: one that a tool of the first one asked, or that worked before or after it, may yet
    tell of calls. It is reached over the network, which takes AgentCore half a second, and waits for its model: none
    has been seen to take less than LAST_STEP. An agent of a role that no span tells of sends none: nothing will.
    """
    is_whole = is_told_whole(untold_by(state, policy))
    return is_whole and state.trace is not None and has_no_pause(record, state.trace, policy, longer_than=LAST_STEP)


def _decided_within(record: Request, policy: Policy) -> timedelta:
    """How long after its end all untagged calls of a request are decided that were stored within `LinkDelaySeconds`.

    A call is due that long after it was stored, or once all that may run around it is in: `MaxAgentSeconds` later where
    its agent may run on after a time-out of the API, and `MaxRequestSeconds` later where its neighbours tell. The time
    that a message takes comes on top. Where a neighbour's agent may run on, that one's end decides: what is not decided
    by then is possible, and the request is certain later.
    """
    may_run_on = record.may_run_on or policy.one_loop_per_request
    around = policy.due_after + (policy.max_agent if may_run_on else timedelta(0))
    for_neighbours = policy.max_request if policy.one_loop_per_request else timedelta(0)
    return overtime_of(record, policy) + max(around, 2 * policy.link_delay) + for_neighbours


def is_complete(tagged: Sequence[Invocation], record: Request, policy: Policy) -> bool:
    """Whether the calls are known to be all: no gap in `call_index`, an answer at its end, and the response soon after.

    The answer stopped for something but a tool. It is not the last where a guard or another agent of the request calls
    after it: then the request goes on, or the API gave up on it.
    """
    if record.latest_end is None or record.status in LEFT_EARLY:
        return False
    return any(ends_with(record, answer, clock_skew=policy.clock_skew) for answer in last_attempts(tagged))


def _latest_end(record: Request, policy: Policy) -> datetime:
    return record.ended_at if record.ended_at is not None else record.started_at + policy.max_request
