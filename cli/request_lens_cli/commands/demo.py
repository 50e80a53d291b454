"""`request-lens demo`: deploy to a local AWS, play an experiment, and show what the deployed stack made of it."""

import fcntl
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
from rich.console import Console

from request_lens.presentation.formatting import duration_text
from request_lens.presentation.timeline.drawing import draw_timeline
from request_lens.presentation.timeline.pieces import Words
from request_lens_cli.demo.aws_commands import show_commands
from request_lens_cli.demo.metrics_check import show_metrics
from request_lens_cli.demo.scenario_run import is_as_made, wait_until_settled
from request_lens_cli.demo.stack import DemoStack, open_demo_stack
from request_lens_cli.html_report.page import Heading, report_page
from request_lens_cli.local_aws.deployment import build, deploy_built
from request_lens_cli.local_aws.emf.process import start_emf_stand_in
from request_lens_cli.local_aws.environment import REGION
from request_lens_cli.local_aws.lifecycle import LocalAws, running_local_aws
from request_lens_cli.local_aws.paths import LocalPaths, checkout_paths
from request_lens_cli.local_aws.sam_settings import read_sam_settings
from request_lens_cli.options.help_text import examples
from request_lens_cli.options.stack_choice import DEFAULT_STACK_NAME
from request_lens_cli.options.suggestions import did_you_mean
from request_lens_cli.report.costs import cost_line
from request_lens_cli.report.figures import calls_by_label
from request_lens_cli.report.headline import headline, picture_subtitle
from request_lens_cli.report.period import Period, period_of_starts
from request_lens_cli.report.report import Report
from request_lens_cli.scenario.scenario import scenario_names
from request_lens_cli.terminal.console import open_console
from request_lens_cli.terminal.output_file import shown_path
from request_lens_cli.terminal.progress import phase
from request_lens_cli.terminal.report_view import show_uncertain
from request_lens_cli.terminal.requests_table import print_requests
from request_lens_cli.terminal.timeline.bars import render_bars
from request_lens_cli.terminal.timeline_png import write_png

ARTICLE = "article"
"""The reference experiment."""

TWICE = frozenset({"chat", "overlap"})
"""The scenarios that show what tags are for: they are played untagged, then tagged."""

APART = timedelta(minutes=5)
"""The untagged playing is logged as if it had ended so long before the tagged one: longer than any scenario takes."""

_NO_TAGS, _TAGS = "calls untagged", "calls tagged with their request's id"
"""The two halves of a scenario that is played twice, in words."""

_TAGGED = "-tagged"
"""What the picture and the page of a tagged half have in their names."""

_EXAMPLES = examples(
    "request-lens demo",
    "request-lens demo --scenario overlap",
    "request-lens demo --scenario seven --keep",
    exit_codes={0: "shown", 1: "the local AWS failed, or the requests did not settle"},
)


@click.command("demo", epilog=_EXAMPLES)
@click.option(
    "--scenario",
    default="article",
    help="article, chat, overlap or seven, in events/; chat and overlap are played untagged, then tagged.",
)
@click.option("--keep", is_flag=True, help="Leave the local AWS running; stop it with `make down`.")
def demo_command(scenario: str, *, keep: bool) -> None:
    """Deploy to a local AWS, play an experiment into it, and show the result from the deployed table and metrics."""
    paths = checkout_paths()
    if scenario not in (known := scenario_names(paths.events)):
        there_are = f"no scenario {scenario!r}; there are {', '.join(known)}.{did_you_mean(scenario, known)}"
        raise click.BadParameter(there_are, param_hint="--scenario")
    console = open_console()
    with ExitStack() as running:
        running.enter_context(alone_in(paths, console))
        with phase(console, "start", "a local AWS on this machine") as note:
            local = running.enter_context(running_local_aws(keep=keep))
            note(f"local AWS at {local.endpoint}")
        demo = _deploy(local, console)
        reports = [
            _play(demo, scenario, console, with_tags=tags)
            for tags in ((False, True) if scenario in TWICE else (False,))
        ]
        show_commands(reports[-1], local=local, stack=demo.stack, console=console)
        write_pages(reports, paths.checkout / "out", console)
        console.print(f"\n{afterwards(local, keep=keep, target='make demo')}", highlight=False)


@contextmanager
def alone_in(paths: LocalPaths, console: Console) -> Iterator[None]:
    """Around a demo: no other of this checkout runs then, as two would deploy one stack."""
    paths.state.mkdir(parents=True, exist_ok=True)
    with (paths.state / "demo.lock").open("w", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            console.print("Another demo runs in this clone: waiting until it has ended.")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def is_left_running(local: LocalAws, *, keep: bool) -> bool:
    """Whether the local AWS runs on after the demo."""
    return keep or not local.started_now


def afterwards(local: LocalAws, *, keep: bool, target: str) -> str:
    """What becomes of the local AWS after this target: one that ran before is left running, too."""
    if is_left_running(local, keep=keep):
        return (
            "The local AWS is still running. To ask it, in this shell:\n"
            f"  set -a; . {shown_path(local.paths.env_file)}; set +a\n"
            "  request-lens requests\n"
            "Stop it with: make down"
        )
    return f"The local AWS is stopped: {target} KEEP=1 leaves it running, to ask it more."


def _deploy(local: LocalAws, console: Console) -> DemoStack:
    with phase(console, "build", "sam build") as note:
        build(local, say=note)
    with phase(console, "deploy", "sam deploy") as note:
        stack = deploy_built(local, say=note)
        start_emf_stand_in(local, log_group=stack.output("ProcessorLogGroupName"))
    console.print(f"  Shortened waits, and nothing else: {_waits(local)}.", style="dim", highlight=False)
    return open_demo_stack(local, stack)


def _waits(local: LocalAws) -> str:
    overrides = read_sam_settings(local.paths.samconfig).parameter_overrides()
    return ", ".join(f"{name}={value}" for name, value in overrides.items())


def _play(demo: DemoStack, scenario: str, console: Console, *, with_tags: bool) -> Report:
    """Play a scenario, wait until it has settled, and show what the table holds of it."""
    how = _TAGS if with_tags else _NO_TAGS
    with phase(console, "play", f"{scenario}, {how}") as note:
        is_first = scenario in TWICE and not with_tags
        # Tagged calls need no time of their own.
        least = APART if is_first else timedelta(0)
        ago = least if with_tags else demo.apart(scenario, ago=least)
        run = demo.play(scenario, with_tags=with_tags, ago=ago)
        played = run.scenario
        before = "earlier runs" if ago > least else "the tagged ones"
        when = f", as if {duration_text(ago / timedelta(milliseconds=1))} ago: before {before}" if ago else ""
        note(f"{scenario}: {len(played.access)} API requests, {len(played.invocations)} invocations, {how}{when}")
    with phase(console, "settle", "the requests settle") as note:
        report = wait_until_settled(run, note=note)
    as_made = is_as_made(run.scenario, report)
    _show(report, console, as_made=as_made)
    show_metrics(run, metrics=demo.metrics, console=console)
    out = demo.local.paths.checkout / "out"
    _draw(report, out / f"timeline{_TAGGED if with_tags else ''}.svg", console, how if scenario in TWICE else "")
    if not with_tags:
        _remove_earlier(out)
    if scenario == ARTICLE and not as_made:
        raise click.ClickException("This run found other calls than the experiment made: see the table above.")
    return report


def _show(report: Report, console: Console, *, as_made: bool) -> None:
    console.print()
    print_requests(report, console, aligned=True)
    console.print()
    show_sums(report, console, as_made=as_made)
    show_uncertain(report, console)
    console.print()
    console.print(render_bars(report.timeline_rows(), width=console.width, unlinked=report.unlinked))
    console.print()


def show_sums(report: Report, console: Console, *, as_made: bool = False) -> None:
    """Print what the requests add up to: their calls, their cost where prices are known, and calls by label.

    Those are said to be as expected where they are known to be as they were made.
    """
    console.print(headline(report), style="bold", highlight=False)
    if report.prices:
        console.print(cost_line(report), highlight=False)
    if calls := calls_by_label(report):
        console.print(f"{calls}{' (as expected)' if as_made else ''}", highlight=False)


def _draw(report: Report, target: Path, console: Console, variant: str) -> None:
    """Draw the timeline as SVG, and as PNG beside it."""
    words = Words(subtitle=picture_subtitle(report, DEFAULT_STACK_NAME, REGION, *filter(None, (variant,))))
    svg = draw_timeline(report.timeline_rows(), words=words, unlinked=report.unlinked)
    target.write_text(svg, encoding="utf-8")
    write_png(svg, target.with_suffix(".png"))
    console.print(f"Timeline: {shown_path(target)} and {shown_path(target.with_suffix('.png'))}\n", highlight=False)


def _remove_earlier(out: Path) -> None:
    """Remove what an earlier demo made of its tagged half: it is nothing of this one."""
    for name in ("timeline", "report"):
        for earlier in out.glob(f"{name}{_TAGGED}.*"):
            earlier.unlink()


def write_pages(reports: Sequence[Report], out: Path, console: Console) -> None:
    """Write the report as one page; of a scenario that was played twice one of each half."""
    halves = [("", "", "")]
    if len(reports) > 1:
        halves = [(" of the untagged half", "", _NO_TAGS), (" of the tagged half", _TAGGED, _TAGS)]
    for report, (of_half, suffix, variant) in zip(reports, halves, strict=True):
        target = out / f"report{suffix}.html"
        _write_page(report, target, variant)
        console.print(f"Report{of_half}: {shown_path(target)}, one page to open in a browser", highlight=False)


def _write_page(report: Report, target: Path, variant: str) -> None:
    now = datetime.now(UTC)
    period = period_of_starts(report.requests) or Period(first=now, last=now)
    heading = Heading(stack=DEFAULT_STACK_NAME, variant=variant, region=REGION, period=period, written_at=now)
    target.write_text(report_page(report, heading), encoding="utf-8")
