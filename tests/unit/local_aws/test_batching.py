"""What services deliver in batches comes once, and in few deliveries."""

import threading
from collections.abc import Sequence

from request_lens_cli.scenario.batching import Batches


def test_items_that_come_within_the_delay_are_delivered_together_and_later_ones_too() -> None:
    delivered: list[Sequence[int]] = []
    came = threading.Semaphore(0)

    def deliver(items: Sequence[int]) -> None:
        delivered.append(items)
        came.release()

    batches: Batches[int] = Batches(deliver, delay_s=0.02)
    for item in range(3):
        batches.add(item)
    assert came.acquire(timeout=5)
    batches.add(3)
    assert came.acquire(timeout=5)
    assert delivered == [[0, 1, 2], [3]]
