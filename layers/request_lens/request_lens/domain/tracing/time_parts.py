"""Where a request's time went: each of its milliseconds is one part's, so the parts add up to its duration."""

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import heappop, heappush
from itertools import pairwise
from typing import NamedTuple

from request_lens.domain.facts import Request
from request_lens.domain.spans import Span, SpanKind
from request_lens.domain.times import whole_ms
from request_lens.domain.tracing.runs import Run, RunsByTime, runs_of, sticks_out
from request_lens.domain.tracing.tools import chats_elsewhere, tool_runs

OTHER_TOOL = "other"
"""The name of a tool whose span has none that could be one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeParts:
    """Milliseconds of a request by what it waited for; they add up to its duration.

    `llm_ms` are calls to Bedrock, `llm_elsewhere_ms` calls to other models. `tools` names each tool, the one with most
    time first. `agent_ms` is the rest of an agent's run, `outside_ms` what lies before, between and after the runs.
    `memory_ms` is None where memory spans are not read: that time is the agent's then.
    """

    llm_ms: int = 0
    llm_elsewhere_ms: int = 0
    tools: tuple[tuple[str, int], ...] = ()
    memory_ms: int | None = None
    agent_ms: int = 0
    outside_ms: int = 0

    @property
    def tools_ms(self) -> int:
        """All tools' time."""
        return sum(ms for _, ms in self.tools)


class _Part(NamedTuple):
    """What one stretch of time is counted as; of several the smallest by rank, then the first to begin, wins."""

    rank: int
    begun_at: datetime
    tool: str


_LLM, _ELSEWHERE, _TOOL, _MEMORY, _AGENT = range(5)


def time_parts(request: Request, own: Sequence[Span], *, clock_skew: timedelta, reads_memory: bool) -> TimeParts | None:
    """How the request's duration splits, by its own spans; each is cut to the request.

    None where the duration is unknown, no run of an agent is there, or one sticks out by more than the skew.
    """
    runs = runs_of(own)
    if not runs or request.ended_at is None or any(sticks_out(run, request, clock_skew=clock_skew) for run in runs):
        return None
    stretches = _stretches(runs, own, reads_memory=reads_memory)
    return _added_up(request.started_at, request.ended_at, stretches, reads_memory=reads_memory)


class _Stretch(NamedTuple):
    begin: datetime
    end: datetime
    part: _Part


def _stretches(runs: Sequence[Run], own: Sequence[Span], *, reads_memory: bool) -> Sequence[_Stretch]:
    """The runs, what lies in them, and the calls to Bedrock, whether or not the span of their run is there."""
    by_time = RunsByTime(runs)
    spans = [span for span in own if by_time.run_of(span) is not None]
    of_rank = {
        _LLM: [span for span in own if span.kind is SpanKind.CALL],
        _ELSEWHERE: chats_elsewhere(spans),
        _TOOL: tool_runs(spans),
        _MEMORY: [span for span in spans if span.kind is SpanKind.MEMORY and reads_memory],
    }
    found = [
        _Stretch(span.started_at, span.ended_at, _Part(rank, span.started_at, span.tool or OTHER_TOOL))
        for rank, its_spans in of_rank.items()
        for span in its_spans
    ]
    return found + [_Stretch(run.started_at, run.ended_at, _Part(_AGENT, run.started_at, "")) for run in runs]


def _added_up(
    started_at: datetime, ended_at: datetime, stretches: Sequence[_Stretch], *, reads_memory: bool
) -> TimeParts:
    by_rank: dict[int, int] = defaultdict(int)
    by_tool: dict[str, int] = defaultdict(int)
    inside = 0
    for first, time in _swept(_cuts(started_at, ended_at, stretches), stretches):
        ms = whole_ms(time)
        inside += ms
        by_rank[first.rank] += ms
        if first.rank == _TOOL:
            by_tool[first.tool] += ms
    return TimeParts(
        llm_ms=by_rank[_LLM],
        llm_elsewhere_ms=by_rank[_ELSEWHERE],
        tools=tuple(sorted(by_tool.items(), key=lambda item: (-item[1], item[0]))),
        memory_ms=by_rank[_MEMORY] if reads_memory else None,
        agent_ms=by_rank[_AGENT],
        outside_ms=whole_ms(ended_at - started_at) - inside,
    )


def _cuts(
    started_at: datetime, ended_at: datetime, stretches: Sequence[_Stretch]
) -> Sequence[tuple[datetime, datetime]]:
    """The request's time cut wherever a stretch begins or ends."""
    moments = {moment for stretch in stretches for moment in stretch[:2] if started_at < moment < ended_at}
    marks = sorted({started_at, ended_at} | moments)
    return list(pairwise(marks))


def _swept(
    cuts: Iterable[tuple[datetime, datetime]], stretches: Sequence[_Stretch]
) -> Iterator[tuple[_Part, timedelta]]:
    """What each piece of the time counts as, and its length: of the stretches that hold it, the first part.

    A line swept over the time: it takes up what has begun, and drops the first of it while that has ended.
    """
    coming = deque(sorted(stretches, key=lambda stretch: stretch.begin))
    held: list[tuple[_Part, datetime]] = []
    for begin, end in cuts:
        while coming and coming[0].begin <= begin:
            stretch = coming.popleft()
            heappush(held, (stretch.part, stretch.end))
        while held and held[0][1] < end:
            heappop(held)
        if held:
            yield held[0][0], end - begin
