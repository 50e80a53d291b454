"""`request-lens replay`: what the pipeline makes of log files, offline, in virtual time."""

import json
from collections.abc import Iterator
from pathlib import Path

import click

from request_lens.domain.log_record import Ignored
from request_lens.domain.policy import Policy
from request_lens.presentation.timeline.drawing import draw_timeline
from request_lens.wire.log_record import read_record
from request_lens_cli.options.parameters import read_settings
from request_lens_cli.options.shared import format_option
from request_lens_cli.replay.log_files import LogFileError, read_log_files
from request_lens_cli.replay.virtual_time import Arrival, Replay, ReplayIncompleteError, replay
from request_lens_cli.report.documents import (
    Document,
    publication_document,
    rejected_document,
    summary_document,
    unattributed_documents,
)
from request_lens_cli.report.labels import read_labels
from request_lens_cli.report.report import Report, headline
from request_lens_cli.terminal.console import open_console
from request_lens_cli.terminal.report_view import show_report


@click.command("replay")
@click.argument("files", nargs=-1, required=True, metavar="FILE…")
@format_option
@click.option("--timeline", type=click.Path(dir_okay=False, path_type=Path), help="Draw the timeline to this SVG file.")
@click.option("--labels", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Names of requests, JSON.")
@click.option(
    "--set",
    "policy",
    multiple=True,
    callback=read_settings,
    metavar="NAME=VALUE",
    help="Set a template parameter, such as MaxRequestSeconds=60; the defaults are the template's.",
)
def replay_command(
    files: tuple[str, ...], format_: str, timeline: Path | None, labels: Path | None, policy: Policy
) -> None:
    """Run log records through the pipeline, offline and in virtual time.

    FILE is NDJSON, an export of CloudWatch Logs (`aws logs tail`, filter-log-events, the console's CSV, Logs Insights,
    an export task), an object that Bedrock or Firehose put into S3, or - for stdin. Each may be gzipped.
    """
    try:
        result = replay(_arrivals(files), policy)
    except (LogFileError, ReplayIncompleteError) as error:
        raise click.ClickException(str(error)) from error
    report = Report(
        requests=result.requests,
        unlinked=result.unattributed,
        labels=read_labels(labels) if labels is not None else {},
    )
    if timeline is not None:
        timeline.write_text(draw_timeline(report.timeline_rows(), subtitle=headline(report)), encoding="utf-8")
    if format_ == "json":
        click.echo(json.dumps(replay_document(result, policy), indent=2))
        return
    console = open_console()
    show_report(report, console)
    if result.rejected:
        console.print(f"{len(result.rejected)} rejected records; --format json names each one's reason")


def _arrivals(files: tuple[str, ...]) -> Iterator[Arrival]:
    for line in read_log_files(files):
        record = Ignored(why="span") if line.source == "span" else read_record(line.message)
        yield Arrival(record=record, at=line.at)


def replay_document(result: Replay, policy: Policy) -> Document:
    """The one JSON document of `replay --format json`."""
    return {
        "requests": [summary_document(state, policy) for state in result.requests],
        "unattributed": unattributed_documents(result.unattributed, policy),
        "rejected": [rejected_document(record) for record in result.rejected],
        "publications": [publication_document(publication) for publication in result.publications],
    }
