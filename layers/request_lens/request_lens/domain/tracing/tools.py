"""Tools, and calls to models that are not Bedrock's, as spans tell them: each once, though several spans report it."""

from collections.abc import Sequence

from request_lens.domain.spans import Span, SpanKind


def tool_runs(spans: Sequence[Span]) -> Sequence[Span]:
    """The spans of tools, in the order given, without those that report an outer one's tool once more.

    A framework's span holds that of its MCP client, and this that of AgentCore's gateway: the outermost is kept, as it
    is what the agent waited for.
    """
    tools = [span for span in spans if span.kind is SpanKind.TOOL]
    return [tool for tool in tools if not any(_is_double(tool, other) for other in tools)]


def _is_double(tool: Span, other: Span) -> bool:
    is_same = tool.tool == other.tool and tool.trace_id == other.trace_id and tool.span_id != other.span_id
    if not is_same or not tool.is_inside(other):
        return False
    return not other.is_inside(tool) or _comes_first(other, tool)


def _comes_first(one: Span, other: Span) -> bool:
    """Which of two spans of the very same time is kept: the parent, or else the one with the smaller id."""
    if other.parent_id == one.span_id or one.parent_id == other.span_id:
        return other.parent_id == one.span_id
    return one.span_id < other.span_id


def chats_elsewhere(spans: Sequence[Span]) -> Sequence[Span]:
    """The calls to models that Bedrock does not log: what a framework reports of one, with no call to Bedrock in it."""
    chats = {span.span_id: span for span in spans if span.kind is SpanKind.CHAT}
    calls = [span for span in spans if span.kind is SpanKind.CALL]
    parents = {call.parent_id for call in calls}
    orphans = [call for call in calls if call.parent_id not in chats]
    return [
        chat
        for chat in chats.values()
        if chat.span_id not in parents and not any(_made(chat, call) for call in orphans)
    ]


def _made(chat: Span, call: Span) -> bool:
    """Whether a call whose own parent was not read was made in the chat's time, by its agent."""
    return call.trace_id == chat.trace_id and call.resource == chat.resource and call.is_inside(chat)
