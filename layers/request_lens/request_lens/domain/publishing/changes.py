"""What the table's stream tells `publish`: a revision or a decision, with what stood before, or a runaway's flag."""

from dataclasses import dataclass
from datetime import datetime

from request_lens.domain.facts import Invocation, Request, RequestId
from request_lens.domain.folding.summary import Sample, Summary
from request_lens.domain.linking.link import Decision
from request_lens.domain.settling.runaway import Runaway


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionWritten:
    """Revision `revision` of a request replaced `previous` (None: it is the first); the record came at `stored_at`.

    `orphaned`: its calls had been counted as unattributed before its record came.
    """

    request: Request
    stored_at: datetime
    revision: int
    summary: Summary
    previous: Summary | None = None
    orphaned: bool = False

    @property
    def publication_id(self) -> str:
        """What its lines are told by."""
        return f"{self.request.request_id}#{self.revision}"

    @property
    def samples(self) -> frozenset[Sample]:
        """The values that this revision is the first to give to their distributions."""
        return self.summary.sampled - (self.previous.sampled if self.previous is not None else frozenset())


@dataclass(frozen=True, slots=True, kw_only=True)
class InvocationDecided:
    """An invocation's decision replaced `previous` (None: it was pending, or new); it came at `stored_at`."""

    invocation: Invocation
    stored_at: datetime
    decision: Decision
    previous: Decision | None = None

    @property
    def publication_id(self) -> str:
        """What its lines are told by."""
        return f"invocation:{self.invocation.invocation_id}#{1 if self.previous is None else 2}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunawayFlagged:
    """A request was found beyond a limit, for the first time; its record may not have come yet."""

    request_id: RequestId
    runaway: Runaway

    @property
    def publication_id(self) -> str:
        """What its line is told by."""
        return f"runaway:{self.request_id}"


type Change = RevisionWritten | InvocationDecided | RunawayFlagged
"""One item's change that may be worth a publication."""
