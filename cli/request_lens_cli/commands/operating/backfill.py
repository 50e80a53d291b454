"""`request-lens backfill`: what a deployed stack has missed, sent through its processor."""

import json
import shlex
from collections.abc import Iterator, Sequence
from datetime import datetime

import click
from botocore.exceptions import BotoCoreError, ClientError

from request_lens.presentation.formatting import iso_ms, pluralize
from request_lens_cli.attaching.log_groups import attachments_of, own_groups
from request_lens_cli.commands.operating.agreement import agree
from request_lens_cli.commands.operating.aws_command import AwsCommand
from request_lens_cli.deployed.aws_errors import explained
from request_lens_cli.deployed.stack import DeployedStackView, read_stack
from request_lens_cli.operating.backfilling.backfill import Backfill, Progress
from request_lens_cli.operating.backfilling.estimate import estimate_of
from request_lens_cli.operating.backfilling.past_event import Source, SourceError
from request_lens_cli.operating.backfilling.sources import open_sources
from request_lens_cli.operating.invoked_processor import ProcessorFailedError, open_processor
from request_lens_cli.options.help_text import examples
from request_lens_cli.options.period import command_clock
from request_lens_cli.options.shared import format_option, period_options, stack_options
from request_lens_cli.options.stack_choice import StackChoice
from request_lens_cli.report.period import Period
from request_lens_cli.terminal.console import open_console, stderr_console
from request_lens_cli.terminal.operations.backfill_view import (
    backfill_document,
    expectations,
    show_plan,
)
from request_lens_cli.terminal.progress import working

_PERIOD = ("since", "until")

_EXAMPLES = examples(
    "request-lens backfill --since 2d",
    "request-lens backfill --since 2025-12-04 --until 2025-12-05 --yes",
    "request-lens backfill --since 7d --s3-prefix s3://my-logs/bedrock/ --log-group my-api",
    exit_codes={0: "all was sent", 1: "it stopped, and says how to go on, or the stack cannot be read"},
)


@click.command("backfill", cls=AwsCommand, epilog=_EXAMPLES)
@period_options()
@click.option(
    "--log-group",
    "log_groups",
    multiple=True,
    help="Read this log group, not those that the stack reads; may be repeated.",
)
@click.option(
    "--s3-prefix", "s3_prefixes", multiple=True, help="Read these objects, as s3://BUCKET/PREFIX; may be repeated."
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@format_option
@stack_options
def backfill_command(  # noqa: PLR0913 - one argument an option
    *,
    period: Period,
    log_groups: tuple[str, ...],
    s3_prefixes: tuple[str, ...],
    yes: bool,
    stack: StackChoice,
    format_: str,
) -> None:
    """Send log events of the past through the processor, as if they had only just come.

    Of what was logged before the deployment, or while a subscription filter was off. Says what that costs and asks
    before it begins. It reads the stack's log groups and those that were attached. If you name groups or prefixes, name
    those of both kinds, requests and calls, in any order: without its request's record an untagged call stays
    unattributed; where that comes late, the call is linked within minutes. To send anything twice is safe.
    """
    view = read_stack(stack)
    kept = view.kept(period, now=command_clock().now(), tell=False)
    if kept.first == kept.last:
        raise click.UsageError("--since and --until are the same moment: nothing was sent.")
    if not log_groups and not s3_prefixes:
        log_groups = _groups_that_are_read(view)
    sources = open_sources(view, kept, log_groups=log_groups, s3_prefixes=s3_prefixes)
    _announce(sources, period, kept)
    agree("Begin?", yes=yes, otherwise="Nothing was sent.")
    progress = _run(_backfill(view, sources, kept))
    if format_ == "json":
        click.echo(json.dumps(backfill_document(kept, progress), indent=2))
    else:
        batches = "batch" if progress.batches == 1 else "batches"
        sent = f"{pluralize(progress.events, 'log event')} sent in {progress.batches:,} {batches}"
        open_console().print(sent, style="bold", highlight=False)


def _groups_that_are_read(stack: DeployedStackView) -> tuple[str, ...]:
    """The stack's own log groups, and those that were attached."""
    return (*own_groups(stack).values(), *attachments_of(stack).names())


def _announce(sources: Sequence[Source], asked: Period, period: Period) -> None:
    console = stderr_console()
    with working("Looking how much there is"):
        estimate = estimate_of([source.volume() for source in sources])
    show_plan([source.name for source in sources], period, estimate, console)
    for sentence in expectations(asked, period, command_clock().now()):
        console.print(sentence, highlight=False)


def _backfill(view: DeployedStackView, sources: Sequence[Source], period: Period) -> Backfill:
    lead = view.policy.reach + view.policy.link_delay
    return Backfill(sources=sources, processor=open_processor(view), first=period.first, end=period.last, lead=lead)


def _run(backfill: Backfill) -> Progress:
    """Send everything, and tell each slice that is done. Raises: click.ClickException, which says how to go on."""
    progress = Progress(until=backfill.first, events=0, batches=0)
    try:
        with working("Sending") as note:
            for latest in backfill.run():
                if latest.events > progress.events:
                    click.echo(f"done until {iso_ms(latest.until)}: {latest.events:,} log events", err=True)
                progress = latest
                note(f"Sending what came after {iso_ms(progress.until)}")
    except KeyboardInterrupt:
        raise click.ClickException(_how_to_go_on("Stopped.", progress, backfill.end)) from None
    except (ClientError, BotoCoreError) as error:
        raise click.ClickException(_how_to_go_on(explained(error), progress, backfill.end)) from error
    except (SourceError, ProcessorFailedError) as error:
        raise click.ClickException(_how_to_go_on(f"{error}.", progress, backfill.end)) from error
    return progress


def _how_to_go_on(reason: str, progress: Progress, end: datetime) -> str:
    """Why it stopped, and the same command from where it did."""
    done = f"{progress.events:,} log events are sent: all until {iso_ms(progress.until)}"
    period = ["--since", iso_ms(progress.until), "--until", iso_ms(end)]
    return f"{reason} {done}. Go on with:\n{shlex.join([*_typed(), *period])}"


def _typed() -> Iterator[str]:
    """The running command without its period."""
    context = click.get_current_context()
    yield from context.command_path.split()
    for option in context.command.params:
        value = context.params[str(option.name)]
        if option.name in _PERIOD or not value or value == option.default:
            continue
        for each in value if option.multiple else [value]:
            yield from [option.opts[0]] if each is True else [option.opts[0], str(each)]
