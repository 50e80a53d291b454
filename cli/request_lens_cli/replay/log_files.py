"""Log files that people have lying around → lines for `request-lens replay`.

Read are NDJSON (records, or `{"source", "at", "message"}`), JSON arrays of records, the JSON of `aws logs
filter-log-events` and `get-log-events`, Logs Insights exports (JSON and CSV), each of them gzipped too, as S3 holds
them, and standard input as "-". NDJSON and CSV are streamed; only a JSON document of many lines is read whole.
"""

import csv
import gzip
import io
import json
import re
import sys
import zlib
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from itertools import chain
from typing import TextIO, cast

from request_lens_cli.replay.log_lines import SourceLine, is_wrapper, line_of, lines_in

STDIN = "-"
"""The path that means standard input."""

_GZIP_MAGIC = b"\x1f\x8b"
_MESSAGE_COLUMN = "@message"
_NOT_BLANK = re.compile(r"\S")
_MAX_CELL = 16 * 1024 * 1024  # csv stops at 128 KB a cell, and a log event may have 1 MB


class LogFileError(Exception):
    """A log file cannot be read; the message names the file and says why."""


def read_log_files(paths: Iterable[str]) -> Iterator[SourceLine]:
    """Every line of the files, in order. A bad line stays a line: whoever reads it rejects it.

    Raises: LogFileError when its turn comes to a file that is missing, damaged, or a CSV without `@message`.
    """
    for path in paths:
        try:
            with ExitStack() as stack:
                yield from _lines(_open(path, stack), is_csv=path.lower().endswith((".csv", ".csv.gz")))
        except (OSError, EOFError, zlib.error, csv.Error) as error:
            reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
            raise LogFileError(f"{'standard input' if path == STDIN else path}: {reason}") from error


def _open(path: str, stack: ExitStack) -> TextIO:
    """The file as text, unpacked; bytes that are no UTF-8 are replaced, so that they spoil their own line alone.

    The wrappers are detached, not closed: standard input stays open for others.
    """
    raw = _standard_input() if path == STDIN else stack.enter_context(io.FileIO(path))
    buffered = io.BufferedReader(raw)
    stack.callback(buffered.detach)
    packed = buffered.peek(2)[:2] == _GZIP_MAGIC
    plain = stack.enter_context(gzip.GzipFile(fileobj=buffered)) if packed else buffered
    text = io.TextIOWrapper(plain, encoding="utf-8-sig", errors="replace", newline="\n")
    stack.callback(text.detach)
    return text


def _standard_input() -> io.RawIOBase:
    return cast(io.RawIOBase, sys.stdin.buffer)  # it can read into a buffer, which is all that is asked of it


def _lines(text: TextIO, *, is_csv: bool) -> Iterator[SourceLine]:
    first = next((line for line in text if line.strip()), "")
    rest = chain([first], text)
    if is_csv or _is_export_header(first):
        yield from _csv_lines(rest)
    elif _opens_document(first):
        yield from _document_lines("".join(rest))
    else:
        yield from _ndjson_lines(rest)


def _is_export_header(line: str) -> bool:
    return not line.lstrip().startswith(("{", "[")) and _MESSAGE_COLUMN in next(csv.reader([line]), [])


def _opens_document(line: str) -> bool:
    """Whether the line begins a JSON document of many lines; a cut-off record rarely ends like that."""
    opens = line.lstrip().startswith(("{", "[")) and line.rstrip().endswith(("{", "[", ",", ":"))
    return opens and _parsed(line) is _UNPARSED


def _csv_lines(lines: Iterable[str]) -> Iterator[SourceLine]:
    csv.field_size_limit(_MAX_CELL)
    rows = csv.DictReader(lines)
    if _MESSAGE_COLUMN not in (rows.fieldnames or ()):
        raise csv.Error(f"no column {_MESSAGE_COLUMN}: add it to the query's fields and export again")
    for row in rows:
        yield line_of(row)


def _document_lines(text: str) -> Iterator[SourceLine]:
    """The lines of one or more JSON documents, or of what only looked like one."""
    try:
        documents = list(_documents(text))
    except (ValueError, RecursionError):
        yield from _ndjson_lines(text.split("\n"))
        return
    for document in documents:
        yield from lines_in(document)


def _documents(text: str) -> Iterator[object]:
    decoder, at = json.JSONDecoder(), 0
    while begins := _NOT_BLANK.search(text, at):
        document, at = decoder.raw_decode(text, begins.start())
        yield document


def _ndjson_lines(lines: Iterable[str]) -> Iterator[SourceLine]:
    for line in lines:
        if not (spelled := line.strip()):
            continue
        value = _parsed(spelled)
        if is_wrapper(value):
            yield from lines_in(value)
        else:
            yield line_of(value, text=spelled)


_UNPARSED = object()
"""What a line that is no JSON parses to."""


def _parsed(line: str) -> object:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return _UNPARSED
