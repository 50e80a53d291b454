"""A request and its calls as JSON has them, as types: the part of the JSON schema that most outputs share."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal, TypedDict, get_args

from pydantic import Field

from request_lens.domain.linking.link import Confidence, Method, Reason
from request_lens.domain.pricing import Unpriced
from request_lens.presentation.certainty import CallsAre
from request_lens_cli.report.selection import State

type Json = str | int | float | bool | Mapping[str, Json] | Sequence[Json] | None
"""A JSON value."""

type Document = Mapping[str, Json]
"""A JSON object."""

type Time = Annotated[
    str, Field(description="ISO 8601 in UTC, with milliseconds", pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
]
type Ms = Annotated[int, Field(description="milliseconds")]
type Count = Annotated[int, Field(ge=0)]
type Least = Literal[
    "llm_calls",
    "llm_errors",
    "llm_throttles",
    "input_tokens",
    "output_tokens",
    "cache_read_input_tokens",
    "cache_write_input_tokens",
    "estimated_cost_usd",
    "unpriced_calls",
]
LEAST_KEYS: Sequence[Least] = get_args(Least.__value__)
"""The keys that `at_least` may name, in its order."""

type Usd = Annotated[float, Field(description="an estimate in USD", ge=0)]


class LinkDocument(TypedDict):
    """How a call was correlated with its request, and how surely."""

    method: Method
    confidence: Confidence


class CallDocument(TypedDict):
    """One attempt to call a model; with an `error_code` it failed."""

    invocation_id: str
    model_id: str
    operation: str
    started_at: Time
    started_precision_ms: Annotated[int, Field(description="1, or 1000 where the start is known to the second")]
    latency_ms: Ms | None
    stop_reason: str | None
    error_code: str | None
    input_tokens: Count | None
    output_tokens: Count | None
    cache_read_input_tokens: Count | None
    cache_write_input_tokens: Count | None
    estimated_cost_usd: Usd | None
    unpriced: Annotated[Unpriced | None, Field(description="why it has no cost")]


class LinkedCallDocument(CallDocument):
    """A call under its request."""

    link: LinkDocument


class UnattributedDocument(CallDocument):
    """A call that belongs to no request we know."""

    link: None
    reason: Reason
    candidates: Annotated[int, Field(description="how many requests it fits", ge=0)]


class UnlinkedCallDocument(CallDocument):
    """A call without a link, asked for by its id: not decided yet where its reason is null."""

    link: None
    reason: Reason | None
    candidates: Annotated[int | None, Field(description="how many requests it fits", ge=0)]
    fitting_requests: Annotated[list[str] | None, Field(description="their ids; null: what is read does not tell them")]


class PossibleCallDocument(CallDocument):
    """A call that may be an uncertain request's own: not decided yet where reason and linked_to are null."""

    reason: Reason | None
    candidates: Annotated[int | None, Field(description="how many requests it fits", ge=0)]
    linked_to: Annotated[str | None, Field(description="the request that it is assumed to belong to")]


class PricesDocument(TypedDict):
    """The price table that a cost was estimated with."""

    name: str
    version: str
    date: str


class TimePartsDocument(TypedDict):
    """Where a request's time went: each of its milliseconds once, so that the parts add up to its duration."""

    llm_ms: Annotated[Ms, Field(description="waiting for Bedrock")]
    llm_elsewhere_ms: Annotated[Ms, Field(description="waiting for models elsewhere")]
    tools: Annotated[Mapping[str, Ms], Field(description="waiting for each tool, by its name")]
    memory_ms: Annotated[Ms | None, Field(description="waiting for memory; null: its spans are not read (agent_ms)")]
    agent_ms: Annotated[Ms, Field(description="the rest of the agents' runs")]
    outside_ms: Annotated[Ms, Field(description="before, between and after the agents' runs")]


class ToolDocument(TypedDict):
    """One run of a tool."""

    tool: str
    started_at: Time
    duration_ms: Ms
    failed: bool


class RequestDocument(TypedDict):
    """One API request; while it is pending, `revision` is 0 and all that its calls add up to is null."""

    request_id: str
    route: str
    status: int
    started_at: Time
    ended_at: Time | None
    duration_ms: Ms | None
    revision: Count
    llm_calls: Annotated[
        Count | None, Field(description="at least so many where possible_calls or missing_calls is not 0")
    ]
    llm_errors: Annotated[Count | None, Field(description="null, too, where none is known, and at_least would name it")]
    llm_throttles: Annotated[Count | None, Field(description="those of llm_errors that were throttled; null alike")]
    possible_calls: Annotated[Count | None, Field(description="unlinked calls that may be its own; null is unknown")]
    possible_failed_calls: Annotated[
        Count | None, Field(description="failed attempts that nobody has and that may be its own; null is unknown")
    ]
    certain_since: Annotated[int | None, Field(description="the revision since which possible_calls is 0")]
    llm_time_ms: Ms | None
    tool_time_ms: Ms | None
    non_llm_time_ms: Ms | None
    input_tokens: Count | None
    output_tokens: Count | None
    cache_read_input_tokens: Count | None
    cache_write_input_tokens: Count | None
    at_least: Annotated[
        list[Least] | None,
        Field(
            description="numbers that may be more: all while missing_calls is not 0; llm_errors and llm_throttles "
            "while possible_failed_calls is not, all others while possible_calls is not; sums that a call leaves out"
        ),
    ]
    estimated_cost_usd: Annotated[Usd | None, Field(description="0 where no call was made; null is unknown")]
    unpriced_calls: Annotated[Count | None, Field(description="calls that estimated_cost_usd leaves out; null alike")]
    prices: PricesDocument | None
    trace_id: Annotated[str | None, Field(description="32 hexadecimal digits")]
    trace_url: Annotated[str | None, Field(description="where AWS's console shows the trace; null of files")]
    session_id: str | None
    complete: Annotated[bool | None, Field(description="whether all its calls are linked, as its spans prove")]
    missing_calls: Annotated[Count | None, Field(description="calls with a span that are missing in the log under it")]
    missing_invocation_ids: Annotated[list[str] | None, Field(description="the first of the missing calls")]
    calls_elsewhere: Annotated[Count | None, Field(description="calls in other Regions, whose logs do not come here")]
    time_by: TimePartsDocument | None
    first_token_ms: Annotated[Ms | None, Field(description="from its start to its answer's first token")]
    tools: Annotated[list[ToolDocument] | None, Field(description="the first 100 runs of tools")]
    gateway_overhead_ms: Annotated[Ms | None, Field(description="what AgentCore's gateway added to its tools")]
    state: Annotated[
        State,
        Field(
            description="older than calls_are, which says more: pending is pending, uncertain is at_least, certain is "
            "exact, about, or at_least where calls are missing; the table's own attribute has settled for the last two",
            deprecated=True,
        ),
    ]
    calls_are: Annotated[
        CallsAre,
        Field(
            description="what llm_calls is: exact, by tags or traces alone; about (≈), all calls counted and one of "
            "them linked by time; at_least (≥), more calls are possible, or some are missing; pending (null)"
        ),
    ]
    runaway: bool
    invocations: list[LinkedCallDocument]


class ShownDocument(RequestDocument):
    """`show --format json`: a request, and the calls that may be its own."""

    possible: Annotated[
        list[PossibleCallDocument] | None,
        Field(description="as things stand; null: it is unknown which may be its own"),
    ]
