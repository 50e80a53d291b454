"""Rows of a timeline for tests: by hand, and drawn by hypothesis."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import strategies as st

from request_lens.domain.facts import Invocation, InvocationId, Request, RequestId
from request_lens.domain.folding.summary import Bar, Summary, Totals
from request_lens.domain.linking.link import Confidence, Method, Reason, Unattributed, UnlinkedInvocation
from request_lens.domain.tracing.traced import ToolUse, Traced
from request_lens.presentation.timeline.row import TimelineRow
from tests.support.telemetry.traces import TRACE

START = datetime(2025, 12, 4, 18, 27, 2, tzinfo=UTC)
MODEL = "jp.anthropic.claude-haiku-4-5-20251001-v1:0"


def bar(
    offset_ms: int,
    latency_ms: int | None,
    *,
    confidence: Confidence = Confidence.EXACT,
    error_code: str | None = None,
    precision_ms: int = 1000,
) -> Bar:
    """A bar of the article's model; throttled where its error says so."""
    return Bar(
        model_id=MODEL,
        offset_ms=offset_ms,
        precision_ms=precision_ms,
        latency_ms=latency_ms,
        method=Method.WINDOW,
        confidence=confidence,
        error_code=error_code,
        throttled=error_code == "ThrottlingException",
    )


def summary_of(*bars: Bar, possible_calls: int | None = 0) -> Summary:
    """The summary that these bars would come with; its times are unknown where it is not certain."""
    calls = [bar for bar in bars if bar.error_code is None]
    timed = [call.latency_ms for call in calls if call.latency_ms is not None]
    return Summary(
        totals=Totals(
            llm_calls=len(calls),
            llm_errors=len(bars) - len(calls),
            llm_throttles=sum(bar.throttled for bar in bars),
        ),
        llm_time_ms=sum(timed) if len(timed) == len(calls) and possible_calls == 0 else None,
        tool_time_ms=None,
        non_llm_time_ms=None,
        bars=bars,
        possible_calls=possible_calls,
        certain_since=1 if possible_calls == 0 else None,
    )


def row(
    summary: Summary | None,
    *,
    duration_ms: int | None = 4300,
    after_ms: int = 0,
    label: str = "What time is it in Tokyo?",
    detail: str = "Tool Use",
) -> TimelineRow:
    """A request that started `after_ms` after START."""
    request = Request(
        request_id=RequestId(f"request-{after_ms}"),
        route="POST /ask",
        status=200,
        started_at=START + timedelta(milliseconds=after_ms),
        duration_ms=duration_ms,
    )
    return TimelineRow(label=label, detail=detail, request=request, summary=summary)


def at_cost(drawn: TimelineRow, usd: str | None, *, unpriced: int = 0) -> TimelineRow:
    """The row, whose request has a summary, at that estimated cost, which is of all but so many of its calls."""
    assert drawn.summary is not None
    cost = None if usd is None else Decimal(usd)
    totals = replace(drawn.summary.totals, estimated_cost_usd=cost, unpriced_calls=unpriced)
    return replace(drawn, summary=replace(drawn.summary, totals=totals))


def unattributed(at_s: float, reason: Reason = Reason.AMBIGUOUS, latency_ms: int | None = 1500) -> UnlinkedInvocation:
    """A call that begins so long after START and belongs to no request."""
    invocation = Invocation(
        invocation_id=InvocationId(f"call-{at_s}"),
        model_id=MODEL,
        operation="Converse",
        logged_at=START + timedelta(seconds=at_s),
        latency_ms=latency_ms,
    )
    return UnlinkedInvocation(
        invocation=invocation, stored_at=START, decision=Unattributed(reason=reason, candidates=2)
    )


def failed_at(at_s: float, *, throttled: bool = False) -> UnlinkedInvocation:
    """An attempt of then that failed, and belongs to no request."""
    call = unattributed(at_s, latency_ms=None)
    code = "ThrottlingException" if throttled else "ValidationException"
    made = replace(call.invocation, error_code=code, invocation_id=InvocationId(f"failed-{at_s}"))
    return replace(call, invocation=made)


def chain(duration_ms: int, calls: int) -> Summary:
    """Calls one after the other that leave a gap between any two."""
    step = duration_ms / calls
    return summary_of(*(bar(int(at * step), int(step * 0.7)) for at in range(calls)))


_BARS = st.builds(
    bar,
    st.integers(0, 40_000),
    st.none() | st.integers(0, 20_000),
    confidence=st.sampled_from(Confidence),
    error_code=st.sampled_from((None, "ThrottlingException", "ValidationException")),
    precision_ms=st.sampled_from((1, 1000)),
)
_TOOLS = st.builds(
    ToolUse,
    tool=st.sampled_from(("get_weather", "mail", "a", "other")),
    offset_ms=st.integers(-2_000, 70_000),
    duration_ms=st.integers(0, 30_000),
    failed=st.booleans(),
)
_TRACED = st.builds(
    lambda tools, first_token_ms, missing: Traced(
        trace_id=TRACE,
        complete=False if missing else None,
        tools=tuple(tools),
        first_token_ms=first_token_ms,
        missing_calls=missing,
    ),
    st.lists(_TOOLS, max_size=8),
    st.none() | st.integers(0, 70_000),
    st.sampled_from((0, 0, 3)),
)


def _priced(
    bars: list[Bar], possible_calls: int | None, traced: Traced | None, cost: tuple[Decimal | None, int]
) -> Summary:
    known = summary_of(*bars, possible_calls=possible_calls)
    totals = replace(known.totals, estimated_cost_usd=cost[0], unpriced_calls=cost[1])
    return replace(known, totals=totals, traced=traced)


_SUMMARIES = st.builds(
    _priced,
    st.lists(_BARS, max_size=12),
    st.sampled_from((0, 0, 1, 17, 1_000, None)),
    st.none() | _TRACED,
    st.tuples(st.none() | st.decimals(0, 5_000, places=6), st.sampled_from((0, 0, 2, 40))),
)
ROWS = st.lists(
    st.builds(
        row,
        st.none() | _SUMMARIES,
        duration_ms=st.none() | st.integers(0, 60_000) | st.sampled_from((3, 18_000_000)),
        after_ms=st.integers(0, 200_000),
        label=st.text(max_size=60),
        detail=st.text(max_size=60),
    ),
    max_size=12,
)
"""Any rows: certain or not, of known cost or not, with spans or without, unknown durations, texts of any characters;
calls and tools leave their request or overlap."""
