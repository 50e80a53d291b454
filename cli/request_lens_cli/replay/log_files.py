"""Log files that people have lying around → lines for `request-lens replay`.

Read are NDJSON (records, or `{"source", "at", "message"}`), JSON arrays of records, the JSON of `aws logs
filter-log-events` and `get-log-events`, Logs Insights exports (JSON and CSV), the console's CSV of log events, the
output of `aws logs tail`, export tasks and Firehose's objects, each of them gzipped too, as S3 holds them, and standard
input as "-". All are streamed, but for a JSON document of many lines and the one line that is Firehose's object.
"""

import csv
import gzip
import io
import json
import re
import sys
import zlib
from collections.abc import Buffer, Iterable, Iterator
from contextlib import ExitStack
from itertools import chain
from typing import TextIO, cast

from request_lens.presentation.formatting import cleaned
from request_lens_cli.replay.log_lines import EVENT_KEYS, SourceLine, is_wrapper, line_of, lines_in
from request_lens_cli.replay.prefixed_lines import has_prefix, messages_in

STDIN = "-"
"""The path that means standard input."""

_GZIP_MAGIC = b"\x1f\x8b"
_MAX_PACKED = 2  # CloudWatch Logs packs what it gives to Firehose, which may pack its objects once more
_MESSAGE_COLUMN = "@message"
_EVENT_COLUMNS = frozenset({"timestamp", "message"})
_NOT_BLANK = re.compile(r"\S")
_JOINED = re.compile(r"\}\s*\{")
_DECODER = json.JSONDecoder()
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")  # with these PowerShell's ">" begins a file
_LOOKED_AT = 1_024  # bytes, in which no text has a NUL
_MAX_CELL = 16 * 1024 * 1024  # csv stops at 128 KB a cell, and a log event may have 1 MB


type _Peekable = io.BufferedReader | gzip.GzipFile
"""A stream whose next bytes can be looked at."""


class LogFileError(Exception):
    """A log file cannot be read; the message names the file and says why."""


def read_log_files(paths: Iterable[str]) -> Iterator[SourceLine]:
    """Every line of the files, in order. A bad line stays a line: whoever reads it rejects it.

    Raises: LogFileError when its turn comes to a file that is missing, damaged, or a CSV without messages.
    """
    for path in paths:
        try:
            with ExitStack() as stack:
                yield from _lines(_open(path, stack), is_csv=path.lower().endswith((".csv", ".csv.gz")))
        except (OSError, EOFError, zlib.error, csv.Error) as error:
            raise LogFileError(f"{'standard input' if path == STDIN else path}: {_reason(error)}") from error


def nothing_read(paths: Iterable[str]) -> str:
    """That these files have no line."""
    names = " or ".join("standard input" if path == STDIN else cleaned(path) for path in paths)
    return f"Nothing was read: there is no line in {names}."


def _reason(error: Exception) -> str:
    """Why a file cannot be read, or not to its end."""
    if isinstance(error, EOFError):
        return "it is cut off in the middle of what gzip packed: the lines after these are missing"
    if isinstance(error, IsADirectoryError):
        return "it is a folder: name the files in it"
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def _open(path: str, stack: ExitStack) -> TextIO:
    """The file as text, unpacked; bytes that are no UTF-8 are replaced, so that they spoil their own line alone.

    The wrappers are detached, not closed: standard input stays open for others.
    """
    raw = _StandardInput() if path == STDIN else stack.enter_context(io.FileIO(path))
    buffered: io.BufferedReader = io.BufferedReader(raw)
    stack.callback(buffered.detach)
    stream = _unpacked(buffered, stack)
    text = io.TextIOWrapper(stream, encoding=_encoding_of(stream), errors="replace", newline="\n")
    stack.callback(text.detach)
    return text


def _encoding_of(stream: _Peekable) -> str:
    """How the text of a stream is encoded, by its first bytes. Raises: OSError where it is none."""
    begins = stream.peek(_LOOKED_AT)[:_LOOKED_AT]
    if begins.startswith(_UTF_16):
        return "utf-16"
    if b"\0" in begins:
        raise OSError("holds no text: a log file, or one packed by gzip, is read")
    return "utf-8-sig"


def _unpacked(stream: _Peekable, stack: ExitStack) -> _Peekable:
    """What a file holds, unpacked as often as it was packed; members of gzip one after the other are one."""
    for _ in range(_MAX_PACKED):
        if stream.peek(2)[:2] == _GZIP_MAGIC:
            stream = stack.enter_context(gzip.GzipFile(fileobj=stream))
    return stream


class _StandardInput(io.RawIOBase):
    """Standard input, of which a read is what has come, however little: a log that is followed has no end."""

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Buffer, /) -> int:
        """How many bytes have come, and are in the buffer now; 0 at the end."""
        return cast(io.BufferedReader, sys.stdin.buffer).readinto1(buffer)


def _lines(text: TextIO, *, is_csv: bool) -> Iterator[SourceLine]:
    first = next((line for line in text if line.strip()), "")
    rest = chain([first], text)
    if is_csv or _is_export_header(first):
        yield from _csv_lines(rest)
    elif has_prefix(first):
        yield from (SourceLine(source=None, at=None, message=message) for message in messages_in(rest))
    elif _opens_document(first):
        yield from _document_lines("".join(rest))
    else:
        yield from _ndjson_lines(rest)


def _is_export_header(line: str) -> bool:
    columns = set() if line.lstrip().startswith(("{", "[")) else set(next(csv.reader([line.replace("\r", "")]), []))
    return _MESSAGE_COLUMN in columns or columns >= _EVENT_COLUMNS


def _opens_document(line: str) -> bool:
    """Whether the line begins a JSON document of many lines; a cut-off record rarely ends like that."""
    opens = line.lstrip().startswith(("{", "[")) and line.rstrip().endswith(("{", "[", ",", ":"))
    return opens and _parsed(line) is _UNPARSED


def _csv_lines(lines: Iterable[str]) -> Iterator[SourceLine]:
    csv.field_size_limit(_MAX_CELL)
    rows = csv.DictReader(lines)
    columns = set(rows.fieldnames or ())
    if _MESSAGE_COLUMN not in columns and "message" not in columns:
        raise csv.Error(f"no column message or {_MESSAGE_COLUMN}, which holds the log events")
    others = set() if _MESSAGE_COLUMN in columns else columns - EVENT_KEYS
    for row in rows:
        yield line_of({name: cell for name, cell in row.items() if name not in others})


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
    at = 0
    while begins := _NOT_BLANK.search(text, at):
        document, at = _DECODER.raw_decode(text, begins.start())
        yield document


def _ndjson_lines(lines: Iterable[str]) -> Iterator[SourceLine]:
    for line in lines:
        for spelled, value in _values(line.strip()):
            if is_wrapper(value):
                yield from lines_in(value)
            else:
                yield line_of(value, text=spelled)


def _values(line: str) -> Iterator[tuple[str, object]]:
    """The JSON values of a line, each as it is spelled: one, or the objects that Firehose puts one after the other."""
    value = _parsed(line) if line else None
    if value is _UNPARSED and _JOINED.search(line):
        yield from _joined_values(line)
    elif line:
        yield line, value


def _joined_values(line: str) -> Iterator[tuple[str, object]]:
    """The objects of a line; one that cannot be read ends where the next may begin."""
    ends = 0
    while begins := _NOT_BLANK.search(line, ends):
        try:
            value, ends = _DECODER.raw_decode(line, begins.start())
        except (ValueError, RecursionError):
            joint = _JOINED.search(line, begins.start())
            value, ends = _UNPARSED, joint.start() + 1 if joint else len(line)
        yield line[begins.start() : ends].rstrip(), value


_UNPARSED = object()
"""What a line that is no JSON parses to."""


def _parsed(line: str) -> object:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return _UNPARSED
