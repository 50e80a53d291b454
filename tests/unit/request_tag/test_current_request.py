"""Which request a call is for, in threads and tasks, and how the calls of one are counted."""

import _thread
import asyncio
import contextvars
import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
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


def event(name: str) -> tuple[object, object]:
    """The event of an HTTP API's request and the run's context."""
    return {"requestContext": {"requestId": name}}, None


def in_a_thread() -> str | None:
    """What a thread without a context takes for its request."""
    seen: list[str | None] = []
    thread = threading.Thread(target=lambda: seen.append(current_request_id()))
    thread.start()
    thread.join()
    return seen[0]


def test_neither_a_thread_that_outlives_its_event_nor_one_it_may_have_started_is_of_the_next() -> None:
    seen: list[str | None] = []
    go_on, workers = threading.Event(), list[threading.Thread]()

    def work() -> None:
        seen.append(current_request_id())
        go_on.wait(10)
        seen.extend([current_request_id(), in_a_thread()])

    @lambda_handler
    def handler(event: object, context: object) -> str | None:
        if not workers:
            workers.append(threading.Thread(target=work))
            workers[0].start()
        elif not go_on.is_set():
            go_on.set()
            workers[0].join()
        return in_a_thread()

    assert [handler(*event(name)) for name in ("first", "second", "third")] == ["first", None, "third"]
    assert seen == ["first", None, None]


def test_work_that_an_event_left_to_a_pool_is_not_of_the_event_in_which_the_pool_grows() -> None:
    seen: list[str | None] = []
    go_on = threading.Event()

    def summarise() -> None:
        go_on.wait(10)
        futures = [pool.submit(lambda: seen.append(current_request_id())) for _ in range(2)]
        futures[0].result(10)

    @lambda_handler
    def handler(event: object, context: object) -> None:
        if go_on.is_set():
            left[0].result(10)
        else:
            left.append(pool.submit(summarise))

    left: list[Future[None]] = []
    with ThreadPoolExecutor(8) as pool:
        handler(*event("first"))
        go_on.set()
        handler(*event("second"))

    assert seen == [None, None]


def test_a_thread_is_of_the_event_that_the_layer_and_the_function_both_enter() -> None:
    twice = lambda_handler(lambda_handler(lambda event, context: in_a_thread()))

    assert twice(*event("id")) == "id"


def test_an_event_that_is_no_request_has_none_though_a_request_is_handled_beside_it() -> None:
    @lambda_handler
    def queue(event: object, context: object) -> list[str | None]:
        return [current_request_id(), in_a_thread()]

    @lambda_handler
    def api(_event: object, _context: object) -> list[str | None]:
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(queue, {"Records": []}, None).result()

    assert api(*event("of-the-api")) == [None, None]


def test_work_that_an_event_left_to_a_pool_that_was_there_before_it_is_not_of_the_next_event() -> None:
    """As a pool is that the function warms when it is imported: what its threads start during an event may be older."""
    go_on = threading.Event()

    def summarise() -> str | None:
        go_on.wait(10)
        return in_a_thread()

    @lambda_handler
    def handler(event: object, context: object) -> str | None:
        if go_on.is_set():
            return left[0].result(10)
        left.append(pool.submit(summarise))
        return in_a_thread()

    left: list[Future[str | None]] = []
    with ThreadPoolExecutor(1) as pool:
        pool.submit(current_request_id).result(10)
        first = handler(*event("first"))
        go_on.set()
        second = handler(*event("second"))

    assert (first, second) == (None, None)


def test_a_thread_that_is_not_of_threading_is_of_no_event_as_nobody_knows_when_it_began() -> None:
    """Its first word may be in the event after the one that began it."""
    seen: list[str | None] = []
    begun, go_on, done = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        go_on.wait(10)
        seen.append(current_request_id())
        done.set()

    @lambda_handler
    def handler(event: object, context: object) -> None:
        if not begun.is_set():
            _thread.start_new_thread(work, ())
            begun.wait(10)
        else:
            go_on.set()
            done.wait(10)

    handler(*event("first"))
    handler(*event("second"))

    assert seen == [None]


def test_a_bound_coroutine_or_generator_is_of_its_request_though_that_has_ended() -> None:
    async def work() -> list[str | None]:
        before = current_request_id()
        await asyncio.sleep(0)
        return [before, current_request_id()]

    def steps() -> Iterator[str | None]:
        yield current_request_id()

    async def run() -> tuple[asyncio.Task[list[str | None]], Iterator[str | None]]:
        with request("id"):
            begun = asyncio.ensure_future(bound(work)()), bound(steps)()
        with request("another"):
            await begun[0]
            assert current_request_id() == "another"
        return begun

    task, generator = asyncio.run(run())
    assert [*task.result(), *generator] == ["id"] * 3
    assert current_request_id() is None


def test_a_kept_worker_of_several_requests_makes_each_ones_calls_by_what_is_bound_in_it() -> None:
    """Made amid one of them it would be that one's as long as that goes on, which nobody but its maker can know."""

    async def serve(queue: asyncio.Queue[tuple[Callable[[], str | None], asyncio.Future[str | None]]]) -> None:
        while True:
            work, answer = await queue.get()
            answer.set_result(work())

    async def ask(name: str, *, binds: bool) -> str | None:
        with request(name):
            answer: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
            await queue.put((bound(current_request_id) if binds else current_request_id, answer))
            return await answer

    async def run() -> None:
        with request("maker"):
            with request(None):
                worker = asyncio.create_task(serve(queue))
            both = (ask("one", binds=True), ask("other", binds=True))
            assert [*await asyncio.gather(*both)] == ["one", "other"]
            assert await ask("one", binds=False) is None
        worker.cancel()

    queue: asyncio.Queue[tuple[Callable[[], str | None], asyncio.Future[str | None]]] = asyncio.Queue()
    asyncio.run(run())


def test_an_inner_block_without_an_id_is_of_no_request() -> None:
    with request("outer"):
        for nothing in (None, "no id"):
            with request(nothing):
                assert current_request_id() is None
        assert current_request_id() == "outer"


def test_what_goes_on_after_its_request_has_ended_is_of_none_unless_it_is_bound() -> None:
    """As a task does that an event has left on a loop that is kept, where it works for the next one."""
    loop = asyncio.new_event_loop()
    queue: asyncio.Queue[asyncio.Future[str | None]] = asyncio.Queue()
    workers: list[asyncio.Task[None]] = []

    async def work() -> None:
        while True:
            (await queue.get()).set_result(current_request_id())

    async def ask() -> str | None:
        if not workers:
            workers.append(asyncio.create_task(work()))
        answer: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        await queue.put(answer)
        return await answer

    @lambda_handler
    def handler(_event: object, _context: object) -> str | None:
        return loop.run_until_complete(ask())

    try:
        assert [handler(*event(name)) for name in ("first", "second")] == ["first", None]
    finally:
        workers[0].cancel()
        loop.run_until_complete(asyncio.gather(*workers, return_exceptions=True))
        loop.close()
    with request("id"):
        later = bound(current_request_id)
    assert later() == "id"


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
from request_tag import bound, call_arguments, call_count, lambda_handler, request
current_request, failures = (importlib.import_module(f"request_tag.{name}") for name in ("current_request", "failures"))
logging.disable()

def tag():
    metadata = call_arguments().get("requestMetadata", {})
    return metadata.get("api_request_id"), metadata.get("call_index")

@lambda_handler
def handler(event, context):
    return tag()

with request("outer"), request("id"):
    tied = bound(tag)
    # as where a thread holds them, which is not in the child
    with call_count._lock, failures._lock, current_request._only_event._lock:
        child = os.fork() if tag() else None
    if child:
        os.waitpid(child, 0)
    said = [tag(), tied()]
said.append(tag())
with request("id"):
    said.append(tag())
with request("of-another"):
    said.append(tag())
said.append(handler({"requestContext": {"requestId": "of-an-event"}}, None))
with request("no id"):
    print(json.dumps([*said, failures.failures()]))
"""


def test_a_process_that_is_forked_amid_a_request_is_of_none_and_leaves_the_numbers_to_its_parent() -> None:
    """It may be a worker that stays, and works for later requests."""
    package = Path(__file__).parents[3] / "layers" / "request_tag"
    done = subprocess.run(
        [sys.executable, "-c", FORK], cwd=package, check=True, capture_output=True, text=True, timeout=60
    )

    child, parent = (json.loads(line) for line in done.stdout.splitlines())
    rest = [["of-another", "1"], ["of-an-event", "1"], 1]
    assert child == [[None, None], ["id", None], [None, None], ["id", None], *rest]
    assert parent == [["id", "2"], ["id", "3"], [None, None], ["id", "4"], *rest]


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
