"""`request-lens attach` and `detach`: further log groups of a deployed stack."""

import boto3
import click
from botocore.exceptions import BotoCoreError, ClientError

from request_lens_cli.attaching.by_writer import writer_of
from request_lens_cli.attaching.kinds import INSPECTED_AS, Kind, kind_of
from request_lens_cli.attaching.log_groups import Attachments, attachments_of
from request_lens_cli.attaching.sample_lines import most_telling, newest_samples
from request_lens_cli.commands.operating.agreement import agree
from request_lens_cli.commands.operating.aws_command import AwsCommand
from request_lens_cli.deployed.aws_errors import explained
from request_lens_cli.deployed.newest_lines import TooManyPagesError
from request_lens_cli.deployed.stack import read_stack
from request_lens_cli.inspection.inspection import Inspection
from request_lens_cli.options.period import command_clock
from request_lens_cli.options.shared import stack_options
from request_lens_cli.options.stack_choice import StackChoice
from request_lens_cli.options.suggestions import SuggestingChoice

_EXIT_CODES = """\b
Exit codes:
  0  it is so, now or already
  1  refused, or there is no such group: nothing was changed
  2  the command line is wrong"""

_ATTACH_HELP = """Subscribe a further log group to the stack's processor, after asking.

It holds another API's access log, invocations, spans, or what leads to these.

GROUP needs the class Standard and room for a subscription filter: it takes two. The processor is permitted to be
invoked by it, and gets its lines from now on. Attaching it again changes nothing; as another kind, it replaces the
first. A group without a line yet can be attached: where no API's stage and no name tells what it will hold, --kind
says it.
"""

_ATTACH_EPILOG = f"""\b
Examples:
  request-lens attach /aws/apigateway/orders
  request-lens attach /bedrock/other-invocations --kind invocations --yes \\
    --stack-name request-lens-prod
  request-lens attach --kind spans \\
    /aws/bedrock-agentcore/runtimes/orders-ABCDEF1234-DEFAULT

{_EXIT_CODES.replace("refused,", "refused, not agreed to,")}
"""

_DETACH_HELP = """Undo `attach`: remove the filter and the permission of a log group. Do so before deleting the stack.
"""

_DETACH_EPILOG = f"""\b
Examples:
  request-lens detach /aws/apigateway/orders
  request-lens detach --all

{_EXIT_CODES}
"""


@click.command("attach", cls=AwsCommand, help=_ATTACH_HELP, epilog=_ATTACH_EPILOG)
@click.argument("group", metavar="GROUP")
@click.option(
    "--kind",
    type=SuggestingChoice([kind.value for kind in Kind]),
    help="What the group holds. Default: what its newest line is, or who writes there.",
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@stack_options
def attach_command(*, group: str, kind: str | None, yes: bool, stack: StackChoice) -> None:
    """Subscribe a log group to the stack's processor."""
    view = read_stack(stack)
    attachments = attachments_of(view)
    found = attachments.find(group)
    sample = None if kind else _newest_line(attachments, group)
    chosen, writer = (Kind(kind), "") if kind else _kind_told_by(sample, view.session, group)
    was = attachments.kind_of(found)
    lacking = attachments.lacks(found, chosen)
    click.echo(_reading_if_seen(attachments, group, chosen) if kind else _reading(sample, chosen))
    if writer:
        click.echo(writer)
    replaced = f", no more as {was}" if was not in {None, chosen} else ""
    if lacking:
        agree(f"Subscribe {attachments.processor.name} to {group}, as {chosen}{replaced}?", yes=yes)
    if not attachments.attach(found, chosen):
        click.echo(f"{group} is attached to {attachments.processor.name} already. Nothing was changed.")
        return
    click.echo(f"Attached {group} ({chosen}) to {attachments.processor.name}: its lines come from now on.")
    if replaced:
        click.echo(f"It was attached as {was}: lines of that kind come no more. Back: --kind {was}{stack.options}.")
    click.echo(f"Those of before come with `request-lens backfill --since 1d{stack.options}`.")


@click.command("detach", cls=AwsCommand, help=_DETACH_HELP, epilog=_DETACH_EPILOG)
@click.argument("group", metavar="[GROUP]", required=False)
@click.option("--all", "everything", is_flag=True, help="Every log group that `attach` attached.")
@stack_options
def detach_command(*, group: str | None, everything: bool, stack: StackChoice) -> None:
    """Undo `attach` of one log group, or of all."""
    if (group is None) != everything:
        raise click.UsageError("name a log group, or give --all, not both")
    attachments = attachments_of(read_stack(stack))
    names = attachments.names() if group is None else [group]
    if not names:
        click.echo("No log group is attached. Nothing was changed.")
    refusals = [refusal for name in names if (refusal := _detach(attachments, name))]
    if refusals:
        raise click.ClickException("\n".join(refusals))


def _detach(attachments: Attachments, name: str) -> str:
    """Detach one; why it is refused, which stops no other, or empty."""
    try:
        detached = attachments.detach(name)
    except click.ClickException as refusal:
        return refusal.message
    if detached:
        click.echo(f"Detached {name} from {attachments.processor.name}.")
    else:
        click.echo(f"{name} is not attached. Nothing was changed.")
    return ""


def _newest_line(attachments: Attachments, group: str) -> Inspection | None:
    samples = newest_samples(attachments.logs, group, now=command_clock().now())
    return most_telling(samples) if samples else None


def _kind_told_by(sample: Inspection | None, session: boto3.Session, group: str) -> tuple[Kind, str]:
    """What the group holds, by its newest line, else by who writes into it, with a sentence on that one."""
    kind = kind_of(sample.kind) if sample is not None else None
    if kind is not None:
        return kind, ""
    try:
        writer, seen = writer_of(session, group), "no stage of an API writes its access log there"
    except (ClientError, BotoCoreError) as error:
        writer, seen = None, f"whether an API writes there was not seen ({explained(error).removesuffix('.')})"
    if writer is None:
        raise click.ClickException(
            f"No line of the last day tells what {group} holds, and {seen}: say it with --kind {' or '.join(Kind)}. "
            "Nothing was changed."
        )
    return writer.kind, writer.sentence


def _reading(sample: Inspection | None, kind: Kind) -> str:
    """What becomes of the group's lines, by its newest one."""
    if sample is None:
        return "It had no line in the last day."
    read_as, wanted = sample.kind, INSPECTED_AS[kind]
    if read_as == wanted:
        return f"Its newest line is read: {sample.brief}."
    return f"Warning: its newest line is {read_as}, no {wanted}: {sample.brief}."


def _reading_if_seen(attachments: Attachments, group: str, kind: Kind) -> str:
    """The same of a group that is attached: whatever keeps its newest line from being read stops nothing."""
    try:
        return _reading(_newest_line(attachments, group), kind)
    except (TooManyPagesError, ClientError, BotoCoreError) as error:
        reason = error.message if isinstance(error, TooManyPagesError) else explained(error)
        return f"Note: whether its lines are read was not looked at. {reason}"
