"""`request-lens report`: what a deployed table holds of a period, as one page."""

from pathlib import Path

import click

from request_lens.presentation.timeline.axis import AxisKind
from request_lens_cli.deployed.console import aws_console
from request_lens_cli.deployed.stack import read_stack
from request_lens_cli.deployed.table import open_stack_table
from request_lens_cli.html_report.page import Heading, report_page
from request_lens_cli.options.help_text import examples
from request_lens_cli.options.output import axis_option
from request_lens_cli.options.period import command_clock
from request_lens_cli.options.shared import period_options, selection_options, stack_options
from request_lens_cli.options.stack_choice import StackChoice
from request_lens_cli.report.headline import headline
from request_lens_cli.report.period import Period
from request_lens_cli.report.selection import Selection
from request_lens_cli.terminal.console import open_console
from request_lens_cli.terminal.output_file import PAGES, output_option, shown_path, writing
from request_lens_cli.terminal.progress import hours_told, working

_EXAMPLES = examples(
    "request-lens report --since 1d -o report.html",
    'request-lens report --since 2025-12-04 --until 2025-12-05 --route "POST /ask" -o report.html',
)


@click.command("report", epilog=_EXAMPLES)
@period_options(default="1d")
@selection_options
@output_option(
    "output",
    "-o",
    "--output",
    endings=PAGES,
    default=Path("report.html"),
    text="The file to write. Default report.html.",
)
@axis_option
@stack_options
def report_command(*, period: Period, selection: Selection, output: Path, axis: AxisKind, stack: StackChoice) -> None:
    """Write the API requests of a period as one page that opens offline: figures, timeline and tables."""
    view = read_stack(stack)
    with working("Reading the requests") as note:
        table = open_stack_table(view, on_hour=hours_told(note, "Reading the requests"))
        report = table.report(view.kept(period, now=command_clock().now()), view.policy)
    selected = selection.of(report)
    region = str(view.session.region_name)
    heading = Heading(
        stack=view.name,
        region=region,
        period=period,
        written_at=command_clock().now(),
        only=selection.description,
        aws_console=aws_console(view),
    )
    with writing(output):
        output.write_text(report_page(selected, heading, axis=axis), encoding="utf-8")
    console = open_console()
    console.print(headline(selected), highlight=False)
    console.print(f"Report: {shown_path(output)}", highlight=False, markup=False, soft_wrap=True)
