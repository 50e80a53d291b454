"""Why a call belongs to no request: for a cell by the reason's name, for a sentence in words."""

from collections.abc import Iterable, Mapping

from request_lens.domain.linking.link import Reason, Unattributed, UnlinkedInvocation
from request_lens.presentation.formatting import pluralize
from request_lens.presentation.timeline.lanes import REASONS

_PENDING = "pending: not decided yet"


def why(unlinked: UnlinkedInvocation) -> str:
    """Whether the invocation is pending, else why it is unattributed, and how many requests it fits."""
    decision = unlinked.decision
    if not isinstance(decision, Unattributed):
        return _PENDING
    fits = f" (fits {pluralize(decision.candidates, 'request')})" if decision.candidates else ""
    return f"unattributed: {decision.reason}{fits}"


def why_briefly(unlinked: UnlinkedInvocation) -> str:
    """The same for a narrow column, such as "ambiguous (fits 3)": that a call is pending, or the reason's name."""
    decision = unlinked.decision
    if not isinstance(decision, Unattributed):
        return "pending"
    return f"{decision.reason} (fits {decision.candidates})" if decision.candidates else str(decision.reason)


def why_words(unlinked: UnlinkedInvocation) -> str:
    """The same for a sentence: in words, and the reason's name behind them, such as "fits 2 requests (ambiguous)"."""
    (words,) = counts_by_reason([unlinked])
    return words


def counts_by_reason(calls: Iterable[UnlinkedInvocation]) -> Mapping[str, int]:
    """How many invocations belong to no request for each reason, or are not decided yet, in words for sentences."""
    by_reason: dict[Reason, list[Unattributed]] = {}
    pending = 0
    for call in calls:
        if isinstance(call.decision, Unattributed):
            by_reason.setdefault(call.decision.reason, []).append(call.decision)
        elif call.decision is None:
            pending += 1
    counts = {_words(reason, decisions): len(decisions) for reason, decisions in by_reason.items()}
    return counts | ({_PENDING: pending} if pending else {})


def _words(reason: Reason, decisions: Iterable[Unattributed]) -> str:
    """Why calls of one reason are unattributed, and how many requests each fits."""
    fits = [decision.candidates for decision in decisions]
    least, most = min(fits), max(fits)
    if not most:
        return f"unattributed: {REASONS[reason]} ({reason})"
    requests = pluralize(most, "request") if least == most else f"{least} to {pluralize(most, 'request')}"
    return f"unattributed: fits {requests} ({reason})"
