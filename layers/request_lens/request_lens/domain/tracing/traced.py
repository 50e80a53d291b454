"""Traced: all that the spans of its trace say of one request, as its summary keeps it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from request_lens.domain.facts import Invocation, InvocationId, Request, TraceId
from request_lens.domain.policy import Policy
from request_lens.domain.spans import Span, SpanKind, Trace, by_time
from request_lens.domain.times import whole_ms
from request_lens.domain.tracing.completeness import completeness
from request_lens.domain.tracing.first_token import first_token_ms
from request_lens.domain.tracing.runs import may_be_anothers, may_be_the_next_ones, may_have_more, own_spans
from request_lens.domain.tracing.time_parts import OTHER_TOOL, TimeParts, time_parts
from request_lens.domain.tracing.tools import tool_runs

MAX_MISSING = 10
"""So many of the missing calls are named; all of them are counted."""

MAX_TOOLS = 100
"""A summary keeps the first 100 runs of tools, as it keeps the first 100 calls."""

MAX_TOOL_NAMES = 20
"""So many tools have a time of their own, those with most; the rest add up to `other`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolUse:
    """One run of a tool; `offset_ms` counts from the request's start. `failed` also where only the tool says so."""

    tool: str
    offset_ms: int
    duration_ms: int
    failed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Traced:
    """What a request's own spans say of it. None is unknown.

    `complete`: all its calls are linked (true), or some are `missing_calls` (false), the first of which are `missing`.
    It is never true of a trace of which not all was read, or that has a call which may be this request's or another's;
    nor of an older trace with a run that ends after the request, which may be one's whose record is to come.
    Of its own calls that are not linked to it, `shared_calls` were logged and may be another's: they are not missing.
    `calls` of this Region have a span, `calls_elsewhere` ran in other Regions, whose logs do not come here. `time_by`
    adds up to the duration. `tools` are in order of their start, and `failed_later` is how many runs of each failed
    that are not among them; `gateway_overhead_ms` is what AgentCore's gateway added to them. `session_id` is None, too,
    where its runs name several. `spans` is how many of its spans were known: two that differ in nothing else are equal.
    """

    trace_id: TraceId
    complete: bool | None = None
    calls: int = 0
    missing_calls: int = 0
    missing: tuple[InvocationId, ...] = ()
    shared_calls: int = 0
    calls_elsewhere: int = 0
    time_by: TimeParts | None = None
    first_token_ms: int | None = None
    session_id: str | None = None
    tools: tuple[ToolUse, ...] = ()
    failed_later: tuple[tuple[str, int], ...] = ()
    gateway_overhead_ms: int | None = None
    spans: int = field(default=0, compare=False)

    @property
    def failed_tools(self) -> Mapping[str, int]:
        """How many runs of each tool failed, listed or not."""
        failed = Counter(tool.tool for tool in self.tools if tool.failed)
        return failed + Counter(dict(self.failed_later))

    @property
    def lacks_calls(self) -> bool:
        """Whether a call that has a span is not linked: how many it made, and for how long, is not known then."""
        return self.missing_calls > 0 or self.shared_calls > 0

    def as_known(self, *, possible_calls: int | None) -> "Traced":
        """The same as it is said of a request: where calls are possible that nobody has, its time is not told.

        Any of them may be its own: such a call ran while something else seemed to, or nothing.
        """
        return replace(self, time_by=None) if possible_calls else self

    @property
    def has_all_calls(self) -> bool:
        """Whether each call that has a span is linked, and there is one."""
        return self.calls > 0 and not self.lacks_calls


def traced(
    request: Request, linked: Sequence[Invocation], trace: Trace, policy: Policy, *, region: str | None
) -> Traced | None:
    """What the trace of a request says of it and of the calls that are linked to it; None where no span is its own.

    `region` is where the invocation log is; None: where the linked calls were made.
    """
    own = own_spans(request, trace, policy)
    if not own:
        return None
    here = region or next((call.region for call in linked if call.region is not None), None)
    found = completeness(linked, own, region=here, shared=trace.shared)
    may_change = may_have_more(request, trace, own, policy) or may_be_the_next_ones(request, trace, own, policy)
    is_in_doubt = trace.is_cut or may_change
    tools = _tool_uses(request, own)
    return Traced(
        trace_id=trace.trace_id,
        complete=None if found.complete and is_in_doubt else found.complete,
        calls=found.calls,
        missing_calls=len(found.missing),
        missing=found.missing[:MAX_MISSING],
        shared_calls=found.shared,
        calls_elsewhere=found.elsewhere,
        time_by=_time_by(request, linked, own, trace, policy),
        first_token_ms=first_token_ms(request, linked, own, clock_skew=policy.clock_skew),
        session_id=_session_of(own),
        tools=tuple(tools[:MAX_TOOLS]),
        failed_later=_failures(tools[MAX_TOOLS:]),
        gateway_overhead_ms=_gateway_overhead_ms(own),
        spans=len(own),
    )


def _time_by(
    request: Request, linked: Sequence[Invocation], own: Sequence[Span], trace: Trace, policy: Policy
) -> TimeParts | None:
    """Where the time went; unknown where a linked call has no span: it ran while something else seemed to.

    An attempt that failed has none of its own where the SDK tried again: all of them lie in the span of its call.
    Unknown, too, where another request of the trace may have waited for a call that is not linked to this one.
    """
    calls = {call.invocation_id for call in linked}
    spans = [span for span in own if span.kind is SpanKind.CALL]
    reported = {span.invocation_id for span in spans}
    if any(call.is_llm_call and call.invocation_id not in reported for call in linked):
        return None
    if any(may_be_anothers(request, span, trace, policy) for span in spans if span.invocation_id not in calls):
        return None
    parts = time_parts(request, own, clock_skew=policy.clock_skew, reads_memory=policy.reads_memory)
    return None if parts is None else _with_few_tools(parts)


def _with_few_tools(parts: TimeParts) -> TimeParts:
    """The same with the tools beyond MAX_TOOL_NAMES as one, which comes last; the sum stays."""
    if len(parts.tools) <= MAX_TOOL_NAMES:
        return parts
    named = [tool for tool in parts.tools if tool[0] != OTHER_TOOL][: MAX_TOOL_NAMES - 1]
    rest = parts.tools_ms - sum(ms for _, ms in named)
    return replace(parts, tools=(*named, (OTHER_TOOL, rest)))


def _session_of(own: Sequence[Span]) -> str | None:
    """The session that the runs name, or where no run was read, the other spans; None where they name several."""
    entries = {span.session_id for span in own if span.kind is SpanKind.ENTRY}
    named = (entries or {span.session_id for span in own}) - {None}
    return named.pop() if len(named) == 1 else None


def _tool_uses(request: Request, own: Sequence[Span]) -> Sequence[ToolUse]:
    """The runs of tools, in order of their start."""
    return [
        ToolUse(
            tool=span.tool or OTHER_TOOL,
            offset_ms=whole_ms(span.started_at - request.started_at),
            duration_ms=whole_ms(span.ended_at - span.started_at),
            failed=span.failed,
        )
        for span in sorted(tool_runs(own), key=by_time)
    ]


def _failures(tools: Sequence[ToolUse]) -> tuple[tuple[str, int], ...]:
    """How many of the runs failed, by the tools that failed most; those beyond MAX_TOOL_NAMES are `other`."""
    counts = Counter(tool.tool for tool in tools if tool.failed)
    by_count = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    named = [each for each in by_count if each[0] != OTHER_TOOL][: MAX_TOOL_NAMES - 1]
    rest = counts.total() - sum(count for _, count in named)
    return (*named, (OTHER_TOOL, rest)) if rest else tuple(named)


def _gateway_overhead_ms(own: Sequence[Span]) -> int | None:
    known = [span.gateway_overhead_ms for span in own if span.gateway_overhead_ms is not None]
    return sum(known) if known else None
