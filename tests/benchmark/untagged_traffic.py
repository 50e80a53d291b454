"""Traffic whose true links are known: untagged agent requests at random, as API Gateway and Bedrock would log them."""

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from request_lens.domain.facts import Conversation, Fact, Invocation, InvocationId, Request, RequestId, TokenCounts

AGENT_ROLE = "agent-role"
START = datetime(2025, 12, 4, 18, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """Facts, and by invocation the request that truly made it (None: another caller)."""

    facts: tuple[Fact, ...]
    truth: dict[InvocationId, RequestId | None]


def untagged_traffic(*, mean_gap_s: float, requests: int, seed: int) -> Traffic:
    """Requests that begin at random, `mean_gap_s` apart on average, with one loop of 1-5 calls and 0.5-15 s each."""
    chance = random.Random(seed)
    facts: list[Fact] = []
    truth: dict[InvocationId, RequestId | None] = {}
    began_ms = 0.0
    for number in range(requests):
        began_ms += chance.expovariate(1 / (mean_gap_s * 1000))
        request_id = RequestId(f"r{number}")
        calls, duration_ms = _loop(request_id, began_ms, chance)
        started_at = START + timedelta(milliseconds=int(began_ms))
        facts.append(
            Request(
                request_id=request_id, route="POST /ask", status=200, started_at=started_at, duration_ms=duration_ms
            )
        )
        facts += calls
        truth |= {each.invocation_id: request_id for each in calls}
    return Traffic(facts=tuple(facts), truth=truth)


def _loop(request_id: RequestId, began_ms: float, chance: random.Random) -> tuple[list[Invocation], int]:
    """The calls of one agent loop, and how long its request lasts."""
    steps = chance.choices((1, 2, 3, 4, 5), weights=(35, 35, 15, 10, 5))[0]
    now_ms = began_ms + chance.uniform(50, 500)
    calls: list[Invocation] = []
    for step in range(steps):
        latency_ms = int(chance.uniform(400, 2_600))
        calls.append(_call(request_id, step, now_ms, latency_ms, last=step == steps - 1))
        now_ms += latency_ms + (chance.uniform(50, 900) if step < steps - 1 else 0)
    return calls, int(now_ms + chance.uniform(30, 400) - began_ms)


def _call(request_id: RequestId, step: int, at_ms: float, latency_ms: int, *, last: bool) -> Invocation:
    started_at = START + timedelta(milliseconds=at_ms)
    return Invocation(
        invocation_id=InvocationId(f"{request_id}-{step}"),
        model_id="model",
        operation="ConverseStream",
        logged_at=started_at.replace(microsecond=0),
        latency_ms=latency_ms,
        stop_reason="end_turn" if last else "tool_use",
        tokens=TokenCounts(input=900, output=50),
        caller_role=AGENT_ROLE,
        conversation=Conversation(
            returned=(f"{request_id}-tool-{step - 1}",) if step else (),
            produced=() if last else (f"{request_id}-tool-{step}",),
        ),
    )
