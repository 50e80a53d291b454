"""Which request a call is for, in threads and tasks, and how the calls of one are counted."""

import asyncio
import contextvars
import json
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

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


def test_a_thread_that_outlives_its_event_is_not_of_the_next_one() -> None:
    seen: list[str | None] = []
    go_on, is_done = threading.Event(), threading.Event()

    def work() -> None:
        seen.append(current_request_id())
        go_on.wait(10)
        seen.append(current_request_id())
        is_done.set()

    @lambda_handler
    def handler(event: object, context: object) -> None:
        if not seen:
            threading.Thread(target=work).start()
            return
        go_on.set()
        is_done.wait(10)
        thread = threading.Thread(target=lambda: seen.append(current_request_id()))
        thread.start()
        thread.join()

    for name in ("first", "second"):
        handler({"requestContext": {"requestId": name}}, None)

    assert seen == ["first", None, "second"]


def test_a_thread_that_began_beside_two_events_is_of_neither() -> None:
    seen: list[str | None] = []
    meeting, go_on = threading.Barrier(2), threading.Event()

    def work() -> None:
        go_on.wait(10)
        seen.append(current_request_id())

    @lambda_handler
    def handler(event: object, context: object) -> None:
        meeting.wait(10)
        meeting.wait(10)

    def event(name: str) -> tuple[object, object]:
        return {"requestContext": {"requestId": name}}, None

    @lambda_handler
    def outer(_event: object, _context: object) -> None:
        other = threading.Thread(target=handler, args=event("other"))
        other.start()
        meeting.wait(10)
        worker = threading.Thread(target=work)
        worker.start()
        meeting.wait(10)
        other.join()
        go_on.set()
        worker.join()

    outer(*event("outer"))

    assert seen == [None]


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


def test_blocks_of_one_object_may_nest() -> None:
    block = request("id")
    with request("outer"):
        with block:
            with block:
                assert current_request_id() == "id"
            assert current_request_id() == "id"
        assert current_request_id() == "outer"

    assert current_request_id() is None


FORK = """
import importlib, json, logging, os
from request_tag import call_arguments, call_count, request
failures = importlib.import_module("request_tag.failures")
logging.disable()

def tag():
    metadata = call_arguments()["requestMetadata"]
    return metadata["api_request_id"], metadata.get("call_index")

with request("id"), call_count._lock, failures._lock:  # as where a thread holds them, which is not in the child
    child = os.fork() if tag() else None
if child:
    os.waitpid(child, 0)
with request("id"):
    said = [tag()]
with request("of-another"):
    said.append(tag())
with request("no id"):
    print(json.dumps([*said, failures.failures()]))
"""


def test_a_process_that_is_forked_amid_a_request_leaves_the_numbers_to_its_parent() -> None:
    package = Path(__file__).parents[3] / "layers" / "request_tag"
    done = subprocess.run(
        [sys.executable, "-c", FORK], cwd=package, check=True, capture_output=True, text=True, timeout=60
    )

    child, parent = (json.loads(line) for line in done.stdout.splitlines())
    assert child == [["id", None], ["of-another", "1"], 1]
    assert parent == [["id", "2"], ["of-another", "1"], 1]


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
