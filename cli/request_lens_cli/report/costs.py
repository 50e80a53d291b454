"""Costs in words, as the command line tells them."""

from request_lens.adapters.price_list import bedrock_prices
from request_lens.domain.facts import Invocation
from request_lens.domain.folding.summary import Summary, estimate_within
from request_lens.domain.pricing import Estimate
from request_lens.presentation.certainty import Certainty, signed
from request_lens.presentation.costs import by_prices, cost_of
from request_lens.presentation.formatting import UNKNOWN, in_words
from request_lens_cli.report.report import Report


def call_estimate(invocation: Invocation, summary: Summary | None) -> Estimate | None:
    """What the call cost by our prices, or why it has no cost; None where its summary was priced with others."""
    return estimate_within(summary, invocation, bedrock_prices())


def cost_line(report: Report) -> str:
    """What all of them cost, by which prices, and what the calls cost that belong to none of them."""
    certainty = report.certainty
    cost = signed(cost_of(report.totals, certain=certainty is not Certainty.AT_LEAST), certainty)
    others = cost_of(report.unattributed_totals) if report.unattributed else UNKNOWN
    beside = f"; {_unattributed(report)}: {in_words(others)}" if report.unattributed else ""
    by = "" if cost == others == UNKNOWN else by_prices(report.prices)
    these = "the requests shown" if report.of_all_time else "the requests"
    return f"Estimated cost of {these}: {in_words(cost)}{beside}{by}"


def _unattributed(report: Report) -> str:
    return f"of unattributed calls {report.of_all_time}".rstrip()
