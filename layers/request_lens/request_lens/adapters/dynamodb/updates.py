"""The table's conditional writes: what each sets, and what must hold for it.

Each is one UpdateItem that touches the attributes of its own concern alone, so that a duplicate fact never erases a
revision or a decision, and the second of two writers finds the condition false.
"""

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from request_lens.adapters.dynamodb.attributes import PlainMap, iso
from request_lens.adapters.dynamodb.codec import encode
from request_lens.adapters.dynamodb.items import (
    ItemState,
    expires_at_epoch_s,
    invocation_key,
    invocation_times,
    request_key,
    request_times,
)
from request_lens.adapters.dynamodb.summary_codec import summary_values
from request_lens.domain.facts import Invocation, Request, RequestId
from request_lens.domain.folding.summary import Summary
from request_lens.domain.linking.link import Decision, Link, Reason, UnlinkedInvocation


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """One conditional UpdateItem.

    `sets` replaces attributes, `defaults` sets those that are absent; `condition` names attributes as `#name` and the
    values of `compared` as `:name`; none is no condition. Names of both kinds avoid DynamoDB's reserved words.
    """

    key: PlainMap
    sets: PlainMap
    defaults: PlainMap = field(default_factory=dict)
    condition: str = ""
    compared: PlainMap = field(default_factory=dict)

    @property
    def expression(self) -> str:
        """The UpdateExpression."""
        replaced = [f"#{name} = :{name}" for name in self.sets]
        kept = [f"#{name} = if_not_exists(#{name}, :{name})" for name in self.defaults]
        return "SET " + ", ".join(replaced + kept)

    @property
    def names(self) -> dict[str, str]:
        """The ExpressionAttributeNames of both expressions."""
        return {f"#{name}": name for name in re.findall(r"#(\w+)", f"{self.expression} {self.condition}")}

    @property
    def values(self) -> PlainMap:
        """The ExpressionAttributeValues of both expressions."""
        return {f":{name}": value for name, value in {**self.sets, **self.defaults, **self.compared}.items()}


def record_update(record: Request, *, stored_at: datetime, retention: timedelta) -> Update:
    """The update that stores a request's record unless one is there."""
    return Update(
        key=request_key(record.request_id),
        sets={
            **request_times(record),
            "record": encode(record),
            "stored_at": iso(stored_at),
            "expires_at": expires_at_epoch_s(record.started_at, retention),
        },
        defaults={"state": ItemState.PENDING.value},
        condition="attribute_not_exists(#record)",
    )


def unlinked_update(invocation: Invocation, *, stored_at: datetime, retention: timedelta) -> Update:
    """The update that stores an untagged invocation unless it is there."""
    return Update(
        key=invocation_key(invocation.invocation_id),
        sets=_untagged_item(invocation, stored_at=stored_at, retention=retention),
        defaults={"state": ItemState.PENDING.value},
        condition="attribute_not_exists(#fact)",
    )


def revision_update(request_id: RequestId, *, revision: int, summary: Summary) -> Update:
    """The update that writes a revision where the record is and the revision before still stands."""
    first = " OR attribute_not_exists(#revision)" if revision == 1 else ""
    return Update(
        key=request_key(request_id),
        sets={"revision": revision, "summary": summary_values(summary), "state": ItemState.SETTLED.value},
        condition=f"attribute_exists(#record) AND (#revision = :before{first})",
        compared={"before": revision - 1},
    )


def mark_update(request_id: RequestId, marks: PlainMap, *, unless: str, now: datetime, retention: timedelta) -> Update:
    """The update that gives a request these attributes unless it has that one; it expires, with or without a record."""
    return Update(
        key=request_key(request_id),
        sets=marks,
        defaults={"expires_at": expires_at_epoch_s(now, retention)},
        condition=f"attribute_not_exists(#{unless})",
    )


def decision_update(unlinked: UnlinkedInvocation, decision: Decision, *, retention: timedelta) -> Update:
    """The update that decides an invocation unless one stands that it does not supersede: see `link.supersedes`."""
    links = isinstance(decision, Link)
    condition, compared = _undecided_or_superseded(decision)
    return Update(
        key=invocation_key(unlinked.invocation.invocation_id),
        sets={
            "decision": encode(decision),
            "state": (ItemState.LINKED if links else ItemState.UNATTRIBUTED).value,
        },
        defaults=_untagged_item(unlinked.invocation, stored_at=unlinked.stored_at, retention=retention),
        condition=condition,
        compared=compared,
    )


def _undecided_or_superseded(decision: Decision) -> tuple[str, PlainMap]:
    """The condition for a decision, and the values that it compares."""
    undecided = "attribute_not_exists(#decision)"
    if not isinstance(decision, Link):
        return undecided, {}
    if decision.taken_back:
        return f"{undecided} OR attribute_exists(#decision.#reason)", {}
    return f"{undecided} OR #decision.#reason = :never_seen", {"never_seen": Reason.REQUEST_NEVER_SEEN.value}


def _untagged_item(invocation: Invocation, *, stored_at: datetime, retention: timedelta) -> PlainMap:
    return {
        **invocation_times(invocation),
        "fact": encode(invocation),
        "stored_at": iso(stored_at),
        "expires_at": expires_at_epoch_s(invocation.logged_at, retention),
    }
