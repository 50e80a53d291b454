"""The dead letters of the settle queue, moved back to it."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import batched
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from request_lens_cli.deployed.aws_errors import explained
from request_lens_cli.operating.outcome import DEAD_LETTERS, Fate, Outcome

if TYPE_CHECKING:
    from mypy_boto3_sqs.client import SQSClient
    from mypy_boto3_sqs.type_defs import DeleteMessageBatchRequestEntryTypeDef, MessageTypeDef

_AT_ONCE = 10  # messages that SQS gives, takes and deletes in one call
_HIDDEN_S = 300  # others do not see a message while it is moved
_WAIT_S = 1  # a long poll asks all of SQS's servers; a short one may find nothing where something is


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetters:
    """The dead-letter queue of a settle queue."""

    client: "SQSClient"
    queue_url: str
    dead_letter_url: str

    def look_at(self) -> Iterator[Outcome]:
        """How many there are, about: SQS counts no more exactly, and messages must not be taken to be counted."""
        attributes = self.client.get_queue_attributes(
            QueueUrl=self.dead_letter_url, AttributeNames=["ApproximateNumberOfMessages"]
        )["Attributes"]
        if count := int(attributes["ApproximateNumberOfMessages"]):
            yield Outcome(kind=DEAD_LETTERS, fate=Fate.WAITING, count=count)

    def redrive(self) -> Iterator[Outcome]:
        """Send each to the settle queue, and delete it here once it is there: any copy of one is safe.

        Those that could not be sent come last, and are seen again at once: whoever runs it next finds them. Whatever
        stops it, it hides none that it has not sent.
        """
        receipts: dict[str, str] = {}
        failed: dict[str, str] = {}
        try:
            while messages := [each for each in self._received() if each["MessageId"] not in failed]:
                receipts |= {each["MessageId"]: each["ReceiptHandle"] for each in messages}
                errors = self._moved(messages)
                failed |= {messages[at]["MessageId"]: error for at, error in errors.items()}
                sent = [each["MessageId"] for each in messages if each["MessageId"] not in failed]
                for message_id in sent:
                    del receipts[message_id]
                    yield Outcome(kind=DEAD_LETTERS, fate=Fate.SENT, where=message_id)
        finally:
            hidden = self._show_again(list(receipts.values()))
        for message_id, error in failed.items():
            yield Outcome(kind=DEAD_LETTERS, fate=Fate.FAILED, where=message_id, error=f"{error}{hidden}")

    def _received(self) -> "Sequence[MessageTypeDef]":
        return self.client.receive_message(
            QueueUrl=self.dead_letter_url,
            MaxNumberOfMessages=_AT_ONCE,
            VisibilityTimeout=_HIDDEN_S,
            WaitTimeSeconds=_WAIT_S,
        ).get("Messages", [])

    def _moved(self, messages: "Sequence[MessageTypeDef]") -> dict[int, str]:
        """Move messages; by their place those that could not be moved, with why."""
        try:
            sent = self.client.send_message_batch(
                QueueUrl=self.queue_url,
                Entries=[{"Id": str(at), "MessageBody": each["Body"]} for at, each in enumerate(messages)],
            )
            errors = {int(refused["Id"]): refused["Code"] for refused in sent.get("Failed", [])}
            passed = [at for at in range(len(messages)) if at not in errors]
            return errors | self._delete({at: messages[at]["ReceiptHandle"] for at in passed})
        except (ClientError, BotoCoreError) as error:
            return dict.fromkeys(range(len(messages)), explained(error))

    def _show_again(self, receipts: Sequence[str]) -> str:
        """Let others see messages again; where that fails, what is to be said of it."""
        try:
            for some in batched(receipts, _AT_ONCE, strict=False):
                self.client.change_message_visibility_batch(
                    QueueUrl=self.dead_letter_url,
                    Entries=[
                        {"Id": str(at), "ReceiptHandle": receipt, "VisibilityTimeout": 0}
                        for at, receipt in enumerate(some)
                    ],
                )
        except (ClientError, BotoCoreError) as error:
            return f" It is not seen again for up to {_HIDDEN_S // 60} minutes: {explained(error)}"
        return ""

    def _delete(self, receipts: dict[int, str]) -> dict[int, str]:
        """Delete what was sent; what could not be deleted, with why."""
        if not receipts:
            return {}
        entries: list[DeleteMessageBatchRequestEntryTypeDef] = [
            {"Id": str(at), "ReceiptHandle": receipt} for at, receipt in receipts.items()
        ]
        deleted = self.client.delete_message_batch(QueueUrl=self.dead_letter_url, Entries=entries)
        return {int(refused["Id"]): refused["Code"] for refused in deleted.get("Failed", [])}


def open_dead_letters(client: "SQSClient", queue_url: str) -> DeadLetters:
    """The dead-letter queue that the settle queue names."""
    attributes = client.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["RedrivePolicy"])["Attributes"]
    arn: str = json.loads(attributes["RedrivePolicy"])["deadLetterTargetArn"]
    account, name = arn.split(":")[-2:]
    dead_letter_url = client.get_queue_url(QueueName=name, QueueOwnerAWSAccountId=account)["QueueUrl"]
    return DeadLetters(client=client, queue_url=queue_url, dead_letter_url=dead_letter_url)
