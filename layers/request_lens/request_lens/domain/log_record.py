"""Log records: what a log event became, a fact, nothing of interest, or a rejected record."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from request_lens.domain.facts import Fact
from request_lens.domain.spans import LambdaRun, Span


class RejectedReason(StrEnum):
    """Why a log event was rejected (closed vocabulary): it could not be understood, or its time is out of bounds.

    Truncated is JSON that ends too early: its writer, or the way here, has a size limit. Not JSON is all else that
    cannot be repaired, JSON nested tens of thousands deep too. Unknown is JSON of another log. Unreadable is no log
    event, but an item of the table that another version wrote. Conflicting is a request's record whose id another
    request has: it is kept as a request under an id of its own, too.
    """

    NOT_JSON = "not_json"
    TRUNCATED = "truncated"
    NOT_AN_OBJECT = "not_an_object"
    UNKNOWN_RECORD = "unknown_record"
    MISSING_FIELD = "missing_field"
    INVALID_FIELD = "invalid_field"
    TOO_OLD = "too_old"
    TOO_NEW = "too_new"
    UNREADABLE_ITEM = "unreadable_item"
    CONFLICTING_RECORD = "conflicting_record"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """A log event that was rejected; never its text.

    `detail` names the fields at fault, or the fact whose time is out of bounds; such a fact has no `size_bytes` and no
    `sha256`. These and the log group, stream and event id let its owner find the event.
    """

    reason: RejectedReason
    detail: str
    size_bytes: int | None = None
    sha256: str | None = None
    log_group: str = ""
    log_stream: str = ""
    event_id: str = ""

    @property
    def key(self) -> str:
        """What the event is told by from all others, however often it is delivered."""
        return self.event_id or self.sha256 or self.detail


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRejected:
    """A rejected record as it is kept, and when it was delivered last."""

    record: Rejected
    stored_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignored:
    """A log event that is normal and carries no fact, such as Bedrock's permission line."""

    why: str


type LogRecord = Fact | Span | LambdaRun | Rejected | Ignored
"""What one log event came out as: exactly one of these."""
