"""Addresses in AWS's console: where a browser shows the dashboard, and what the log says of some requests."""

import re
from collections.abc import Mapping

import click

from request_lens.domain.settling.state import RequestState
from request_lens.presentation.formatting import iso_ms
from request_lens.presentation.traced import trace_address, trace_of
from request_lens_cli.deployed.stack import DeployedStackView
from request_lens_cli.options.endpoint import is_on_loopback
from request_lens_cli.report.period import Period

_PLAIN = re.compile(r"[^0-9A-Za-z_.-]")


def period_addresses(stack: DeployedStackView, period: Period) -> Mapping[str, str]:
    """The dashboard, and Logs Insights with a line for each revision that was published in the period, by name.

    Raises: click.ClickException for a stack of the local AWS, which has no console.
    """
    query = "filter ispresent(request_id) and ispresent(Route)\n| sort @timestamp desc\n| limit 1000"
    return {"Dashboard": _dashboard(stack), "Logs Insights": _insights(stack, query, period)}


def request_addresses(stack: DeployedStackView, state: RequestState, period: Period) -> Mapping[str, str]:
    """The same for one request: the lines that were published of it in the period, and its trace where it names one.

    Raises: click.ClickException for a stack of the local AWS, which has no console.
    """
    quoted = state.request_id.replace("\\", "\\\\").replace('"', '\\"')
    query = f'filter request_id = "{quoted}"\n| sort @timestamp asc'
    dashboard = _dashboard(stack)
    addresses = {"Dashboard": dashboard, "Logs Insights": _insights(stack, query, period)}
    trace_id = trace_of(state)
    if trace_id is None:
        return addresses
    return {**addresses, "Trace": trace_address(aws_console(stack), trace_id)}


def aws_console(stack: DeployedStackView) -> str:
    """The address of CloudWatch's console where the stack is; empty for a stack of the local AWS, which has none."""
    return "" if is_on_loopback(_endpoint(stack)) else stack.outputs.get("DashboardUrl", "").partition("#")[0]


def _endpoint(stack: DeployedStackView) -> str:
    return stack.session.client("logs").meta.endpoint_url


def _dashboard(stack: DeployedStackView) -> str:
    endpoint = _endpoint(stack)
    if is_on_loopback(endpoint):
        raise click.ClickException(
            f"The stack is on the local AWS at {endpoint}, which has no console: there is no page to open. "
            "Leave out --web; `request-lens report` writes a page."
        )
    return stack.output("DashboardUrl")


def _insights(stack: DeployedStackView, query: str, period: Period) -> str:
    """The query over the processor's log group, ready to run."""
    texts = {
        "end": iso_ms(period.last),
        "start": iso_ms(period.first),
        "timeType": "ABSOLUTE",
        "tz": "UTC",
        "editorString": query,
    }
    pairs = "~".join(f"{name}~'{_escaped(text)}" for name, text in texts.items())
    group = _escaped(stack.output("ProcessorLogGroupName"))
    return f"{aws_console(stack)}#logsV2:logs-insights$3FqueryDetail$3D~({pairs}~source~(~'{group}))"


def _escaped(text: str) -> str:
    """A text as the console has it in an address: all but letters, digits, "_", "." and "-" in hex."""
    return _PLAIN.sub(lambda found: "".join(f"*{byte:02x}" for byte in found[0].encode()), text)
