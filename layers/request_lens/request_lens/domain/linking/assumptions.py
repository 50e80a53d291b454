"""Assumptions: what links by time, chain and elimination rest on, and which facts show one of them broken."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from request_lens.domain.facts import LOG_PRECISION_MS, Invocation, Request, count_indexed
from request_lens.domain.linking.chains import chains_of, lone_chain
from request_lens.domain.linking.elimination import is_loop
from request_lens.domain.linking.fit import fits
from request_lens.domain.linking.link import Assumption
from request_lens.domain.policy import Policy


def violations_by_request(record: Request, *, stored_at: datetime, policy: Policy) -> Iterator[Assumption]:
    """The assumptions that a request's record shows broken."""
    if record.duration_ms is not None and record.latest_end is not None:
        if timedelta(milliseconds=record.duration_ms) > policy.max_request + policy.clock_skew:
            yield Assumption.REQUESTS_END_IN_TIME
        if stored_at > record.latest_end + policy.link_delay:
            yield Assumption.LOGS_COME_IN_TIME


def violations_by_call(call: Invocation, *, stored_at: datetime, policy: Policy) -> Iterator[Assumption]:
    """The assumptions that an untagged call shows broken by when it came; of unknown latency, it may have been long."""
    latency = policy.max_request if call.latency_ms is None else call.latency
    if stored_at > call.logged_at + timedelta(milliseconds=LOG_PRECISION_MS) + latency + policy.link_delay:
        yield Assumption.LOGS_COME_IN_TIME


def violations_by_tagged(record: Request, tagged: Sequence[Invocation], policy: Policy) -> Iterator[Assumption]:
    """The assumptions that a request's tagged calls show broken: they know their request, whatever their times say."""
    chains = chains_of(tagged, policy=policy)
    if record.duration_ms is not None:
        ours = (call for call in tagged if call.caller_role in policy.agent_role_names)
        if not all(fits(lone_chain(call), record, policy) for call in ours):
            yield Assumption.CALLS_HAVE_REQUESTS
    if policy.one_loop_per_request and sum(map(is_loop, chains)) > 1:
        yield Assumption.ONE_LOOP_PER_REQUEST
    if _tell_all_tools(tagged) and any(chain.continues_another for chain in chains):
        yield Assumption.CHAINS_HAVE_ONE_REQUEST


def _tell_all_tools(tagged: Sequence[Invocation]) -> bool:
    """Whether the calls are 1 to n, each once, and tell what they asked for: then nobody else of the request asked."""
    calls = [call for call in tagged if call.is_llm_call]
    told = all(call.conversation is not None and call.stop_reason is not None for call in calls)
    return told and len(calls) == count_indexed(tagged)


def violation_without_request(policy: Policy) -> Assumption | None:
    """What a call of no request shows broken: that its role calls for requests alone; nothing if all are considered."""
    return Assumption.CALLS_HAVE_REQUESTS if policy.agent_role_names else None


def violations_by_orphan(call: Invocation, policy: Policy) -> Assumption | None:
    """What a tagged call shows broken whose request was never seen: nothing where its route may not be observed."""
    every_request_is_observed = not policy.agent_routes
    breaks = every_request_is_observed and call.caller_role in policy.agent_role_names
    return Assumption.CALLS_HAVE_REQUESTS if breaks else None
