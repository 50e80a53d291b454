"""Log events packed for the processor: nothing is lost, a stream's order holds, and no batch is too large."""

import json
import os
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from request_lens.wire.subscription import decode
from request_lens_cli.operating.backfilling.packing import (
    MAX_BYTES,
    MAX_EVENTS,
    MAX_HELD_BYTES,
    MAX_HELD_EVENTS,
    Packed,
    packed,
)
from request_lens_cli.operating.backfilling.past_event import PastEvent
from tests.support.facts import at

MAX_PAYLOAD_BYTES = 6 * 1024 * 1024
"""What a synchronous invocation takes. https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""


def event(number: int, *, stream: str = "s", message: str = "{}") -> PastEvent:
    return PastEvent(log_group="g", log_stream=stream, id=f"{number:056d}", at=at(number), message=message)


def unpacked(batches: Sequence[Packed]) -> list[tuple[str, str, str]]:
    decoded = [decode(batch.event) for batch in batches]
    return [(batch.log_stream, each.id, each.message) for batch in decoded for each in batch.events]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.text(max_size=9)), max_size=60))
def test_every_event_is_in_one_batch_and_those_of_a_stream_stay_in_order(drawn: list[tuple[str, str]]) -> None:
    events = [event(number, stream=stream, message=text) for number, (stream, text) in enumerate(drawn)]

    batches = list(packed(events))

    assert sum(batch.count for batch in batches) == len(events)
    for stream in "abc":
        ours = [("g", each.log_stream, each.id) for each in events if each.log_stream == stream]
        assert [("g", name, id_) for name, id_, _ in unpacked(batches) if name == stream] == ours


def test_many_small_events_make_batches_that_the_processor_has_time_for() -> None:
    batches = list(packed(event(number) for number in range(2 * MAX_EVENTS + 1)))

    assert [batch.count for batch in batches] == [MAX_EVENTS, MAX_EVENTS, 1]


def test_text_that_does_not_compress_stays_below_what_lambda_takes() -> None:
    noise = os.urandom(MAX_BYTES // 8).hex()

    batches = list(packed(event(number, message=noise) for number in range(6)))

    assert max(len(json.dumps(batch.event)) for batch in batches) < MAX_PAYLOAD_BYTES
    assert sum(batch.count for batch in batches) == 6


def test_what_has_waited_longest_goes_where_many_streams_hold_too_much() -> None:
    half, many = "x" * (MAX_BYTES // 2), 2 * MAX_HELD_BYTES // MAX_BYTES + 2

    batches = list(packed(event(number, stream=f"s{number}", message=half) for number in range(many)))

    assert [stream for stream, _, _ in unpacked(batches)] == [f"s{number}" for number in range(many)]


def test_an_event_of_a_quiet_stream_does_not_wait_for_all_of_a_busy_one() -> None:
    """Its chain's next call may be in the other stream, and is decided a minute after it is there."""
    busy = (event(number, stream=f"s{number % 9}") for number in range(1, 4 * MAX_HELD_EVENTS))

    sent = [stream for stream, _, _ in unpacked(list(packed([event(0, stream="quiet"), *busy])))]

    assert sent.index("quiet") <= MAX_HELD_EVENTS
