"""The settle timer as an SQS queue: delayed messages, each of which holds a key and nothing else."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from itertools import batched
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from request_lens.domain.facts import InvocationId, RequestId, TraceId
from request_lens.domain.settling.state import SettleKey, SettleKind
from request_lens.errors import TimerUnavailable
from request_lens.ports import Clock

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import SendMessageBatchRequestEntryTypeDef

MAX_DELAY_S = 900
"""SQS's longest delay: a key that is due later comes early, and whoever receives it sends it again."""

SLOT_S = 10
"""Seconds. What is due half a minute ahead or more comes at the end of its slot: keys that come together share
receives."""

_MAX_BATCH = 10
"""Messages that one SendMessageBatch takes."""


class SqsSettleTimer:
    """Sends settle keys as delayed messages to one queue behind a boto3 client."""

    def __init__(self, client: "SQSClient", *, queue_url: str, clock: Clock) -> None:
        self._client = client
        self._queue_url = queue_url
        self._clock = clock

    def send(self, keys: Sequence[tuple[SettleKey, datetime]]) -> None:
        """See `ports.SettleTimer`. A key given twice for one time is sent once. Raises: TimerUnavailable."""
        now = self._clock.now()
        entries = [_entry(number, timed, now) for number, timed in enumerate(dict.fromkeys(keys))]
        for batch in batched(entries, _MAX_BATCH, strict=False):
            self._send_batch(batch)

    def _send_batch(self, entries: "Sequence[SendMessageBatchRequestEntryTypeDef]") -> None:
        """Send up to ten messages, the refused ones once more."""
        refused = self._try_send(entries)
        if refused:
            refused = self._try_send([entry for entry in entries if entry["Id"] in refused])
        if refused:
            codes = ", ".join(sorted(set(refused.values())))
            raise TimerUnavailable(f"SQS refused {len(refused)} messages: {codes}")

    def _try_send(self, entries: "Sequence[SendMessageBatchRequestEntryTypeDef]") -> dict[str, str]:
        """Send messages once; the ids of those that SQS refused, with its error codes. Raises: TimerUnavailable."""
        try:
            response = self._client.send_message_batch(QueueUrl=self._queue_url, Entries=entries)
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "unknown")
            raise TimerUnavailable(f"SQS refused {error.operation_name}: {code}") from error
        except BotoCoreError as error:
            raise TimerUnavailable(f"SQS did not answer: {type(error).__name__}") from error
        return {entry["Id"]: entry["Code"] for entry in response.get("Failed", [])}


def _entry(number: int, timed: tuple[SettleKey, datetime], now: datetime) -> "SendMessageBatchRequestEntryTypeDef":
    key, due_at = timed
    return {"Id": str(number), "MessageBody": write_key(key), "DelaySeconds": delay_of(due_at, now)}


def delay_of(due_at: datetime, now: datetime) -> int:
    """The delay, in seconds, of a message for this time."""
    delay_s = math.ceil((due_at - now).total_seconds())
    if delay_s >= 3 * SLOT_S:
        delay_s = math.ceil(math.ceil(due_at.timestamp() / SLOT_S) * SLOT_S - now.timestamp())
    return min(max(delay_s, 0), MAX_DELAY_S)


def write_key(key: SettleKey) -> str:
    """The message body of a key: {"matter": …, "id": …}."""
    return json.dumps({"matter": key.kind.value, "id": key.id}, separators=(",", ":"))


def read_key(body: str) -> SettleKey | None:
    """The key that a message body holds; None for a body that holds none."""
    try:
        payload = json.loads(body)
        kind, fact_id = SettleKind(payload["matter"]), payload["id"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    if not isinstance(fact_id, str) or not fact_id:
        return None
    return SettleKey(kind=kind, id=_ID_OF[kind](fact_id))


_ID_OF: Mapping[SettleKind, Callable[[str], RequestId | InvocationId | TraceId]] = {
    SettleKind.REQUEST: RequestId,
    SettleKind.ORPHAN: RequestId,
    SettleKind.ORPHANS: RequestId,
    SettleKind.INVOCATION: InvocationId,
    SettleKind.TRACE: TraceId,
}
