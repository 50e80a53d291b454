"""Counts that are not certain, in words: what they are at least, why that is not all, and what helps."""

from collections import Counter
from collections.abc import Callable, Iterable
from enum import IntEnum, StrEnum

from request_lens.domain.facts import Request
from request_lens.domain.folding.summary import Bar, Summary, TokenClass, TokenSum, Totals, are_exact
from request_lens.domain.settling.uncertainty import ACCEPTED, MAX_POSSIBLE
from request_lens.presentation.formatting import UNKNOWN, counts_text, pluralize, seconds


class Doubt(StrEnum):
    """Why a request may have made more calls than those that are linked to it."""

    POSSIBLE_CALLS = "unlinked calls may be their own"
    UNKNOWN_END = "their end is unknown"
    ANSWERED_EARLY = "they answered (202) before their work was done"
    STREAMED = "they streamed their answer while they still worked"
    SHARED_ID = "another request had their id first"
    NOT_TOLD = "they ran longer than MaxRequestSeconds, or among more calls than are read"
    NO_LOG = "no invocation of a model is in these files"


_OF_ONE = {
    Doubt.UNKNOWN_END: "its end is unknown",
    Doubt.ANSWERED_EARLY: "it answered (202) before its work was done",
    Doubt.STREAMED: "it streamed its answer while it still worked",
    Doubt.SHARED_ID: "another request had its id first",
    Doubt.NOT_TOLD: "it ran longer than MaxRequestSeconds, or among more calls than are read",
    Doubt.NO_LOG: Doubt.NO_LOG.value,
}
_SHORT = {
    Doubt.UNKNOWN_END: "end unknown",
    Doubt.ANSWERED_EARLY: "answered early",
    Doubt.STREAMED: "streamed",
    Doubt.SHARED_ID: "id shared",
    Doubt.NOT_TOLD: "too long or crowded",
    Doubt.NO_LOG: "no log",
}


def doubt_of(record: Request, summary: Summary) -> Doubt | None:
    """Why the request's counts are not certain; None where they are."""
    if summary.is_certain:
        return None
    if summary.lacks_log:
        return Doubt.NO_LOG
    if summary.possible_calls is not None:
        return Doubt.POSSIBLE_CALLS
    if record.duration_ms is None:
        return Doubt.UNKNOWN_END
    if record.streamed:
        return Doubt.STREAMED
    if record.status == ACCEPTED:
        return Doubt.ANSWERED_EARLY
    return Doubt.NOT_TOLD if record.claimed_id is None else Doubt.SHARED_ID


def count_doubts(known: Iterable[tuple[Request, Summary]]) -> Counter[Doubt]:
    """How many of the requests are uncertain, by why."""
    doubts = (doubt_of(record, summary) for record, summary in known)
    return Counter(doubt for doubt in doubts if doubt is not None)


def why_uncertain(record: Request, summary: Summary) -> str:
    """Why the request may have more calls, such as "4 unlinked calls may be its own"; empty if certain."""
    doubt = doubt_of(record, summary)
    if doubt is None:
        return ""
    calls = "unlinked call" if summary.possible_calls == 1 else "unlinked calls"
    return _OF_ONE.get(doubt, f"{_possible(summary)} {calls} may be its own")


def possible_text(record: Request, summary: Summary) -> str:
    """How many more calls may be the request's, in two words: "4 possible", "end unknown"; empty where certain."""
    doubt = doubt_of(record, summary)
    return "" if doubt is None else _SHORT.get(doubt, f"{_possible(summary)} possible")


def calls_between(record: Request, summary: Summary) -> str:
    """How many calls a request made of which none is linked, and it is known how many may be its own: "0 to 8".

    Empty elsewhere: then that there may be more stands with a number that says something.
    """
    if doubt_of(record, summary) is not Doubt.POSSIBLE_CALLS or summary.totals.llm_calls:
        return ""
    lacks_calls = summary.traced is not None and summary.traced.lacks_calls
    count = summary.possible_calls or 0
    return "" if lacks_calls or count >= MAX_POSSIBLE else f"0 to {count:,}"


def _possible(summary: Summary) -> str:
    """How many calls are possible; "1,000+" where they were counted no further."""
    count = summary.possible_calls or 0
    return f"{count:,}{'+' if count >= MAX_POSSIBLE else ''}"


class Certainty(IntEnum):
    """How sure a figure is that comes from calls, the surest first; docs/correlation.md says where its sign stands."""

    EXACT = 0
    ABOUT = 1
    AT_LEAST = 2


INEXACT = "linked by time, not by a tag; times, tokens and cost of these calls are ≈, too"
"""What "≈" says, where it stands at a number of calls."""

_SIGNS = {Certainty.EXACT: "", Certainty.ABOUT: "≈ ", Certainty.AT_LEAST: "≥ "}


def certainty_of(summary: Summary) -> Certainty:
    """How sure a request's counts are: the least where they are not of all its calls, as far as these are known.

    About right where one of its calls is linked by less than a tag or a trace.
    """
    return certainty_of_times(summary) if summary.counts_all_calls else Certainty.AT_LEAST


def certainty_of_times(summary: Summary) -> Certainty:
    """How sure its times are, where they are known: then they are of all calls, those that only its spans know, too."""
    return links_of_bars(summary.bars)


class CallsAre(StrEnum):
    """What a request's number of LLM calls is, as a word for programs."""

    EXACT = "exact"
    ABOUT = "about"
    AT_LEAST = "at_least"
    PENDING = "pending"


def calls_are(summary: Summary | None) -> CallsAre:
    """What the number of LLM calls is by its sign: none, "≈", "≥"; pending while the request has no summary."""
    return CallsAre.PENDING if summary is None else CallsAre[certainty_of(summary).name]


def links_of_bars(bars: Iterable[Bar], *, failed: bool = False) -> Certainty:
    """How sure it is that these calls are their request's: the LLM calls, or the attempts that `failed`."""
    return Certainty.EXACT if are_exact(bars, failed=failed) else Certainty.ABOUT


def certainty_over(summaries: Iterable[Summary]) -> Certainty:
    """How sure a sum over requests is: as the least sure of them."""
    return max(map(certainty_of, summaries), default=Certainty.EXACT)


def signed(figure: str, certainty: Certainty) -> str:
    """A figure with its sign: "2", "≈ 2", "≥ 2".

    Unknown stays unknown, a sum that has "≥" as some call's log leaves it out keeps that, and 0 comes from no call; but
    that a time is 0 s follows from calls.
    """
    is_none = figure.partition(" + ")[0] in ("0", "$0") and certainty is Certainty.ABOUT
    if is_none or figure == UNKNOWN or figure.startswith(_SIGNS[Certainty.AT_LEAST]):
        return figure
    return f"{_SIGNS[certainty]}{figure}"


def tools_text(tool_time_ms: int | None, certainty: Certainty, *, shown: Callable[[int | None], str] = seconds) -> str:
    """The time in tools with its sign; of none that word: 0 s would read as measured, and a dash says unknown."""
    return "none" if tool_time_ms == 0 else signed(shown(tool_time_ms), certainty)


def tally(count: int, certainty: Certainty) -> str:
    """How many attempts are of a kind that most requests have none of, such as failed ones: "1", "≥ 1".

    A dash where none is known of what is not certain: none would be a statement, which no call allows.
    """
    return signed(counts_text(known_count(count, certain=certainty is not Certainty.AT_LEAST)), certainty)


def known_count(count: int, *, certain: bool) -> int | None:
    """What is known of such a number: nothing where it is none of what is not certain."""
    return count if count or certain else None


def counted(count: int, noun: str, certainty: Certainty) -> str:
    """A count and its noun in a sentence: "2 LLM calls", "≈ 2 LLM calls", "at least 2 LLM calls"."""
    words = pluralize(count, noun)
    return f"at least {words}" if certainty is Certainty.AT_LEAST else signed(words, certainty)


def so_far(words: str, *, pending: bool) -> str:
    """A number of calls, or their time, of requests of which one is `pending`: "3 so far". What is unknown stays so."""
    return f"{words} so far" if pending and words != UNKNOWN else words


def pending_note(count: int) -> str:
    """What pending requests are, and what may still change of them."""
    their = "its" if count == 1 else "their"
    return (
        f"{pluralize(count, 'request')} pending: decided about two and a half minutes after {their} end by default. "
        "Dashed calls stand where they would be linked by now: they may still move, and more may come."
    )


def calls_text(summary: Summary) -> str:
    """How many LLM calls, for a table: its sign holds for all figures of the row that come from these calls."""
    return signed(f"{summary.totals.llm_calls:,}", certainty_of(summary))


def at_least(text: str, *, certain: bool) -> str:
    """A figure beside that number, or one that some call's log leaves out: "2", or "≥ 2" where that may not be all."""
    return signed(text, Certainty.EXACT if certain else Certainty.AT_LEAST)


def token_counts(summary: Summary) -> str:
    """Tokens in and out, such as "892 / 57", or "≥ 892 / 57"; see `tokens_text`."""
    return tokens_text(summary.totals, TokenClass.INPUT, TokenClass.OUTPUT, certain=summary.counts_all_calls)


def tokens_text(totals: Totals, *classes: TokenClass, certain: bool) -> str:
    """Sums of tokens side by side: "≥" before all where there may be more calls, else before what some call leaves out.

    A dash where no call's log counts them, and where no call is known of what is not certain.
    """
    if not certain and not totals.llm_calls:
        return UNKNOWN
    sums = [totals.tokens(each) for each in classes]
    if certain:
        return " / ".join(at_least(counts_text(each.count), certain=not each.is_least) for each in sums)
    counts = [each.count for each in sums]
    return at_least(counts_text(*counts), certain=not any(count is not None for count in counts))


def known_tokens(totals: Totals, of: TokenClass, *, certain: bool) -> TokenSum:
    """What is known of a sum of tokens: nothing, too, where no call is known of what is not certain."""
    if not certain and not totals.llm_calls:
        return TokenSum(count=None, is_least=False)
    return totals.tokens(of)
