"""What every table says of an LLM call: when it began, how it ended, and how it was correlated."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, tzinfo

from request_lens.domain.call_start import CallStart
from request_lens.domain.facts import Invocation
from request_lens.domain.linking.link import Link, Reason, Unattributed, UnlinkedInvocation
from request_lens.presentation.formatting import UNKNOWN, pluralize

REASONS: Mapping[Reason, str] = {
    Reason.NO_REQUEST: "fits no request we know",
    Reason.AMBIGUOUS: "fits several requests",
    Reason.CROWDED: "too many around to decide",
    Reason.OTHER_CALLER: "made by another caller",
    Reason.REQUEST_NEVER_SEEN: "its request never came",
}
"""Why a call belongs to no request, in words."""


def start_text(start: CallStart, zone: tzinfo | None = UTC) -> str:
    """The time of day at which the call began, without milliseconds where it is known only to the second."""
    return start.earliest.astimezone(zone).time().isoformat(timespec="milliseconds" if start.is_precise else "seconds")


def end_text(call: Invocation) -> str:
    """The call's error, else its stop reason; a dash where unknown."""
    return call.error_code or call.stop_reason or UNKNOWN


def link_text(link: Link) -> str:
    """How the call was correlated, and how surely: "window (assumed)"."""
    return f"{link.method} ({link.confidence})"


def llm_calls_first(attempts: Iterable[UnlinkedInvocation]) -> Sequence[UnlinkedInvocation]:
    """The LLM calls, then the attempts that failed, each in the order of their log."""
    return sorted(
        attempts,
        key=lambda each: (not each.invocation.is_llm_call, each.invocation.logged_at, each.invocation.invocation_id),
    )


def how_failed(call: Invocation) -> str:
    """How an attempt failed, in a word that stands in place of its latency, which no log has; empty of an LLM call."""
    if call.is_llm_call:
        return ""
    return "throttled" if call.is_throttled else "failed"


FITS = "Fits counts requests that the whole chain of a call fits; listed is each call that fits this one by itself."
"""What a column of `fits_text` counts: of a call in a chain not the requests under which it is listed."""


def fits_text(call: UnlinkedInvocation) -> str:
    """How many requests the call fits, else what stands of it."""
    match call.decision:
        case Unattributed(candidates=count, reason=reason):
            return pluralize(count, "request") if count else REASONS[reason]
        case Link(request_id=request_id, confidence=confidence):
            return f"linked to {request_id} ({confidence})"
        case None:
            return "not decided yet"
