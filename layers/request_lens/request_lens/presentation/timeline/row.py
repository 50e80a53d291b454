"""One row of the timeline: a request, what is known of its calls, and what people call it."""

from dataclasses import dataclass

from request_lens.domain.facts import Request
from request_lens.domain.folding.summary import Summary
from request_lens.domain.linking.link import Confidence


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineRow:
    """One request as it is drawn: its texts at the left, its record, and its summary.

    `summary` is None while no call is known; `awaits_more` says that a summary is not the last word yet.
    """

    label: str
    detail: str
    request: Request
    summary: Summary | None
    awaits_more: bool = False

    @property
    def is_pending(self) -> bool:
        """Whether a revision of the request is still to come."""
        return self.summary is None or self.awaits_more

    @property
    def has_failed(self) -> bool:
        """Whether the response's status says so."""
        return self.request.status >= 400

    @property
    def is_inexact(self) -> bool:
        """Whether a call is linked to the request by anything less than a tag or a trace."""
        bars = self.summary.bars if self.summary is not None else ()
        return any(bar.confidence is not Confidence.EXACT for bar in bars)

    @property
    def is_uncertain(self) -> bool:
        """Whether the request is settled and may yet have more calls than those that are linked to it."""
        return not self.is_pending and self.summary is not None and not self.summary.is_certain
