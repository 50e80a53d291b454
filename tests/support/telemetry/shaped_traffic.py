"""Requests in the shapes that real agents' had, laid over one another at random offsets, as lines of their logs."""

import random
from collections.abc import Sequence
from typing import Any

from tests.support.telemetry.agent_shapes import AgentShape, ChatStep, Framework, ToolStep
from tests.support.telemetry.span_shapes import (
    agentcore_call,
    entry,
    gateway_tool,
    langchain_chat,
    mcp_tool,
    strands_chat,
)
from tests.support.telemetry.traced_lines import DrawnCall, RequestLines, Source, TracedRequest

type Json = Any

HTTP_LIMIT_MS = 30_000
"""When an HTTP API answers with 503, while its agent works on."""

_CACHED = 3_000
"""Tokens of a prompt that a cache holds, where there is one: no shape's first prompt that caches is shorter."""


def shaped_traffic(
    dice: random.Random, source: Source, shapes: Sequence[AgentShape], *, requests: int, at_once: int
) -> list[TracedRequest]:
    """So many requests of these shapes, about `at_once` of them at a time; of one at a time none meets another."""
    mean_ms = sum(shape.ended_ms for shape in shapes) // len(shapes)
    began_ms, drawn = 0, []
    for number in range(requests):
        shape = shapes[number % len(shapes)] if number < len(shapes) else dice.choice(shapes)
        drawn.append(_Drawing(dice, number, began_ms, shape, source).request())
        gap_ms = dice.randint(0, 2 * mean_ms // at_once)
        began_ms += shape.ended_ms + 5_000 + gap_ms if at_once == 1 else gap_ms
    return drawn


class _Drawing:
    """One request of a shape while it is drawn, which begins so many ms after the traffic does."""

    def __init__(self, dice: random.Random, number: int, began_ms: int, shape: AgentShape, source: Source) -> None:
        self._dice, self._began_ms, self._shape = dice, began_ms, shape
        self._log = RequestLines(dice, number, began_ms, source)
        self._cached = _CACHED if dice.random() < 0.5 else 0
        self._answers_by_ms = HTTP_LIMIT_MS if source.is_http else None

    def request(self) -> TracedRequest:
        """The request with all of its lines."""
        shape = self._shape
        for chat in shape.chats:
            self._chat(chat)
        for tool in shape.tools:
            self._tool(tool)
        for step in shape.memory:
            self._span(agentcore_call("ListEvents", **self._times(*step)), step[1])
        if shape.framework is Framework.STRANDS:
            begun_ms, ended_ms = self._began_ms + shape.entry_ms + 1, self._began_ms + shape.ended_ms - 2
            sums = {"taken": sum(chat.asked for chat in shape.chats), "given": sum(chat.given for chat in shape.chats)}
            self._log.agent(begun_ms, ended_ms, **sums)
        self._span(entry(**self._times(shape.entry_ms, shape.ended_ms)), shape.ended_ms)
        if self._answers_by_ms and shape.ended_ms > self._answers_by_ms:
            return self._log.finished(self._began_ms + self._answers_by_ms, status=503)
        return self._log.finished(self._began_ms + shape.ended_ms + self._dice.randint(5, 30))

    def _chat(self, chat: ChatStep) -> None:
        """A call and the framework's span around it."""
        around = langchain_chat if self._shape.framework is Framework.LANGCHAIN else strands_chat
        self._span(around(**self._times(chat.begun_ms, chat.ended_ms)), chat.ended_ms)
        if not self._shape.is_logged:
            return
        cached = self._cached if chat.asked > self._cached else 0
        before = max((each for each in self._shape.chats if each.begun_ms < chat.begun_ms), key=_begin, default=None)
        asks_for = self._uses_after(chat)
        call = DrawnCall(
            begun_ms=self._began_ms + chat.begun_ms + self._dice.randint(0, 3),
            ended_ms=self._began_ms + chat.ended_ms - 1,
            asked=chat.asked - cached,
            cached=cached,
            given=chat.given,
            stream=self._shape.stream,
            brings=self._uses_after(before) if before else (),
            asks_for=asks_for,
            waits=bool(asks_for),
        )
        self._log.call(call)

    def _tool(self, tool: ToolStep) -> None:
        """A tool as its framework, the gateway's client and the gateway report it: once each."""
        begun_ms, ended_ms = (self._began_ms + each for each in (tool.begun_ms, tool.ended_ms))
        self._log.tool(tool.name, begun_ms, ended_ms, failed=tool.failed)
        self._span(mcp_tool(tool.name, **self._times(tool.begun_ms + 1, tool.ended_ms - 1)), tool.ended_ms - 1)
        within = self._times(tool.begun_ms + 20, tool.ended_ms - 20)
        self._span(gateway_tool(tool.name, **within), tool.ended_ms - 20)

    def _span(self, record: dict[str, Json], ended_ms: int) -> None:
        self._log.span(record, ended_ms=self._began_ms + ended_ms)

    def _times(self, begun_ms: int, ended_ms: int) -> dict[str, Any]:
        return {"started_ms": self._began_ms + begun_ms, "ended_ms": self._began_ms + ended_ms}

    def _uses_after(self, chat: ChatStep) -> Sequence[str]:
        """The ids of the uses of tools that this call asks for, and the next one brings the results of."""
        return [f"tooluse_{self._began_ms}_{tool.name}" for tool in self._shape.asked_for_after(chat)]


def _begin(chat: ChatStep) -> int:
    return chat.begun_ms
