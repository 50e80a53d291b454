"""The table's stream: which of its records are a change that is worth a publication."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from request_lens.adapters.dynamodb.attributes import PlainMap, iso, to_item
from request_lens.adapters.dynamodb.codec import encode
from request_lens.adapters.dynamodb.stream import read_change
from request_lens.adapters.dynamodb.summary_codec import summary_values
from request_lens.domain.facts import Invocation, InvocationId, Request, RequestId
from request_lens.domain.folding.summary import Summary, Totals
from request_lens.domain.linking.link import Confidence, Decision, Link, Method, Reason, Unattributed
from request_lens.domain.publishing.changes import InvocationDecided, RevisionWritten

AT = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
STORED_AT = AT + timedelta(seconds=15)
RECORD = Request(request_id=RequestId("r"), route="POST /ask", status=200, started_at=AT, duration_ms=4711)
CALL = Invocation(invocation_id=InvocationId("i"), model_id="model", operation="Converse", logged_at=AT)
LINK = Link(request_id=RequestId("r"), method=Method.WINDOW, confidence=Confidence.INFERRED)
NEVER_SEEN = Unattributed(reason=Reason.REQUEST_NEVER_SEEN)
ONE, TWO = (
    Summary(totals=Totals(llm_calls=calls), llm_time_ms=None, tool_time_ms=None, non_llm_time_ms=None)
    for calls in (1, 2)
)

KEY: PlainMap = {"pk": "request#r", "sk": "request"}
PENDING: PlainMap = {**KEY, "record": encode(RECORD), "state": "pending", "stored_at": iso(STORED_AT)}
FIRST: PlainMap = {**PENDING, "state": "settled", "revision": 1, "summary": summary_values(ONE)}
SECOND: PlainMap = {**FIRST, "revision": 2, "summary": summary_values(TWO)}
OWN: PlainMap = {
    "pk": "invocation#i",
    "sk": "invocation",
    "fact": encode(CALL),
    "state": "pending",
    "stored_at": iso(STORED_AT),
}
LINKED: PlainMap = {"pk": "request#r", "sk": "invocation#i", "fact": encode(CALL), "link": encode(LINK)}


def _record(new: PlainMap | None, old: PlainMap | None = None, *, event: str = "MODIFY") -> Mapping[str, object]:
    images = {"NewImage": new, "OldImage": old}
    present = {name: to_item(image) for name, image in images.items() if image is not None}
    keys = to_item({name: value for name, value in (new or old or {}).items() if name in {"pk", "sk"}})
    return {
        "eventID": "1",
        "eventName": event,
        "eventSource": "aws:dynamodb",
        "dynamodb": {"Keys": keys, "SequenceNumber": "1", "StreamViewType": "NEW_AND_OLD_IMAGES", **present},
    }


def _decided(decision: Decision) -> PlainMap:
    return {**OWN, "decision": encode(decision)}


def test_a_first_revision_replaces_nothing() -> None:
    assert read_change(_record(FIRST, PENDING)) == RevisionWritten(
        stored_at=STORED_AT, request=RECORD, revision=1, summary=ONE
    )


def test_a_later_revision_comes_with_the_one_before() -> None:
    expected = RevisionWritten(stored_at=STORED_AT, request=RECORD, revision=2, summary=TWO, previous=ONE)

    assert read_change(_record(SECOND, FIRST)) == expected


def test_a_decision_on_a_pending_invocation_replaces_nothing() -> None:
    assert read_change(_record(_decided(LINK), OWN)) == InvocationDecided(
        stored_at=STORED_AT, invocation=CALL, decision=LINK
    )


def test_a_decision_that_stores_its_invocation_replaces_nothing() -> None:
    expected = InvocationDecided(stored_at=STORED_AT, invocation=CALL, decision=NEVER_SEEN)

    assert read_change(_record(_decided(NEVER_SEEN), event="INSERT")) == expected


def test_a_link_that_takes_never_seen_back_comes_with_it() -> None:
    expected = InvocationDecided(stored_at=STORED_AT, invocation=CALL, decision=LINK, previous=NEVER_SEEN)

    assert read_change(_record(_decided(LINK), _decided(NEVER_SEEN))) == expected


@pytest.mark.parametrize(
    ("new", "old"),
    [
        (PENDING, None),
        (PENDING, {**KEY, "orphaned": True}),
        ({**KEY, "orphaned": True}, None),
        ({**FIRST, "expires_at": 7}, FIRST),
        (FIRST, SECOND),
        (OWN, None),
        ({**_decided(LINK), "expires_at": 7}, _decided(LINK)),
        (LINKED, None),
        ({"pk": "something", "sk": "else"}, None),
    ],
    ids=[
        "a record",
        "a record after its orphan's mark",
        "an orphan's mark",
        "the same revision",
        "an older revision",
        "a pending invocation",
        "the same decision",
        "a linked invocation",
        "an item of another make",
    ],
)
def test_what_is_no_revision_and_no_decision_is_no_change(new: PlainMap, old: PlainMap | None) -> None:
    assert read_change(_record(new, old)) is None


@pytest.mark.parametrize("old", [SECOND, _decided(LINK), LINKED])
def test_an_expired_item_is_no_change(old: PlainMap) -> None:
    assert read_change(_record(None, old, event="REMOVE")) is None


def test_a_record_without_images_is_no_change() -> None:
    assert read_change({"eventName": "MODIFY"}) is None


def test_an_item_of_ours_that_cannot_be_read_is_loud() -> None:
    with pytest.raises(TypeError, match="route"):
        read_change(_record({**FIRST, "record": {"request_id": "r"}}, PENDING))


def test_facts_in_the_stream_are_the_stored_ones() -> None:
    failed = replace(CALL, error_code="ThrottlingException")
    image = {**_decided(LINK), "fact": encode(failed)}

    assert read_change(_record(image, OWN)) == InvocationDecided(stored_at=STORED_AT, invocation=failed, decision=LINK)
