"""Drawn requests of agents that send spans, as lines of their logs, with the shape of real traces, and the truth.

Each is one `POST /invocations` of an agent's loop: calls, each with a framework's span around it, and a tool between
two of them, of which some run several times at once; some have a nested agent, whose own sum of tokens its parent's
leaves out, and some cache.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace

from tests.support.telemetry.span_shapes import entry, mcp_tool, strands_chat
from tests.support.telemetry.traced_lines import DrawnCall, Line, RequestLines, Source, TracedRequest

_TOOLS = ("current_time", "find_order", "list_departments")


def traffic(dice: random.Random, source: Source, *, requests: int, at_once: int) -> list[TracedRequest]:
    """So many requests, laid over one another at random so that about `at_once` run at a time."""
    mean_gap_ms = 6_000 // at_once
    began_ms, drawn = 0, []
    for number in range(requests):
        drawn.append(_Drawing(dice, number, began_ms, source).request())
        began_ms += dice.randint(mean_gap_ms // 3, mean_gap_ms * 5 // 3) + (15_000 if at_once == 1 else 0)
    return drawn


def disturbed(lines: Sequence[Line], dice: random.Random, *, share: float, latest_ms: int) -> list[Line]:
    """The lines, of whose spans so large a share is lost, late by up to `latest_ms`, or doubled."""
    return [found for line in lines for found in _fate(line, dice, share=share, latest_ms=latest_ms)]


def _fate(line: Line, dice: random.Random, *, share: float, latest_ms: int) -> Iterator[Line]:
    fate = dice.choice(("lost", "late", "doubled")) if line.is_span and dice.random() < share else "as ever"
    later = replace(line, at_ms=line.at_ms + dice.randint(1_000, latest_ms))
    if fate in ("as ever", "doubled"):
        yield line
    if fate in ("late", "doubled"):
        yield later


class _Drawing:
    """One request while it is drawn: `now` is the time in it, in ms after the traffic's begin."""

    def __init__(self, dice: random.Random, number: int, began_ms: int, source: Source) -> None:
        self._dice, self._log = dice, RequestLines(dice, number, began_ms, source)
        self._apart = random.Random(number)  # of tools' outcomes, and of runs at once
        self._is_cached = dice.random() < 0.5
        self._now = began_ms + dice.randint(20, 60)

    def request(self) -> TracedRequest:
        """The request with all of its lines."""
        entry_ms = self._now
        self._tick(5, 30)
        self._loop(self._dice.randint(1, 5), may_nest=True)
        self._tick(2, 10)
        self._log.span(entry(started_ms=entry_ms, ended_ms=self._now), ended_ms=self._now)
        self._tick(5, 30)
        return self._log.finished(self._now)

    def _loop(self, calls: int, *, may_nest: bool) -> tuple[int, int]:
        """An agent's run: its calls, a tool after each but the last; answers with the tokens that it sums up."""
        begun_ms, taken, given = self._now, 0, 0
        for number in range(calls):
            self._tick(3, 12)
            asked_for, answer = self._call(waits=number < calls - 1)
            taken, given = taken + asked_for, given + answer
            if number < calls - 1:
                self._tool(nests=may_nest and self._dice.random() < 0.1)
        self._tick(1, 5)
        self._log.agent(begun_ms, self._now, taken=taken, given=given)
        return taken, given

    def _tool(self, *, nests: bool) -> None:
        begun_ms = self._now
        if nests:
            self._tick(2, 8)
            self._loop(self._dice.randint(1, 2), may_nest=False)
        self._tick(30, 900)
        name = self._dice.choice(_TOOLS)
        self._run(name, begun_ms, self._now)
        for _ in range(self._apart.choice((0, 0, 1, 2))):
            begins_ms = self._apart.randint(begun_ms, self._now)
            self._run(name, begins_ms, self._apart.randint(begins_ms, self._now))

    def _run(self, name: str, begun_ms: int, ended_ms: int) -> None:
        """One run of a tool; of some their MCP client tells, too, with the framework's span for a parent and no id."""
        failed = self._apart.random() < 0.3
        parent_id = self._log.tool(name, begun_ms, ended_ms, failed=failed)
        if self._apart.random() < 0.5:
            client = mcp_tool(name, started_ms=begun_ms, ended_ms=ended_ms, parent_id=parent_id)
            self._log.span(client, ended_ms=ended_ms)

    def _call(self, *, waits: bool) -> tuple[int, int]:
        """A call and the framework's span around it; answers with its tokens as the framework counts them."""
        tokens, cached, given = self._dice.randint(100, 3000), 900 if self._is_cached else 0, self._dice.randint(5, 400)
        chat_ms = self._now
        self._tick(1, 4)
        begun_ms = self._now
        self._tick(200, 2_500)
        self._log.call(
            DrawnCall(begun_ms=begun_ms, ended_ms=self._now, asked=tokens, cached=cached, given=given, waits=waits)
        )
        self._tick(1, 4)
        self._log.span(strands_chat(started_ms=chat_ms, ended_ms=self._now), ended_ms=self._now)
        return tokens + cached, given

    def _tick(self, least_ms: int, most_ms: int) -> None:
        self._now += self._dice.randint(least_ms, most_ms)
