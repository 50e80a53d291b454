"""`request-lens inspect`: what the pipeline makes of log lines."""

import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

import click
from rich.console import Console

from request_lens.presentation.formatting import pluralize
from request_lens_cli.inspection.aside import SetAside
from request_lens_cli.inspection.inspection import Inspection, inspect_line
from request_lens_cli.inspection.shared_routes import SharedRoutes
from request_lens_cli.options.shared import format_option
from request_lens_cli.replay.log_files import LogFileError, nothing_read, read_log_files
from request_lens_cli.terminal.console import notes_beside, open_console
from request_lens_cli.terminal.inspection_view import (
    Piped,
    piped_alike,
    piped_listing,
    piped_rows,
    show_aside,
    show_file,
    show_inspection,
    show_shared,
)

_REJECTED = 1
"""The exit code where at least one line was rejected."""

type _Line = tuple[str, int, Inspection]
"""A line's file, its number there, and what it came out as."""

_ALWAYS = ("invocation", "request")
"""The kinds of lines that the last line counts also where there is none."""


_HELP = """Show what the pipeline makes of log lines: what it reads, what is unknown and why, what it sets aside.

FILE is NDJSON, the output of `aws logs tail` or `filter-log-events`, an export of the console (CSV), of Logs Insights
or of an export task, an object that Bedrock or Firehose put into S3, a whole Lambda event with awslogs.data, or - for
stdin. Each may be gzipped. JSON is one object a line. No prompt, answer or tool text is ever printed.

What is set aside or ignored stands below, together by why, with its files and first lines. In a pipe each field is a
line, tab-separated: file, line, kind, field, value, and why it is unknown; lines that are not read for the reason of
the one before them are one, such as 2 to 158. With --format json each line of the log has an object of its own.

The routes shown are what AgentRoutes names: all under which the roles in AgentRoleNames call models, or none.
"""

_EPILOG = """\b
Examples:
  request-lens inspect records.ndjson
  aws logs filter-log-events --log-group-name GROUP --limit 5 \\
    | request-lens inspect -
  request-lens inspect event.json --format json \\
    | jq 'select(.kind == "rejected")'

\b
Exit codes:
  0  every line is understood, or normal to ignore
  1  at least one line is set aside, a file cannot be read,
     or there is no line
  2  the command line is wrong
"""


@click.command("inspect", help=_HELP, epilog=_EPILOG)
@click.argument("files", nargs=-1, required=True, metavar="FILE…")
@format_option
@click.pass_context
def inspect_command(context: click.Context, files: tuple[str, ...], format_: str) -> None:
    """Show what the pipeline makes of log lines, and exit with 1 where one is set aside."""
    lines = _Readable(files)
    console = open_console()
    if format_ == "json":
        counts = _print_documents(lines)
    elif console.is_terminal:
        counts = _show(lines, console, several=len(files) > 1)
    else:
        counts = _pipe(lines, console)
    if not counts and not lines.damages:
        raise click.ClickException(nothing_read(files))
    if lines.damages:
        sys.stdout.flush()
        raise click.ClickException("\n".join(map(str, lines.damages)))
    if counts["rejected"]:
        context.exit(_REJECTED)


class _Readable:
    """The lines of the files that can be read, as far as they can be: `damages` says afterwards of which, and why not.

    A line is its file, its number there, and what it came out as.
    """

    def __init__(self, files: Iterable[str]) -> None:
        """Nothing is read yet."""
        self._files = files
        self.damages: list[LogFileError] = []

    def __iter__(self) -> Iterator[_Line]:
        """Each line, once."""
        for file in self._files:
            try:
                for number, line in enumerate(read_log_files([file]), start=1):
                    yield file, number, inspect_line(line.message)
            except LogFileError as error:
                self.damages.append(error)


def _print_documents(lines: Iterable[_Line]) -> Counter[str]:
    """Print an object per line; answers with how many there were of each kind."""
    counts = Counter[str]()
    for file, number, inspection in lines:
        counts[inspection.kind] += 1
        click.echo(json.dumps(inspection.document(file, number)))
    return counts


def _pipe(lines: _Readable, console: Console) -> Counter[str]:
    """Print what each line says as it comes, and beside it how many there were of each kind: the answer.

    Lines that are not read for the reason of the one before them are said together, when another one comes.
    """
    counts, shared, listing, notes = Counter[str](), SharedRoutes(), piped_listing(console), notes_beside(console)

    def counted() -> Iterator[_Line]:
        for line in lines:
            counts[line[2].kind] += 1
            if line[2].is_read:
                shared.add(line[2], source=line[0])
            yield line

    for rows in _runs(counted()):
        listing.print(rows)
    show_shared(shared, notes)
    if counts:
        notes.print(_headline(counts), highlight=False)
    return counts


def _runs(lines: Iterable[_Line]) -> Iterator[Sequence[Piped]]:
    """What is said of each line, at once; of those behind one that is not read, and like it, what is said of all."""
    first: Sequence[Piped] = ()
    last = 0
    for file, number, inspection in lines:
        rows = piped_rows(inspection, file=file, number=number)
        if first and not inspection.is_read and _alike(rows, first):
            last = number
            continue
        if first:
            yield piped_alike(first, last=last)
        yield rows
        first, last = (() if inspection.is_read else rows), number
    if first:
        yield piped_alike(first, last=last)


def _alike(rows: Sequence[Piped], others: Sequence[Piped]) -> bool:
    """Whether the same is said of two lines, whatever their numbers are."""
    return [row._replace(line="") for row in rows] == [row._replace(line="") for row in others]


def _show(lines: _Readable, console: Console, *, several: bool) -> Counter[str]:
    """Print what was read as it comes, below it what was not; answers with how many there were of each kind."""
    counts, aside, shared = Counter[str](), SetAside(), SharedRoutes()
    shown: str | None = None
    for file, number, inspection in lines:
        counts[inspection.kind] += 1
        if inspection.is_read:
            if several and shown != file:
                show_file(file, console)
            shown = file
            show_inspection(inspection, number, console)
            shared.add(inspection, source=file)
        else:
            aside.add(inspection, file=file, line=number)
    show_aside(aside, console)
    show_shared(shared, console)
    if counts:
        click.echo(_headline(counts))
    return counts


def _headline(counts: Mapping[str, int]) -> str:
    kinds = {"invocation": "invocation", "request": "request", "span": "span", "lambda": "Lambda run"}
    read = [pluralize(counts[kind], words) for kind, words in kinds.items() if counts[kind] or kind in _ALWAYS]
    return ", ".join([*read, f"{counts['ignored']:,} ignored", f"{counts['rejected']:,} set aside"])
