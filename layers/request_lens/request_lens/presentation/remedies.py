"""What helps where counts are not certain, and notes on uncertain requests that end with it."""

from collections.abc import Iterable

from request_lens.domain.facts import Request
from request_lens.domain.folding.summary import Summary
from request_lens.presentation.certainty import (
    Certainty,
    Doubt,
    calls_between,
    calls_text,
    counted,
    doubt_of,
    possible_text,
    why_uncertain,
)

_REMEDIES = {
    Doubt.POSSIBLE_CALLS: "tag the calls; where others call models too, name the agent's role in AgentRoleNames",
    Doubt.UNKNOWN_END: "write responseLatency into the access log, or tag the calls",
    Doubt.ANSWERED_EARLY: "tag the calls",
    Doubt.STREAMED: "tag the calls",
    Doubt.SHARED_ID: "log and tag a REST API's extendedRequestId, which no client chooses",
    Doubt.NOT_TOLD: "tag the calls; where MaxRequestSeconds is less than your API's time-out, raise it",
    Doubt.NO_LOG: "give Bedrock's invocation log, too",
}


def remedy(doubt: Doubt, *, names_roles: bool) -> str:
    """What makes such requests certain; to name roles helps only where AgentRoleNames names none yet."""
    return "tag the calls" if names_roles and doubt is Doubt.POSSIBLE_CALLS else _REMEDIES[doubt]


def uncertain_notes(known: Iterable[tuple[Request, Summary]], *, names_roles: bool) -> list[str]:
    """What stands at uncertain requests, what it means and what helps: a sentence for each doubt, of its first request.

    Such as "0 to 8 possible: at least 0 LLM calls; 8 unlinked calls may be its own. What helps: tag the calls."
    """
    firsts: dict[Doubt, tuple[Request, Summary]] = {}
    for record, summary in known:
        if (doubt := doubt_of(record, summary)) is not None:
            firsts.setdefault(doubt, (record, summary))
    return [
        f"{_explained(*firsts[doubt])} What helps: {remedy(doubt, names_roles=names_roles)}."
        for doubt in sorted(firsts)
    ]


def _explained(record: Request, summary: Summary) -> str:
    calls = counted(summary.totals.llm_calls, "LLM call", Certainty.AT_LEAST)
    between, at_least = calls_between(record, summary), f"{calls_text(summary)}, {possible_text(record, summary)}"
    sign = f"{between} possible" if between else at_least
    return f"{sign}: {calls}; {why_uncertain(record, summary)}."
