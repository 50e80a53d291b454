"""Costs in words, as the command line tells them."""

from request_lens.cost_text import by_prices, call_cost, cost_of
from request_lens.domain.facts import Invocation
from request_lens.domain.summary import Summary
from request_lens_cli.documents import call_estimate
from request_lens_cli.report import Report


def cost_of_call(call: Invocation, summary: Summary | None) -> str:
    """The call's estimated cost, or why it has none."""
    return call_cost(call_estimate(call, summary))


def cost_line(report: Report) -> str:
    """What all of them cost, by which prices."""
    return f"Estimated cost of the requests: {cost_of(report.totals)}{by_prices(report.prices)}"
