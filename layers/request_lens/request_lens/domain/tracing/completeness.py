"""Whether all calls of a request are there: told by the spans of its calls and by its agents' own sums of tokens."""

from collections import defaultdict
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

from request_lens.domain.facts import Invocation, InvocationId, TokenCounts, TraceId
from request_lens.domain.spans import Span, SpanKind
from request_lens.domain.tracing.inside import SpansByTime
from request_lens.domain.tracing.runs import RunsByTime, runs_of
from request_lens.domain.tracing.tools import chats_elsewhere


@dataclass(frozen=True, slots=True, kw_only=True)
class Completeness:
    """What spans say of a request's calls; `complete` is None where they prove nothing.

    `calls` is how many of this Region have a span; `missing` are those of them that have no event in this Region's log
    that is linked to the request, but for those that are `shared`: they were logged, and may be another request's.
    `elsewhere` is how many were made in other Regions, whose logs do not come here; they are not missed.
    """

    complete: bool | None = None
    calls: int = 0
    missing: tuple[InvocationId, ...] = ()
    shared: int = 0
    elsewhere: int = 0


def completeness(
    linked: Sequence[Invocation], own: Sequence[Span], *, region: str | None, shared: Set[InvocationId] = frozenset()
) -> Completeness:
    """Whether the linked invocations are all calls of a request, by its own spans.

    False where a span of this Region names a call that is not among them, but for those that are `shared`: these were
    logged, and may be this request's or another's, so nothing is proven. True where no span does, each call lies in a
    run of an agent, each run tells its agent's own sums, and these equal those of the calls in the agent's time. A sum
    that differs proves nothing: Strands adds up over an agent object's life, which may be longer than the request. Nor
    do sums beside a call out of all runs, whose agent's run may still come, or beside a framework's span of a call
    without Bedrock's own in it: that may be lost, and with it the agent that made the call.
    Without a `region` every call is of this one.
    """
    invocations = {call.invocation_id: call for call in linked}
    calls = [span for span in own if span.kind is SpanKind.CALL and span.invocation_id is not None]
    here = {call.invocation_id for call in calls if call.invocation_id is not None and _is_here(call, region)}
    lacked = here - invocations.keys()
    missing = tuple(sorted(lacked - shared))
    return Completeness(
        complete=False if missing else ((not lacked and _is_proven(own, calls, invocations)) or None),
        calls=len(here),
        missing=missing,
        shared=len(lacked & shared),
        elsewhere=len({call.invocation_id for call in calls if not _is_here(call, region)}),
    )


def _is_proven(own: Sequence[Span], calls: Sequence[Span], invocations: Mapping[InvocationId, Invocation]) -> bool:
    agents = [span for span in own if span.kind is SpanKind.AGENT]
    runs = runs_of(own)
    by_run = RunsByTime(runs)
    if not runs or not {by_run.run_of(agent) for agent in agents}.issuperset(runs):
        return False
    if any(by_run.run_of(call) is None for call in calls):
        return False
    by_time, calls_by_time = _by_resource(agents), _by_resource(calls)
    adds_up = all(
        _adds_up(agent, by_time[_resource(agent)], calls_by_time[_resource(agent)], invocations) for agent in agents
    )
    return adds_up and not chats_elsewhere(own)


type _Resource = tuple[TraceId, str | None]
"""A trace and a resource: what the spans of one agent's process share."""


def _resource(span: Span) -> _Resource:
    return span.trace_id, span.resource


def _by_resource(spans: Sequence[Span]) -> Mapping[_Resource, SpansByTime]:
    grouped: dict[_Resource, list[Span]] = defaultdict(list)
    for span in spans:
        grouped[_resource(span)].append(span)
    return defaultdict(lambda: SpansByTime(()), {each: SpansByTime(alike) for each, alike in grouped.items()})


def _is_here(call: Span, region: str | None) -> bool:
    return region is None or call.region is None or call.region == region


def _adds_up(
    agent: Span, agents: SpansByTime, calls: SpansByTime, invocations: Mapping[InvocationId, Invocation]
) -> bool:
    """Whether an agent's own sums are those of its calls; calls of agents that it ran are not its own.

    `agents` and `calls` are those of its trace and resource.
    """
    nested = SpansByTime(other for other in agents.inside(agent) if other.span_id != agent.span_id)
    ids = {
        call.invocation_id
        for call in calls.inside(agent)
        if call.invocation_id is not None and not nested.is_any_around(call)
    }
    own = [invocations[each] for each in ids if each in invocations]
    tokens = [call.tokens for call in own if call.is_llm_call]
    return len(own) == len(ids) and bool(tokens) and _are_sums(agent.tokens, tokens)


def _are_sums(told: TokenCounts, tokens: Sequence[TokenCounts]) -> bool:
    """Whether the agent counted as the log did; frameworks differ in whether cached tokens are input."""
    if told.input is None or told.output is None or any(each.output is None or each.input is None for each in tokens):
        return False
    plain = sum(each.input or 0 for each in tokens)
    with_cached = sum((each.input or 0) + (each.cache_read or 0) + (each.cache_write or 0) for each in tokens)
    return told.output == sum(each.output or 0 for each in tokens) and told.input in (plain, with_cached)
