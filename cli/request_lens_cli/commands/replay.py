"""`request-lens replay`: what the pipeline makes of log files, offline, in virtual time."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import click
from pydantic import ValidationError

from request_lens.domain.log_record import Rejected
from request_lens.domain.policy import Policy
from request_lens.presentation.formatting import cleaned, pluralize
from request_lens.presentation.timeline.axis import AxisKind
from request_lens.presentation.timeline.drawing import View, draw_timeline
from request_lens.presentation.timeline.pieces import Words
from request_lens.presentation.timeline.row import RowOrder
from request_lens.wire.log_record import read_record
from request_lens_cli.html_report.page import Heading, report_page
from request_lens_cli.inspection.aside import rejection_notes
from request_lens_cli.options.help_text import examples
from request_lens_cli.options.output import axis_option
from request_lens_cli.options.parameters import read_settings
from request_lens_cli.options.shared import format_option, sorted_selection_options
from request_lens_cli.replay.lacking import lacking_log, none_is_meant
from request_lens_cli.replay.log_files import STDIN, LogFileError, nothing_read, read_log_files
from request_lens_cli.replay.virtual_time import Arrival, Replay, ReplayIncompleteError, replay
from request_lens_cli.report.documents import (
    publication_document,
    rejected_document,
    summary_document,
    unattributed_documents,
)
from request_lens_cli.report.empty import none_selected
from request_lens_cli.report.headline import picture_subtitle
from request_lens_cli.report.labels import Label, read_labels
from request_lens_cli.report.period import Period, period_of_starts
from request_lens_cli.report.report import Report, by_start
from request_lens_cli.report.request_schema import Document
from request_lens_cli.report.selection import Selection, may_match_note
from request_lens_cli.terminal.console import notes_beside, open_console, stderr_console
from request_lens_cli.terminal.folding import folded
from request_lens_cli.terminal.output_file import PAGES, PICTURES, output_option, shown_path, write_picture, writing
from request_lens_cli.terminal.progress import Note, working
from request_lens_cli.terminal.report_view import show_report

MAX_DRAWN = 2_000
"""Requests in a picture, the newest: a browser takes seconds for more."""

MAX_BARS = 200
"""Requests that are drawn as bars in a terminal, the newest."""

MAX_NAMED = 3
"""Files that a page's heading names."""

_REJECTED = 1
"""The exit code where at least one line was rejected."""

_SAID_EVERY = 5_000
"""Lines between two notes of progress."""


_EXAMPLES = examples(
    "request-lens replay access.ndjson invocations.ndjson.gz",
    "request-lens replay *.ndjson --sort cost --limit 20 -o timeline.svg --report report.html",
    "request-lens replay *.ndjson --set AgentRoleNames=MyAgentRole --format json",
    "aws logs tail GROUP --since 1h | request-lens replay - access.ndjson",
    exit_codes={0: "replayed", 1: "a line was rejected (inspect says why), a file cannot be read, or there is no line"},
)


@click.command("replay", epilog=_EXAMPLES)
@click.argument("files", nargs=-1, required=True, metavar="FILE…")
@output_option(
    "timeline", "-o", "--output", "--timeline", endings=PICTURES, text="Draw the timeline to this file, .svg or .png."
)
@axis_option
@output_option("page", "--report", endings=PAGES, text="Write the report to this file, .html.")
@click.option("--labels", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Names of requests, JSON.")
@click.option(
    "--set",
    "policy",
    multiple=True,
    callback=read_settings,
    metavar="NAME=VALUE",
    help="Set a template parameter, such as MaxRequestSeconds=60; the defaults are the template's.",
)
@sorted_selection_options
@format_option
def replay_command(
    *,
    files: tuple[str, ...],
    format_: str,
    policy: Policy,
    axis: AxisKind,
    selection: Selection,
    **written: Path | None,
) -> None:
    """Run log records through the pipeline, offline and in virtual time.

    FILE is NDJSON, an export of CloudWatch Logs (`aws logs tail`, filter-log-events, the console's CSV, Logs Insights,
    an export task), an object that Bedrock or Firehose put into S3, or - for stdin. Each may be gzipped.

    What is said is that of a deployed stack, for these lines alone. The list, the pictures and the JSON's requests are
    those selected; calls without a request, rejected lines and publications are those of all lines.
    """
    labels = _labels(written["labels"])
    result = _replayed_lines(files, policy)
    lacking = lacking_log(result) or none_is_meant(result, policy)
    whole = Report(
        requests=result.requests,
        unlinked=result.unattributed,
        labels=labels,
        lacking=lacking,
        holds_all=True,
        policy=policy,
    )
    report = selection.of(whole)
    view = View(axis=axis, order=RowOrder(selection.order.value), names_roles=report.names_roles)
    if written["timeline"] is not None:
        _draw(whole, selection, written["timeline"], view)
    if written["page"] is not None:
        by_time = replace(report, requests=by_start(report.requests))
        _write_page(by_time, written["page"], _heading(whole, files, selection), axis)
    if format_ == "json":
        selected = replace(result, requests=report.requests)
        click.echo(json.dumps(replay_document(selected, policy), indent=2))
        if lacking:
            stderr_console().print(lacking, style="yellow", highlight=False, soft_wrap=True)
    else:
        _show(whole, selection, view)
        _say_rejected(result.rejected, files)
    _say_written({"Timeline": written["timeline"], "Report": written["page"]}, beside_json=format_ == "json")
    if result.rejected:
        click.get_current_context().exit(_REJECTED)


def _replayed_lines(files: Sequence[str], policy: Policy) -> Replay:
    """What comes of the files. Raises: click.ClickException where one cannot be read, or where there is no line."""
    try:
        with working("Reading") as note:
            lines = _Lines(files, note)
            result = replay(lines, policy)
    except (LogFileError, ReplayIncompleteError) as error:
        raise click.ClickException(str(error)) from error
    if not lines.count:
        raise click.ClickException(nothing_read(files))
    return result


def _labels(path: Path | None) -> dict[str, Label]:
    try:
        return dict(read_labels(path)) if path is not None else {}
    except (ValidationError, KeyError) as error:
        raise click.BadParameter(
            f'{path} is no file of labels: expected JSON such as {{"REQUEST-ID": {{"prompt": "…", "type": "…"}}}}',
            param_hint="--labels",
        ) from error


def _say_written(files: Mapping[str, Path | None], *, beside_json: bool) -> None:
    """Say which files were written: beside the output where that goes into a pipe, or is for a program."""
    console = stderr_console() if beside_json else notes_beside(open_console())
    for name, path in files.items():
        if path is not None:
            console.print(f"{name}: {shown_path(path)}", highlight=False, markup=False, soft_wrap=True)


def _draw(whole: Report, selection: Selection, path: Path, view: View) -> None:
    drawn = selection.drawn(whole, MAX_DRAWN)
    empty = ("No requests in these files", "request-lens inspect says what is in them.")
    if whole.requests:
        empty = ("No request is selected", none_selected(whole, selection))
    words = Words(subtitle=picture_subtitle(drawn), empty=empty)
    write_picture(draw_timeline(drawn.timeline_rows(), words=words, view=view, unlinked=drawn.unlinked), path)


def _replayed(files: Sequence[str]) -> str:
    """What was replayed, such as "Replay of access.ndjson and 3 more files"."""
    names = [cleaned(Path(name).name) if name != STDIN else "standard input" for name in files]
    more = len(names) - MAX_NAMED
    shown = names if more <= 0 else [*names[:MAX_NAMED], pluralize(more, "more file")]
    return f"Replay of {' and '.join(filter(None, (', '.join(shown[:-1]), shown[-1])))}"


def _heading(whole: Report, files: Sequence[str], selection: Selection) -> Heading:
    now = datetime.now(UTC)
    period = period_of_starts(whole.requests) or Period(first=now, last=now)
    return Heading(files=_replayed(files), period=period, written_at=now, only=selection.description)


def _write_page(report: Report, path: Path, heading: Heading, axis: AxisKind) -> None:
    with writing(path):
        path.write_text(report_page(report, heading, axis=axis), encoding="utf-8")


def _show(whole: Report, selection: Selection, view: View) -> None:
    report, console = selection.of(whole), open_console()
    notes = notes_beside(console)
    if whole.requests and not report.requests:
        notes.print(none_selected(whole, selection), highlight=False)
    elif report.requests or report.unlinked:
        show_report(report, selection.drawn(whole, MAX_BARS), console, view)
        if note_below := may_match_note(report, "--min-calls and --limit"):
            notes.print(f"{note_below}.", style="yellow", highlight=False)
    else:
        notes.print("No record of an API request or of a call is in these files.")


def _say_rejected(rejected: Sequence[Rejected], files: Sequence[str]) -> None:
    """Say what was set aside, beside the output where that goes into a pipe."""
    notes = notes_beside(open_console())
    for note in rejection_notes(rejected, files):
        lines = folded(note, notes.width) if notes.is_terminal else [note]
        notes.print("\n".join(lines), style="red", markup=False, highlight=False, soft_wrap=True)


class _Lines:
    """The lines of the files as they arrive; `count` says afterwards how many there were."""

    def __init__(self, files: Sequence[str], note: Note) -> None:
        """Nothing is read yet."""
        self._files, self._note = files, note
        self.count = 0

    def __iter__(self) -> Iterator[Arrival]:
        """Each line, once."""
        for line in read_log_files(self._files):
            self.count += 1
            if not self.count % _SAID_EVERY:
                self._note(f"Reading, {self.count:,} lines so far")
            yield Arrival(record=read_record(line.message), at=line.at)


def replay_document(result: Replay, policy: Policy) -> Document:
    """The one JSON document of `replay --format json`."""
    return {
        "requests": [summary_document(state, policy) for state in result.requests],
        "unattributed": unattributed_documents(result.unattributed, policy),
        "rejected": [rejected_document(record) for record in result.rejected],
        "publications": [publication_document(publication) for publication in result.publications],
    }
