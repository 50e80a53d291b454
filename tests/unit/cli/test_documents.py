"""The command line's JSON documents: keys that scripts depend on."""

import json
from dataclasses import replace
from decimal import Decimal

import pytest

from request_lens.domain.facts import Invocation, Request
from request_lens.domain.folding.fold import fold
from request_lens.domain.folding.summary import Totals
from request_lens.domain.linking.link import Reason, Unattributed, UnlinkedInvocation
from request_lens.domain.log_record import Rejected, RejectedReason
from request_lens.domain.policy import Policy
from request_lens.domain.pricing import NO_PRICES
from request_lens.domain.publishing.metric_names import Metric
from request_lens.domain.publishing.publication import ModelValues, Publication
from request_lens.domain.settling.state import RequestState
from request_lens.presentation.formatting import iso_ms
from request_lens_cli.report.documents import (
    publication_document,
    rejected_document,
    summary_document,
    unattributed_document,
    unattributed_documents,
)
from tests.support.facts import MODEL, at, call, link, linked, pending, request, tag

POLICY = Policy()

SUMMARY_KEYS = [
    *("request_id", "route", "status", "started_at", "ended_at", "duration_ms", "revision"),
    *("llm_calls", "llm_errors", "llm_throttles", "possible_calls", "possible_failed_calls", "certain_since"),
    *("llm_time_ms", "tool_time_ms", "non_llm_time_ms"),
    *("input_tokens", "output_tokens", "cache_read_input_tokens", "cache_write_input_tokens"),
    *("at_least", "estimated_cost_usd", "unpriced_calls", "prices"),
    *("trace_id", "session_id", "complete", "missing_calls", "calls_elsewhere", "first_token_ms"),
    *("trace_url", "missing_invocation_ids", "time_by", "tools", "gateway_overhead_ms"),
    *("state", "calls_are", "runaway", "invocations"),
]
INVOCATION_KEYS = [
    *("invocation_id", "model_id", "operation", "started_at", "started_precision_ms", "latency_ms", "stop_reason"),
    *("error_code", "input_tokens", "output_tokens", "cache_read_input_tokens", "cache_write_input_tokens"),
    *("estimated_cost_usd", "unpriced", "link"),
]


def settled(*calls: Invocation, record: Request | None = None, possible_calls: int | None = 0) -> RequestState:
    record = record or request()
    invocations = tuple(linked(call) for call in calls)
    return RequestState(
        request_id=record.request_id,
        record=record,
        stored_at=at(15),
        revision=1,
        summary=fold(record, invocations, POLICY, NO_PRICES, possible_calls=possible_calls),
        invocations=invocations,
    )


def test_a_summary_has_the_keys_of_the_contract_in_their_order() -> None:
    document = summary_document(settled(call()), POLICY)

    assert list(document) == SUMMARY_KEYS
    assert [list(call) for call in _listed(document["invocations"])] == [INVOCATION_KEYS]


def _listed(value: object) -> list[dict[str, object]]:
    assert isinstance(value, list)
    return value


def test_a_summary_says_its_times_in_milliseconds_and_how_its_calls_were_linked() -> None:
    document = summary_document(settled(call("t1", 1, tag=tag(started=1.25))), POLICY)

    assert (document["started_at"], document["ended_at"]) == ("2025-12-04T18:27:02.000Z", "2025-12-04T18:27:07.000Z")
    assert (document["llm_calls"], document["llm_time_ms"], document["revision"]) == (1, 1_000, 1)
    [invocation] = _listed(document["invocations"])
    assert (invocation["started_at"], invocation["started_precision_ms"]) == ("2025-12-04T18:27:03.250Z", 1)
    assert invocation["link"] == {"method": "tag", "confidence": "exact"}


def test_calls_are_listed_by_their_start_as_it_is_known_then_by_id() -> None:
    calls = [call("b", 2), call("z", 1, tag=tag(started=1.9)), call("a", 2), call("y", 1, tag=tag(started=1.1))]

    document = summary_document(settled(*calls), POLICY)

    assert [call["invocation_id"] for call in _listed(document["invocations"])] == ["y", "z", "a", "b"]


def test_a_pending_request_has_revision_zero_and_null_aggregates() -> None:
    document = summary_document(replace(settled(call()), revision=0, summary=None), POLICY)

    assert list(document) == SUMMARY_KEYS
    assert document["revision"] == 0
    assert {document[key] for key in SUMMARY_KEYS[7:-4]} == {None}
    assert document["state"] == "pending"
    assert len(_listed(document["invocations"])) == 1


def test_unknown_is_null_and_no_calls_are_zero() -> None:
    document = summary_document(settled(record=request(duration_ms=None)), POLICY)

    assert {document[key] for key in ("ended_at", "duration_ms", "non_llm_time_ms")} == {None}
    zero = ("llm_calls", "llm_time_ms", "tool_time_ms", "estimated_cost_usd")
    assert [document[key] for key in zero] == [0] * 4


@pytest.mark.parametrize("possible_calls", [3, None])
def test_a_request_that_is_not_certain_says_how_many_calls_may_be_its_own_and_has_no_times(
    possible_calls: int | None,
) -> None:
    document = summary_document(settled(call(), possible_calls=possible_calls), POLICY)

    assert (document["llm_calls"], document["possible_calls"], document["certain_since"]) == (1, possible_calls, None)
    assert {document[key] for key in ("llm_time_ms", "tool_time_ms", "non_llm_time_ms")} == {None}


def test_a_certain_request_says_since_which_revision_it_is() -> None:
    state = settled(call())
    assert state.summary is not None
    document = summary_document(replace(state, revision=3, summary=replace(state.summary, certain_since=2)), POLICY)

    assert (document["possible_calls"], document["certain_since"], document["revision"]) == (0, 2, 3)


def test_a_cost_is_a_number() -> None:
    state = settled(call())
    assert state.summary is not None
    priced = replace(state.summary, totals=Totals(llm_calls=1, estimated_cost_usd=Decimal("0.0025")))

    document = summary_document(replace(state, summary=priced), POLICY)

    assert json.loads(json.dumps(document))["estimated_cost_usd"] == 0.0025


def test_a_request_whose_record_has_not_come_has_no_document() -> None:
    with pytest.raises(ValueError, match="no record of request r1"):
        summary_document(replace(settled(call()), record=None), POLICY)


def test_an_unattributed_call_has_the_keys_of_an_invocation_and_its_reason() -> None:
    document = unattributed_document(
        call(error_code="ThrottlingException"), Unattributed(reason=Reason.AMBIGUOUS, candidates=3), POLICY
    )

    assert list(document)[: len(INVOCATION_KEYS)] == INVOCATION_KEYS
    assert (document["link"], document["reason"], document["candidates"]) == (None, "ambiguous", 3)
    assert (document["error_code"], document["latency_ms"], document["input_tokens"]) == (
        "ThrottlingException", None, None,
    )  # fmt: skip


def test_calls_that_are_linked_or_not_decided_are_not_unattributed() -> None:
    no_request = UnlinkedInvocation(
        invocation=call("i3"), stored_at=at(9), decision=Unattributed(reason=Reason.NO_REQUEST)
    )
    unlinked = [pending(call("i1")), replace(pending(call("i2")), decision=link()), no_request]

    assert [call["invocation_id"] for call in unattributed_documents(unlinked, POLICY)] == ["i3"]


def test_a_publication_is_its_service_values_as_scalars() -> None:
    publication = Publication(
        publication_id="r1#2",
        at=at(5),
        route="POST /ask",
        values={Metric.LLM_CALLS: (-1,), Metric.LLM_TIME: (1_509,)},
        by_model=(ModelValues(model_id=MODEL, values={Metric.INVOCATION_LATENCY: (1, 2)}),),
    )

    assert publication_document(publication) == {
        "publication_id": "r1#2",
        "metrics": {"LlmCalls": -1, "LlmTime": 1_509},
    }


def test_a_rejected_record_says_why_and_never_its_text() -> None:
    record = Rejected(
        reason=RejectedReason.INVALID_FIELD, detail="timestamp", size_bytes=12, sha256="ab" * 32, log_group="/secret"
    )

    assert rejected_document(record) == {
        "reason": "invalid_field",
        "detail": "timestamp",
        "size_bytes": 12,
        "sha256": "ab" * 32,
    }


def test_times_are_cut_to_milliseconds() -> None:
    assert iso_ms(at(0.0019)) == "2025-12-04T18:27:02.001Z"
