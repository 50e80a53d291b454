"""A meter on the processor's AWS calls: counts what each would be billed, from its parameters and the real items."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock, local
from time import thread_time
from typing import NamedTuple, cast

import boto3
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends

from tests.support.metering.dynamo_units import Image, index_write_units, read_units, write_units
from tests.support.request_table import TABLE_NAME, table_properties

INDEX_KEY = ("by_time_pk", "by_time_sk")
TABLE_KEY = ("pk", "sk")


class Message(NamedTuple):
    """What was sent to the settle queue: a body, and the delay in seconds."""

    body: str
    delay_s: int


class Written(NamedTuple):
    """One item's images before and after a write."""

    before: Image | None
    after: Image | None


@dataclass(slots=True)
class Meter:
    """Counts of everything billed. `calls` counts AWS calls by operation, each one a round trip.

    `messages` and `written` are what the queue and the table's stream have to deliver; whoever delivers takes them.
    `apart_s` are processor times spent in the emulator and in this meter, which the product would not spend.
    """

    write_units: float = 0
    index_write_units: float = 0
    read_units: float = 0
    index_read_units: float = 0
    calls: Counter[str] = field(default_factory=Counter)
    messages: list[Message] = field(default_factory=list)
    written: list[Written] = field(default_factory=list)
    apart_s: list[float] = field(default_factory=list)


class MeteredAws:
    """Hooks on a boto3 session: its clients count on the meter. The meter's own reads go uncounted."""

    def __init__(self, session: boto3.Session, *, region: str) -> None:
        self.meter = Meter()
        self._lock = Lock()  # updates are made by several threads
        self._thread = local()
        self._backend = dynamodb_backends[DEFAULT_ACCOUNT_ID][region]
        self._projected = _projected_attributes()
        events = session.events
        events.register("provide-client-params.dynamodb", self._before_dynamodb)
        events.register("after-call.dynamodb", self._after_dynamodb)
        events.register("provide-client-params.sqs.SendMessageBatch", self._sent)
        events.register_first("before-send", self._leaves)
        events.register("before-parse", self._is_back)

    def items(self) -> list[Image]:
        """Every item of the table."""
        held = self._backend.get_table(TABLE_NAME).all_items()
        return [cast("Image", item.to_json()["Attributes"]) for item in held]

    def _before_dynamodb(self, params: dict[str, object], context: dict[str, object], **_: object) -> None:
        with self._apart():
            context["asked"] = params
            context["before"] = [self._image(key) for key in _written_keys(params)]

    def _after_dynamodb(
        self, parsed: Mapping[str, object], model: object, context: dict[str, object], **_: object
    ) -> None:
        asked, operation = cast("Mapping[str, object]", context["asked"]), str(getattr(model, "name", ""))
        before = cast("list[Image | None]", context["before"])
        with self._apart(), self._lock:
            self.meter.calls[operation] += 1
            for key, image in zip(_written_keys(asked), before, strict=True):
                self._count_write(image, self._image(key))
            self._count_read(operation, asked, parsed)

    @contextmanager
    def _apart(self) -> Iterator[None]:
        """What happens inside is not the product's time."""
        began = thread_time()
        try:
            yield
        finally:
            self.meter.apart_s.append(thread_time() - began)

    def _count_write(self, before: Image | None, after: Image | None) -> None:
        self.meter.write_units += write_units(before, after)
        old, new = (self._projection(each) for each in (before, after))
        self.meter.index_write_units += index_write_units(old, new, key=INDEX_KEY)
        if before != after:
            self.meter.written.append(Written(before, after))

    def _count_read(self, operation: str, asked: Mapping[str, object], answer: Mapping[str, object]) -> None:
        match operation:
            case "Query" if "IndexName" in asked:
                items = cast("Sequence[Image]", answer["Items"])
                self.meter.index_read_units += read_units(items, consistent=False)
            case "Query":
                items = cast("Sequence[Image]", answer["Items"])
                self.meter.read_units += read_units(items, consistent=asked.get("ConsistentRead") is True)
            case "GetItem":
                found = [cast("Image", answer["Item"])] if "Item" in answer else []
                self.meter.read_units += read_units(found, consistent=asked.get("ConsistentRead") is True)
            case "BatchGetItem":  # each item is rounded by itself, and whole: a projection saves nothing
                for key in _looked_up_keys(asked):
                    image = self._image(key)
                    consistent = _looked_up(asked).get("ConsistentRead") is True
                    self.meter.read_units += read_units([image] if image else [], consistent=consistent)
            case _:
                return

    def _sent(self, params: dict[str, object], **_: object) -> None:
        entries = cast("Sequence[Mapping[str, object]]", params["Entries"])
        self.meter.calls["SendMessageBatch"] += 1
        self.meter.messages += [
            Message(str(each["MessageBody"]), cast("int", each["DelaySeconds"])) for each in entries
        ]

    def _image(self, key: Image) -> Image | None:
        """The item as the emulator holds it: to ask for it by a call would take ten times as long."""
        item = self._backend.get_item(TABLE_NAME, cast("dict[str, dict[str, str]]", key))
        return cast("Image", item.to_json()["Attributes"]) if item is not None else None

    def _projection(self, image: Image | None) -> Image | None:
        return {name: value for name, value in image.items() if name in self._projected} if image else None

    def _leaves(self, **_: object) -> None:
        """The call is on its way: what follows is the emulator's time."""
        self._thread.left_at = thread_time()

    def _is_back(self, **_: object) -> None:
        """The answer is here, and about to be parsed."""
        self.meter.apart_s.append(thread_time() - self._thread.left_at)


def _projected_attributes() -> frozenset[str]:
    (index,) = cast("Sequence[Mapping[str, Mapping[str, Sequence[str]]]]", table_properties()["GlobalSecondaryIndexes"])
    return frozenset({*TABLE_KEY, *INDEX_KEY, *index["Projection"]["NonKeyAttributes"]})


def _written_keys(asked: Mapping[str, object]) -> list[Image]:
    """The keys that a call's parameters write."""
    if "UpdateExpression" in asked:
        return [cast("Image", asked["Key"])]
    batch = cast("Mapping[str, object]", asked.get("RequestItems", {})).get(TABLE_NAME)
    if not isinstance(batch, list):
        return []
    items = [cast("Image", each["PutRequest"]["Item"]) for each in batch]
    return [{name: item[name] for name in TABLE_KEY} for item in items]


def _looked_up(asked: Mapping[str, object]) -> Mapping[str, object]:
    return cast("Mapping[str, Mapping[str, object]]", asked["RequestItems"])[TABLE_NAME]


def _looked_up_keys(asked: Mapping[str, object]) -> Sequence[Image]:
    return cast("Sequence[Image]", _looked_up(asked)["Keys"])
