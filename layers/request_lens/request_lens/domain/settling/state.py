"""What is known of one request at one moment: its record, its linked invocations, its last revision."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from request_lens.domain.facts import InvocationId, Request, RequestId
from request_lens.domain.folding.summary import Summary
from request_lens.domain.linking.link import LinkedInvocation
from request_lens.domain.settling.runaway import Runaway


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestState:
    """One request as the table holds it; `record` is None until the access log's line has arrived.

    `revision` 0 means that no summary was written yet: the request is `pending`. `orphaned` says that its calls were
    counted as unattributed because no record came in time. `runaway` is what the request had made when it was flagged.
    """

    request_id: RequestId
    record: Request | None = None
    stored_at: datetime | None = None
    revision: int = 0
    summary: Summary | None = None
    orphaned: bool = False
    runaway: Runaway | None = None
    invocations: tuple[LinkedInvocation, ...] = ()

    @property
    def request(self) -> Request:
        """The record, for those who ask for requests whose record came. Raises: ValueError."""
        if self.record is None:
            raise ValueError(f"no record of request {self.request_id}")
        return self.record


class SettleKind(StrEnum):
    """What a settle message is about: a request, a request whose record may never come, an untagged invocation."""

    REQUEST = "request"
    ORPHAN = "orphan"
    INVOCATION = "invocation"


class SettleKey(NamedTuple):
    """All that a settle message says: any copy of it, at any time, is safe."""

    kind: SettleKind
    id: RequestId | InvocationId


type TimedKey = tuple[SettleKey, datetime]
"""A key and when it is due."""
