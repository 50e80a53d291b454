"""`request-lens demo-agent`: the article's agent on a local AWS, asked by HTTP, its calls told from what it sends."""

from contextlib import ExitStack

import click
from rich.console import Console

from request_lens.presentation.timeline.drawing import draw_timeline
from request_lens.presentation.timeline.pieces import Words
from request_lens_cli.agent_demo.agent_run import Way, ask_agent, links_of, tools_of, wait_until_counted
from request_lens_cli.agent_demo.example import (
    RunningAgent,
    deploy_example,
    example_prompts,
    read_spans,
    run_example,
)
from request_lens_cli.commands.demo import afterwards, alone_in, is_left_running, show_sums
from request_lens_cli.deployed.table import DeployedTable, open_table
from request_lens_cli.local_aws.api.deployed_api import Kind
from request_lens_cli.local_aws.aws_clients import local_client
from request_lens_cli.local_aws.deployment import build, deploy_built
from request_lens_cli.local_aws.emf.process import start_emf_stand_in
from request_lens_cli.local_aws.lifecycle import LocalAws, running_local_aws
from request_lens_cli.local_aws.paths import checkout_paths
from request_lens_cli.report.figures import calls_by_label
from request_lens_cli.report.headline import headline
from request_lens_cli.report.report import Report
from request_lens_cli.terminal.console import open_console
from request_lens_cli.terminal.output_file import shown_path
from request_lens_cli.terminal.progress import phase
from request_lens_cli.terminal.requests_table import print_requests
from request_lens_cli.terminal.timeline.bars import render_bars
from request_lens_cli.terminal.timeline_png import write_png

EXPECTED_CALLS = 17
EXPECTED_BY_LABEL = "Tool Use: 7 requests of 2 calls; Simple: 3 requests of 1 call"
"""What the article's experiment found: seven prompts take two LLM calls, three take one."""

WAYS = (Way(kind=Kind.HTTP, at_a_time=1), Way(kind=Kind.REST, at_a_time=5))
"""How the prompts are asked, run by run."""

WAYS_BY_SPANS = tuple(Way(kind=kind, at_a_time=at_a_time) for at_a_time in (1, 5) for kind in (Kind.HTTP, Kind.REST))
"""Where links are by spans: a REST API's record names the trace, an HTTP API's the function's run that it began."""

BY_TAGS, BY_SPANS = {("tag", "exact")}, {("trace", "exact")}

TOOLS = {"current_time": 3, "s3_list_objects": 2, "s3_write_object": 2}
"""Which tools the ten prompts have the agent use, and how often."""

ASK = ".venv/bin/python examples/agent/ask.py"
"""What signs a request to the agent, sends it, and shows what the table has of it."""

WRITTEN = {"clouds.txt", "hello.txt"}
"""The files that the ten prompts have the agent write."""


@click.command("demo-agent")
@click.option("--keep", is_flag=True, help="Leave the local AWS running; stop it with `make down`.")
@click.option("--spans", is_flag=True, help="Take the tags out of the agent: its calls are linked by its spans.")
@click.option("--pace", default=1.0, show_default=True, help="Multiplies the latency of the scripted model.")
def demo_agent_command(*, keep: bool, spans: bool, pace: float) -> None:
    """Deploy to a local AWS with the agent of examples/agent, ask it ten prompts by HTTP, twice, and show the result.

    With --spans four times: through each API one prompt after the other, then five at a time.

    The agent, its libraries, its tools, its tags and its spans are real; the model, AgentCore and the APIs are
    stand-ins.
    """
    paths, console = checkout_paths(), open_console()
    with ExitStack() as running:
        running.enter_context(alone_in(paths, console))
        with phase(console, "start", "a local AWS on this machine") as note:
            local = running.enter_context(running_local_aws(keep=keep))
            note(f"local AWS at {local.endpoint}")
        table, agent = _deploy(local, console, pace=pace, spans=spans)
        for way in WAYS_BY_SPANS if spans else WAYS:
            _ask(agent, way, table, console, spans=spans)
        _show_files(agent, console)
        target = f"make demo-agent{' SPANS=1' if spans else ''}"
        console.print(f"\n{afterwards(local, keep=keep, target=target)}", highlight=False)
        if is_left_running(local, keep=keep):
            console.print(ask_again(agent.urls[Kind.HTTP]), highlight=False, soft_wrap=True)


def ask_again(url: str) -> str:
    """How the agent that is left running is asked once more."""
    return f'Ask the agent again, after the line with `set -a`:\n  {ASK} --url {url} "What time is it in Oslo?"'


def _deploy(local: LocalAws, console: Console, *, pace: float, spans: bool) -> tuple[DeployedTable, RunningAgent]:
    with phase(console, "build", "sam build") as note:
        build(local, say=note)
    with phase(console, "deploy", "sam deploy") as note:
        stack = deploy_built(local, say=note)
        start_emf_stand_in(local, log_group=stack.output("ProcessorLogGroupName"))
    with phase(console, "deploy", "the agent's stack, by sam build and sam deploy") as note:
        example = deploy_example(local, say=note)
    if spans:
        with phase(console, "deploy", "sam deploy, with the log groups of the agent's spans") as note:
            read_spans(local, example, say=note)
    with phase(console, "agent", "the agent starts") as note:
        agent = run_example(local, example, pace=pace, is_tagged=not spans)
        note(f"the agent answers at {agent.urls[Kind.HTTP]}; stand-ins for Bedrock's models, AgentCore and the APIs")
    return open_table(local_client("dynamodb", endpoint=local.endpoint), stack.output("RequestTableName")), agent


def _ask(agent: RunningAgent, way: Way, table: DeployedTable, console: Console, *, spans: bool) -> None:
    """Ask the ten prompts, wait until they have settled, show them, and hold them to what the article found."""
    with phase(console, "ask", f"ten prompts {way}"):
        run = ask_agent(agent, way, example_prompts(agent.local), table=table)
    for each in run.asked:
        console.print(f"  {each.prompt} → {' '.join(each.answer.split())}", style="dim", highlight=False, markup=False)
    with phase(console, "settle", "the requests settle") as note:
        report = wait_until_counted(run, calls=EXPECTED_CALLS, note=note, complete=spans)
    _show(report, agent.local, console, name=f"timeline-agent-{way.kind.lower()}-{way.at_a_time}")
    _require_as_expected(report, BY_SPANS if spans else BY_TAGS)
    if spans:
        _show_tools(report, console)


def _show(report: Report, local: LocalAws, console: Console, *, name: str) -> None:
    print_requests(report, console, aligned=True)
    console.print()
    show_sums(report, console)
    console.print()
    console.print(render_bars(report.timeline_rows(), width=console.width))
    target = local.paths.checkout / "out" / f"{name}.svg"
    words = Words(subtitle=headline(report))
    svg = draw_timeline(report.timeline_rows(), words=words)
    target.write_text(svg, encoding="utf-8")
    write_png(svg, target.with_suffix(".png"))
    console.print(f"Timeline: {shown_path(target)} and {shown_path(target.with_suffix('.png'))}\n", highlight=False)


def _require_as_expected(report: Report, links: set[tuple[str, str]]) -> None:
    """Hold a run to what the article found. Raises: click.ClickException."""
    found = calls_by_label(report)
    if found != EXPECTED_BY_LABEL or links_of(report) != links:
        expected = f"{EXPECTED_BY_LABEL}, linked by {sorted(links)}"
        raise click.ClickException(f"Expected {expected}; found {found}, linked by {sorted(links_of(report))}.")


def _show_tools(report: Report, console: Console) -> None:
    """Name the tools that ran, as spans tell. Raises: click.ClickException where one is missing."""
    tools = tools_of(report)
    named = ", ".join(f"{name} {times}" for name, times in sorted(tools.items()))
    console.print(f"All calls are proven to be there; tools that ran: {named}\n", highlight=False)
    if tools != TOOLS:
        raise click.ClickException(f"Expected the runs of tools {TOOLS}; found {dict(tools)}.")


def _show_files(agent: RunningAgent, console: Console) -> None:
    files = agent.files()
    console.print(f"Files that the agent's tools wrote: {', '.join(files)}", highlight=False)
    if not set(files) >= WRITTEN:
        raise click.ClickException(f"Expected {', '.join(sorted(WRITTEN))} among them.")
