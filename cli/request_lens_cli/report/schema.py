"""What `--format json` answers, as types: the one source of the JSON schema that `request-lens schema` prints.

Keys stay, and further ones may come: a reader passes over what it does not know. Unknown is null, never 0.
"""

from collections.abc import Mapping
from typing import Annotated, Literal, TypedDict

from pydantic import Field, TypeAdapter

from request_lens.domain.folding.summary import TokenClass
from request_lens.domain.linking.link import Confidence, Method, Reason
from request_lens.domain.log_record import RejectedReason
from request_lens.domain.pricing import Unpriced
from request_lens_cli.report.selection import State

type Time = Annotated[
    str, Field(description="ISO 8601 in UTC, with milliseconds", pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
]
type Ms = Annotated[int, Field(description="milliseconds")]
type Count = Annotated[int, Field(ge=0)]
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


class PricesDocument(TypedDict):
    """The price table that a cost was estimated with."""

    name: str
    version: str
    date: str


class RequestDocument(TypedDict):
    """One API request; while it is pending, `revision` is 0 and all that its calls add up to is null."""

    request_id: str
    route: str
    status: int
    started_at: Time
    ended_at: Time | None
    duration_ms: Ms | None
    revision: Count
    llm_calls: Annotated[Count | None, Field(description="at least so many where possible_calls is not 0")]
    llm_errors: Count | None
    llm_throttles: Annotated[Count | None, Field(description="those of llm_errors that were throttled")]
    possible_calls: Annotated[Count | None, Field(description="unlinked calls that may be its own; null is unknown")]
    certain_since: Annotated[int | None, Field(description="the revision since which possible_calls is 0")]
    llm_time_ms: Ms | None
    tool_time_ms: Ms | None
    non_llm_time_ms: Ms | None
    input_tokens: Count | None
    output_tokens: Count | None
    cache_read_input_tokens: Count | None
    cache_write_input_tokens: Count | None
    at_least: Annotated[list[TokenClass] | None, Field(description="sums that some call's log leaves out")]
    estimated_cost_usd: Usd | None
    unpriced_calls: Annotated[Count | None, Field(description="calls that estimated_cost_usd leaves out")]
    prices: PricesDocument | None
    state: State
    runaway: bool
    invocations: list[LinkedCallDocument]


class RequestsDocument(TypedDict):
    """`requests --format json`; `--format ndjson` has one of its requests on each line."""

    requests: list[RequestDocument]
    unattributed: list[UnattributedDocument]
    pending_requests: Count
    pending_calls: Count
    pending: Annotated[Count, Field(description="the older name of pending_calls", deprecated=True)]


class UnattributedCallsDocument(TypedDict):
    """`requests --unattributed --format json`."""

    unattributed: list[UnattributedDocument]
    pending: Count


class UnrecordedDocument(TypedDict):
    """A request whose record has not come, with the calls that name it."""

    request_id: str
    revision: Count
    invocations: list[CallDocument]


class RejectedLineDocument(TypedDict):
    """A log event that could not be understood; never its text."""

    reason: RejectedReason
    detail: str
    size_bytes: Count
    sha256: str


class RejectedEventDocument(RejectedLineDocument):
    """The same as it is kept in the table: when it came last, and where its text lies."""

    rejected_at: Time
    log_group: str | None
    log_stream: str | None
    event_id: str | None


class RejectedDocument(TypedDict):
    """`rejected --format json`."""

    rejected: list[RejectedEventDocument]
    may_be_more: bool


class PublicationDocument(TypedDict):
    """What one line of the processor's log publishes, without its values by model."""

    publication_id: str
    metrics: Mapping[str, float]


class ReplayDocument(TypedDict):
    """`replay --format json`."""

    requests: list[RequestDocument]
    unattributed: list[UnattributedDocument]
    rejected: list[RejectedLineDocument]
    publications: list[PublicationDocument]


class RedriveFailureDocument(TypedDict):
    """What could not be sent again, and why."""

    kind: str
    where: str
    error: str


class RedriveDocument(TypedDict):
    """`redrive --format json`: counts by kind, then by what became of them."""

    counts: Mapping[str, Mapping[str, Count]]
    failures: list[RedriveFailureDocument]


class BackfillDocument(TypedDict):
    """`backfill --format json`."""

    since: Time
    until: Time
    done_until: Time
    log_events: Count
    batches: Count
    decided_before_their_request: Annotated[
        Count | None, Field(description="untagged calls that were decided before a request was known that they fit")
    ]


class FindingDocument(TypedDict):
    """What a check of `doctor` found."""

    check: str
    outcome: str
    text: str
    remedy: str


class DoctorDocument(TypedDict):
    """`doctor --format json`."""

    fault: bool
    findings: list[FindingDocument]


class InspectedLine(TypedDict):
    """A line of `inspect --format json`: further keys depend on its kind."""

    file: str
    line: Annotated[int, Field(ge=1)]
    kind: Literal["invocation", "request", "span", "lambda", "ignored", "rejected"]


OUTPUTS: Mapping[str, TypeAdapter[object]] = {
    "requests": TypeAdapter(RequestsDocument),
    "request": TypeAdapter(RequestDocument),
    "unattributed": TypeAdapter(UnattributedCallsDocument),
    "show": TypeAdapter(RequestDocument | UnrecordedDocument),
    "rejected": TypeAdapter(RejectedDocument),
    "replay": TypeAdapter(ReplayDocument),
    "inspect": TypeAdapter(InspectedLine),
    "doctor": TypeAdapter(DoctorDocument),
    "redrive": TypeAdapter(RedriveDocument),
    "backfill": TypeAdapter(BackfillDocument),
}
"""Each output by the command that answers with it; `request` is a line of ndjson, `unattributed` an option's."""
