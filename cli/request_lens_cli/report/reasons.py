"""Why a call belongs to no request: for a cell by the reason's name, for a sentence in words."""

from request_lens.domain.linking.link import Unattributed, UnlinkedInvocation
from request_lens.presentation.formatting import pluralize
from request_lens.presentation.timeline.lanes import REASONS


def why(unlinked: UnlinkedInvocation) -> str:
    """Whether the invocation is pending, else why it is unattributed, and how many requests it fits."""
    decision = unlinked.decision
    if not isinstance(decision, Unattributed):
        return "pending: not decided yet"
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
    decision = unlinked.decision
    if not isinstance(decision, Unattributed):
        return why(unlinked)
    words = f"fits {pluralize(decision.candidates, 'request')}" if decision.candidates else REASONS[decision.reason]
    return f"unattributed: {words} ({decision.reason})"
