"""The table's items: their keys, what lists them by time, when they expire, and how they are read.

| item | pk | sk | index `by_time`: pk / sk |
|---|---|---|---|
| request | `request#<request id>` | `request` | `requests#<hour>[#<shard>]` / `<started_at>#<id>` |
| linked invocation | `request#<request id>` | `invocation#<invocation id>` | none |
| untagged invocation | `invocation#<invocation id>` | `invocation` | `untagged#<hour>` / `<logged_at>#<id>` |
| rejected record | `rejected#<event id>` | `rejected` | `rejected#<hour>` / `<stored_at>#<event id>` |

An untagged invocation's own item may hold its `span` before, or without, its `fact`: then it is no invocation yet. The
items of traces are in `trace_items`.

A function that reads raises KeyError, TypeError or ValueError where an item is not one that this package wrote.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from zlib import crc32

from request_lens.adapters.dynamodb.attributes import Plain, PlainMap, flag, integer, iso, mapping, moment, text
from request_lens.adapters.dynamodb.codec import decode, encode
from request_lens.adapters.dynamodb.summary_codec import summary_from
from request_lens.domain.doctor import is_doctors
from request_lens.domain.facts import Invocation, InvocationId, Request, RequestId
from request_lens.domain.folding.summary import Totals
from request_lens.domain.linking.link import Decision, Link, LinkedInvocation, Unattributed, UnlinkedInvocation
from request_lens.domain.log_record import Rejected, StoredRejected
from request_lens.domain.settling.runaway import Runaway
from request_lens.domain.settling.state import OrphanPass, RequestState
from request_lens.domain.spans import CallSpan

BY_TIME_INDEX = "by_time"
"""The index that lists requests, untagged invocations and rejected records by hour."""

REQUEST_SK = "request"
INVOCATION_SK = "invocation"
REJECTED_SK = "rejected"
FIRST_LINKED_SK, LAST_LINKED_SK = "invocation#", "invocation$"
"""Between these are the sort keys of a request's invocations: "$" follows "#" in the order of characters."""


class ItemState(StrEnum):
    """What a query of the table shows of a request (the first two) or an untagged invocation (all but the second)."""

    PENDING = "pending"
    SETTLED = "settled"
    LINKED = "linked"
    UNATTRIBUTED = "unattributed"


class HourlyList(StrEnum):
    """The lists of the index."""

    REQUESTS = "requests"
    UNTAGGED = "untagged"
    REJECTED = "rejected"


REQUEST_SHARDS = 4
"""Partitions that share the requests of an hour: one takes 1,000 index writes a second, and where it takes no more, it
holds up the table's own writes. It can be raised at any time: what is stored stays where readers look."""


def request_partition(request_id: RequestId) -> str:
    """The partition of a request's item and its linked invocations."""
    return f"request#{request_id}"


def request_id_of(item: PlainMap) -> RequestId:
    """The request whose item, or an image of it, this is. Raises: KeyError, TypeError."""
    return RequestId(text(item["pk"]).removeprefix(request_partition(RequestId(""))))


def request_key(request_id: RequestId) -> dict[str, Plain]:
    """The key of a request's item."""
    return {"pk": request_partition(request_id), "sk": REQUEST_SK}


def invocation_key(invocation_id: InvocationId) -> dict[str, Plain]:
    """The key of an untagged invocation's own item."""
    return {"pk": f"invocation#{invocation_id}", "sk": INVOCATION_SK}


def linked_key(linked: LinkedInvocation) -> dict[str, Plain]:
    """The key of an invocation's item under its request."""
    return key_under(linked.link.request_id, linked.invocation.invocation_id)


def key_under(request_id: RequestId, invocation_id: InvocationId) -> dict[str, Plain]:
    """The key that an invocation's item under this request has, if it is there."""
    return {"pk": request_partition(request_id), "sk": linked_sk(invocation_id)}


def linked_sk(invocation_id: InvocationId) -> str:
    """The sort key of an invocation under its request."""
    return f"{FIRST_LINKED_SK}{invocation_id}"


def hour_partitions(hourly: HourlyList, moment: datetime) -> Sequence[str]:
    """The index partitions of an hour in UTC: `requests#2025-12-04T18`, `requests#2025-12-04T18#1` and so on.

    The first has no number: until there were others it held the whole hour.
    """
    hour = f"{hourly}#{moment.astimezone(UTC):%Y-%m-%dT%H}"
    shards = REQUEST_SHARDS if hourly is HourlyList.REQUESTS else 1
    return [hour, *(f"{hour}#{shard}" for shard in range(1, shards))]


def hour_of(partition: str) -> datetime:
    """The hour that one of these partitions is of."""
    return datetime.fromisoformat(f"{partition.split('#')[1]}:00+00:00")


def request_times(record: Request) -> dict[str, Plain]:
    """The attributes that list a request by its start; none for the doctor's own, which is in no list."""
    if is_doctors(record.request_id):
        return {}
    return _times(HourlyList.REQUESTS, record.started_at, record.request_id)


def invocation_times(invocation: Invocation) -> dict[str, Plain]:
    """The attributes that list an untagged invocation by its timestamp."""
    return _times(HourlyList.UNTAGGED, invocation.logged_at, invocation.invocation_id)


def _times(hourly: HourlyList, moment: datetime, fact_id: str) -> dict[str, Plain]:
    partitions = hour_partitions(hourly, moment)
    partition = partitions[crc32(fact_id.encode()) % len(partitions)]
    return {"by_time_pk": partition, "by_time_sk": f"{iso(moment)}#{fact_id}"}


def expires_at_epoch_s(moment: datetime, retention: timedelta) -> int:
    """When the item of a fact of that moment expires, in epoch seconds."""
    return int(moment.timestamp()) + int(retention.total_seconds())


def linked_item(linked: LinkedInvocation, *, retention: timedelta) -> dict[str, Plain]:
    """The whole item of an invocation under its request."""
    return {
        **linked_key(linked),
        "fact": encode(linked.invocation),
        "link": encode(linked.link),
        "expires_at": expires_at_epoch_s(linked.invocation.logged_at, retention),
    }


def rejected_item(record: Rejected, *, stored_at: datetime, retention: timedelta) -> dict[str, Plain]:
    """The whole item of a rejected record, which expires `retention` after its last delivery."""
    return {
        "pk": f"rejected#{record.key}",
        "sk": REJECTED_SK,
        **_times(HourlyList.REJECTED, stored_at, record.key),
        "fact": encode(record),
        "stored_at": iso(stored_at),
        "expires_at": expires_at_epoch_s(stored_at, retention),
    }


def stored_rejected_from(item: PlainMap) -> StoredRejected:
    """The rejected record of an item of the index."""
    return StoredRejected(record=decode(Rejected, item["fact"]), stored_at=moment(item["stored_at"]))


def request_state(request_id: RequestId, items: Sequence[PlainMap]) -> RequestState:
    """The state of one request by the items of its partition; its invocations are in the order of the items."""
    head = _head(items)
    return RequestState(
        request_id=request_id,
        record=decode(Request, head["record"]) if "record" in head else None,
        stored_at=moment(head["stored_at"]) if "stored_at" in head else None,
        revision=revision_of(head),
        summary=summary_from(head["summary"]) if "summary" in head else None,
        orphaned=flag(head.get("orphaned", False)),
        watched_until=moment(head["watched_until"]) if "watched_until" in head else None,
        orphan_pass=decode(OrphanPass, head["orphan_pass"]) if "orphan_pass" in head else None,
        runaway=decode(Runaway, head["runaway"]) if "runaway" in head else None,
        invocations=tuple(linked_from(item) for item in items if item["sk"] != REQUEST_SK),
    )


def revision_of(item: PlainMap) -> int:
    """The revision of a request's item, or of an image of it; 0 while there is none."""
    return integer(item["revision"]) if "revision" in item else 0


HEAD_ATTRIBUTES = (
    "pk",
    "sk",
    "record",
    "stored_at",
    "revision",
    "summary",
    "orphaned",
    "orphan_pass",
    "watched_until",
    "runaway",
)
"""The attributes of a request's own item that `request_state` reads."""

SETTLED_BY = ("sk", "revision", "summary.totals")
"""The attributes of a request's items that `is_settled` needs."""


def is_settled(items: Sequence[PlainMap]) -> bool:
    """Whether the request of these items has a revision, and the last one counts as many invocations as there are."""
    head = _head(items)
    if "revision" not in head:
        return False
    return decode(Totals, mapping(head["summary"])["totals"]).invocations >= len(items) - 1


def _head(items: Sequence[PlainMap]) -> PlainMap:
    """The request's own item among those of its partition, or an empty one."""
    return next((item for item in items if item["sk"] == REQUEST_SK), {})


def linked_from(item: PlainMap) -> LinkedInvocation:
    """The invocation of an item under its request."""
    return LinkedInvocation(invocation=decode(Invocation, item["fact"]), link=decode(Link, item["link"]))


def record_from(item: PlainMap) -> Request:
    """The record of a request's item, of the table or of its index."""
    return decode(Request, item["record"])


def unlinked_from(item: PlainMap) -> UnlinkedInvocation:
    """The untagged invocation of an item, of the table or of its index."""
    return UnlinkedInvocation(
        invocation=decode(Invocation, item["fact"]),
        stored_at=moment(item["stored_at"]),
        decision=decision_from(item["decision"]) if "decision" in item else None,
        span=decode(CallSpan, item["span"]) if "span" in item else None,
    )


def decision_from(stored: Plain) -> Decision:
    """The decision that a map holds: the link of an invocation, or the reason why it has none."""
    return decode(Unattributed, stored) if "reason" in mapping(stored) else decode(Link, stored)
