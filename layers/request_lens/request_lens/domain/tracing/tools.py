"""Tools, and calls to models that are not Bedrock's, as spans tell them: each once, though several spans report it."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby

from request_lens.domain.facts import TraceId
from request_lens.domain.spans import Span, SpanId, SpanKind
from request_lens.domain.times import EPOCH
from request_lens.domain.tracing.inside import SpansByTime

type _Tool = tuple[TraceId, str | None]
"""A tool of a trace."""


def tool_runs(spans: Sequence[Span]) -> Sequence[Span]:
    """The spans of tools, in the order given, without those that report an outer one's tool once more.

    A framework's span holds that of its MCP client, and this that of AgentCore's gateway: the outermost is kept, as it
    is what the agent waited for.
    """
    tools = [span for span in spans if span.kind is SpanKind.TOOL]
    by_tool: dict[_Tool, list[Span]] = defaultdict(list)
    for tool in tools:
        by_tool[tool.trace_id, tool.tool].append(tool)
    doubles = {(trace_id, span_id) for (trace_id, _), alike in by_tool.items() for span_id in _doubles(alike)}
    return [tool for tool in tools if (tool.trace_id, tool.span_id) not in doubles]


def _doubles(alike: Sequence[Span]) -> Iterator[SpanId]:
    """Those of one tool's spans that lie in another: in order of their start it has begun, and ends no earlier."""
    latest_end: datetime | None = None
    by_time = sorted(alike, key=lambda tool: (tool.started_at, EPOCH - tool.ended_at))
    for (_, ended_at), at_once in groupby(by_time, key=lambda tool: (tool.started_at, tool.ended_at)):
        if latest_end is not None and ended_at <= latest_end:
            yield from (tool.span_id for tool in at_once)
        else:
            latest_end = ended_at
            yield from _doubles_at_once(list(at_once))


def _doubles_at_once(tools: Sequence[Span]) -> Iterator[SpanId]:
    """Those of spans of the very same time that another one comes before: its parent, or else one with a smaller id."""
    ids = {tool.span_id for tool in tools}
    smaller_children = Counter(tool.parent_id for tool in tools if tool.parent_id and tool.span_id < tool.parent_id)
    for place, tool in enumerate(sorted(tools, key=lambda tool: tool.span_id)):
        has_parent = tool.parent_id in ids and tool.parent_id != tool.span_id
        if has_parent or place > smaller_children[tool.span_id]:
            yield tool.span_id


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
