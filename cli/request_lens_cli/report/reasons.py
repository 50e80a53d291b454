"""Why a call belongs to no request, for a cell by the reason's name, for a sentence in words; and what helps."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from request_lens.domain.facts import Invocation
from request_lens.domain.linking.link import Reason, Unattributed, UnlinkedInvocation
from request_lens.presentation.calls import REASONS
from request_lens.presentation.failed_attempts import attempts_words
from request_lens.presentation.formatting import pluralize

HOW_TO_LINK_EXACTLY = "tag the calls, or have the agents' spans read"
"""What makes links by time exact, for a page that stands alone."""

_HELPS: Mapping[Reason, str] = {
    Reason.NO_REQUEST: "attach the API that they serve",
    Reason.AMBIGUOUS: "tag the calls",
    Reason.CROWDED: "tag the calls",
    Reason.OTHER_CALLER: "add the role if it is an agent's",
    Reason.REQUEST_NEVER_SEEN: "tag with the id that the access log writes, and name every route in AgentRoutes",
}

_PENDING = "pending: not decided yet"
_WAIT = "wait: calls are decided about two and a half minutes after they ended by default"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class ReasonCount:
    """How many calls have no request for one reason, in words, how many of them failed, or throttled; what helps."""

    words: str
    count: int
    failed: int
    throttled: int
    helps: str

    @property
    def sentence(self) -> str:
        """What is counted, and why it has no request: "3 LLM calls, 2 failed, unattributed: fits 2 requests (…)"."""
        llm_calls = self.count - self.failed
        return attempts_words(llm_calls, failed=self.failed, throttled=self.throttled, what=self.words)


def helps_against(reason: Reason, *, names_roles: bool) -> str:
    """What helps against calls that have no request for this reason; to name roles only where none is named yet."""
    helps = _HELPS[reason]
    return f"{helps}, or name the agent's role" if reason is Reason.NO_REQUEST and not names_roles else helps


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
    (count,) = counts_of_reasons([unlinked], names_roles=False)
    return count.words


def counts_of_reasons(calls: Iterable[UnlinkedInvocation], *, names_roles: bool) -> Sequence[ReasonCount]:
    """How many invocations belong to no request for each reason, or are not decided yet, in order of the words."""
    by_reason: dict[Reason, list[tuple[Invocation, Unattributed]]] = {}
    pending: list[Invocation] = []
    for call in calls:
        if isinstance(call.decision, Unattributed):
            by_reason.setdefault(call.decision.reason, []).append((call.invocation, call.decision))
        elif call.decision is None:
            pending.append(call.invocation)
    counts = [
        _count(
            _words(reason, (decision for _, decision in decided)),
            [made for made, _ in decided],
            helps=helps_against(reason, names_roles=names_roles),
        )
        for reason, decided in by_reason.items()
    ]
    return sorted([*counts, *([_count(_PENDING, pending, helps=_WAIT)] if pending else [])])


def _count(words: str, calls: Sequence[Invocation], *, helps: str) -> ReasonCount:
    failed, throttled = sum(not call.is_llm_call for call in calls), sum(call.is_throttled for call in calls)
    return ReasonCount(words=words, count=len(calls), failed=failed, throttled=throttled, helps=helps)


def _words(reason: Reason, decisions: Iterable[Unattributed]) -> str:
    """Why calls of one reason are unattributed, and how many requests each fits."""
    fits = [decision.candidates for decision in decisions]
    least, most = min(fits), max(fits)
    if not most:
        return f"unattributed: {REASONS[reason]} ({reason})"
    requests = pluralize(most, "request") if least == most else f"{least} to {pluralize(most, 'request')}"
    return f"unattributed: fits {requests} ({reason})"
