"""Records of the table's stream, in the shape that Lambda gives them, → the changes that are published."""

from collections.abc import Mapping
from typing import cast

from request_lens.adapters.dynamodb.attributes import PlainMap, flag, from_item, moment
from request_lens.adapters.dynamodb.codec import decode
from request_lens.adapters.dynamodb.items import INVOCATION_SK, REQUEST_SK, decision_from, request_id_of, revision_of
from request_lens.adapters.dynamodb.summary_codec import summary_from
from request_lens.domain.facts import Invocation, Request
from request_lens.domain.publishing.changes import Change, InvocationDecided, RevisionWritten, RunawayFlagged
from request_lens.domain.settling.runaway import Runaway


def read_change(record: Mapping[str, object]) -> Change | None:
    """The revision, the flag or the decision that a stream record with both images brings; None where it brings none.

    Each is a write of its own, and so a record of its own.

    Raises: KeyError, TypeError or ValueError for an item of ours that cannot be read: Lambda then splits the batch.
    """
    change = cast("Mapping[str, Mapping[str, object]]", record.get("dynamodb", {}))
    if "NewImage" not in change:
        return None
    new, old = from_item(change["NewImage"]), from_item(change.get("OldImage", {}))
    if new.get("sk") == REQUEST_SK:
        return _revision_written(new, old) or _runaway_flagged(new, old)
    return _invocation_decided(new, old) if new.get("sk") == INVOCATION_SK else None


def _revision_written(new: PlainMap, old: PlainMap) -> RevisionWritten | None:
    if revision_of(new) <= revision_of(old):
        return None
    return RevisionWritten(
        request=decode(Request, new["record"]),
        stored_at=moment(new["stored_at"]),
        revision=revision_of(new),
        summary=summary_from(new["summary"]),
        previous=summary_from(old["summary"]) if "summary" in old else None,
        orphaned=flag(new.get("orphaned", False)),
    )


def _runaway_flagged(new: PlainMap, old: PlainMap) -> RunawayFlagged | None:
    if "runaway" not in new or "runaway" in old:
        return None
    return RunawayFlagged(request_id=request_id_of(new), runaway=decode(Runaway, new["runaway"]))


def _invocation_decided(new: PlainMap, old: PlainMap) -> InvocationDecided | None:
    if "decision" not in new or new["decision"] == old.get("decision"):
        return None
    return InvocationDecided(
        invocation=decode(Invocation, new["fact"]),
        stored_at=moment(new["stored_at"]),
        decision=decision_from(new["decision"]),
        previous=decision_from(old["decision"]) if "decision" in old else None,
    )
