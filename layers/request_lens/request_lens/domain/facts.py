"""Facts: what API Gateway and Bedrock reported, exactly as observed.

A fact never changes once stored. Times are aware UTC datetimes, latencies whole milliseconds, and an unknown value is
None, never 0.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NewType

from request_lens.domain.times import MS

RequestId = NewType("RequestId", str)
"""API Gateway's own id of a request: `$context.extendedRequestId`; an HTTP API's `$context.requestId` is the same."""

InvocationId = NewType("InvocationId", str)
"""`requestId` of a ModelInvocationLog event: one attempt to call a model."""

TraceId = NewType("TraceId", str)
"""32 hexadecimal digits, without X-Ray's dashes. The first eight are the second in which the trace began."""

LOG_PRECISION_MS = 1000
"""Bedrock floors an invocation's timestamp to the whole second in which the call started."""

TOOL_USE = "tool_use"
"""The stop reason of Converse and Anthropic's messages for a tool; the Responses API has no word of its own for it."""

TOOL_STOP_REASONS = frozenset({TOOL_USE, "tool_calls"})
"""The stop reasons of a call that waits for a tool's result: the second is of chat completions."""

GUARDRAIL_INTERVENED = "guardrail_intervened"
"""The stop reason of a call that a guardrail blocked or masked."""

THROTTLING_ERRORS = frozenset({"ThrottlingException", "TooManyRequestsException", "ModelNotReadyException"})
"""Error codes that mean "slow down", with HTTP status 429: counted as `LlmThrottles` among the `LlmErrors`.

ServiceQuotaExceededException is none: it has status 400, and SDKs do not try such a call again
(botocore 1.44.5, service-2.json of bedrock-runtime and retries/standard.py).
"""


CLIENT_ERROR, SERVER_ERROR = 400, 500
"""The least statuses that say that the caller, or else the API, is at fault (RFC 9110, sections 15.5 and 15.6)."""

LEFT_EARLY = frozenset({202, 499, 503, 504})
"""Statuses of requests whose agent may run on: accepted for later (202), left by the client (499), given up by API
Gateway (504, and HTTP APIs time out with 503)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One API request as its access-log record reports it.

    `duration_ms` is None where the log format has no latency: then only tags link to the request.
    `started_precision_ms` is 1, or 1000 where the format's only time is floored to a whole second. `streamed`: the
    answer was sent piece by piece, while its agent still worked. `claimed_id` is the id in its log line where another
    request had that first: a client of a REST API chooses it. `trace_id` is what X-Ray and agents' telemetry call the
    work done for it, where the line names that. `lambda_request_id` is the id under which its integration answered: of
    a Lambda function, the run's own.
    """

    request_id: RequestId
    route: str
    status: int
    started_at: datetime
    duration_ms: int | None
    started_precision_ms: int = 1
    streamed: bool = False
    claimed_id: RequestId | None = None
    trace_id: TraceId | None = None
    lambda_request_id: str | None = None

    def is_another_than(self, other: "Request") -> bool:
        """Whether the two cannot have begun at one moment: then they are two requests, whatever their ids are."""
        return self.started_at > other.latest_start or other.started_at > self.latest_start

    @property
    def has_failed(self) -> bool:
        """Whether the API failed it, by its status: 500 or above."""
        return self.status >= SERVER_ERROR

    @property
    def was_refused(self) -> bool:
        """Whether it was the caller's fault, by its status: 400 to 499. Such a request has not failed."""
        return CLIENT_ERROR <= self.status < SERVER_ERROR

    @property
    def may_run_on(self) -> bool:
        """Whether its agent may go on after its end: the client or API Gateway left it, or it answered beforehand."""
        return self.streamed or self.status in LEFT_EARLY

    @property
    def ended_at(self) -> datetime | None:
        """The moment of the response, or None where the duration is unknown."""
        if self.duration_ms is None:
            return None
        return self.started_at + self.duration_ms * MS

    @property
    def latest_start(self) -> datetime:
        """The latest moment at which it can have started: a start in whole seconds hides up to one of them."""
        return self.started_at + (self.started_precision_ms - 1) * MS

    @property
    def latest_end(self) -> datetime | None:
        """The latest moment at which it can have ended, or None where the duration is unknown."""
        if self.duration_ms is None:
            return None
        return self.started_at + (self.started_precision_ms - 1 + self.duration_ms) * MS


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenCounts:
    """Tokens of one invocation by class; None is unknown, which adds nothing to a sum.

    `input` excludes cached tokens, as `inputTokenCount` of the log does. `cache_write_1h` are those of `cache_write`
    that are kept for an hour, where the body tells them apart from those kept for five minutes; a log that contradicts
    itself has more of them. `longest_prompt` is the input of the longest prompt, cached tokens included, where the call
    was several: to compact its conversation, or for a tool that the service ran.
    """

    input: int | None = None
    output: int | None = None
    cache_read: int | None = None
    cache_write: int | None = None
    cache_write_1h: int | None = None
    longest_prompt: int | None = None

    @property
    def prompt(self) -> int:
        """The input tokens by which a price for long prompts counts: cached ones too, and each once."""
        counted = (self.input or 0) + (self.cache_read or 0) + (self.cache_write or 0)
        return counted if self.longest_prompt is None else self.longest_prompt

    @property
    def any_counted(self) -> bool:
        """Whether any token is known to have been taken or made."""
        return bool(self.input or self.output or self.cache_read or self.cache_write)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """What the caller put into `requestMetadata`; trusted for attribution only.

    `call_index` counts 1, 2 … within the request; `call_started_ms` is in epoch milliseconds.
    """

    request_id: RequestId
    call_index: int | None = None
    call_started_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """What the `chain` method needs of a conversation's bodies: ids alone, never text.

    `returned` are the ids of tool uses whose results the messages bring that came since the model's last answer,
    `produced` those that this answer asks for.
    """

    returned: tuple[str, ...] = ()
    produced: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """One `ModelInvocationLog` event: one attempt to call a model, failed and throttled ones included.

    `logged_at` is the log's timestamp: the call's start, floored to a whole second. `conversation` is None for calls
    without a readable body and for embeddings: they are no loops. `region` is where the caller called Bedrock, also
    where an inference profile ran the model elsewhere. `first_byte_latency_ms` is known of some streams only.
    `inference_profile` is the application inference profile that was called, where `model_id` is the model behind it.
    """

    invocation_id: InvocationId
    model_id: str
    operation: str
    logged_at: datetime
    latency_ms: int | None = None
    stop_reason: str | None = None
    error_code: str | None = None
    tokens: TokenCounts = field(default_factory=TokenCounts)
    caller_role: str | None = None
    tag: Tag | None = None
    conversation: Conversation | None = None
    region: str | None = None
    service_tier: str | None = None
    first_byte_latency_ms: int | None = None
    guardrail_intervened: bool = False
    inference_profile: str | None = None

    @property
    def latency(self) -> timedelta:
        """How long the call took; zero where that is unknown."""
        return (self.latency_ms or 0) * MS

    @property
    def is_llm_call(self) -> bool:
        """Whether the attempt reached the model and succeeded."""
        return self.error_code is None

    @property
    def is_throttled(self) -> bool:
        """Whether the attempt failed because of throttling."""
        return self.error_code in THROTTLING_ERRORS

    @property
    def may_be_charged(self) -> bool:
        """Whether Bedrock may ask a price: the attempt succeeded, or broke off after its log counted tokens."""
        return self.is_llm_call or self.tokens.any_counted

    @property
    def waits_for_tool(self) -> bool:
        """Whether the call stopped for a tool, so that another call is due to follow."""
        return self.stop_reason in TOOL_STOP_REASONS


type Fact = Request | Invocation
"""A request's record or an invocation, as observed."""


def count_indexed(calls: Iterable[Invocation]) -> int | None:
    """The n where the tags' `call_index` run 1, 2 … n without a gap; None where one is missing, unknown or used twice.

    An SDK's retry repeats the whole tag. Two starts of one index are two calls, which two processes have numbered, each
    without the other's: what they count to proves nothing.
    """
    tags = {(call.tag.call_index, call.tag.call_started_ms) for call in calls if call.tag is not None}
    indices = {index for index, _ in tags}
    is_gapless = indices == set(range(1, len(indices) + 1))
    return len(indices) if indices and is_gapless and len(tags) == len(indices) else None


def last_attempts(calls: Iterable[Invocation]) -> Sequence[Invocation]:
    """The attempts at the last call where tags prove that all calls are there; none where they do not.

    Their `call_index` run to it without a gap, and it has an answer that stopped for something but a tool. An SDK's
    retries share its tag.
    """
    calls = list(calls)
    last_index = count_indexed(calls)
    attempts = [call for call in calls if call.tag is not None and call.tag.call_index == last_index]
    if last_index is None or any(call.waits_for_tool for call in attempts):
        return ()
    return [call for call in attempts if call.is_llm_call and call.stop_reason is not None]
