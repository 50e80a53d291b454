"""Which request a call is for, in threads and tasks, and how the calls of one are counted."""

import asyncio
import contextvars
import threading
from concurrent.futures import ThreadPoolExecutor

from request_tag import bound, call_arguments, current_request_id, lambda_handler, request
from tests.support.tagging.kept_calls import Bedrock


def indices(arguments: list[dict[str, dict[str, str]]]) -> list[int]:
    return sorted(int(each["requestMetadata"]["call_index"]) for each in arguments)


def test_the_inner_of_two_requests_is_current_and_then_the_outer_again() -> None:
    with request("outer"):
        with request("inner"):
            assert current_request_id() == "inner"
        assert current_request_id() == "outer"

    assert current_request_id() is None


def test_calls_in_tasks_and_their_threads_are_those_of_the_request(tagged: Bedrock) -> None:
    async def calls(request_id: str) -> None:
        with request(request_id):
            await asyncio.gather(*(asyncio.to_thread(tagged.converse) for _ in range(4)))

    async def both() -> None:
        await asyncio.gather(calls("one"), calls("two"))

    asyncio.run(both())

    sent = [metadata or {} for metadata in tagged.metadata()]
    for request_id in ("one", "two"):
        numbers = [int(each["call_index"]) for each in sent if each["api_request_id"] == request_id]
        assert sorted(numbers) == [1, 2, 3, 4]


def test_calls_in_parallel_are_counted_without_a_gap_and_none_twice() -> None:
    with request("id"), ThreadPoolExecutor(8) as pool:
        context = [contextvars.copy_context() for _ in range(400)]
        made = list(pool.map(lambda each: each.run(call_arguments), context))

    assert indices(made) == list(range(1, 401))


def test_a_plain_thread_belongs_to_no_request_unless_it_is_bound() -> None:
    with request("id"), ThreadPoolExecutor(1) as pool:
        loose = pool.submit(current_request_id).result()
        tied = pool.submit(bound(current_request_id)).result()
        afterwards = pool.submit(current_request_id).result()

    assert (loose, tied, afterwards) == (None, "id", None)


def test_a_plain_thread_in_a_lambda_function_belongs_to_the_event() -> None:
    seen: list[str | None] = []

    @lambda_handler
    def handler(event: object, context: object) -> None:
        thread = threading.Thread(target=lambda: seen.append(current_request_id()))
        thread.start()
        thread.join()

    handler({"requestContext": {"requestId": "of-the-event"}}, None)
    thread = threading.Thread(target=lambda: seen.append(current_request_id()))
    thread.start()
    thread.join()

    assert seen == ["of-the-event", None]


def test_a_plain_thread_belongs_to_no_event_while_two_are_handled() -> None:
    meeting = threading.Barrier(3)

    @lambda_handler
    def handler(event: object, context: object) -> None:
        meeting.wait(10)
        meeting.wait(10)

    threads = [threading.Thread(target=handler, args=({"requestContext": {"requestId": name}}, None)) for name in "ab"]
    for thread in threads:
        thread.start()
    meeting.wait(10)
    in_between = current_request_id()
    meeting.wait(10)
    for thread in threads:
        thread.join()

    assert in_between is None


def test_a_request_that_is_entered_again_goes_on_counting() -> None:
    with request("id"):
        first = call_arguments()
        with request("id"):
            second = call_arguments()
    with request("id"):
        third = call_arguments()

    assert indices([first, second, third]) == [1, 2, 3]


def test_a_block_that_ends_in_another_context_ends_without_an_error() -> None:
    block = request("id")
    contextvars.copy_context().run(block.__enter__)

    block.__exit__(None, None, None)

    assert current_request_id() is None


def test_the_counts_of_requests_that_are_long_over_are_forgotten() -> None:
    for number in range(1100):
        with request(f"id-{number}"):
            call_arguments()
        with request("one-that-goes-on"):
            call_arguments()
    with request("one-that-goes-on"):
        going_on = call_arguments()
    with request("id-1099"):
        newest = call_arguments()
    with request("id-0"):
        oldest = call_arguments()

    assert (indices([newest]), indices([oldest]), indices([going_on])) == ([2], [1], [1101])
