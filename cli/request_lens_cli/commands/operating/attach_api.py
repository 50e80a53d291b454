"""`request-lens attach-api`: the access log of an API's stage."""

import click

from request_lens_cli.attaching.apis.access_format import API_NAME, ApiKind, named_format
from request_lens_cli.attaching.apis.plan import FORMAT_OUTPUTS, Plan, Step, plan_for
from request_lens_cli.attaching.apis.stage import Stage, find_stage, may_write_logs, set_access_log
from request_lens_cli.attaching.kinds import Kind
from request_lens_cli.attaching.log_groups import attachments_of
from request_lens_cli.commands.operating.agreement import agree
from request_lens_cli.commands.operating.aws_command import AwsCommand
from request_lens_cli.deployed.log_group import find_log_group
from request_lens_cli.deployed.stack import DeployedStackView, read_stack
from request_lens_cli.options.shared import stack_options
from request_lens_cli.options.stack_choice import StackChoice

_HELP = """Let an HTTP or REST API's requests be seen: set the access log of its stage, after asking.

API is the API's id, with the stage where it has several: a1b2c3d4e5/prod. A stage that has an access log keeps it:
where its format suffices, its log group is attached instead; else you are told which keys to add.

Equal routes of several APIs or stages are one route, in lists and metrics. --name NAME puts a name before the routes of
this one: "NAME POST /ask". The others stay as they are, and AgentRoutes means all of them by "POST /ask".
"""

_EPILOG = """\b
Examples:
  request-lens attach-api a1b2c3d4e5
  request-lens attach-api 'a1b2c3d4e5/$default' --yes
  request-lens attach-api a1b2c3d4e5/test --name test

\b
Exit codes:
  0  its requests are seen, from now on or already
  1  refused, or not agreed to: the reason is said, and nothing was changed
  2  the command line is wrong
"""


def _read_name(_context: click.Context, _parameter: click.Parameter, name: str) -> str:
    if name and not API_NAME.fullmatch(name):
        raise click.BadParameter("up to 64 letters, digits and any of . _ - /, such as orders-test")
    return name


@click.command("attach-api", cls=AwsCommand, help=_HELP, epilog=_EPILOG)
@click.argument("api", metavar="API[/STAGE]")
@click.option("--name", callback=_read_name, default="", help="A name to stand before its routes.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@stack_options
def attach_api_command(*, api: str, name: str, yes: bool, stack: StackChoice) -> None:
    """Let an API's requests be seen."""
    view = read_stack(stack)
    api_id, _, stage_name = api.partition("/")
    stage = find_stage(view.session, api_id, stage_name)
    plan = plan_for(stage, own_log_group=view.output("AccessLogGroupName"), name=name)
    match plan.step:
        case Step.NONE:
            click.echo(f"{_title(stage)} writes to {plan.log_group} already, and its format suffices.")
            _say(plan.note)
        case Step.SUBSCRIBE:
            _subscribe(view, stage, plan, yes=yes)
        case Step.SET:
            _set(view, stage, plan, name=name, yes=yes)


def _subscribe(view: DeployedStackView, stage: Stage, plan: Plan, *, yes: bool) -> None:
    attachments = attachments_of(view)
    group = attachments.find(plan.log_group)
    click.echo(f"{_title(stage)} writes to {plan.log_group} in a format that suffices; it stays as it is.")
    _say(plan.note)
    if attachments.lacks(group, Kind.ACCESS):
        agree(f"Subscribe {attachments.processor.name} to that log group?", yes=yes)
    changed = attachments.attach(group, Kind.ACCESS)
    click.echo(f"Attached {plan.log_group}." if changed else f"{plan.log_group} is attached already.")


def _set(view: DeployedStackView, stage: Stage, plan: Plan, *, name: str, yes: bool) -> None:
    group = find_log_group(view.session.client("logs"), plan.log_group)
    text = view.outputs.get(FORMAT_OUTPUTS[stage.kind])
    if group is None or text is None:
        raise click.ClickException(f"The stack {view.name} has no log group or format of an access log: deploy again.")
    if stage.kind is ApiKind.REST and not may_write_logs(view.session):
        raise click.ClickException(
            "API Gateway has no role to write logs with, which REST APIs need, one per account and Region. Make one "
            "with AmazonAPIGatewayPushToCloudWatchLogs, name it with `aws apigateway update-account "
            "--patch-operations op=replace,path=/cloudwatchRoleArn,value=ARN`, and run this again."
        )
    text = named_format(text, name)
    click.echo(f"{_title(stage)} has no access log. It would write one")
    click.echo(f"  to      {group.name}")
    click.echo(f"  format  {text}")
    _say(plan.note)
    agree("Set this access log?", yes=yes)
    if find_stage(view.session, stage.api_id, stage.name) != stage:
        raise click.ClickException(
            f"{_title(stage)} has changed since. Nothing was changed by this command: run it again."
        )
    set_access_log(view.session, stage, destination_arn=group.arn, text=text)
    click.echo(f"Set. Requests to {stage.title} are seen from now on.")


def _title(stage: Stage) -> str:
    return stage.title[0].upper() + stage.title[1:]


def _say(note: str) -> None:
    if note:
        click.echo(f"Note: {note}")
