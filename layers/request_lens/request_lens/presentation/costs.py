"""Costs in words, for the widget, the command line and the report: an estimate in USD; unknown is never $0."""

from collections.abc import Sequence
from decimal import Decimal

from request_lens.domain.folding.summary import Totals
from request_lens.domain.pricing import Estimate, PriceSource, Unpriced
from request_lens.presentation.certainty import at_least
from request_lens.presentation.formatting import UNKNOWN, in_words


def cost_of(totals: Totals, *, certain: bool = True) -> str:
    """An estimated cost, such as "$0.012345"; one that lacks unpriced calls says so, and unknown is never $0.

    "≥ $0.012345" where more calls than those of the totals may be meant; unknown where it is of none of them.
    """
    unpriced = f"{totals.unpriced_calls:,} unpriced" if totals.unpriced_calls else ""
    cost = known_cost(totals, certain=certain)
    amount = dollars(cost) if cost is not None else ""
    return at_least(" + ".join(part for part in (amount, unpriced) if part) or UNKNOWN, certain=certain)


def known_cost(totals: Totals, *, certain: bool) -> Decimal | None:
    """What is known of an estimated cost: nothing, too, where no call is known of what is not certain."""
    return totals.estimated_cost_usd if certain or totals.llm_calls else None


def call_cost(estimate: Estimate | None) -> str:
    """One call's estimated cost, or why it has none; a failed call has no tokens in its log."""
    match estimate:
        case Unpriced.FAILED_CALL | None:
            return UNKNOWN
        case Unpriced() as reason:
            return f"unpriced: {reason.replace('_', ' ')}"
        case Decimal() as cost:
            return dollars(cost)


def by_prices(sources: Sequence[PriceSource]) -> str:
    """By which price tables costs are estimated, as the end of a sentence; empty where there are none."""
    tables = ", ".join(f"{source.name} {source.version} of {source.date}" for source in sources)
    return f", by the list prices of {tables}" if tables else ""


def estimated(cost: str, sources: Sequence[PriceSource]) -> str:
    """A cost in words and by which price tables it is estimated; these are left out where it is unknown."""
    return in_words(cost) if UNKNOWN in cost else f"{cost}{by_prices(sources)}"


_IN_CENTS_FROM = 100
"""Dollars from which on a cost has cents and no more: what a token costs does not show in so much."""


def dollars(cost: Decimal) -> str:
    """US dollars with six decimals, for a token costs some millionths of one, from 100 on with two; nothing is $0."""
    if not cost:
        return "$0"
    return f"${cost:,.2f}" if round(cost, 6) >= _IN_CENTS_FROM else f"${cost:,.6f}"


def plain_cost(cost: Decimal | None) -> str:
    """A cost for a program, always with six decimals, such as "0.012345"; a dash where unknown."""
    return UNKNOWN if cost is None else f"{cost:.6f}"
