"""What the table's stream tells `publish`: a new revision, or a decision, each with what stood before."""

from dataclasses import dataclass
from datetime import datetime

from request_lens.domain.facts import Invocation, Request
from request_lens.domain.link import Decision
from request_lens.domain.summary import Summary


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionWritten:
    """Revision `revision` of a request replaced `previous` (None: it is the first); the record came at `stored_at`."""

    request: Request
    stored_at: datetime
    revision: int
    summary: Summary
    previous: Summary | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InvocationDecided:
    """An invocation's decision replaced `previous` (None: it was pending, or new); it came at `stored_at`."""

    invocation: Invocation
    stored_at: datetime
    decision: Decision
    previous: Decision | None = None


type Change = RevisionWritten | InvocationDecided
"""One item's change that may be worth a publication."""
