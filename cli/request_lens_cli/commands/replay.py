"""`request-lens replay`: what the pipeline makes of log files, offline, in virtual time."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import click
from pydantic import ValidationError

from request_lens.domain.linking.link import Reason, Unattributed
from request_lens.domain.log_record import Rejected
from request_lens.domain.policy import Policy
from request_lens.presentation.formatting import cleaned, pluralize
from request_lens.presentation.timeline.axis import AxisKind
from request_lens.presentation.timeline.drawing import View, draw_timeline
from request_lens.presentation.timeline.pieces import Words
from request_lens.wire.log_record import read_record
from request_lens_cli.html_report.page import Heading, report_page
from request_lens_cli.inspection.aside import rejection_notes
from request_lens_cli.options.help_text import examples
from request_lens_cli.options.output import axis_option
from request_lens_cli.options.parameters import read_settings
from request_lens_cli.options.shared import format_option
from request_lens_cli.replay.log_files import STDIN, LogFileError, nothing_read, read_log_files
from request_lens_cli.replay.virtual_time import Arrival, Replay, ReplayIncompleteError, replay
from request_lens_cli.report.documents import (
    publication_document,
    rejected_document,
    summary_document,
    unattributed_documents,
)
from request_lens_cli.report.headline import picture_subtitle
from request_lens_cli.report.labels import Label, read_labels
from request_lens_cli.report.period import Period, period_of_starts
from request_lens_cli.report.report import Report
from request_lens_cli.report.request_schema import Document
from request_lens_cli.terminal.console import notes_beside, open_console, stderr_console
from request_lens_cli.terminal.folding import folded
from request_lens_cli.terminal.output_file import PAGES, PICTURES, output_option, shown_path, write_picture, writing
from request_lens_cli.terminal.progress import Note, working
from request_lens_cli.terminal.report_view import show_report

MAX_DRAWN = 2_000
"""Requests in a picture, the newest: a browser takes seconds for more."""

MAX_NAMED = 3
"""Files that a page's heading names."""

_REJECTED = 1
"""The exit code where at least one line was rejected."""

_SAID_EVERY = 5_000
"""Lines between two notes of progress."""


_EXAMPLES = examples(
    "request-lens replay access.ndjson invocations.ndjson.gz",
    "request-lens replay *.ndjson -o timeline.svg --report report.html",
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
@format_option
@click.pass_context
def replay_command(
    context: click.Context,
    /,
    *,
    files: tuple[str, ...],
    format_: str,
    policy: Policy,
    axis: AxisKind,
    **written: Path | None,
) -> None:
    """Run log records through the pipeline, offline and in virtual time.

    FILE is NDJSON, an export of CloudWatch Logs (`aws logs tail`, filter-log-events, the console's CSV, Logs Insights,
    an export task), an object that Bedrock or Firehose put into S3, or - for stdin. Each may be gzipped.

    What is said is that of a deployed stack, for these lines alone.
    """
    labels = _labels(written["labels"])
    result = _replayed_lines(files, policy)
    lacking = _lacking(result) or _none_is_meant(result, policy)
    report = Report(
        requests=result.requests,
        unlinked=result.unattributed,
        labels=labels,
        lacking=lacking,
        holds_all=True,
        policy=policy,
    )
    if written["timeline"] is not None:
        _draw(report, written["timeline"], axis)
    if written["page"] is not None:
        _write_page(report, written["page"], _replayed(files), axis)
    if format_ == "json":
        click.echo(json.dumps(replay_document(result, policy), indent=2))
        if lacking:
            stderr_console().print(lacking, style="yellow", highlight=False, soft_wrap=True)
    else:
        _show(report, axis)
        _say_rejected(result.rejected, files)
    _say_written({"Timeline": written["timeline"], "Report": written["page"]}, beside_json=format_ == "json")
    if result.rejected:
        context.exit(_REJECTED)


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


def _lacking(result: Replay) -> str:
    """Which of the two logs is not among the files, and what that leaves unknown; empty where both are, or neither."""
    summaries = [state.summary for state in result.requests if state.summary is not None]
    if any(summary.lacks_log for summary in summaries):
        return (
            "No invocation of a model is in these files: how many calls the requests made is unknown. "
            "Give Bedrock's invocation log, too."
        )
    if result.unattributed and not result.requests:
        return "No API request is in these files, so no call can belong to one. Give the API's access log, too."
    return ""


def _none_is_meant(result: Replay, policy: Policy) -> str:
    """That no call is by a role that AgentRoleNames lists, and which roles they are by; empty where one is."""
    others = [
        each.invocation
        for each in result.unattributed
        if isinstance(each.decision, Unattributed) and each.decision.reason is Reason.OTHER_CALLER
    ]
    if not others or len(others) < len(result.unattributed) or any(state.invocations for state in result.requests):
        return ""
    roles = ", ".join(sorted({cleaned(call.caller_role or "callers without a role") for call in others}))
    listed = ", ".join(sorted(policy.agent_role_names))
    calls = "The only call is" if len(others) == 1 else f"All {len(others):,} calls are"
    return f"{calls} by {roles}, which AgentRoleNames ({listed}) does not list: 0 calls is what that leaves."


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


def _draw(report: Report, path: Path, axis: AxisKind) -> None:
    drawn = report.drawn(MAX_DRAWN)
    empty = ("No requests in these files", "request-lens inspect says what is in them.")
    words = Words(subtitle=picture_subtitle(drawn), empty=empty)
    view = View(axis=axis, names_roles=report.names_roles)
    write_picture(draw_timeline(drawn.timeline_rows(), words=words, view=view, unlinked=drawn.unlinked), path)


def _replayed(files: Sequence[str]) -> str:
    """What was replayed, such as "Replay of access.ndjson and 3 more files"."""
    names = [cleaned(Path(name).name) if name != STDIN else "standard input" for name in files]
    more = len(names) - MAX_NAMED
    shown = names if more <= 0 else [*names[:MAX_NAMED], pluralize(more, "more file")]
    return f"Replay of {' and '.join(filter(None, (', '.join(shown[:-1]), shown[-1])))}"


def _write_page(report: Report, path: Path, replayed: str, axis: AxisKind) -> None:
    now = datetime.now(UTC)
    period = period_of_starts(report.requests) or Period(first=now, last=now)
    heading = Heading(files=replayed, period=period, written_at=now)
    with writing(path):
        path.write_text(report_page(report, heading, axis=axis), encoding="utf-8")


def _show(report: Report, axis: AxisKind) -> None:
    if report.requests or report.unlinked:
        show_report(report, open_console(), axis=axis)
    else:
        notes_beside(open_console()).print("No record of an API request or of a call is in these files.")


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
