"""What every table says of an LLM call: when it began, how it ended, and how it was correlated."""

from datetime import UTC, tzinfo

from request_lens.domain.call_start import CallStart
from request_lens.domain.facts import Invocation
from request_lens.domain.linking.link import Link
from request_lens.presentation.formatting import UNKNOWN


def start_text(start: CallStart, zone: tzinfo | None = UTC) -> str:
    """The time of day at which the call began, without milliseconds where it is known only to the second."""
    return start.earliest.astimezone(zone).time().isoformat(timespec="milliseconds" if start.is_precise else "seconds")


def end_text(call: Invocation) -> str:
    """The call's error, else its stop reason; a dash where unknown."""
    return call.error_code or call.stop_reason or UNKNOWN


def link_text(link: Link) -> str:
    """How the call was correlated, and how surely: "window (assumed)"."""
    return f"{link.method} ({link.confidence})"
