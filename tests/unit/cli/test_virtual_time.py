"""Replay in virtual time: when records arrive, when timers fire, and what the reference scenarios give."""

import json
from collections import Counter
from dataclasses import replace
from datetime import datetime
from typing import cast

import pytest

from request_lens.application import settle
from request_lens.domain.linking.link import Reason, Unattributed
from request_lens.domain.log_record import LogRecord, Rejected, RejectedReason
from request_lens.domain.policy import Policy
from request_lens.domain.publishing.metric_names import Metric
from request_lens.wire.log_record import read_record
from request_lens_cli.local_aws.sam_settings import read_sam_settings
from request_lens_cli.options.parameters import policy_with
from request_lens_cli.replay.virtual_time import Arrival, Replay, ReplayIncompleteError, replay
from request_lens_cli.report.documents import summary_document
from request_lens_cli.scenario.retiming import access_ended_at
from request_lens_cli.scenario.scenario import Scenario, load_scenario
from request_lens_cli.scenario.tagging import tagged
from scripts.scenarios.generate import EVENTS
from tests.support.command_line.scenario_lines import as_ndjson
from tests.support.facts import at, call, chain_of_two, request, tag
from tests.support.telemetry.linked_traces import answered_request, run_of, span_of, trace_id, traced_request

POLICY = Policy()
ANSWERS = ("requests", "llm_calls", "llm_errors", "llm_throttles", "input_tokens", "output_tokens")


def arriving(*arrivals: tuple[float | None, LogRecord]) -> Replay:
    return replay(
        [Arrival(record=record, at=None if seconds is None else at(seconds)) for seconds, record in arrivals], POLICY
    )


def rejected(detail: str) -> Rejected:
    return Rejected(reason=RejectedReason.NOT_JSON, detail=detail, size_bytes=1, sha256="0" * 64)


def publication_ids(result: Replay) -> list[str]:
    return [publication.publication_id for publication in result.publications]


def reasons(result: Replay) -> Counter[Reason]:
    return Counter(call.decision.reason for call in result.unattributed if isinstance(call.decision, Unattributed))


def test_a_record_without_an_arrival_comes_ten_seconds_after_its_end() -> None:
    result = arriving(
        (None, request()), (None, call("i1", 100, latency_ms=1_500)), (None, call("i2", 100, latency_ms=None))
    )

    assert result.requests[0].stored_at == at(15)
    assert {call.invocation.invocation_id: call.stored_at for call in result.unattributed} == {
        "i1": at(111.5),
        "i2": at(111),
    }


def test_a_request_of_unknown_duration_comes_ten_seconds_after_its_start() -> None:
    assert arriving((None, request(duration_ms=None))).requests[0].stored_at == at(10)


def test_a_line_without_a_readable_time_arrives_with_the_line_before_it() -> None:
    result = arriving((30, rejected("a")), (10, rejected("b")), (None, rejected("c")), (20, rejected("d")))

    assert [record.detail for record in result.rejected] == ["b", "c", "d", "a"]


def test_of_two_records_of_one_request_that_come_at_once_the_one_given_first_stays() -> None:
    result = arriving((15, request(status=200)), (15, request(status=500)))

    assert [state.record for state in result.requests] == [request(status=200)]


def test_a_record_comes_before_the_timers_of_its_instant_and_not_before_those_of_an_earlier_one() -> None:
    settled_at = 35.0
    first: list[tuple[float | None, LogRecord]] = [(8, request()), (8, call("t1", 1, tag=tag("r1")))]
    second = call("t2", 3, tag=tag("r1"))

    assert publication_ids(arriving(*first, (settled_at, second))) == ["r1#1"]
    assert publication_ids(arriving(*first, (settled_at + 0.001, second))) == ["r1#1", "r1#2"]


def test_time_runs_on_until_no_timer_is_left() -> None:
    result = arriving((10, call("t1", 1, tag=tag("never"))), (10, call("i1", 1)))

    assert reasons(result) == {Reason.REQUEST_NEVER_SEEN: 1, Reason.NO_REQUEST: 1}
    assert result.requests == []


def test_requests_come_by_start_then_id() -> None:
    result = arriving((50, request("b", 1)), (50, request("a", 2)), (60, request("c", 1)))

    assert [state.request_id for state in result.requests] == ["b", "c", "a"]


def test_old_logs_are_as_old_as_their_own_time_says() -> None:
    assert len(arriving((None, request(start=-10_000_000))).requests) == 1


def test_an_orphan_that_is_taken_back_is_no_longer_unattributed() -> None:
    result = arriving((10, call("t1", 1, tag=tag("r1", 1))), (5_000, request()))

    assert publication_ids(result) == ["invocation:t1#1", "invocation:t1#2", "r1#1"]
    assert result.unattributed == []
    assert sum(sum(publication.values.get(Metric.LLM_CALLS, ())) for publication in result.publications) == 1


def test_order_and_duplicates_of_lines_do_not_change_what_is_published() -> None:
    lines: list[tuple[float | None, LogRecord]] = [
        (None, request()), *((None, record) for record in chain_of_two("c", 1, 3)), (None, request("r2", 20)),
    ]  # fmt: skip

    again, once = arriving(*reversed(lines), *lines), arriving(*lines)
    assert (again.requests, again.unattributed) == (once.requests, once.unattributed)
    assert again.publications == once.publications


@pytest.mark.parametrize(
    ("does_nothing", "lost"),
    [("settle_orphan", call("lost", 1, tag=tag("gone"))), ("settle_invocation", call("lost", 1))],
    ids=["a tagged call", "an untagged one"],
)
def test_a_call_that_would_be_in_nothing_that_comes_out_fails_the_replay(
    monkeypatch: pytest.MonkeyPatch, does_nothing: str, lost: LogRecord
) -> None:
    arrivals = [Arrival(record=lost, at=at(5)), Arrival(record=request("r1"), at=at(9))]
    assert [each.invocation.invocation_id for each in replay(arrivals, POLICY).unattributed] == (
        ["lost"] if does_nothing == "settle_orphan" else []
    )

    monkeypatch.setattr(settle, does_nothing, lambda *_: None)

    with pytest.raises(ReplayIncompleteError, match="1 facts were neither settled nor decided"):
        replay(arrivals, POLICY)


def test_nothing_comes_of_nothing() -> None:
    assert arriving() == Replay(requests=[], unattributed=[], rejected=[], publications=[], pipeline=[])


def replayed(scenario: Scenario, policy: Policy = POLICY, *, at: datetime | None = None) -> Replay:
    """The scenario's replay; its lines arrive each in its time, or all at once, as the demo plays them."""
    return replay([Arrival(record=read_record(line), at=at) for line in as_ndjson(scenario).splitlines()], policy)


def answers(result: Replay) -> dict[str, int | float]:
    metrics = {
        "requests": Metric.REQUESTS,
        "llm_calls": Metric.LLM_CALLS,
        "llm_errors": Metric.LLM_ERRORS,
        "llm_throttles": Metric.LLM_THROTTLES,
        "input_tokens": Metric.INPUT_TOKENS,
        "output_tokens": Metric.OUTPUT_TOKENS,
    }
    return {
        name: sum(sum(publication.values.get(metric, ())) for publication in result.publications)
        for name, metric in metrics.items()
    }


@pytest.mark.parametrize("tags", [False, True])
@pytest.mark.parametrize("name", ["article", "chat", "seven", "overlap"])
def test_the_scenarios_give_their_own_numbers_with_the_templates_defaults(name: str, tags: bool) -> None:
    scenario = load_scenario(EVENTS / name)
    expected = json.loads((EVENTS / name / "expected.json").read_text(encoding="utf-8"))

    result = replayed(tagged(scenario) if tags else scenario)

    assert answers(result) == {key: expected[key] for key in ANSWERS}
    assert result.rejected == []
    if tags or name in {"article", "seven"}:
        assert by_request(result, expected["by_request"]) == expected["by_request"]
        assert result.unattributed == []
    if not tags:
        assert all(publication_id.endswith("#1") for publication_id in publication_ids(result))


def by_request(result: Replay, expected: dict[str, dict[str, int]]) -> dict[str, dict[str, object]]:
    """What the replay says of each request, as far as `expected` does."""
    documents = {state.request_id: summary_document(state, POLICY) for state in result.requests}
    return {
        request_id: {key: cast("object", document[key]) for key in expected[request_id]}
        for request_id, document in documents.items()
    }


def test_the_articles_untagged_calls_are_found_by_time_and_chain_and_its_tagged_ones_exactly() -> None:
    article = load_scenario(EVENTS / "article")

    assert links(replayed(article)) == {("window", "assumed"): 10, ("chain", "assumed"): 7}
    assert links(replayed(tagged(article))) == {("tag", "exact"): 17}


def test_of_requests_that_overlap_most_untagged_calls_stay_ambiguous_and_none_is_linked_wrongly() -> None:
    overlap = load_scenario(EVENTS / "overlap")
    truth = owners(replayed(tagged(overlap)))

    result = replayed(overlap)

    assert owners(result).items() <= truth.items()
    assert reasons(result).keys() == {Reason.AMBIGUOUS}
    assert reasons(result)[Reason.AMBIGUOUS] > len(truth) / 2


def test_of_requests_that_overlap_each_untagged_one_says_at_least_so_many_and_each_tagged_one_all() -> None:
    overlap = load_scenario(EVENTS / "overlap")
    untagged, with_tags = (replayed(scenario) for scenario in (overlap, tagged(overlap)))

    assert {state.summary.is_certain for state in untagged.requests if state.summary} == {False}
    assert all(state.summary and state.summary.possible_calls for state in untagged.requests)
    assert {state.summary.is_certain for state in with_tags.requests if state.summary} == {True}


CHAT = load_scenario(EVENTS / "chat")
SHORT_WAITS = policy_with(read_sam_settings(EVENTS.parent / "samconfig.toml").parameter_overrides())


@pytest.mark.parametrize(
    "result",
    [replayed(CHAT), replayed(CHAT, SHORT_WAITS, at=max(map(access_ended_at, CHAT.access)))],
    ids=["with the template's waits", "as the demo plays it"],
)
def test_a_conversation_is_linked_though_results_come_with_the_next_request(result: Replay) -> None:
    expected = json.loads((EVENTS / "chat" / "expected.json").read_text(encoding="utf-8"))["by_request"]

    assert by_request(result, expected) == expected
    documents = [summary_document(state, POLICY) for state in result.requests]
    assert [each["possible_calls"] for each in documents] == [0] * len(expected)
    assert owners(result) == owners(replayed(tagged(CHAT)))


def links(result: Replay) -> Counter[tuple[str, str]]:
    return Counter(
        (call.link.method.value, call.link.confidence.value) for state in result.requests for call in state.invocations
    )


def owners(result: Replay) -> dict[str, str]:
    """For each linked invocation its request's id."""
    return {call.invocation.invocation_id: state.request_id for state in result.requests for call in state.invocations}


def test_calls_are_linked_by_their_traces_whose_spans_come_ten_seconds_after_their_end() -> None:
    own, record = call("i1", 1), traced_request()
    arrivals = [Arrival(record=each) for each in (span_of(own, trace_id()), record, own, request("r2"))]

    result = replay(arrivals, replace(POLICY, reads_spans=True))

    assert links(result) == {("trace", "exact"): 1}
    assert result.unattributed == []


def test_a_function_that_joins_a_request_to_its_trace_is_replayed_too() -> None:
    own = call("i1", 1)
    facts = (answered_request("r1", "run"), run_of("run", trace_id()), own, span_of(own, trace_id()), request("r2"))

    result = replay([Arrival(record=each) for each in facts], replace(POLICY, reads_spans=True))

    assert links(result) == {("trace", "exact"): 1}
