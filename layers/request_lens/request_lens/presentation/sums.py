"""What stands above a list or a picture: how many requests, and how many calls are known, in parts that add up."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from request_lens.domain.facts import Request
from request_lens.domain.folding.summary import Summary
from request_lens.presentation.certainty import so_far
from request_lens.presentation.failed_attempts import throttled_words
from request_lens.presentation.formatting import pluralize

SHARED_CALLS = (
    "A call without a request is possible for each request that it fits: numbers of possible calls do not add up."
)
"""What a reader is to know who would add them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownCalls:
    """The LLM calls that are known, by what became of them, and beside them failed attempts and missing calls.

    Throttled attempts are among the `failed` ones. The sum is one `so_far` while a request is pending, and the least
    where calls are `missing`, requests `may_have_others`, or calls without a request `may_be_more`: not all were read.
    """

    linked: int
    pending: int
    unattributed: int
    failed: int
    throttled: int
    missing: int
    so_far: bool
    may_have_others: bool
    may_be_more: bool


def whole_of_parts(whole: str, parts: Sequence[str]) -> str:
    """A sum, and what it consists of: "10 requests: 1 failed (5xx), 3 pending"."""
    return f"{whole}: {', '.join(parts)}" if parts else whole


def requests_counted(requests: Iterable[Request], *, pending: int, uncertain: int, incomplete: int) -> Sequence[str]:
    """How many of the requests are what, such as "1 failed (5xx)"; one may be several."""
    records = list(requests)
    counts = (
        (sum(each.has_failed for each in records), "failed (5xx)"),
        (sum(each.was_refused for each in records), "refused (4xx)"),
        (pending, "pending"),
        (uncertain, "uncertain"),
        (incomplete, "incomplete"),
    )
    return [f"{count:,} {what}" for count, what in counts if count]


def may_have_others(summaries: Iterable[Summary]) -> bool:
    """Whether a request may have made calls that nobody can count, such as one whose end is unknown.

    Those that are possible are without a request, and counted as such.
    """
    return any(not summary.is_certain and summary.possible_calls is None for summary in summaries)


def shared_calls_note(summaries: Iterable[Summary]) -> str:
    """That numbers of possible calls do not add up; empty where no two requests may share one."""
    return SHARED_CALLS if sum(bool(summary.possible_calls) for summary in summaries) > 1 else ""


def calls_counted(known: KnownCalls) -> Iterator[str]:
    """The sum of the LLM calls with its parts; behind it failed attempts, and calls that no log has."""
    yield _llm_calls(known)
    yield from failed_counted(pluralize(known.failed, "failed call"), known)
    if known.missing:
        yield pluralize(known.missing, "missing call")


def failed_counted(failed: str, known: KnownCalls, *, is_least: bool = False) -> Iterator[str]:
    """How many attempts `failed`, in words, and of them were throttled; nothing where none did."""
    throttled = throttled_words(known.failed, known.throttled, is_least=is_least) if known.throttled else ""
    if known.failed:
        yield ", ".join(filter(None, (failed, throttled)))


def _llm_calls(known: KnownCalls) -> str:
    parts = {"linked": known.linked, "pending": known.pending, "unattributed": known.unattributed}
    total = sum(parts.values())
    is_least = known.may_have_others or known.may_be_more or known.missing > 0
    words = so_far(f"{'at least ' if is_least else ''}{pluralize(total, 'LLM call')}", pending=known.so_far)
    shown = [name for name, count in parts.items() if count or (known.may_be_more and name == "unattributed")]
    if len(shown) == 1 and total and not is_least:
        return f"{words}, {'all ' if total > 1 else ''}{shown[0]}"
    least = {"unattributed": "at least "} if known.may_be_more else {}
    return whole_of_parts(words, [f"{least.get(name, '')}{parts[name]:,} {name}" for name in shown] if total else [])
