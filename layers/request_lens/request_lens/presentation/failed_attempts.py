"""Failed attempts: how sure their number is, which attempts that nobody has may raise, and what is said of them."""

from collections.abc import Iterable

from request_lens.domain.folding.summary import Summary
from request_lens.domain.settling.uncertainty import MAX_POSSIBLE
from request_lens.presentation.certainty import Certainty, certainty_of, links_of_bars, signed
from request_lens.presentation.formatting import pluralize


def certainty_of_failed(summary: Summary) -> Certainty:
    """How sure a request's numbers of failed and throttled calls are: by the links of these, whatever its others'.

    The least where failed ones that nobody has may be its own, or where calls of its own are missing.
    """
    if not summary.counts_all_failed:
        return Certainty.AT_LEAST
    return links_of_bars(summary.bars, failed=True)


def certainty_over_failed(summaries: Iterable[Summary]) -> Certainty:
    """How sure sums of failed and of throttled calls are over requests."""
    return max(map(certainty_of_failed, summaries), default=Certainty.EXACT)


def throttled_words(failed: int, throttled: int, *, is_least: bool = False) -> str:
    """What stands behind a number of failed attempts, among which the throttled ones are: "1 of them throttled".

    Where it is of each of them, "all throttled", or "throttled" of one; not where more may have failed.
    """
    if failed == throttled > 0 and not is_least:
        return "all throttled" if failed > 1 else "throttled"
    return f"{throttled:,} of them throttled"


def attempts_words(llm_calls: int, *, failed: int, throttled: int, what: str = "") -> str:
    """How many LLM calls, beside them attempts that failed, and `what` all are: "3 LLM calls, 2 failed, pending"."""
    if not failed:
        return f"{pluralize(llm_calls, 'LLM call')} {what}".rstrip()
    parts = [pluralize(llm_calls, "LLM call"), f"{failed:,} failed", throttled and throttled_words(failed, throttled)]
    return ", ".join(str(part) for part in (*parts, what) if part)


def throttled_of(summary: Summary) -> str:
    """The same of a request's failed attempts; of none of them, "0 of them throttled"."""
    totals = summary.totals
    return throttled_words(totals.llm_errors, totals.llm_throttles, is_least=not summary.counts_all_failed)


def failures_words(summary: Summary) -> str:
    """How many attempts are known to have failed: "3 failed, 1 of them throttled"; empty for none."""
    throttled = [throttled_of(summary)] if summary.totals.llm_throttles else []
    return ", ".join([f"{summary.totals.llm_errors:,} failed", *throttled]) if summary.totals.llm_errors else ""


def failed_words(summary: Summary) -> str:
    """How many attempts failed, in words: "3 failed", "at least 0 failed"; empty where it is known that none did.

    And where none is known beside a number of LLM calls that says that there may be more of any kind. The "≈" of that
    number holds for this one, too: only beside one without it it has its own, "≈ 3 failed".
    """
    count = summary.totals.llm_errors
    if not summary.counts_all_failed:
        return f"at least {count:,} failed" if count or summary.counts_all_calls else ""
    certainty = Certainty.EXACT if certainty_of(summary) is Certainty.ABOUT else certainty_of_failed(summary)
    return f"{signed(f'{count:,}', certainty)} failed" if count else ""


def failed_text(summary: Summary) -> str:
    """The same below a number of calls, for a table: "3 failed", "≈ 3 failed", "≥ 0 failed"."""
    return failed_words(summary).replace("at least", "≥")


def failed_sign(summary: Summary) -> str:
    """The same beside a number of calls: "+3 failed", "+≈ 3 failed", "≥ 0 failed"."""
    words = failed_text(summary)
    return words if words.startswith("≥") or not words else f"+{words}"


def possible_failed_text(summary: Summary) -> str:
    """How many more failed attempts may be its own where it is certain of its LLM calls: "3 failed possible"."""
    if not summary.is_certain or summary.possible_failed_calls == 0:
        return ""
    count = summary.possible_failed_calls
    return "failed possible" if count is None else f"{count:,}{'+' if count == MAX_POSSIBLE else ''} failed possible"


def why_failed_are_least(summary: Summary) -> str:
    """Why a request that is certain of its LLM calls may have more failed attempts; empty if certain of these, too."""
    if not summary.is_certain or summary.possible_failed_calls == 0:
        return ""
    count = summary.possible_failed_calls
    more = "+" if count == MAX_POSSIBLE else ""
    calls = "failed calls" if count is None else pluralize(count, "failed call").replace(" ", f"{more} ", 1)
    return f"{calls} that nobody has may be its own"


def failed_notes(summaries: Iterable[Summary]) -> list[str]:
    """What "1 failed possible" means where it stands at one of the requests, of the first: a sentence, or none."""
    firsts = [each for each in summaries if possible_failed_text(each)][:1]
    return [f"{possible_failed_text(each)}: {why_failed_are_least(each)}." for each in firsts]
