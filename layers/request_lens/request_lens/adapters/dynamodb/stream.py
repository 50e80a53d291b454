"""The table's stream: what one of its records, in the shape that Lambda gives it, tells `publish`."""

from collections.abc import Mapping
from typing import cast

from request_lens.adapters.dynamodb.attributes import PlainMap, from_item, integer, mapping, moment_of
from request_lens.adapters.dynamodb.fact_codec import decision_from, invocation_from, request_from
from request_lens.adapters.dynamodb.items import INVOCATION_SK, REQUEST_SK, request_id_of
from request_lens.adapters.dynamodb.summary_codec import runaway_from, summary_from
from request_lens.domain.publishing.changes import Change, InvocationDecided, RevisionWritten, RunawayFlagged


def read_change(record: Mapping[str, object]) -> Change | None:
    """The revision, the flag or the decision that a stream record with both images brings; None where it brings none.

    Each is a write of its own, and so a record of its own.

    Raises: KeyError, TypeError or ValueError for an item of ours that cannot be read: Lambda then splits the batch.
    """
    change = cast("Mapping[str, Mapping[str, object]]", record.get("dynamodb", {}))
    if "NewImage" not in change:
        return None
    new, old = from_item(change["NewImage"]), from_item(change.get("OldImage", {}))
    match new.get("sk"):
        case str(sk) if sk == REQUEST_SK:
            return _revision_written(new, old) or _runaway_flagged(new, old)
        case str(sk) if sk == INVOCATION_SK:
            return _invocation_decided(new, old)
        case _:
            return None


def _revision_written(new: PlainMap, old: PlainMap) -> RevisionWritten | None:
    if _revision(new) <= _revision(old):
        return None
    return RevisionWritten(
        request=request_from(mapping(new, "record")),
        stored_at=moment_of(new, "stored_at"),
        revision=_revision(new),
        summary=summary_from(mapping(new, "summary")),
        previous=summary_from(mapping(old, "summary")) if "summary" in old else None,
    )


def _runaway_flagged(new: PlainMap, old: PlainMap) -> RunawayFlagged | None:
    if "runaway" not in new or "runaway" in old:
        return None
    return RunawayFlagged(request_id=request_id_of(new), runaway=runaway_from(mapping(new, "runaway")))


def _revision(image: PlainMap) -> int:
    return integer(image, "revision") if "revision" in image else 0


def _invocation_decided(new: PlainMap, old: PlainMap) -> InvocationDecided | None:
    if "decision" not in new or new["decision"] == old.get("decision"):
        return None
    return InvocationDecided(
        invocation=invocation_from(mapping(new, "fact")),
        stored_at=moment_of(new, "stored_at"),
        decision=decision_from(mapping(new, "decision")),
        previous=decision_from(mapping(old, "decision")) if "decision" in old else None,
    )
