"""`request-lens timeline`: the picture of what a deployed table holds."""

from dataclasses import dataclass
from pathlib import Path

import click

from request_lens.presentation.timeline.axis import AxisKind
from request_lens.presentation.timeline.drawing import View, draw_timeline
from request_lens.presentation.timeline.pieces import Words
from request_lens.presentation.timeline.row import RowOrder
from request_lens_cli.deployed.stack import read_stack
from request_lens_cli.deployed.table import open_stack_table
from request_lens_cli.options.gathered import gathered
from request_lens_cli.options.help_text import examples
from request_lens_cli.options.output import axis_option
from request_lens_cli.options.period import command_clock
from request_lens_cli.options.shared import ordered_selection_options, period_options, stack_options
from request_lens_cli.options.stack_choice import StackChoice
from request_lens_cli.report.empty import empty_picture, no_requests, none_selected
from request_lens_cli.report.headline import earlier_note, headline, picture_subtitle, truncation_note
from request_lens_cli.report.period import Period
from request_lens_cli.report.report import Report
from request_lens_cli.report.selection import Selection, lesser_note, may_match_note
from request_lens_cli.terminal.console import open_console
from request_lens_cli.terminal.output_file import PICTURES, output_option, shown_path, write_picture
from request_lens_cli.terminal.progress import hours_told, working
from request_lens_cli.terminal.timeline.bars import render_bars

_EXAMPLES = examples(
    "request-lens timeline --since 15m",
    "request-lens timeline --since 1h -o timeline.svg",
    "request-lens timeline --since 1d --sort duration --rows 20",
    'request-lens timeline --since 1d --route "POST /ask" --min-calls 3 --rows 50 -o timeline.png',
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Drawing:
    """How many requests are drawn, on which axis, and into which file; None is the terminal."""

    output: Path | None
    rows: int
    axis: AxisKind


_drawing_options = gathered(
    "drawing",
    _Drawing,
    {
        "rows": click.option(
            "--rows",
            type=click.IntRange(1, 2000),
            default=200,
            help="At most N requests, the newest or the first as sorted.",
            metavar="N",
        ),
        "axis": axis_option,
        "output": output_option(
            "output",
            "-o",
            "--output",
            endings=PICTURES,
            text="Draw to this file, .svg or .png; else as bars in the terminal.",
        ),
    },
)


@click.command("timeline", epilog=_EXAMPLES)
@period_options(default="1h")
@ordered_selection_options
@_drawing_options
@stack_options
def timeline_command(*, period: Period, selection: Selection, drawing: _Drawing, stack: StackChoice) -> None:
    """Draw the API requests of a period as bars, with their LLM calls inside them."""
    view = read_stack(stack)
    asked = view.kept(period, now=command_clock().now())
    with working("Reading the requests") as note:
        table = open_stack_table(view, on_hour=hours_told(note, "Reading the requests"))
        report = table.report(asked, view.policy)
    drawn, order = selection.drawn(report, drawing.rows), RowOrder(selection.order.value)
    console = open_console()
    if drawing.output is not None:
        subtitle = picture_subtitle(drawn, view.name, str(view.session.region_name))
        words = Words(subtitle=subtitle, empty=empty_picture(report, asked, selection))
        _draw(drawn, drawing.output, View(axis=drawing.axis, order=order, names_roles=drawn.names_roles), words)
        console.print(headline(drawn), highlight=False)
        console.print(f"Timeline: {shown_path(drawing.output)}", highlight=False, markup=False, soft_wrap=True)
    elif drawn.requests:
        rows, unlinked = drawn.timeline_rows(), drawn.unlinked
        bars = render_bars(rows, width=console.width, axis=drawing.axis, order=order, unlinked=unlinked)
        console.print(bars)
    else:
        console.print(none_selected(report, selection) if report.requests else no_requests(asked), highlight=False)
    notes = (
        earlier_note(drawn) if drawn.earlier else "",
        lesser_note(drawn) if drawn.lesser else "",
        may_match_note(drawn, "--min-calls and --rows" if drawn.lesser else "--min-calls"),
        truncation_note(report),
    )
    for note_below in filter(None, notes):
        console.print(f"{note_below}.", style="dim", highlight=False)


def _draw(report: Report, output: Path, view: View, words: Words) -> None:
    write_picture(draw_timeline(report.timeline_rows(), words=words, view=view, unlinked=report.unlinked), output)
