"""The calls of one request as a table for the terminal."""

from decimal import Decimal

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from request_lens.domain.call_start import CallStart, call_start
from request_lens.domain.facts import Invocation
from request_lens.domain.policy import Policy
from request_lens.domain.pricing import Unpriced
from request_lens.domain.state import RequestState
from request_lens_cli.documents import call_estimate
from request_lens_cli.report_table import UNKNOWN, dollars, seconds

_NUMERIC = ("#", "Start", "Latency", "Tokens in/out", "Cost (est.)")
_HEADERS = (*_NUMERIC, "Ended with", "Model", "Correlated by")


def calls_table(state: RequestState, policy: Policy) -> Table:
    """One invocation a row, by start; a start known only to the second is shown without milliseconds."""
    linked = state.invocations
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), header_style="bold")
    for header in _HEADERS:
        table.add_column(header, justify="right" if header in _NUMERIC else "left", overflow="fold")
    starts = {
        each.invocation.invocation_id: call_start(each.invocation, clock_skew=policy.clock_skew) for each in linked
    }
    ordered = sorted(
        linked, key=lambda each: (starts[each.invocation.invocation_id].earliest, each.invocation.invocation_id)
    )
    for number, each in enumerate(ordered, start=1):
        call = each.invocation
        link = f"{each.link.method} ({each.link.confidence})"
        started = _clock_time(starts[call.invocation_id])
        cost = _cost(call, state)
        table.add_row(
            str(number), started, seconds(call.latency_ms), _tokens(call), cost, _end(call), call.model_id, link
        )
    return table


def _cost(call: Invocation, state: RequestState) -> Text:
    """The call's estimated cost, or why it has none; a failed call has no tokens in its log."""
    match call_estimate(call, state.summary):
        case Unpriced.FAILED_CALL | None:
            return Text(UNKNOWN)
        case Unpriced() as reason:
            return Text(f"unpriced: {reason.replace('_', ' ')}", style="yellow")
        case Decimal() as cost:
            return Text(dollars(cost))


def _clock_time(start: CallStart) -> str:
    precision = "milliseconds" if start.is_precise else "seconds"
    return start.earliest.time().isoformat(timespec=precision)


def _tokens(call: Invocation) -> str:
    counts = (call.tokens.input, call.tokens.output)
    return " / ".join(UNKNOWN if count is None else f"{count:,}" for count in counts)


def _end(call: Invocation) -> Text:
    return Text(call.error_code, style="red") if call.error_code is not None else Text(call.stop_reason or UNKNOWN)
