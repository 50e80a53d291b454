"""Redrive: send what failed in a deployed stack again."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from request_lens_cli.deployed.stack import DeployedStackView
from request_lens_cli.operating.dead_letters import DeadLetters, open_dead_letters
from request_lens_cli.operating.failure_bucket import FailureBucket
from request_lens_cli.operating.invoked_processor import SENDERS, DeployedProcessor, open_processor
from request_lens_cli.operating.outcome import Outcome
from request_lens_cli.operating.parallel import in_parallel


@dataclass(frozen=True, slots=True, kw_only=True)
class Failures:
    """What failed in a deployed stack: the objects of its failure bucket and the dead letters of its settle queue."""

    bucket: FailureBucket
    dead_letters: DeadLetters
    processor: DeployedProcessor

    def look_at(self) -> Iterator[Outcome]:
        """What waits to be sent again; nothing is sent."""
        yield from in_parallel(self.bucket.look_at, self.bucket.keys(), workers=SENDERS)
        yield from self.dead_letters.look_at()

    def redrive(self) -> Iterator[Outcome]:
        """Send everything again, the log batches before the settles that may need their facts.

        The failure of one does not stop the others. Raises: ClientError, BotoCoreError where bucket or queue is out of
        reach.
        """
        send = partial(self.bucket.redrive, processor=self.processor)
        yield from in_parallel(send, self.bucket.keys(), workers=SENDERS)
        yield from self.dead_letters.redrive()


def open_failures(stack: DeployedStackView) -> Failures:
    """What failed in this stack. Raises: click.ClickException for one that is not ours."""
    processor, s3 = open_processor(stack), stack.session.client("s3")
    bucket = stack.output("FailureBucketName")
    return Failures(
        bucket=FailureBucket(client=s3, name=bucket, processor_name=processor.function_name),
        dead_letters=open_dead_letters(stack.session.client("sqs"), stack.output("SettleQueueUrl")),
        processor=processor,
    )
