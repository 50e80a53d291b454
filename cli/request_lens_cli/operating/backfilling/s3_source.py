"""The objects below a prefix, as Bedrock, Firehose or an export task put them there."""

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from boto3.exceptions import Boto3Error

from request_lens.domain.facts import Invocation, Request
from request_lens.errors import RequestLensError
from request_lens.wire.log_record import read_record
from request_lens_cli.operating.backfilling.past_event import PastEvent, SourceError, Volume
from request_lens_cli.replay.log_files import LogFileError, read_log_files
from request_lens_cli.replay.log_lines import SourceLine

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

LATE = timedelta(hours=1)
"""So long before or after a period an object may be named that holds events of it.

One whose name tells no time may be written as much before, and any time after: by an export task, or copied."""

_NO_RECORDS = re.compile(
    r"/BedrockModelInvocationLogs/(.*/)?(data/|amazon-bedrock-logs-permission-check$)|/aws-logs-write-test$"
)
"""Bodies that were too large for their record, and what Bedrock and CloudWatch Logs write to see whether they may."""

_TIMES = (
    (re.compile(r"\d{8}T\d{6}(?=\d*Z)"), "%Y%m%dT%H%M%S"),  # Bedrock
    (re.compile(r"\d{4}(-\d\d){5}"), "%Y-%m-%d-%H-%M-%S"),  # Firehose
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Listed:
    """An object: its key, the time that it is of, its size."""

    key: str
    at: datetime
    size_bytes: int


@dataclass(slots=True, kw_only=True)
class S3Source:
    """Objects of one bucket. Read is what lies in [first, end), whenever its object was written.

    Of requests also what ends soon after: they are the ones of calls before.
    """

    s3: "S3Client"
    bucket: str
    prefix: str
    first: datetime
    end: datetime
    _objects: Sequence[_Listed] | None = None

    @property
    def name(self) -> str:
        """What the user calls it."""
        return f"s3://{self.bucket}/{self.prefix}"

    def read(self, first: datetime, end: datetime) -> Iterator[PastEvent]:
        """Every event of the period in the objects of [first, end). Raises: ClientError, BotoCoreError, SourceError.

        Objects just outside the period are of its first, or of its last moment.
        """
        for listed in self._listed():
            if first <= self._slot(listed) < end:
                yield from self._events(listed)

    def volume(self) -> Volume:
        """The objects' sizes as they are stored; their events are told by those of an object of middling size.

        They are unknown where that one has none, or cannot be read: `read` says so when its turn comes.
        """
        by_size = sorted((each for each in self._listed() if each.size_bytes), key=lambda each: each.size_bytes)
        if not by_size:
            return Volume(events=0, size_bytes=0)
        size, sample = sum(each.size_bytes for each in by_size), by_size[len(by_size) // 2]
        try:
            lines = sum(1 for _ in self._lines(sample))
        except SourceError:
            lines = 0
        return Volume(events=round(lines * size / sample.size_bytes) if lines else None, size_bytes=size)

    def _slot(self, listed: _Listed) -> datetime:
        return min(max(listed.at, self.first), self.end - timedelta(microseconds=1))

    def _listed(self) -> Sequence[_Listed]:
        """The objects that may hold events of the period, in order of time; listed once."""
        if self._objects is None:
            self._objects = sorted(self._found(), key=lambda each: (each.at, each.key))
        return self._objects

    def _found(self) -> Iterator[_Listed]:
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=self.prefix)
        for page in pages:
            for each in page.get("Contents", []):
                named, written = _named_time(each["Key"]), each["LastModified"]
                at = named or written
                is_near = at >= self.first - LATE and (named is None or named < self.end + LATE)
                if is_near and not _NO_RECORDS.search(f"/{each['Key']}"):
                    yield _Listed(key=each["Key"], at=at, size_bytes=each["Size"])

    def _events(self, listed: _Listed) -> Iterator[PastEvent]:
        for number, line in enumerate(self._lines(listed)):
            if self._holds(line):
                digest = hashlib.sha256(f"{self.bucket}/{listed.key}#{number}".encode()).hexdigest()
                where = {"log_group": self.bucket, "log_stream": listed.key, "id": digest[:56]}
                yield PastEvent(**where, at=self._slot(listed), message=line.message)

    def _holds(self, line: SourceLine) -> bool:
        """Whether a line is of the period; one that cannot be read is, so that it is counted."""
        match read_record(line.message):
            case Request() as request:
                return self.first <= (request.ended_at or request.started_at) < self.end + LATE
            case Invocation() as call:
                return self.first <= call.logged_at < self.end
            case _:
                return line.at is None or self.first <= line.at < self.end

    def _lines(self, listed: _Listed) -> Iterator[SourceLine]:
        with TemporaryDirectory() as folder:
            copy = Path(folder, Path(listed.key).name or "object")
            try:
                self.s3.download_file(self.bucket, listed.key, str(copy))
                yield from read_log_files([str(copy)])
            except Boto3Error as error:  # of the transfer, which is no BotoCoreError
                raise SourceError(f"s3://{self.bucket}/{listed.key} cannot be read: {error}") from error
            except (LogFileError, RequestLensError) as error:
                reason = str(error).replace(str(copy), "")
                raise SourceError(f"s3://{self.bucket}/{listed.key} cannot be read{reason}") from error


def _named_time(key: str) -> datetime | None:
    """The time that an object's name says."""
    for pattern, form in _TIMES:
        if (found := pattern.search(key.rpartition("/")[2])) is not None:
            try:
                return datetime.strptime(found[0], form).replace(tzinfo=UTC)
            except ValueError:
                continue
    return None
