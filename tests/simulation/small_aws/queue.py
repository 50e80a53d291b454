"""A small SQS: the settle queue behind a boto3 client's method, with its delays, receives and dead letters."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from request_lens.adapters.memory.clock import MemoryClock
from tests.simulation.drawing.faults import Fault
from tests.simulation.small_aws.calls import Calls
from tests.simulation.small_aws.dynamodb import Json
from tests.support.template_document import properties

MAX_ENTRIES, MAX_DELAY_S = 10, 900

VISIBILITY = timedelta(seconds=properties("SettleQueue")["VisibilityTimeout"])
MAX_RECEIVES: int = properties("SettleQueue")["RedrivePolicy"]["maxReceiveCount"]

REDRIVEN_AFTER = timedelta(hours=3)
"""When somebody moves dead letters back."""


@dataclass(slots=True, eq=False)
class Message:
    """A message in the queue; `starved` ones are received while Lambda has no room, until they are dead letters."""

    message_id: str
    body: str
    visible_at: datetime
    rounds: int
    starved: bool = False
    receives: int = 0


@dataclass(slots=True)
class SmallQueue:
    """The client, and the queue itself; `on_visible` is told when a message will be there to be received."""

    calls: Calls
    clock: MemoryClock
    on_visible: Callable[[datetime], None]
    rounds_of: Callable[[str], int]
    may_lose: Callable[[str], bool]
    sent: int = 0
    dead_letters: int = 0
    _messages: list[Message] = field(default_factory=list)

    def send_message_batch(self, **asked: Any) -> Json:
        """See SendMessageBatch."""
        entries: Sequence[Json] = asked["Entries"]
        ids = [each["Id"] for each in entries]
        if not 0 < len({*ids}) == len(entries) <= MAX_ENTRIES:
            raise ValueError(f"a batch with the ids {ids}")

        def send() -> Json:
            left = self.calls.left_over(entries, self._send_all)
            failed = [{"Id": each["Id"], "Code": "InternalError", "SenderFault": False} for each in left]
            refused = {each["Id"] for each in left}
            return {"Successful": [{"Id": each} for each in ids if each not in refused], "Failed": failed}

        return self.calls.write("SendMessageBatch", send)

    def receive(self, most: int) -> list[Message]:
        """Up to so many messages that are visible, from now on hidden for a while; a starved one comes to nobody."""
        now, received = self.clock.now(), list[Message]()
        for message in [each for each in self._messages if each.visible_at <= now]:
            if len(received) == most:
                break
            message.receives += 1
            message.visible_at = now + VISIBILITY
            if message.receives > MAX_RECEIVES:
                self._bury(message)
            elif not message.starved:
                received.append(message)
            self.on_visible(message.visible_at)
        return received

    def delete(self, message: Message) -> None:
        """What was settled is gone; a copy that was received besides is not."""
        if message in self._messages:
            self._messages.remove(message)

    def show_again(self, messages: Sequence[Message]) -> None:
        """SQS delivers messages at least once: these can be received again at once."""
        for message in messages:
            message.visible_at = self.clock.now()
            self.on_visible(message.visible_at)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is left in it."""
        return not self._messages

    def _bury(self, message: Message) -> None:
        """A dead letter is moved back hours later, or lost where the sweep makes that good."""
        self.dead_letters += 1
        message.starved, message.receives = False, 0
        message.visible_at = self.clock.now() + REDRIVEN_AFTER

    def _send_all(self, entries: Sequence[Json]) -> None:
        for each in entries:
            self._send(each["MessageBody"], each["DelaySeconds"])

    def _send(self, body: str, delay_s: int) -> None:
        faults, wait = self.calls.step.faults, timedelta(seconds=delay_s)
        if not 0 <= delay_s <= MAX_DELAY_S:
            raise ValueError(f"a delay of {delay_s} s")
        if self.may_lose(body) and faults.strike(Fault.LOST_MESSAGE):
            return
        if wait and faults.strike(Fault.EARLY_MESSAGE):
            wait *= faults.chance.random()
        self._put(body, wait, starved=faults.strike(Fault.LATE_MESSAGE))
        if faults.strike(Fault.DUPLICATE_MESSAGE):
            self._put(body, wait + timedelta(seconds=faults.chance.choice((0, 2, 40, 10_800))), starved=False)

    def _put(self, body: str, wait: timedelta, *, starved: bool) -> None:
        visible_at = self.clock.now() + wait
        self.sent += 1
        self._messages.append(Message(str(self.sent), body, visible_at, self.rounds_of(body), starved=starved))
        self.on_visible(visible_at)
