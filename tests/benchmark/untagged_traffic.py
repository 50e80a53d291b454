"""Traffic whose true links are known: untagged agent requests at random, as API Gateway and Bedrock would log them."""

import random
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from request_lens.domain.facts import Conversation, Fact, Invocation, InvocationId, Request, RequestId, TokenCounts

AGENT_ROLE, OTHER_ROLE = "agent-role", "other-role"
START = datetime(2025, 12, 4, 18, 0, tzinfo=UTC)

REQUESTS = 300
"""Requests of one simulated traffic."""

SEED = 20251204


@dataclass(frozen=True, slots=True, kw_only=True)
class Mix:
    """What runs beside one loop a request, or instead; shares are of requests, or of calls where it says so.

    `other_callers` is the number of calls of another role per request; a throttled call is an error without a body that
    its retry follows; `timed_out` requests end with 503 while their agent goes on; `overlong` ones take a minute more.
    """

    other_callers: float = 0
    second_loops: float = 0
    throttled_calls: float = 0
    timed_out: float = 0
    overlong: float = 0
    bodies: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """Facts, and by invocation the request that truly made it (None: another caller)."""

    facts: tuple[Fact, ...]
    truth: dict[InvocationId, RequestId | None]


def untagged_traffic(*, mean_gap_s: float, requests: int, seed: int, mix: Mix | None = None) -> Traffic:
    """Requests that begin at random, `mean_gap_s` apart on average, with one loop of 1-5 calls and 0.5-15 s each."""
    drawn = _Drawn(random.Random(seed), mix or Mix())
    began_ms = 0.0
    for number in range(requests):
        began_ms += drawn.chance.expovariate(1 / (mean_gap_s * 1000))
        drawn.add_request(RequestId(f"r{number}"), began_ms)
    span_ms = began_ms
    for number in range(round(drawn.mix.other_callers * requests)):
        drawn.add_stranger(number, drawn.chance.uniform(0, span_ms))
    return Traffic(facts=tuple(drawn.facts), truth=drawn.truth)


class _Drawn:
    """Facts as they are drawn."""

    def __init__(self, chance: random.Random, mix: Mix) -> None:
        self.chance = chance
        self.mix = mix
        self.facts: list[Fact] = []
        self.truth: dict[InvocationId, RequestId | None] = {}

    def add_request(self, request_id: RequestId, began_ms: float) -> None:
        """One request with its loop, or two, and its record."""
        first_ms = began_ms + self.chance.uniform(50, 500)
        if self.mix.overlong and self.chance.random() < self.mix.overlong:
            first_ms += 60_000
        ended_ms = self._add_loop(request_id, request_id, first_ms)
        if self.chance.random() < self.mix.second_loops:
            second_ms = self._add_loop(request_id, f"{request_id}-guard", began_ms + self.chance.uniform(50, 1_500))
            ended_ms = max(ended_ms, second_ms)
        timed_out = self.chance.random() < self.mix.timed_out
        duration_ms = int(ended_ms + self.chance.uniform(30, 400) - began_ms)
        self.facts.append(
            Request(
                request_id=request_id,
                route="POST /ask",
                status=503 if timed_out else 200,
                started_at=START + timedelta(milliseconds=int(began_ms)),
                duration_ms=duration_ms // 2 if timed_out else duration_ms,
            )
        )

    def add_stranger(self, number: int, at_ms: float) -> None:
        """One call of another role, for no request."""
        call = replace(_call(f"other{number}", 0, at_ms, 1_500, last=True), caller_role=OTHER_ROLE)
        self._add(call, None)

    def _add_loop(self, request_id: RequestId, name: str, began_ms: float) -> float:
        """One agent loop; answers with the moment of its end."""
        steps = self.chance.choices((1, 2, 3, 4, 5), weights=(35, 35, 15, 10, 5))[0]
        now_ms = began_ms
        for step in range(steps):
            if self.chance.random() < self.mix.throttled_calls:
                self._add(_throttled(f"{name}-{step}-throttled", now_ms), request_id)
                now_ms += self.chance.uniform(200, 1_200)
            latency_ms = int(self.chance.uniform(400, 2_600))
            self._add(_call(name, step, now_ms, latency_ms, last=step == steps - 1), request_id)
            now_ms += latency_ms + (self.chance.uniform(50, 900) if step < steps - 1 else 0)
        return now_ms

    def _add(self, call: Invocation, request_id: RequestId | None) -> None:
        if not self.mix.bodies:
            call = replace(call, latency_ms=None, stop_reason=None, conversation=None)
        self.facts.append(call)
        self.truth[call.invocation_id] = request_id


def _call(name: str, step: int, at_ms: float, latency_ms: int, *, last: bool) -> Invocation:
    return Invocation(
        invocation_id=InvocationId(f"{name}-{step}"),
        model_id="model",
        operation="ConverseStream",
        logged_at=(START + timedelta(milliseconds=at_ms)).replace(microsecond=0),
        latency_ms=latency_ms,
        stop_reason="end_turn" if last else "tool_use",
        tokens=TokenCounts(input=900, output=50),
        caller_role=AGENT_ROLE,
        conversation=Conversation(
            returned=(f"{name}-tool-{step - 1}",) if step else (),
            produced=() if last else (f"{name}-tool-{step}",),
        ),
    )


def _throttled(name: str, at_ms: float) -> Invocation:
    return Invocation(
        invocation_id=InvocationId(name),
        model_id="model",
        operation="ConverseStream",
        logged_at=(START + timedelta(milliseconds=at_ms)).replace(microsecond=0),
        error_code="ThrottlingException",
        caller_role=AGENT_ROLE,
    )
