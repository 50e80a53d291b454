"""What `--format json` answers, as types: the one source of the JSON schema that `request-lens schema` prints.

Keys stay, and further ones may come: a reader passes over what it does not know. Unknown is null, never 0.
"""

from collections.abc import Mapping
from typing import Annotated, Literal, TypedDict

from pydantic import Field, TypeAdapter

from request_lens.domain.log_record import RejectedReason
from request_lens_cli.report.request_schema import (
    CallDocument,
    Count,
    RequestDocument,
    ShownDocument,
    Time,
    UnattributedDocument,
    UnlinkedCallDocument,
)


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


class FindingDocument(TypedDict):
    """What a check of `doctor` found."""

    check: str
    outcome: str
    text: str
    remedy: Annotated[str | None, Field(description="what helps; null: there is nothing to do")]


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
    "show": TypeAdapter(ShownDocument | UnrecordedDocument | UnlinkedCallDocument),
    "rejected": TypeAdapter(RejectedDocument),
    "replay": TypeAdapter(ReplayDocument),
    "inspect": TypeAdapter(InspectedLine),
    "doctor": TypeAdapter(DoctorDocument),
    "redrive": TypeAdapter(RedriveDocument),
    "backfill": TypeAdapter(BackfillDocument),
}
"""Each output by the command that answers with it; `request` is a line of ndjson, `unattributed` an option's."""
