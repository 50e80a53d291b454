"""A request on its way through AgentCore: carried in the payload, entered by the agent's entry point."""

import asyncio
import contextvars
import inspect
import json
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from request_tag import agentcore_entrypoint, call_arguments, carry, current_request_id, failures, request

PAYLOAD = {"prompt": "hello"}


def index() -> str | None:
    return call_arguments()["requestMetadata"].get("call_index")


@agentcore_entrypoint
def plain(payload: Any, context: Any = None) -> Any:
    return payload, current_request_id(), index()


def over_the_wire(payload: dict[str, Any]) -> Any:
    return json.loads(json.dumps(payload))


def test_what_is_carried_is_entered_and_the_agent_gets_its_own_payload() -> None:
    with request("of-the-api"):
        payload = carry(PAYLOAD)

    assert PAYLOAD == {"prompt": "hello"}
    assert payload == {"prompt": "hello", "request_tag": {"api_request_id": "of-the-api", "calls": 0}}
    assert plain(over_the_wire(payload)) == (PAYLOAD, "of-the-api", "1")
    assert current_request_id() is None


def test_the_trace_is_carried_where_the_agent_is_not_told_of_one() -> None:
    """AgentCore's library keeps X-Ray's own header to itself."""

    @agentcore_entrypoint
    def entrypoint(payload: Any, context: Any = None) -> Any:
        return call_arguments()["requestMetadata"].get("trace_id")

    with request("of-the-api", trace_id="0" * 32):
        payload = over_the_wire(carry(PAYLOAD))
    other = {"traceparent": f"00-{'4' * 32}-00f067aa0ba902b7-01"}
    told = SimpleNamespace(session_id=None, request_headers=other)

    assert entrypoint(payload) == "0" * 32
    assert entrypoint(payload, told) == "4" * 32
    assert entrypoint({"request_tag": {"api_request_id": "id", "trace_id": "a;b"}}) is None


def test_the_agent_counts_on_and_the_caller_numbers_no_more_calls() -> None:
    with request("of-the-api"):
        assert index() == "1"
        payload = carry(PAYLOAD)
        assert index() is None

    assert plain({**payload, "request_tag": {"api_request_id": "in-the-agent", "calls": 1}})[2] == "2"


def test_of_two_agents_that_get_one_request_only_the_first_numbers_its_calls() -> None:
    with request("of-the-api"):
        first, second = carry(PAYLOAD), carry(PAYLOAD)

    assert first["request_tag"] == {"api_request_id": "of-the-api", "calls": 0}
    assert second["request_tag"] == {"api_request_id": "of-the-api"}
    assert plain({**PAYLOAD, "request_tag": {"api_request_id": "in-another-agent"}})[1:] == ("in-another-agent", None)


def test_a_payload_that_comes_twice_counts_on() -> None:
    payload = {**PAYLOAD, "request_tag": {"api_request_id": "of-the-api", "calls": 3}}

    assert [plain(payload)[2], plain(payload)[2]] == ["4", "5"]


def test_outside_a_request_the_payload_is_what_it_was() -> None:
    assert carry(PAYLOAD) is PAYLOAD


@pytest.mark.parametrize("own", [None, "blue", 7, [], {}, {"team": "blue"}])
def test_a_payload_with_a_request_tag_of_its_own_is_sent_as_it_is_and_the_caller_goes_on_numbering(own: Any) -> None:
    payload = {"prompt": "hello", "request_tag": own}
    with request("id"):
        assert carry(payload) is payload
        assert index() == "1"

    assert failures() == 1


def test_a_payload_that_was_carried_may_be_carried_on() -> None:
    with request("of-the-api"):
        assert carry({**PAYLOAD, "request_tag": {"api_request_id": "of-the-api", "calls": 7}}) == CARRIED


@pytest.mark.parametrize("payload", ['{"prompt": "hello"}', b"{}", None, [1]])
def test_what_is_no_json_object_is_sent_as_it_is(payload: Any) -> None:
    with request("id"):
        assert carry(payload) is payload

    assert failures() == 1


@pytest.mark.parametrize("request_id", ["a;b", ["id"], "", None, 7])
def test_a_part_whose_id_can_be_none_enters_no_request_and_is_taken_out(request_id: Any) -> None:
    @agentcore_entrypoint
    def entrypoint(payload: Any) -> Any:
        return payload, current_request_id()

    assert entrypoint({"prompt": "hello", "request_tag": {"api_request_id": request_id}}) == (PAYLOAD, None)


@pytest.mark.parametrize("own", [None, "blue", 7, [], {}, {"team": "blue"}])
def test_a_request_tag_of_the_payloads_own_stays_in_it_and_the_header_names_the_request(own: Any) -> None:
    @agentcore_entrypoint
    def entrypoint(payload: Any, context: Any) -> Any:
        return payload, current_request_id()

    payload = {"prompt": "hello", "request_tag": own}
    headers = {"X-Amzn-Bedrock-AgentCore-Runtime-Custom-Request-Tag": "of-the-header"}
    assert entrypoint(payload, SimpleNamespace(session_id=None, request_headers=headers)) == (payload, "of-the-header")


@pytest.mark.parametrize("calls", [-1, True, "1", 1.5, 10**9, None])
def test_a_count_that_is_none_leaves_the_calls_without_numbers(calls: Any) -> None:
    assert plain({**PAYLOAD, "request_tag": {"api_request_id": "id", "calls": calls}})[1:] == ("id", None)


@pytest.mark.parametrize("payload", [PAYLOAD, "text", None, 7, ["list"]])
def test_any_payload_reaches_the_agent_and_without_a_request_none_is_entered(payload: Any) -> None:
    @agentcore_entrypoint
    def entrypoint(payload: Any, context: Any) -> Any:
        return payload, current_request_id()

    for context in (None, SimpleNamespace(session_id=None, request_headers=None), object()):
        assert entrypoint(payload, context) == (payload, None)


@pytest.mark.parametrize("spelling", [str, str.lower])
def test_the_header_names_the_request_in_any_spelling_and_session_and_trace_are_written_down(spelling: Any) -> None:
    @agentcore_entrypoint
    def entrypoint(payload: Any, context: Any) -> Any:
        return call_arguments()["requestMetadata"]

    headers = {
        spelling("X-Amzn-Bedrock-AgentCore-Runtime-Custom-Request-Tag"): "of-the-header",
        spelling("Traceparent"): "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    }
    tag = entrypoint(PAYLOAD, SimpleNamespace(session_id="session-1", request_headers=headers))

    assert tag["api_request_id"] == "of-the-header"
    assert "call_index" not in tag  # who sent the header may number calls
    assert tag["session_id"] == "session-1"
    assert tag["trace_id"] == "4bf92f3577b34da6a3ce929d0e0e4736"


def test_every_kind_of_entry_point_keeps_its_kind_and_its_signature() -> None:
    async def coroutine(payload: Any, context: Any) -> None: ...

    async def stream(payload: Any, context: Any) -> AsyncIterator[int]:
        yield 1

    assert inspect.iscoroutinefunction(agentcore_entrypoint(coroutine))
    assert inspect.isasyncgenfunction(agentcore_entrypoint(stream))
    for entrypoint in (coroutine, stream):
        assert inspect.signature(agentcore_entrypoint(entrypoint)) == inspect.signature(entrypoint)


async def one_parameter(payload: Any) -> str | None:
    return index()


def test_an_entry_point_of_a_payload_alone_asks_for_the_context_and_is_not_given_it() -> None:
    """`BedrockAgentCoreApp` hands the context to whose second parameter is called so."""
    tagged: Any = agentcore_entrypoint(one_parameter)

    assert list(inspect.signature(tagged).parameters) == ["payload", "context"]
    assert asyncio.run(tagged(CARRIED, SimpleNamespace(session_id="session-1", request_headers=None))) == "1"


def test_signatures_that_cannot_take_a_context_stay_as_they_are() -> None:
    def nothing() -> str:
        return "nothing"

    def anything(*given: Any, **named: Any) -> Any:
        return given, named

    for entrypoint in (nothing, anything):
        assert inspect.signature(agentcore_entrypoint(entrypoint)) == inspect.signature(entrypoint)
    assert agentcore_entrypoint(nothing)() == "nothing"
    assert agentcore_entrypoint(anything)(PAYLOAD, other=1) == ((PAYLOAD,), {"other": 1})
    assert agentcore_entrypoint(dict)(PAYLOAD) == PAYLOAD  # has no signature that Python could tell


CARRIED = {"prompt": "hello", "request_tag": {"api_request_id": "of-the-api", "calls": 0}}


class Agent:
    """Entry points as methods, each kind under its decorators in either order."""

    @agentcore_entrypoint
    def method(self, payload: Any) -> Any:
        return self, payload, current_request_id(), session()

    @agentcore_entrypoint
    def with_context(self, payload: Any, context: Any) -> Any:
        return self, payload, current_request_id(), context.session_id

    @agentcore_entrypoint
    async def stream(self, payload: Any) -> AsyncIterator[Any]:
        yield self, payload, current_request_id(), session()

    @classmethod
    @agentcore_entrypoint
    def of_class(cls, payload: Any) -> Any:
        return cls, payload, current_request_id(), session()

    @agentcore_entrypoint
    @classmethod
    def of_class_below(cls, payload: Any) -> Any:
        return cls, payload, current_request_id(), session()

    @agentcore_entrypoint
    @staticmethod
    def static(payload: Any) -> Any:
        return Agent, payload, current_request_id(), session()


def session() -> str | None:
    return call_arguments()["requestMetadata"].get("session_id")


def test_an_entry_point_may_be_a_method_of_whatever_kind_and_has_the_context() -> None:
    agent, context = Agent(), SimpleNamespace(session_id="session-1", request_headers=None)
    read = (PAYLOAD, "of-the-api", "session-1")
    for method in (agent.method, agent.with_context, agent.of_class, agent.of_class_below, agent.static, Agent.static):
        entrypoint: Any = method
        assert list(inspect.signature(entrypoint).parameters) == ["payload", "context"]
        of_what = agent if entrypoint in (agent.method, agent.with_context) else Agent
        assert entrypoint(CARRIED, context) == entrypoint(payload=CARRIED, context=context) == (of_what, *read)
    again: Any = agentcore_entrypoint(agent.method)
    assert again(CARRIED, context) == (agent, *read)

    async def first_part() -> Any:
        stream: Any = agent.stream
        return [part async for part in stream(CARRIED, context)]

    assert asyncio.run(first_part()) == [(agent, *read)]


def test_an_entry_point_may_be_called_by_its_parameters_names() -> None:
    @agentcore_entrypoint
    def both(question: Any, context: Any) -> Any:
        return question, context, current_request_id()

    @agentcore_entrypoint
    def one(question: Any) -> Any:
        return question, current_request_id()

    assert both(question=CARRIED, context="its context") == (PAYLOAD, "its context", "of-the-api")
    assert both(CARRIED, context=None) == (PAYLOAD, None, "of-the-api")
    assert one(question=CARRIED) == (PAYLOAD, "of-the-api")
    with pytest.raises(TypeError, match="question"):
        one()  # type: ignore[call-arg]


def steps() -> Generator[str | None]:
    for _ in range(3):
        yield index()


async def async_steps() -> AsyncGenerator[str | None]:
    for _ in range(3):
        await asyncio.sleep(0)
        yield index()


@agentcore_entrypoint
def generator(payload: Any) -> Iterator[str | None]:
    yield from steps()


@agentcore_entrypoint
def function_that_returns_a_generator(payload: Any) -> Iterator[str | None]:
    return steps()


@pytest.mark.parametrize("entrypoint", [generator, function_that_returns_a_generator])
def test_each_step_of_a_generator_is_for_the_request_in_whatever_context_it_runs(entrypoint: Any) -> None:
    answer = entrypoint(CARRIED)
    seen = [contextvars.copy_context().run(next, answer), current_request_id(), *answer]

    assert seen == ["1", None, "2", "3"]


@agentcore_entrypoint
async def coroutine(payload: Any) -> str | None:
    await asyncio.sleep(0)
    return index()


@agentcore_entrypoint
async def async_generator(payload: Any) -> AsyncIterator[str | None]:
    async for step in async_steps():
        yield step


@agentcore_entrypoint
async def coroutine_that_returns_a_generator(payload: Any) -> AsyncIterator[str | None]:
    return async_steps()


def test_a_coroutine_runs_for_the_request() -> None:
    assert asyncio.run(coroutine(CARRIED)) == "1"


@pytest.mark.parametrize("is_called_by_await", [False, True])
def test_each_step_of_an_async_generator_is_for_the_request_in_whatever_task_it_runs(is_called_by_await: bool) -> None:
    async def run() -> list[str | None]:
        called = coroutine_that_returns_a_generator(CARRIED) if is_called_by_await else async_generator(CARRIED)
        answer: Any = await called if inspect.isawaitable(called) else called
        first = await asyncio.create_task(anext(answer))
        between = current_request_id()
        return [first, between, *[step async for step in answer]]

    assert asyncio.run(run()) == ["1", None, "2", "3"]


def test_a_stream_that_nobody_reads_to_its_end_is_closed() -> None:
    agents, async_agents = steps(), async_steps()  # held here, so that nothing but the wrapper closes them
    frames: Any = async_agents

    @agentcore_entrypoint
    def stream(payload: Any) -> Iterator[str | None]:
        return agents

    @agentcore_entrypoint
    async def async_stream(payload: Any) -> AsyncIterator[str | None]:
        return async_agents

    async def begin() -> None:
        answer: Any = await async_stream(CARRIED)
        await anext(answer)
        await answer.aclose()
        assert frames.ag_frame is None  # closed, before `run` closes all that are left at its end

    begun: Any = stream(CARRIED)
    next(begun)
    begun.close()
    asyncio.run(begin())

    assert list(agents) == []


def test_what_is_sent_and_thrown_into_a_stream_reaches_it_and_what_it_returns_comes_out() -> None:
    @agentcore_entrypoint
    def stream(payload: Any) -> Generator[Any, Any, str]:
        got = yield "first"
        try:
            yield got
        except KeyError:
            yield current_request_id()
        return "the end"

    begun: Any = stream(CARRIED)
    seen = [next(begun), begun.send("sent"), begun.throw(KeyError())]
    with pytest.raises(StopIteration) as end:
        next(begun)

    assert (seen, end.value.value) == (["first", "sent", "of-the-api"], "the end")


def test_a_task_that_a_step_began_is_for_the_request_until_the_stream_ends() -> None:
    answers: list[str | None] = []

    async def ask(is_asked: asyncio.Event) -> None:
        for _ in range(2):
            await is_asked.wait()
            is_asked.clear()
            answers.append(current_request_id())

    async def run() -> None:
        is_asked = asyncio.Event()

        @agentcore_entrypoint
        async def stream(payload: Any) -> AsyncIterator[asyncio.Task[None]]:
            yield asyncio.create_task(ask(is_asked))

        answer: Any = stream(CARRIED)
        task = await anext(answer)
        is_asked.set()
        await asyncio.sleep(0.01)
        await answer.aclose()
        is_asked.set()
        await task

    asyncio.run(run())

    assert answers == ["of-the-api", None]
