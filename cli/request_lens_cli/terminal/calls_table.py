"""The calls of one request as a table for the terminal."""

from collections.abc import Collection, Sequence

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from request_lens.domain.facts import InvocationId
from request_lens.domain.linking.link import LinkedInvocation
from request_lens.domain.policy import Policy
from request_lens.domain.settling.state import RequestState
from request_lens.presentation.calls import link_text, start_text
from request_lens.presentation.costs import call_cost
from request_lens.presentation.formatting import cleaned, counts_text, seconds
from request_lens_cli.report.costs import call_estimate
from request_lens_cli.terminal.unlinked_table import ended_with

_NUMERIC = frozenset({"#", "Start", "Latency", "Tokens in/out", "Cache read/write", "Cost (est.)"})
_UNCACHED = ("#", "Start", "Latency", "Tokens in/out", "Cost (est.)", "Ended with", "Correlated by", "Model")
_CACHED = (*_UNCACHED[:4], "Cache read/write", *_UNCACHED[4:])


def calls_table(
    state: RequestState,
    policy: Policy,
    *,
    linked: Sequence[LinkedInvocation],
    provisional: Collection[InvocationId] = (),
) -> Table:
    """One invocation of the request a row, in the order given; a start known only to the second has no milliseconds.

    The links of those that are `provisional` are not decided yet.
    """
    cached = any(call.invocation.tokens.cache_read or call.invocation.tokens.cache_write for call in linked)
    headers = _CACHED if cached else _UNCACHED
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), header_style="bold")
    for header in headers:
        table.add_column(header, justify="right" if header in _NUMERIC else "left", overflow="fold")
    for number, call in enumerate(linked, start=1):
        cells = {"#": Text(str(number))} | _cells(call, state, policy)
        if call.invocation.invocation_id in provisional:
            cells["Correlated by"].append(", provisional", style="yellow")
        table.add_row(*(cells[header] for header in headers))
    return table


def _cells(linked: LinkedInvocation, state: RequestState, policy: Policy) -> dict[str, Text]:
    call = linked.invocation
    return {
        "Start": Text(start_text(call, policy)),
        "Latency": Text(seconds(call.latency_ms)),
        "Tokens in/out": Text(counts_text(call.tokens.input, call.tokens.output)),
        "Cache read/write": Text(counts_text(call.tokens.cache_read, call.tokens.cache_write)),
        "Cost (est.)": Text(call_cost(call_estimate(call, state.summary))),
        "Ended with": ended_with(call),
        "Correlated by": Text(link_text(linked.link)),
        "Model": Text(cleaned(call.model_id)),
    }
