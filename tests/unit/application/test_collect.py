"""Collect: facts in, timers out; what is no fact is counted."""

from dataclasses import replace
from datetime import timedelta

import pytest

from request_lens.application.collect import MAX_KEPT, collect
from request_lens.domain.facts import TokenCounts
from request_lens.domain.log_record import Ignored, LogRecord, Rejected, RejectedReason
from request_lens.domain.policy import Policy
from request_lens.domain.publishing.metric_names import Metric
from request_lens.domain.settling.state import SettleKey, SettleKind
from request_lens.errors import StoreUnavailable
from tests.support.facts import DUE_S, MODEL, at, call, request, tag
from tests.support.world import FailingStore, World

REJECTED = Rejected(reason=RejectedReason.NOT_JSON, detail="", size_bytes=3, sha256="0" * 64)
OPAQUE = "application-inference-profile/a1b2c3d4e5f6"
NINETY_DAYS = Policy().retention.total_seconds()


def timers(world: World) -> dict[SettleKey, float]:
    """The keys that wait, each with the seconds after START of its earliest timer."""
    found: dict[SettleKey, float] = {}
    while (due := world.timer.next_due()) is not None:
        found.setdefault(world.timer.take(), (due - at(0)) / timedelta(seconds=1))
    return found


def test_every_log_event_is_counted_once() -> None:
    world = World(Policy(agent_routes=frozenset({"POST /ask"})))
    records: list[LogRecord] = [
        request("r1", 10),
        call("i1", 10),
        request("health", 10, route="GET /health"),
        Ignored(why="permission line"),
        REJECTED,
        request("old", -NINETY_DAYS),
    ]

    report = world.collect(20, *records)

    assert (report.facts, report.ignored, len(report.rejected), report.kept) == (2, 2, 2, 2)
    assert [each.reason for each in report.rejected] == ["not_json", "too_old"]
    assert world.pipeline_sum(Metric.REJECTED_RECORDS) == 2


def test_rejected_records_are_kept_and_counted_by_reason() -> None:
    world = World()
    bad = [replace(REJECTED, event_id=str(n), reason=reason) for n, reason in enumerate([*RejectedReason] * 2)]

    world.collect(20, *bad)

    assert [each.record for each in world.store.rejected_between(at(0), at(60), limit=100)] == sorted(
        bad, key=lambda each: each.key
    )
    by_reason = {each.reason: each.values[Metric.REJECTED_RECORDS] for each in world.sink.pipeline}
    assert by_reason == dict.fromkeys(RejectedReason, (2,))


def test_a_fact_that_is_out_of_bounds_is_kept_by_its_name_alone() -> None:
    world = World()

    world.collect(NINETY_DAYS + 60, request("r1", 0), call("i1", 0))

    found = world.store.rejected_between(at(0), at(NINETY_DAYS + 60), limit=10)
    assert [(each.record.reason, each.record.detail) for each in found] == [
        ("too_old", "invocation i1 of 2025-12-04T18:27:02+00:00"),
        ("too_old", "request r1 of 2025-12-04T18:27:02+00:00"),
    ]


def test_a_batch_of_hostile_lines_keeps_the_first_and_counts_all() -> None:
    world = World()

    report = world.collect(20, *(replace(REJECTED, event_id=f"{n:05}") for n in range(10_000)))

    kept = world.store.rejected_between(at(0), at(60), limit=10_000)
    assert [each.record.event_id for each in kept] == [f"{n:05}" for n in range(MAX_KEPT)]
    assert (len(report.rejected), report.kept) == (10_000, MAX_KEPT)
    assert world.pipeline_sum(Metric.REJECTED_RECORDS) == 10_000


def test_a_batch_whose_rejected_records_could_not_be_kept_comes_again() -> None:
    store = FailingStore(fails_at=4)
    world = World(store=store)

    world.collect(12, request("r1"), REJECTED)

    assert len(store.rejected_between(at(0), at(60), limit=10)) == 1
    assert timers(world)


def test_facts_from_a_clock_more_than_two_hours_ahead_are_dropped_and_counted() -> None:
    world = World()

    report = world.collect(0, request("r1", 7_200), request("r2", 7_200.001), call("i1", 7_201))

    assert report.facts == 1
    assert [each.reason for each in report.rejected] == ["too_new", "too_new"]
    assert [each.request_id for each in world.store.all_requests()] == ["r1"]
    assert world.pipeline_sum(Metric.REJECTED_RECORDS) == 2


def test_facts_that_came_after_their_retention_are_dropped_to_the_second() -> None:
    world = World()

    report = world.collect(
        NINETY_DAYS, request("r0", 0), call("i0", 0), call("t0", 0, tag=tag("r0")), request("r1", 0.001), call("i1", 1)
    )

    assert report.facts == 2
    assert [each.reason for each in report.rejected] == ["too_old"] * 3
    assert [each.request_id for each in world.store.all_requests()] == ["r1"]
    assert [each.invocation.invocation_id for each in world.store.all_unlinked()] == ["i1"]
    assert world.calls_of("r0") == {}


def test_requests_on_routes_that_are_not_observed_leave_no_trace() -> None:
    world = World(Policy(agent_routes=frozenset({"POST /ask"})))

    world.collect(20, request("health", 10, route="GET /health"))
    world.run_until()

    assert world.store.all_requests() == []
    assert world.sink.publications == []


def test_a_fact_that_has_come_shows_at_once_as_pending() -> None:
    world = World()

    world.collect(12, request(), call("i1", 1), call("t1", 1, tag=tag("r1")))

    assert world.request().record is not None
    assert world.request().revision == 0
    assert world.calls_of() == {"t1": ("tag", "exact")}
    assert world.store.load_unlinked(call("i1").invocation_id) is not None
    assert world.decision("i1") is None


def test_an_untagged_call_is_looked_at_when_it_is_due_and_a_record_at_once() -> None:
    world = World()

    world.collect(12, request("r1"), call("i1", 1))

    assert timers(world) == {
        SettleKey(SettleKind.REQUEST, request("r1").request_id): 12,
        SettleKey(SettleKind.INVOCATION, call("i1").invocation_id): 1 + DUE_S,
    }


@pytest.mark.parametrize(
    ("produced", "with_record", "seconds"),
    [([["x"]], False, 42), ([[]], False, 12), ([["x"], []], False, 12), ([[], ["x"]], False, 12), ([["x"]], True, 12)],
)
def test_a_request_is_looked_at_after_the_settle_delay_or_at_once_where_the_batch_may_complete_it(
    produced: list[list[str]], with_record: bool, seconds: float
) -> None:
    world = World()
    calls = [call(f"t{n}", 1, produced=tools, tag=tag("r1", n + 1)) for n, tools in enumerate(produced)]

    world.collect(12, *calls, *([request("r1")] if with_record else []))

    assert timers(world) == {SettleKey(SettleKind.REQUEST, request("r1").request_id): seconds}


def test_a_batch_that_comes_twice_changes_nothing() -> None:
    records: list[LogRecord] = [request("r1"), call("i1", 1), call("t1", 2, tag=tag("r1"))]
    once, twice = World(), World()
    once.collect(12, *records)

    twice.collect(12, *records)
    twice.collect(12, *records, *records)

    assert twice.store.all_requests() == once.store.all_requests()
    assert twice.store.all_unlinked() == once.store.all_unlinked()


def test_a_batch_that_was_stored_in_part_sends_its_timers_when_it_comes_again() -> None:
    store = FailingStore(fails_at=2, after=True)
    world = World(store=store)

    world.collect(12, request("r1"), call("i1", 1), call("t1", 1, tag=tag("r1")))

    assert world.calls_of() == {"t1": ("tag", "exact")}
    assert len(timers(world)) == 2


def test_an_outage_of_the_store_reaches_lambda_and_sends_no_timer() -> None:
    world = World(store=FailingStore(fails_at=1))

    with pytest.raises(StoreUnavailable):
        collect([request("r1")], world.ports, world.policy)
    assert world.timer.next_due() is None


def test_how_late_each_fact_came_is_published() -> None:
    world = World()

    world.collect(20, request(), *(call(f"i{n}", 9, latency_ms=1_000) for n in range(150)))

    delays = [delay for each in world.sink.pipeline for delay in each.values[Metric.LOG_DELAY]]
    assert sorted(delays) == [10_000] * 150 + [15_000]


def test_a_fact_from_a_clock_that_runs_ahead_came_without_delay() -> None:
    world = World()

    world.collect(1, request())

    assert [each.values[Metric.LOG_DELAY] for each in world.sink.pipeline] == [(0,)]


@pytest.mark.parametrize(("error_code", "model"), [(None, "amazon.nova-lite-v1:0"), ("ThrottlingException", OPAQUE)])
def test_a_call_of_an_application_inference_profile_bears_the_model_behind_it(
    error_code: str | None, model: str
) -> None:
    world = World()
    world.profiles["a1b2c3d4e5f6"] = "amazon.nova-lite-v1:0"

    world.collect(12, call("i1", 1, model_id=OPAQUE, error_code=error_code), call("i2", 1))

    found = world.store.load_unlinked(call("i1").invocation_id)
    assert found is not None
    assert found.invocation.model_id == model
    assert found.invocation.inference_profile == (None if error_code else "a1b2c3d4e5f6")
    assert [each.invocation.model_id for each in world.store.all_unlinked()][1] == MODEL


@pytest.mark.parametrize(
    ("model", "operation", "left"),
    [
        ("openai.gpt-5.6-luna", "ConverseStream", 5),
        ("openai.gpt-5.6-luna", "Converse", 9_005),
        ("amazon.nova-lite-v1:0", "ConverseStream", 9_005),
    ],
)
def test_the_model_behind_a_profile_tells_how_its_stream_counts_cached_tokens(
    model: str, operation: str, left: int
) -> None:
    world = World()
    world.profiles["a1b2c3d4e5f6"] = model
    tokens = TokenCounts(input=9_005, output=31, cache_read=8_000, cache_write=1_000)

    world.collect(12, replace(call("i1", 1, model_id=OPAQUE), operation=operation, tokens=tokens))

    [found] = world.store.all_unlinked()
    assert found.invocation.tokens == replace(tokens, input=left)


def test_a_profile_whose_model_cannot_be_learnt_stays_opaque() -> None:
    world = World()

    world.collect(12, call("i1", 1, model_id=OPAQUE))

    assert [each.invocation.model_id for each in world.store.all_unlinked()] == [OPAQUE]
