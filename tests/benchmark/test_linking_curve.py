"""How many untagged calls are linked, and how many wrongly, as requests come closer together.

`make benchmark` prints the curve and holds the documents' picture against it; it is repeatable, for the traffic is
drawn from a seed.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from request_lens.domain.linking.link import Assumption, Method
from request_lens_cli.replay.virtual_time import Arrival, replay
from tests.benchmark.field_traffic import field_traffic
from tests.benchmark.linking_figure import DOCUMENT, Curves, Panel, Point, curves, drawn
from tests.benchmark.linking_share import ALONE, ONE_LOOP, share
from tests.benchmark.spanned_traffic import LOST
from tests.benchmark.untagged_traffic import AGENT_ROLE, OTHER_ROLE, REQUESTS, SEED, Mix, untagged_traffic
from tests.support.conversations import Ids

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(600)]

TARGETS = {60: (0.94, 0.97), 20: (0.85, 0.94), 8: (0.70, 0.90), 3: (0.50, 0.80)}
"""By the mean gap in seconds: the share linked by window and chain, and with `OneLoopPerRequest`."""

FIELD_TARGETS = {60: 0.80, 20: 0.60, 8: 0.30, 3: 0.05}
"""The share linked by window and chain where conversations go on."""

SPANNED_TARGET = 0.95
"""The share linked where a tenth of the spans is lost, in conversations too."""

MOST_WRONG = 0.04
"""Of all calls, so many may have a link that is only assumed, and wrong."""

MOST_TOO_MANY = 0.01
"""Of the certain requests, so many may have more calls than they made: some they are but assumed to have made."""

MIXES = {
    "0.2 other calls a request": Mix(other_callers=0.2),
    "1 other call a request": Mix(other_callers=1),
    "a second loop in 20 %": Mix(second_loops=0.2),
    "10 % throttled": Mix(throttled_calls=0.1),
    "text delivery off": Mix(bodies=False),
    "10 % end with 503": Mix(timed_out=0.1),
    "all of these but the text": Mix(other_callers=1, second_loops=0.2, throttled_calls=0.1, timed_out=0.1),
}


@pytest.fixture(scope="module")
def both() -> Curves:
    return curves()


def _print_curve(panel: Panel, points: Sequence[Point]) -> None:
    for point in points:
        name = f"{panel.title}, mean gap {point.gap_s:>3} s, {point.open:.1f} at once"
        print(f"\n{name}: window {point.window}\n{name}: and chain {point.chain}", end="")
        print(f"\n{name}: and elimination {point.elimination}, breaches {point.chain.breaches}")


def test_untagged_calls_are_linked_as_far_as_time_tells(both: Curves) -> None:
    (panel, points), _ = both
    _print_curve(panel, points)
    for point in points:
        assert [(each.wrong_inferred, each.wrong_assumed, each.breaches) for each in point.methods] == [(0, 0, {})] * 3
        assert point.chain.linked >= TARGETS[point.gap_s][0]
        assert point.elimination.linked >= TARGETS[point.gap_s][1]


def test_spans_link_nearly_all_calls_at_any_gap_and_none_wrongly_though_a_tenth_is_lost(both: Curves) -> None:
    for panel, points in both:
        for point in points:
            print(f"\n{panel.title}, mean gap {point.gap_s} s: spans {point.spans}", end="")
            assert point.spans.linked >= SPANNED_TARGET
            assert sum(point.spans.wrong.values()) == 0
            assert point.spans.by_method[Method.TRACE] >= 1 - 1.5 * LOST


def test_no_inferred_link_is_wrong_where_conversations_go_on_and_few_assumed_ones_are(both: Curves) -> None:
    _, (panel, points) = both
    _print_curve(panel, points)
    for point in points:
        assert [each.wrong_inferred for each in point.methods] == [0, 0, 0]
        assert point.chain.linked >= FIELD_TARGETS[point.gap_s]
        assert point.chain.wrong_assumed <= MOST_WRONG


@pytest.mark.parametrize("gap_s", [60, 20])
def test_no_request_of_a_conversation_is_certain_of_too_few_calls_and_few_of_too_many(gap_s: int) -> None:
    certain = too_many = 0
    for seed in range(6):
        traffic = field_traffic(mean_gap_s=gap_s, requests=300, seed=seed)
        made = Counter(traffic.truth.values())
        for state in replay([Arrival(record=fact) for fact in traffic.facts], ALONE).requests:
            if state.summary is not None and state.summary.is_certain:
                calls = state.summary.totals.llm_calls
                assert calls >= made[state.request_id], f"{state.request_id} of seed {seed}"
                certain, too_many = certain + 1, too_many + (calls > made[state.request_id])
    print(f"\nconversations, mean gap {gap_s} s: {too_many} of {certain} certain requests have too many", end="")
    assert too_many <= MOST_TOO_MANY * certain


def test_the_picture_in_the_documents_is_these_curves(both: Curves) -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == drawn(both), "run: make docs"


@pytest.mark.parametrize("mean_gap_s", [20, 3])
@pytest.mark.parametrize("mix", MIXES)
def test_no_inferred_link_is_wrong_while_the_assumptions_hold(mix: str, mean_gap_s: int) -> None:
    traffic = untagged_traffic(mean_gap_s=mean_gap_s, requests=REQUESTS, seed=SEED, mix=MIXES[mix])
    alone, one_loop = share(traffic, ALONE), share(traffic, ONE_LOOP)
    print(f"\n{mix}, mean gap {mean_gap_s} s: window, chain     {alone}")
    print(f"{mix}, mean gap {mean_gap_s} s: OneLoopPerRequest {one_loop}, breaches {one_loop.breaches}")
    assert (alone.wrong_inferred, one_loop.wrong_inferred) == (0, 0)
    # An agent that ran on after a 503, in another request's time, looks like a conversation that went on there.
    looks_split = {Assumption.CHAINS_HAVE_ONE_REQUEST} if MIXES[mix].timed_out else set()
    assert alone.breaches.keys() <= looks_split


@pytest.mark.parametrize("mean_gap_s", [60, 20])
def test_where_bodies_are_missing_and_ids_count_from_0_no_inferred_link_is_wrong(mean_gap_s: int) -> None:
    """The call that asked by an id may be one without bodies: a link by such an id is but assumed."""
    kinds = {Ids.COUNTED: 1}
    traffic = field_traffic(mean_gap_s=mean_gap_s, requests=400, seed=SEED, kinds=kinds, without_bodies=0.3)
    found = share(traffic, ALONE)
    print(f"\nids from 0, 30 % without bodies, mean gap {mean_gap_s} s: {found}, breaches {found.breaches}")
    assert found.wrong_inferred == 0


@pytest.mark.parametrize("mean_gap_s", [20, 3])
def test_a_strange_role_among_the_agents_makes_links_wrong_and_is_counted(mean_gap_s: int) -> None:
    traffic = untagged_traffic(mean_gap_s=mean_gap_s, requests=REQUESTS, seed=SEED, mix=Mix(other_callers=1))
    strange = replace(ALONE, agent_role_names=frozenset({AGENT_ROLE, OTHER_ROLE}))
    found = share(traffic, strange)
    print(f"\nbroken: a strange role listed, mean gap {mean_gap_s} s: {found}, breaches {found.breaches}")
    assert found.wrong_inferred > 0
    assert found.breaches[Assumption.CALLS_HAVE_REQUESTS] > 0


@pytest.mark.parametrize("mean_gap_s", [20, 3])
def test_records_that_all_come_20_minutes_late_link_as_those_in_time_and_are_counted_each(mean_gap_s: int) -> None:
    traffic = untagged_traffic(mean_gap_s=mean_gap_s, requests=REQUESTS, seed=SEED)
    found = share(traffic, ALONE, records_late=timedelta(minutes=20))
    print(f"\nbroken: records 20 min late, mean gap {mean_gap_s} s: {found}, breaches {found.breaches}")
    assert found.breaches[Assumption.LOGS_COME_IN_TIME] == REQUESTS
    assert (found.by_method, found.wrong) == ((in_time := share(traffic, ALONE)).by_method, in_time.wrong)


@pytest.mark.parametrize("mean_gap_s", [60, 20, 8, 3])
def test_records_of_which_every_other_comes_20_minutes_late_make_links_wrong_and_are_counted_each(
    mean_gap_s: int,
) -> None:
    traffic = untagged_traffic(mean_gap_s=mean_gap_s, requests=REQUESTS, seed=SEED)
    found = share(traffic, ALONE, records_late=timedelta(minutes=20), one_in=2)
    print(f"\nbroken: every other record 20 min late, mean gap {mean_gap_s} s: {found}, breaches {found.breaches}")
    assert found.breaches[Assumption.LOGS_COME_IN_TIME] == REQUESTS // 2
    assert found.wrong_inferred > 0


@pytest.mark.parametrize("mean_gap_s", [20, 3])
def test_requests_that_outlast_the_longest_make_links_wrong_and_are_counted_each(mean_gap_s: int) -> None:
    traffic = untagged_traffic(mean_gap_s=mean_gap_s, requests=REQUESTS, seed=SEED, mix=Mix(overlong=0.1))
    found = share(traffic, ALONE)
    print(f"\nbroken: 10 % outlast MaxRequestSeconds, mean gap {mean_gap_s} s: {found}, breaches {found.breaches}")
    assert found.breaches[Assumption.REQUESTS_END_IN_TIME] >= REQUESTS // 20


@pytest.mark.parametrize("mean_gap_s", [20, 3])
def test_second_loops_under_one_loop_a_request_are_counted(mean_gap_s: int) -> None:
    traffic = untagged_traffic(mean_gap_s=mean_gap_s, requests=REQUESTS, seed=SEED, mix=Mix(second_loops=0.2))
    found = share(traffic, ONE_LOOP)
    print(f"\nbroken: a second loop in 20 %, mean gap {mean_gap_s} s: {found}, breaches {found.breaches}")
    assert found.breaches[Assumption.ONE_LOOP_PER_REQUEST] > 0
