"""Facts for the tests of the domain and the use cases, and a small world that the use cases run in.

Seconds count from START, which is a whole second, as Bedrock's timestamps are.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from request_lens.domain.facts import Conversation, Invocation, InvocationId, Request, RequestId, Tag, TokenCounts
from request_lens.domain.linking.link import Confidence, Link, LinkedInvocation, Method, UnlinkedInvocation
from request_lens.domain.policy import Policy

START = datetime(2025, 12, 4, 18, 27, 2, tzinfo=UTC)
MODEL = "jp.anthropic.claude-haiku-4-5-20251001-v1:0"
ROLE = "agent-role"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DUE_S = Policy().due_after.total_seconds()
"""How long after its logged second a call is due where the policy is the default."""


def at(seconds: float) -> datetime:
    """The moment so many seconds after START."""
    return START + timedelta(seconds=seconds)


def request(
    request_id: str = "r1",
    start: float = 0.0,
    *,
    duration_ms: int | None = 5_000,
    status: int = 200,
    route: str = "POST /ask",
) -> Request:
    """A request's record."""
    return Request(
        request_id=RequestId(request_id), route=route, status=status, started_at=at(start), duration_ms=duration_ms
    )


def call(
    invocation_id: str = "i1",
    logged: float = 0,
    *,
    latency_ms: int | None = 1_000,
    returned: Sequence[str] = (),
    produced: Sequence[str] = (),
    stop_reason: str | None = None,
    error_code: str | None = None,
    role: str | None = ROLE,
    tag: Tag | None = None,
    model_id: str = MODEL,
) -> Invocation:
    """A call with a conversation, which stops for a tool where it asks for one; a failed one has no body."""
    reason = stop_reason or ("tool_use" if produced else "end_turn")
    failed = error_code is not None
    return Invocation(
        invocation_id=InvocationId(invocation_id),
        model_id=model_id,
        operation="ConverseStream",
        logged_at=at(logged),
        latency_ms=None if failed else latency_ms,
        stop_reason=None if failed else reason,
        error_code=error_code,
        tokens=TokenCounts() if failed else TokenCounts(input=1011, output=31),
        caller_role=role,
        tag=tag,
        conversation=None if failed else Conversation(returned=tuple(returned), produced=tuple(produced)),
    )


def tag(request_id: str = "r1", call_index: int | None = None, *, started: float | None = None) -> Tag:
    """A tag; `started` is the call's start in seconds after START."""
    started_ms = None if started is None else (at(started) - EPOCH) // timedelta(milliseconds=1)
    return Tag(request_id=RequestId(request_id), call_index=call_index, call_started_ms=started_ms)


def link(request_id: str = "r1", method: Method = Method.WINDOW, confidence: Confidence = Confidence.INFERRED) -> Link:
    """A link to a request."""
    return Link(request_id=RequestId(request_id), method=method, confidence=confidence)


def linked(invocation: Invocation, to: Link | None = None) -> LinkedInvocation:
    """An invocation under its request: its tag's, or the one given."""
    if invocation.tag is not None and to is None:
        return LinkedInvocation(
            invocation=invocation, link=link(invocation.tag.request_id, Method.TAG, Confidence.EXACT)
        )
    return LinkedInvocation(invocation=invocation, link=to or link())


def pending(invocation: Invocation, *, stored: float | None = None) -> UnlinkedInvocation:
    """An untagged invocation without a decision; it is stored 10 s after its timestamp unless said otherwise."""
    stored_at = invocation.logged_at + timedelta(seconds=10) if stored is None else at(stored)
    return UnlinkedInvocation(invocation=invocation, stored_at=stored_at)


def chain_of_two(prefix: str, first: float, second: float, *, latency_ms: int = 1_000) -> list[Invocation]:
    """Two untagged calls of one loop: the first asks for a tool, the second returns its result."""
    tool = f"{prefix}-tool"
    return [
        call(f"{prefix}-1", first, latency_ms=latency_ms, produced=[tool]),
        call(f"{prefix}-2", second, latency_ms=latency_ms, returned=[tool]),
    ]
