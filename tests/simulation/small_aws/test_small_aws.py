"""The small AWS: its expressions, its lagging reads, its queue and its filter do what AWS documents."""

import random
from datetime import timedelta

import pytest

from request_lens.adapters.memory.clock import MemoryClock
from tests.simulation.drawing.faults import Faults
from tests.simulation.small_aws.calls import Calls
from tests.simulation.small_aws.expressions import (
    ExpressionRefused,
    Item,
    Scope,
    assignments,
    check_placeholders,
    condition,
    partition_of,
    paths,
    projected,
    updated,
)
from tests.simulation.small_aws.filter_pattern import passes
from tests.simulation.small_aws.items import Items
from tests.simulation.small_aws.queue import MAX_RECEIVES, REDRIVEN_AFTER, VISIBILITY, SmallQueue
from tests.simulation.snapshots import MAX_LAG
from tests.simulation.step import Step
from tests.support.facts import START

NAMES = {"#revision": "revision", "#decision": "decision", "#reason": "reason"}
VALUES = {":before": {"N": "1"}, ":never_seen": {"S": "never"}, ":first": {"S": "b"}, ":last": {"S": "d"}}
ITEM: Item = {"revision": {"N": "1"}, "decision": {"M": {"reason": {"S": "never"}}}, "sk": {"S": "c"}}


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("attribute_exists(#revision)", True),
        ("attribute_not_exists(#revision)", False),
        ("#revision = :before", True),
        ("#decision.#reason = :never_seen", True),
        ("#decision.#reason = :before", False),
        ("attribute_not_exists(#revision) OR #decision.#reason = :never_seen", True),
        ("attribute_exists(#decision) AND (#revision = :never_seen OR attribute_not_exists(#reason))", True),
        ("attribute_exists(#reason) AND #revision = :before", False),
        ("sk BETWEEN :first AND :last", True),
        ("sk BETWEEN :last AND :first", False),
        ("missing = :before", False),
    ],
)
def test_a_condition_holds_or_does_not(text: str, holds: bool) -> None:
    assert condition(text)[0](Scope(ITEM, NAMES, VALUES)) is holds


@pytest.mark.parametrize(
    "text", ["#revision > :before", "size(#revision)", "#revision = ", "#a = :b)", "contains(x, :b)"]
)
def test_a_condition_that_is_not_known_is_refused(text: str) -> None:
    with pytest.raises(ExpressionRefused):
        condition(text)


def test_an_update_sets_what_it_names_and_keeps_what_is_there() -> None:
    assigned, _ = assignments("SET #revision = :before, #decision = if_not_exists(#decision, :first), sk = :last")

    new = updated(assigned, Scope({"decision": {"S": "stands"}}, NAMES, VALUES))

    assert new == {"revision": {"N": "1"}, "decision": {"S": "stands"}, "sk": {"S": "d"}}


def test_an_update_that_does_anything_else_is_refused() -> None:
    with pytest.raises(ExpressionRefused):
        assignments("REMOVE #revision")


def test_a_projection_leads_into_maps() -> None:
    kept, _ = paths("sk, #decision.#reason, missing")

    assert projected(kept, Scope(ITEM, NAMES, {})) == {"sk": {"S": "c"}, "decision": ITEM["decision"]}


def test_placeholders_must_be_those_that_are_needed() -> None:
    check_placeholders(frozenset({"#a", ":b"}), {"#a": "a"}, {":b": {"S": ""}})
    for needed in ({"#a"}, {"#a", ":b", ":c"}):
        with pytest.raises(ExpressionRefused):
            check_placeholders(frozenset(needed), {"#a": "a"}, {":b": {"S": ""}})


def test_a_key_condition_begins_with_its_partition() -> None:
    assert partition_of("by_time_pk = :partition AND by_time_sk BETWEEN :first AND :last") == (
        "by_time_pk",
        ":partition",
    )
    with pytest.raises(ExpressionRefused):
        partition_of("attribute_exists(pk)")


def seen_behind(seconds: float) -> set[tuple[str, str]]:
    """What reads of two items may show so long after the second was written, which was 10 s after the first."""
    items = Items()
    for name, written in (("a", 0), ("b", 10)):
        items.write((name,), {"value": {"S": "old"}}, at=START - timedelta(days=1))
        items.write((name,), {"value": {"S": "new"}}, at=START + timedelta(seconds=written))
    chance, now = random.Random(1), START + timedelta(seconds=10 + seconds)
    views = [items.behind(now, chance) for _ in range(50)]
    return {(view["a",]["value"]["S"], view["b",]["value"]["S"]) for view in views}


def test_a_read_is_behind_by_some_seconds_at_most() -> None:
    assert seen_behind(1) == {("new", "old"), ("new", "new")}
    assert seen_behind(MAX_LAG.total_seconds()) == {("new", "new")}


def test_reads_of_two_items_may_be_behind_each_by_its_own() -> None:
    items = Items()
    for name in ("a", "b"):
        items.write((name,), {}, at=START)
    chance = random.Random(1)

    assert {frozenset(items.behind(START, chance)) for _ in range(200)} == {
        frozenset(),
        frozenset({("a",)}),
        frozenset({("b",)}),
        frozenset({("a",), ("b",)}),
    }


class Queue:
    """A queue in which nothing goes wrong, and its clock."""

    def __init__(self) -> None:
        self.clock = MemoryClock(START)
        self.queue = SmallQueue(
            calls=Calls(Step(Faults(random.Random(0), quiet=True))),
            clock=self.clock,
            on_visible=lambda _moment: None,
            rounds_of=lambda _body: 1,
            may_lose=lambda _body: False,
        )

    def send(self, *delays: int) -> None:
        entries = [{"Id": str(n), "MessageBody": f"body {n}", "DelaySeconds": delay} for n, delay in enumerate(delays)]
        self.queue.send_message_batch(QueueUrl="settle", Entries=entries)

    def received_after(self, wait: timedelta) -> list[str]:
        self.clock.moment += wait
        return [each.body for each in self.queue.receive(10)]


def test_a_message_is_visible_after_its_delay_and_again_after_its_time_out_until_it_is_deleted() -> None:
    world = Queue()
    world.send(0, 30)

    assert world.received_after(timedelta(0)) == ["body 0"]
    assert world.received_after(timedelta(seconds=30)) == ["body 1"]
    assert world.received_after(VISIBILITY - timedelta(seconds=30)) == ["body 0"]
    world.clock.moment += VISIBILITY
    for message in world.queue.receive(10):
        world.queue.delete(message)
    assert world.queue.is_empty


def test_a_message_that_is_received_five_times_in_vain_is_a_dead_letter_until_it_is_moved_back() -> None:
    world = Queue()
    world.send(0)

    received = [world.received_after(VISIBILITY) for _ in range(MAX_RECEIVES + 1)]

    assert received == [["body 0"]] * MAX_RECEIVES + [[]]
    assert world.queue.dead_letters == 1
    assert world.received_after(VISIBILITY) == []
    assert world.received_after(REDRIVEN_AFTER) == ["body 0"]


@pytest.mark.parametrize("delays", [(), (901,), (0,) * 11])
def test_a_batch_that_sqs_would_refuse_is_refused(delays: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"a batch|a delay"):
        Queue().send(*delays)


def stream_record(sk: str, **image: object) -> dict[str, object]:
    return {"dynamodb": {"Keys": {"pk": {"S": "p"}, "sk": {"S": sk}}, "NewImage": image}}


@pytest.mark.parametrize(
    ("record", "delivered"),
    [
        (stream_record("request", state={"S": "settled"}), True),
        (stream_record("request", state={"S": "pending"}), False),
        (stream_record("request"), False),
        (stream_record("invocation", state={"S": "linked"}), True),
        (stream_record("invocation#i1", state={"S": "linked"}), False),
        (stream_record("request", runaway={"M": {"llm_calls": {"N": "9"}}}), True),
        (stream_record("invocation", runaway={"M": {"llm_calls": {"N": "9"}}}), False),
    ],
)
def test_the_templates_filter_lets_news_pass(record: dict[str, object], delivered: bool) -> None:
    assert passes(record) is delivered
