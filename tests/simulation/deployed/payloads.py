"""Lambda events as the services shape them, and what the function's log says of a batch that it collected."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zlib import crc32

from request_lens.application.collect import CollectReport
from request_lens.domain.log_record import Rejected, RejectedReason
from tests.simulation.deployed.log_lines import line_of, log_group_of
from tests.simulation.drawing.deliveries import Batch
from tests.simulation.small_aws.expressions import Item
from tests.simulation.small_aws.queue import Message
from tests.support.processor_traffic import log_batch

REGION = "ap-northeast-1"

type Event = Mapping[str, Any]


def log_event(batch: Batch) -> Event:
    """The batch as a subscription filter delivers it, with the same event ids each time."""
    lines = [line_of(each) for each in batch.records]
    return log_batch(lines, log_group_of(batch), first_event=crc32("".join(lines).encode()))


def message_event(messages: Sequence[Message]) -> Event:
    """Messages as the queue's mapping delivers them."""
    return {"Records": [_message(each) for each in messages]}


def _message(message: Message) -> Event:
    return {
        "messageId": message.message_id,
        "receiptHandle": f"{message.message_id}/{message.receives}",
        "body": message.body,
        "attributes": {"ApproximateReceiveCount": str(message.receives)},
        "eventSource": "aws:sqs",
        "eventSourceARN": f"arn:aws:sqs:{REGION}:123456789012:settle",
        "awsRegion": REGION,
    }


def stream_record(before: Item | None, after: Item, *, keys: Sequence[str], number: int) -> Event:
    """A write as the table's stream has it, with both images."""
    images = {"NewImage": after} if before is None else {"NewImage": after, "OldImage": before}
    return {
        "eventID": f"{number:032x}",
        "eventName": "INSERT" if before is None else "MODIFY",
        "eventSource": "aws:dynamodb",
        "awsRegion": REGION,
        "dynamodb": {
            "Keys": {name: after[name] for name in keys},
            **images,
            "SequenceNumber": f"{number:021d}",
            "StreamViewType": "NEW_AND_OLD_IMAGES",
        },
    }


def stream_event(records: Sequence[Event]) -> Event:
    """Records as the stream's mapping delivers them."""
    return {"Records": list(records)}


def sweep_event(moment: datetime) -> Event:
    """What the schedule sends: EventBridge Scheduler puts the time in, in whole seconds."""
    return {"sweep": f"{moment:%Y-%m-%dT%H:%M:%SZ}"}


def collected_report(lines: Sequence[str]) -> CollectReport:
    """What the lines of one invocation say of the batch. Raises: StopIteration where they say nothing of it."""
    told = [json.loads(line) for line in lines]
    counts = next(each for each in told if each.get("message") == "batch collected")
    warning: Event = next((each for each in told if each.get("message") == "records rejected"), {})
    reasons = Counter[str](warning.get("reasons", {}))
    rejected = [Rejected(reason=RejectedReason(reason), detail="") for reason in reasons.elements()]
    return CollectReport(
        keys=(),
        facts=counts["facts"],
        ignored=counts["ignored"],
        rejected=rejected,
        kept=warning.get("kept", 0),
    )
