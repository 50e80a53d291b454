"""The failure bucket: what Lambda gave up on, sent to the processor again, and deleted once that has passed."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from request_lens_cli.deployed.aws_errors import explained
from request_lens_cli.operating.failed_event import FailedKind, UnreadableFailureError, read_failed_event
from request_lens_cli.operating.invoked_processor import DeployedProcessor, ProcessorFailedError
from request_lens_cli.operating.outcome import UNREADABLE, Fate, Outcome

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

PREFIX = "aws/lambda/"
"""Where Lambda writes: `aws/lambda/async/<function>/YYYY/MM/DD/…`, `aws/lambda/<mapping>/<shard>/YYYY/MM/DD/…`."""

ASYNCHRONOUS = f"{PREFIX}async/"
"""Where the events of functions lie that were called without waiting; after it comes the function's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureBucket:
    """The failure bucket of a stack, whose processor has this name."""

    client: "S3Client"
    name: str
    processor_name: str

    def keys(self) -> Iterator[str]:
        """What Lambda wrote, by key, that is each function's and shard's in order of time."""
        for page in self.client.get_paginator("list_objects_v2").paginate(Bucket=self.name, Prefix=PREFIX):
            yield from (listed["Key"] for listed in page.get("Contents", []))

    def may_be_others(self, key: str) -> bool:
        """Whether the stack's other functions may have failed on it: not where the processor did, or its stream."""
        own = f"{ASYNCHRONOUS}{self.processor_name}/"
        return key.startswith(ASYNCHRONOUS) and not key.startswith(own)

    def look_at(self, key: str) -> Outcome:
        """What an object is, and whether it waits to be sent again."""
        return self._send(key, None)

    def redrive(self, key: str, processor: DeployedProcessor) -> Outcome:
        """Send an object's event to the processor, and delete it once that has served it."""
        return self._send(key, processor)

    def _send(self, key: str, processor: DeployedProcessor | None) -> Outcome:
        kind: str = UNREADABLE
        try:
            failed = read_failed_event(self.client.get_object(Bucket=self.name, Key=key)["Body"].read())
            if failed.kind is FailedKind.OTHER:
                return self._other(key)
            kind = failed.kind
            if processor is None:
                return Outcome(kind=kind, fate=Fate.WAITING, where=key)
            processor.send(failed.event)
            self.client.delete_object(Bucket=self.name, Key=key)
        except (ClientError, BotoCoreError) as error:
            return Outcome(kind=kind, fate=Fate.FAILED, where=key, error=explained(error))
        except (ProcessorFailedError, UnreadableFailureError) as error:
            return Outcome(kind=kind, fate=Fate.FAILED, where=key, error=str(error))
        return Outcome(kind=kind, fate=Fate.SENT, where=key)

    def _other(self, key: str) -> Outcome:
        """An event that is none of the processor's: of another function, or one that the processor cannot know."""
        if self.may_be_others(key):
            return Outcome(kind=FailedKind.OTHER, fate=Fate.LEFT, where=key)
        error = "holds an event that the processor does not know"
        return Outcome(kind=UNREADABLE, fate=Fate.FAILED, where=key, error=error)
