"""Tools, and calls to models that are not Bedrock's, as spans tell them: each once, though several spans report it."""

from bisect import bisect_right
from collections import defaultdict, deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby

from request_lens.domain.facts import TraceId
from request_lens.domain.spans import Span, SpanId, SpanKind
from request_lens.domain.times import EPOCH
from request_lens.domain.tracing.inside import SpansByTime

type _Tool = tuple[TraceId, str | None]
"""A tool of a trace."""


def tool_runs(spans: Sequence[Span]) -> Sequence[Span]:
    """The runs of tools, in the order given: each as its outermost span, failed where any of its spans says so.

    A framework's span holds that of its MCP client, and this that of AgentCore's gateway: the outermost is kept, as it
    is what the agent waited for. Spans of one tool whose ids of the call differ are different runs, which an agent may
    have at once; with the same id they are one where they overlap: some models give all uses of a tool its name for an
    id. A span without an id reports the run that holds it, like one whose id is the first in a span without.
    """
    tools = [span for span in spans if span.kind is SpanKind.TOOL]
    by_tool: dict[_Tool, list[Span]] = defaultdict(list)
    for tool in tools:
        by_tool[tool.trace_id, tool.tool].append(tool)
    runs = {(run.outermost.trace_id, run.outermost.span_id): run for alike in by_tool.values() for run in _runs(alike)}
    found = ((tool, runs.get((tool.trace_id, tool.span_id))) for tool in tools)
    return [replace(tool, failed=run.failed) for tool, run in found if run is not None]


@dataclass(slots=True, kw_only=True)
class _Run:
    """A run of a tool while its spans are taken up, the outermost first: the end is the latest of those."""

    outermost: Span
    call_id: str | None
    ended_at: datetime
    failed: bool

    def add(self, tool: Span) -> None:
        """One more span reports it."""
        self.call_id = self.call_id or tool.tool_call_id
        self.ended_at = max(self.ended_at, tool.ended_at)
        self.failed = self.failed or tool.failed


def _runs(alike: Sequence[Span]) -> Sequence[_Run]:
    """The runs that one tool's spans report."""
    found = _RunsOfTool()
    by_time = sorted(alike, key=lambda tool: (tool.started_at, EPOCH - tool.ended_at, tool.span_id))
    for _, at_once in groupby(by_time, key=lambda tool: (tool.started_at, tool.ended_at)):
        for tool in _parents_first(list(at_once)):
            found.take(tool)
    return found.runs


def _parents_first(at_once: Sequence[Span]) -> Iterator[Span]:
    """Spans of the very same time, each after its parent; those of a circle of parents come last."""
    ids = {tool.span_id for tool in at_once}
    below: dict[SpanId | None, list[Span]] = defaultdict(list)
    next_ones: deque[Span] = deque()
    for tool in at_once:
        (below[tool.parent_id] if tool.parent_id in ids else next_ones).append(tool)
    while next_ones:
        yield (tool := next_ones.popleft())
        next_ones.extend(below.pop(tool.span_id, ()))
    for circle in below.values():
        yield from circle


class _RunsOfTool:
    """The runs of one tool, by spans that are taken in order of their start, of which the longest first."""

    def __init__(self) -> None:
        self.runs: list[_Run] = []
        self._run_of: dict[SpanId, tuple[Span, _Run]] = {}
        self._last_by_id: dict[str, _Run] = {}
        self._around: list[_Run] = []  # those that no later one outlasts: the latest is the first to end
        self._without_id: list[_Run] = []  # none lies in another: the latest is the last to end

    def take(self, tool: Span) -> None:
        """The span reports a run that was found before, or a new one."""
        run = self._of_parent(tool) or (self._around_it(tool) if tool.tool_call_id is None else self._by_id(tool))
        if run is None:
            run = self._new(tool)
        else:
            run.add(tool)
        self._run_of[tool.span_id] = (tool, run)
        if run.call_id is not None:
            self._last_by_id[run.call_id] = run

    def _of_parent(self, tool: Span) -> _Run | None:
        """The run of the span's parent, if it lies in that, and neither tells the id of another call."""
        if tool.parent_id not in self._run_of:
            return None
        parent, run = self._run_of[tool.parent_id]
        is_of_call = tool.tool_call_id is None or run.call_id in (None, tool.tool_call_id)
        return run if is_of_call and tool.is_inside(parent) else None

    def _around_it(self, tool: Span) -> _Run | None:
        """Of the runs that hold the span the last to begin."""
        place = bisect_right(self._around, EPOCH - tool.ended_at, key=lambda run: EPOCH - run.outermost.ended_at)
        return self._around[place - 1] if place else None

    def _by_id(self, tool: Span) -> _Run | None:
        """The run of the same call that is not over, or else the last one that tells no id and holds the span."""
        run = self._last_by_id.get(tool.tool_call_id or "")
        if run is not None and (tool.started_at < run.ended_at or tool.ended_at <= run.ended_at):
            return run
        while self._without_id and self._without_id[-1].call_id is not None:
            self._without_id.pop()
        last = self._without_id[-1] if self._without_id else None
        return last if last is not None and tool.ended_at <= last.outermost.ended_at else None

    def _new(self, tool: Span) -> _Run:
        run = _Run(outermost=tool, call_id=tool.tool_call_id, ended_at=tool.ended_at, failed=tool.failed)
        self.runs.append(run)
        while self._around and self._around[-1].outermost.ended_at <= tool.ended_at:
            self._around.pop()
        self._around.append(run)
        if run.call_id is None:
            self._without_id.append(run)
        return run


def chats_elsewhere(spans: Sequence[Span]) -> Sequence[Span]:
    """The calls to models that Bedrock does not log: what a framework reports of one, with no call to Bedrock in it.

    Two frameworks may each report one, the outer around the inner. A call whose own parent was not read was made by its
    agent in the time of the chat that it lies in.
    """
    chats = {span.span_id: span for span in spans if span.kind is SpanKind.CHAT}
    calls = [span for span in spans if span.kind is SpanKind.CALL]
    around = _chats_around(calls, chats)
    orphans: dict[tuple[TraceId, str | None], list[Span]] = defaultdict(list)
    for call in calls:
        if call.parent_id not in chats:
            orphans[call.trace_id, call.resource].append(call)
    by_agent = {agent: SpansByTime(of_agent) for agent, of_agent in orphans.items()}
    made_none = SpansByTime(())
    return [
        chat
        for chat in chats.values()
        if chat.span_id not in around
        and not by_agent.get((chat.trace_id, chat.resource), made_none).is_any_inside(chat)
    ]


def _chats_around(calls: Sequence[Span], chats: Mapping[SpanId, Span]) -> Collection[SpanId]:
    """The chats that a call is in, by its parent and the parents of that."""
    around: set[SpanId] = set()
    for call in calls:
        above = call.parent_id
        while above is not None and above in chats and above not in around:
            around.add(above)
            above = chats[above].parent_id
    return around
