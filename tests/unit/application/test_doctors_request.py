"""The doctor's own request: it goes the way of all others, and counts for nobody."""

import pytest

from request_lens.domain.doctor import DOCTOR_PREFIX, DOCTOR_SERVICE
from request_lens.domain.facts import Fact
from request_lens.domain.policy import Policy
from request_lens.domain.publishing.metric_names import Metric
from tests.support.facts import at, call, request, tag
from tests.support.world import World, run

ID = f"{DOCTOR_PREFIX}1"
SENT = request(ID, 1, duration_ms=1_500)
CALLED = call("probe", 1, tag=tag(ID, 1), role=None)


@pytest.mark.parametrize("call_comes_first", [False, True])
def test_it_is_settled_with_its_call_and_published_for_the_doctors_service(*, call_comes_first: bool) -> None:
    record_at, call_at = (20, 10) if call_comes_first else (10, 20)
    world = run([(record_at, SENT), (call_at, CALLED)], Policy(agent_routes=frozenset({"POST /chat"})))

    summary = world.request(ID).summary
    assert summary is not None
    assert summary.totals.llm_calls == 1
    assert summary.is_certain
    assert {publication.service for publication in world.published().values()} == {DOCTOR_SERVICE}


def test_the_pipeline_tells_nothing_of_it() -> None:
    world = run([(10, SENT), (200, CALLED)])

    assert world.sink.pipeline == []


def test_no_list_has_it() -> None:
    world = run([(10, SENT), (10, CALLED)])

    assert world.store.all_requests() == []
    assert world.store.requests_between(at(-60), at(60), limit=10) == []


def test_a_call_that_fits_it_is_linked_to_the_request_that_is_really_there() -> None:
    theirs: list[tuple[float, Fact]] = [(10.0, request("r1", 0, duration_ms=5_000)), (10.0, call("i1", 1))]

    alone, beside = run(theirs), run([*theirs, (10.0, SENT), (11.0, CALLED)])

    assert alone.calls_of("r1") == beside.calls_of("r1") == {"i1": ("window", "assumed")}
    assert alone.published() == {
        name: publication for name, publication in beside.published().items() if publication.service is None
    }
    assert totals(alone) == totals(beside)


def totals(world: World) -> dict[Metric, float]:
    return {metric: world.pipeline_sum(metric) for metric in Metric}
