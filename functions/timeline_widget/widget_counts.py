"""How many calls the widget counts above its picture: those of the requests shown, and those of none."""

from collections.abc import Iterator

from request_lens.application.query import RequestPage, RequestView
from request_lens.application.without_request import UntaggedCalls
from request_lens.presentation.sums import KnownCalls, calls_counted, may_have_others
from request_lens.presentation.traced import missing_over


def calls_above(listing: RequestPage, lost: UntaggedCalls) -> Iterator[str]:
    """The calls that are known, in sums that add up. Nothing where there is neither request nor call."""
    if listing.requests or lost.calls or listing.unplaced:
        yield from calls_counted(_known_calls(listing, lost))


def _known_calls(listing: RequestPage, lost: UntaggedCalls) -> KnownCalls:
    """Calls of pending requests are pending where they are drawn as they would be linked as things stand."""
    undecided = sum(map(_undecided, listing.requests))
    summaries = [view.summary for view in listing.requests if view.summary is not None]
    totals = [summary.totals for summary in summaries]
    without = [call.invocation for call in (*lost.calls, *listing.unplaced)]
    return KnownCalls(
        linked=sum(each.llm_calls for each in totals) - undecided,
        pending=undecided + sum(call.invocation.is_llm_call for call in listing.unplaced),
        unattributed=sum(call.invocation.is_llm_call for call in lost.calls),
        failed=sum(each.llm_errors for each in totals) + sum(not call.is_llm_call for call in without),
        throttled=sum(each.llm_throttles for each in totals) + sum(call.is_throttled for call in without),
        missing=missing_over(summaries),
        so_far=any(view.is_pending for view in listing.requests),
        may_have_others=may_have_others(
            view.summary for view in listing.requests if view.summary is not None and not view.is_pending
        ),
        may_be_more=lost.may_be_more,
    )


def _undecided(view: RequestView) -> int:
    """The LLM calls of a pending request that are drawn where they would be linked as things stand."""
    if view.summary is None or not view.is_pending:
        return 0
    return view.summary.totals.llm_calls - sum(call.invocation.is_llm_call for call in view.state.invocations)
