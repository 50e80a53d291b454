"""By its publication_id and its model each line can be counted once, however often what it says is delivered."""

import json
from dataclasses import replace

import pytest
from aws_lambda_powertools import Logger

from request_lens.adapters.emf_metric_sink import EmfMetricSink
from request_lens.adapters.memory.clock import MemoryClock
from request_lens.application.publish import publish
from request_lens.domain.facts import Fact, InvocationId, TraceId
from request_lens.domain.linking.link import Reason, Unattributed
from request_lens.domain.log_record import LogRecord, Rejected, RejectedReason
from request_lens.domain.policy import Policy
from request_lens.domain.publishing.changes import InvocationDecided
from request_lens.domain.publishing.metric_names import Metric
from request_lens.domain.spans import Span, SpanId, SpanKind
from request_lens_cli.local_aws.emf.extraction import extract
from tests.support.facts import MODEL, ROLE, START, at, call, request, tag
from tests.support.world import World, run

POLICY = Policy(agent_role_names=frozenset({ROLE}))
SPANNED = replace(POLICY, reads_spans=True)
BAD = Rejected(reason=RejectedReason.NOT_JSON, detail="x", event_id="e1")


def _lines(world: World, capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    """The EMF lines of all that the world published."""
    sink = EmfMetricSink(service_name="s", clock=MemoryClock(at(60)), logger=Logger(service="s"))
    for publication in world.sink.publications:
        sink.publish(publication)
    for metrics in world.sink.pipeline:
        sink.publish_pipeline(metrics)
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def _identity(line: dict[str, object]) -> tuple[object, object]:
    """A line is told by its id, and by the model whose values are in it, which `_aws` names as a dimension."""
    return line["publication_id"], line.get("ModelId")


def test_a_hundred_timed_calls_make_lines_that_can_be_told_apart(capsys: pytest.CaptureFixture[str]) -> None:
    calls = [
        call(
            f"t{n:03}",
            n // 10,
            latency_ms=40 + n,
            tag=tag("r1", n + 1, started=n / 10),
            stop_reason="end_turn" if n == 99 else "tool_use",
        )
        for n in range(100)
    ]

    lines = _lines(run([(30, request("r1", 0, duration_ms=12_000)), *((30, each) for each in calls)]), capsys)

    identities = [_identity(line) for line in lines]
    assert len(set(identities)) == len(identities)
    latencies = {line["publication_id"]: line.get("InvocationLatency") for line in lines if "ModelId" in line}
    assert latencies == {"r1#1": [40.0 + n for n in range(99)], "r1#1/2": [139.0]}


def test_each_call_of_orphans_has_one_latency_whether_or_not_it_was_given_up() -> None:
    late: list[tuple[float, Fact]] = [
        (5.0, call("t1", 1, tag=tag("r1", 1, started=1))),
        (1_100.0, call("t2", 2, latency_ms=800, tag=tag("r1", 2, started=2))),
        (1_200.0, request("r1", 0, duration_ms=5_000)),
        (1_300.0, call("t3", 3, latency_ms=700, tag=tag("r1", 3, started=3))),
    ]

    published = run(late, POLICY).sink.publications

    latencies = [
        (each.publication_id, *model.values[Metric.INVOCATION_LATENCY])
        for each in published
        for model in each.by_model
        if Metric.INVOCATION_LATENCY in model.values
    ]
    assert latencies == [("invocation:t1#1", 1_000), ("invocation:t2#1", 800), ("invocation:t3#1", 700)]


def test_an_untagged_call_of_a_request_that_had_been_given_up_has_its_latency_with_the_request() -> None:
    published = run(
        [
            (5.0, call("t1", 1, tag=tag("r1", started=1))),
            (1_200.0, request("r1", 0, duration_ms=5_000)),
            (1_210.0, call("u1", 3, latency_ms=700)),
        ],
        POLICY,
    ).sink.publications

    latencies = {
        each.publication_id: model.values[Metric.INVOCATION_LATENCY]
        for each in published
        for model in each.by_model
        if Metric.INVOCATION_LATENCY in model.values
    }
    assert latencies == {"invocation:t1#1": (1_000,), "r1#2": (700,)}


def test_a_call_that_was_never_given_up_is_not_said_to_be_taken_back() -> None:
    """It came after its request's orphans had been given up, and before they were taken back with the record."""
    published = run(
        [
            (5.0, call("given-up", 1, tag=tag("r1"))),
            (1_200.0, request("r1", 0, duration_ms=5_000)),
            (1_300.0, call("late", 3, tag=tag("r1"))),
        ],
        POLICY,
    ).sink.publications

    told = {each.publication_id: each.properties for each in published}
    assert told["invocation:given-up#2"]["reason"] == "taken_back"
    assert told["invocation:late#1"] == {
        "invocation_id": "late", "model_id": MODEL, "request_id": "r1", "caller_role": ROLE,
    }  # fmt: skip


def test_a_log_batch_that_comes_again_is_told_by_the_same_ids() -> None:
    world = World(POLICY)
    for seconds in (1, 61):
        world.collect(seconds, BAD, request("r1", 0), call("i1", 0))
    world.collect(90, BAD, request("r2", 1))

    ids = [metrics.publication_id for metrics in world.sink.pipeline if Metric.SETTLE_DELAY not in metrics.values]
    delays, rejected, *again = ids[:4]
    assert rejected == f"{delays}/not_json"
    assert again == [delays, rejected]
    assert set(ids[:4]).isdisjoint(ids[4:])


def test_a_change_that_the_stream_delivers_again_in_another_batch_is_told_by_the_same_ids() -> None:
    world = World(POLICY)
    first, second = (
        InvocationDecided(invocation=call(each), stored_at=at(9), decision=Unattributed(reason=Reason.NO_REQUEST))
        for each in ("i1", "i2")
    )

    publish([first, second], world.ports, POLICY)
    publish([second], world.ports, POLICY)

    assert [each.publication_id for each in world.sink.pipeline] == [
        "pipeline:invocation:i1#1",
        "pipeline:invocation:i2#1",
        "pipeline:invocation:i2#1",
    ]


def test_a_tagged_call_of_a_route_that_is_not_observed_breaks_no_assumption() -> None:
    observed = Policy(agent_role_names=frozenset({ROLE}), agent_routes=frozenset({"POST /ask"}))
    facts: list[tuple[float, Fact]] = [
        (12.0, request("r2", 3, route="POST /summarize")),
        (12.0, call("b", 4, tag=tag("r2", 1, started=4))),
    ]

    assert run(facts, observed).pipeline_sum(Metric.ASSUMPTION_BREACHES) == 0
    assert run(facts[1:], POLICY).pipeline_sum(Metric.ASSUMPTION_BREACHES) == 1


def test_what_late_spans_alone_bring_is_a_line_of_its_own_that_counts_nothing_again(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A second call of which only the span comes, an hour late: no metric differs, and the line before says 1."""
    trace = TraceId(f"{int(START.timestamp()):08x}dab312b4f03b31b9c24535a1")

    def span(kind: SpanKind, begin: float, end: float, call_id: str | None = None) -> Span:
        return Span(
            trace_id=trace,
            span_id=SpanId(f"{kind}-{begin}"),
            parent_id=None,
            resource="agent",
            kind=kind,
            started_at=at(begin),
            ended_at=at(end),
            invocation_id=None if call_id is None else InvocationId(call_id),
        )

    facts: list[tuple[float, LogRecord]] = [
        (6, replace(request("r1", 0, duration_ms=5_000), trace_id=trace)),
        (6, call("here", 1)),
        *((6, each) for each in (span(SpanKind.ENTRY, 0.1, 4.9), span(SpanKind.CALL, 1, 2, "here"))),
        (6, span(SpanKind.CALL, 2.5, 3, "lost")),
        (3_600, span(SpanKind.CALL, 3.5, 4, "lost-too")),
    ]

    lines = [line for line in _lines(run(facts, SPANNED), capsys) if line.get("request_id") == "r1"]

    told = [(line["publication_id"], line["missing_calls"], line["missing"], line["Requests"]) for line in lines]
    assert told == [("r1#1", 1, "lost", [1]), ("r1#2", 2, "lost, lost-too", [0])]
    news = [(each.name, each.values, each.storage_resolution) for each in extract(json.dumps(lines[1]))]
    assert news == [("Requests", (0,), 1)] * 2
    assert [line.get("IncompleteRequests") for line in lines] == [[1], None]
