"""The settle queue of a stack on the local AWS, which shows its messages to whoever looks and gives none out for it."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

from request_lens_cli.demo.stack import DemoStack


@dataclass(frozen=True, slots=True, kw_only=True)
class SettleMessage:
    """A message: the key that it holds, in how many seconds it is given out, how often it has been."""

    key: str
    due_in_s: float
    received: int

    def is_left(self, *, due_within_s: float) -> bool:
        """Whether it is being worked on, waits for a worker, or is due so soon; a timer for later is not."""
        return self.received > 0 or self.due_in_s <= due_within_s


def messages_of(stack: DemoStack) -> list[SettleMessage]:
    """All that are in the queue, those that are delayed or being worked on among them, by when they are due."""
    query = urlencode({"QueueUrl": stack.stack.output("SettleQueueUrl")})
    with urlopen(f"{stack.local.endpoint}/_ministack/sqs/messages?{query}") as answer:
        accounts = json.load(answer)["messages"]
    now = datetime.now(UTC).timestamp()
    queues = [messages for regions in accounts.values() for queues in regions.values() for messages in queues.values()]
    return sorted((_message(each, now) for queue in queues for each in queue), key=lambda message: message.due_in_s)


def _message(shown: dict[str, Any], now: float) -> SettleMessage:
    return SettleMessage(key=shown["Body"], due_in_s=round(shown["VisibleAt"] - now), received=shown["ReceiveCount"])
