"""`request-lens doctor`: why is my dashboard empty?"""

import json
import re
from dataclasses import replace

import click

from request_lens_cli.commands.operating.aws_command import AwsCommand
from request_lens_cli.diagnosis.examination import CHECKS, examine, with_trial
from request_lens_cli.diagnosis.finding import Finding, exit_code
from request_lens_cli.diagnosis.finding_view import show_finding, verdict
from request_lens_cli.diagnosis.sent_event import SentEvent
from request_lens_cli.options.period import command_clock
from request_lens_cli.options.shared import format_option, stack_options
from request_lens_cli.options.stack_choice import StackChoice
from request_lens_cli.terminal.console import open_console
from request_lens_cli.terminal.progress import working

_HELP = """Say why the dashboard is empty, and what helps.

It follows a log line from Bedrock and API Gateway to the table, and stops at the first fault. Where there is none it
says what is worth knowing: calls without a request and why, uncertain requests, whose calls they are. It reads, and
changes nothing.

With --send-test-event it writes two lines into the stack's log groups, a request and its call, and waits up to two
minutes for what comes of each. They are published with the Service doctor: your metrics and lists do not count them.
"""

_EPILOG = """\b
Examples:
  request-lens doctor
  request-lens doctor --send-test-event
  request-lens doctor --stack-name request-lens-prod --format json
  request-lens doctor --warn-above 5 || page-somebody

\b
Marks:
  ✓  all is well
  ✗  a fault: why the dashboard is empty, or will be
  !  what is shown is not whole: calls without a request, uncertain requests,
     tags of no request, a broken assumption; from the first one on, or where
     more than --warn-above percent of the last day are concerned
  i  worth knowing, such as routes that are called and not observed, or that
     nothing has come yet
  ?  AWS did not let it look

\b
Exit codes:
  0  all that was looked at is ✓ or i
  1  a fault was found, and said
  2  the command line is wrong
  3  no fault was found, but AWS let not everything be looked at
  4  no fault was found, and something is marked with !
     (never with --warn-above 100)
"""


_OF_A_STACK = re.compile(r"`(?:request-lens (?!inspect\b)[a-z-]+)")
_OF_A_DEPLOYMENT = re.compile(r"`sam deploy")
_OF_AN_ACCOUNT = re.compile(r"`aws")
"""Commands of a remedy, as far as what they are about can be named after them."""


@click.command("doctor", cls=AwsCommand, help=_HELP, epilog=_EPILOG)
@click.option("--send-test-event", is_flag=True, help="Send a request of its own through the stack.")
@click.option(
    "--warn-above",
    type=click.FloatRange(0, 100),
    default=0.0,
    metavar="PERCENT",
    help="What concerns no more of the last day's requests or calls is i, not !. Default 0: anything is !.",
)
@format_option
@stack_options
@click.pass_context
def doctor_command(
    context: click.Context, *, send_test_event: bool, warn_above: float, stack: StackChoice, format_: str
) -> None:
    """Examine a stack, and exit with what was found."""
    findings: list[Finding] = []
    console, clock = open_console(), command_clock()
    checks = with_trial(lambda examined: SentEvent(examined=examined, clock=clock).send())
    with working("Looking at the stack"):
        chosen = checks if send_test_event else CHECKS
        for found in examine(stack, now=clock.now(), checks=chosen, tolerated=warn_above / 100):
            findings.append(_of(stack, found))
            if format_ == "table":
                show_finding(findings[-1], console)
    if format_ == "json":
        document = {"fault": exit_code(findings) == 1, "findings": [finding.document() for finding in findings]}
        click.echo(json.dumps(document, indent=2))
    else:
        console.print(verdict(findings), style="bold")
    context.exit(exit_code(findings))


def _of(stack: StackChoice, finding: Finding) -> Finding:
    """The finding, with a remedy whose commands mean the stack that was asked about."""
    remedy = _OF_A_STACK.sub(lambda found: found[0] + stack.options, finding.remedy)
    remedy = _OF_A_DEPLOYMENT.sub(lambda found: found[0] + stack.deploy_options, remedy)
    return replace(finding, remedy=_OF_AN_ACCOUNT.sub(lambda found: found[0] + stack.account_options, remedy))
