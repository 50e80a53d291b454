"""How many calls the widget counts above its picture: one sum, and the parts that make it up."""

from collections.abc import Iterator, Sequence

from request_lens.application.query import RequestPage, RequestView, UnattributedCalls
from request_lens.presentation.certainty import so_far
from request_lens.presentation.formatting import pluralize
from request_lens.presentation.traced import missing_over


def whole_of_parts(whole: str, parts: Sequence[str]) -> str:
    """A sum, and what it consists of: "10 requests: 1 failed (5xx), 3 pending"."""
    return f"{whole}: {', '.join(parts)}" if parts else whole


def calls_counted(listing: RequestPage, lost: UnattributedCalls) -> Iterator[str]:
    """The LLM calls that are known: of the requests shown, pending ones and those of no request, which add up.

    Failed attempts, and calls that no log has, are beside them. Nothing where there is neither request nor call.
    """
    if not (listing.requests or lost.calls or listing.unplaced):
        return
    yield _llm_calls(listing, lost)
    failed, throttled = _failed(listing, lost)
    yield from (
        pluralize(count, noun) for count, noun in ((failed, "failed call"), (throttled, "throttled call")) if count
    )
    if missing := missing_over(view.summary for view in listing.requests if view.summary is not None):
        yield pluralize(missing, "missing call")


def _llm_calls(listing: RequestPage, lost: UnattributedCalls) -> str:
    undecided = sum(map(_undecided, listing.requests))
    of_requests = sum(view.summary.totals.llm_calls for view in listing.requests if view.summary is not None)
    unattributed = sum(call.invocation.is_llm_call for call in lost.calls)
    pending = undecided + sum(call.invocation.is_llm_call for call in listing.unplaced)
    least = "at least " if lost.may_be_more else ""
    parts = {"linked": of_requests - undecided, "pending": pending, "unattributed": unattributed}
    total = sum(parts.values())
    words = f"{least}{pluralize(total, 'LLM call')}"
    words = so_far(words, pending=any(view.is_pending for view in listing.requests))
    shown = [name for name, count in parts.items() if count or (least and name == "unattributed")]
    if len(shown) == 1 and total:
        return f"{words}, {'all ' if total > 1 else ''}{shown[0]}"
    return whole_of_parts(
        words, [f"{least if name == 'unattributed' else ''}{parts[name]:,} {name}" for name in shown] if total else []
    )


def _undecided(view: RequestView) -> int:
    """The LLM calls of a pending request that are drawn where they would be linked as things stand."""
    if view.summary is None or not view.is_pending:
        return 0
    return view.summary.totals.llm_calls - sum(call.invocation.is_llm_call for call in view.state.invocations)


def _failed(listing: RequestPage, lost: UnattributedCalls) -> tuple[int, int]:
    """The failed attempts without the throttled ones, and these."""
    totals = [view.summary.totals for view in listing.requests if view.summary is not None]
    without = [call.invocation for call in (*lost.calls, *listing.unplaced)]
    throttled = sum(each.llm_throttles for each in totals) + sum(call.is_throttled for call in without)
    failed = sum(each.llm_errors for each in totals) + sum(not call.is_llm_call for call in without)
    return failed - throttled, throttled
