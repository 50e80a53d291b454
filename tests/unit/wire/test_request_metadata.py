"""Tags: what API Gateway or a counter can have made is trusted, anything else is unknown."""

import json

import pytest

from request_lens.domain.facts import RequestId, Tag
from request_lens.wire.invocation_log import RequestMetadata, tag_of

TAG: dict[str, object] = {"api_request_id": "TmVhckx5QkFwaQ=", "call_index": "2", "call_started_ms": "1764872818321"}


def tagged(**values: object) -> Tag | None:
    return tag_of(RequestMetadata.model_validate_json(json.dumps({**TAG, **values})))


def test_a_tag_is_read_from_strings() -> None:
    expected = Tag(request_id=RequestId("TmVhckx5QkFwaQ="), call_index=2, call_started_ms=1_764_872_818_321)
    assert tagged() == expected
    assert tagged(call_index=2, call_started_ms=1764872818321, team="search") == expected


@pytest.mark.parametrize("value", ["", "two words", "x" * 129, "a;b", "a\n", 7, None, ["a"]])
def test_an_id_that_api_gateway_cannot_have_made_is_untagged(value: object) -> None:
    assert tagged(api_request_id=value) is None


@pytest.mark.parametrize("value", ["0", 0, "-1", -1, "1.5", 1.5, "100001", "one", "", None, True, "²", 10**40])
def test_a_call_index_that_cannot_be_is_unknown(value: object) -> None:
    tag = tagged(call_index=value)
    assert tag is not None
    assert tag.call_index is None


@pytest.mark.parametrize("value", ["-1", "4102444800001", "9" * 40, 10**40, "now", None, True])
def test_a_call_s_start_that_cannot_be_is_unknown(value: object) -> None:
    tag = tagged(call_started_ms=value)
    assert tag is not None
    assert tag.call_started_ms is None
