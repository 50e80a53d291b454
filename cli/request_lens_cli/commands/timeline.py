"""`request-lens timeline`: the picture of what a deployed table holds."""

from pathlib import Path

import click

from request_lens.presentation.timeline.drawing import draw_timeline
from request_lens_cli.deployed.stack import read_stack
from request_lens_cli.deployed.table import open_stack_table
from request_lens_cli.options.help_text import examples
from request_lens_cli.options.period import command_clock
from request_lens_cli.options.shared import period_options, selection_options, stack_options
from request_lens_cli.options.stack_choice import StackChoice
from request_lens_cli.report.period import Period
from request_lens_cli.report.report import Report, earlier_note, headline
from request_lens_cli.report.selection import Selection
from request_lens_cli.terminal.bars import render_bars
from request_lens_cli.terminal.console import open_console
from request_lens_cli.terminal.output_file import PICTURES, output_option, shown_path, write_picture
from request_lens_cli.terminal.progress import working
from request_lens_cli.terminal.report_view import NO_REQUESTS

_EXAMPLES = examples(
    "request-lens timeline --since 15m",
    "request-lens timeline --since 1h -o timeline.svg",
    'request-lens timeline --since 1d --route "POST /ask" --min-calls 3 --rows 50 -o timeline.png',
)


@click.command("timeline", epilog=_EXAMPLES)
@period_options(default="1h")
@selection_options
@click.option(
    "--rows", type=click.IntRange(1, 2000), default=200, help="At most so many requests, the newest. Default 200."
)
@output_option(
    "output", "-o", "--output", endings=PICTURES, text="Draw to this file, .svg or .png; else as bars in the terminal."
)
@stack_options
def timeline_command(
    *, period: Period, selection: Selection, rows: int, output: Path | None, stack: StackChoice
) -> None:
    """Draw the API requests of a period as bars, with their LLM calls inside them."""
    view = read_stack(stack)
    with working("Reading the requests"):
        report = open_stack_table(view).report(view.kept(period, now=command_clock().now()), view.policy)
    drawn = selection.of(report).newest(rows)
    console = open_console()
    if output is not None:
        _draw(drawn, output)
        console.print(f"{headline(drawn)}: {shown_path(output)}", highlight=False)
    else:
        console.print(render_bars(drawn.timeline_rows(), width=console.width) if drawn.requests else NO_REQUESTS)
    if drawn.earlier:
        console.print(f"{earlier_note(drawn)}.", style="dim", highlight=False)


def _draw(report: Report, output: Path) -> None:
    subtitle = f"{headline(report)}, {earlier_note(report)}" if report.earlier else headline(report)
    write_picture(draw_timeline(report.timeline_rows(), subtitle=subtitle), output)
