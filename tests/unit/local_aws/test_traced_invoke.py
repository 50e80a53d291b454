"""The emulator's Lambda in traces and retries, over a module that has its functions."""

import asyncio
from threading import Thread
from types import ModuleType

import pytest

from request_lens_cli.local_aws.emulated.traced_invoke import (
    INVOKE,
    RUN,
    RUN_FOR_SERVICE,
    RUN_WITH_RETRIES,
    TRACE_FOR,
    Answer,
    retry_subscriptions,
    take_part_in_traces,
)


class Emulator(ModuleType):
    """As the emulator: Invoke runs a function, asks for its trace, and may have its log lines run another one."""

    def __init__(self) -> None:
        super().__init__("emulator")
        self.runs: list[tuple[str, object]] = []
        vars(self).update({INVOKE: self.invoke, RUN: self.run, TRACE_FOR: self.trace_for})

    async def invoke(self, name: str, _event: object, _headers: object) -> Answer:
        vars(self)[RUN](name, {}, {}, f"run of {name}", 0.0)
        return 200, {"Content-Type": "application/json"}, b"{}"

    def run(self, name: str, config: object, _event: object, _run_id: str, _started: float) -> None:
        self.runs.append((name, vars(self)[TRACE_FOR](config)))
        if name == "logging":
            vars(self)[RUN]("subscriber", {}, {}, "run of subscriber", 0.0)

    def trace_for(self, _config: object, inbound: str | None = None) -> str | None:
        return inbound


@pytest.fixture
def emulator() -> Emulator:
    emulator = Emulator()
    take_part_in_traces(emulator)
    return emulator


def invoked(emulator: Emulator, name: str, headers: dict[str, str]) -> Answer:
    answer: Answer = asyncio.run(vars(emulator)[INVOKE](name, {}, headers))
    return answer


def test_a_function_runs_under_the_trace_of_its_caller_who_learns_the_runs_id(emulator: Emulator) -> None:
    _, headers, _ = invoked(emulator, "entry", {"x-amzn-trace-id": "Root=1-2-3"})
    assert emulator.runs == [("entry", "Root=1-2-3")]
    assert headers == {"Content-Type": "application/json", "x-amzn-requestid": "run of entry"}


def test_without_a_trace_the_emulator_decides(emulator: Emulator) -> None:
    invoked(emulator, "entry", {})
    assert emulator.runs == [("entry", None)]


def test_what_a_runs_log_lines_set_off_has_neither_its_trace_nor_its_id(emulator: Emulator) -> None:
    _, headers, _ = invoked(emulator, "logging", {"x-amzn-trace-id": "Root=1-2-3"})
    assert emulator.runs == [("logging", "Root=1-2-3"), ("subscriber", None)]
    assert headers["x-amzn-requestid"] == "run of logging"


class Running(ModuleType):
    """As the emulator: Invoke runs a function once and waits, a subscription does in a thread of its own."""

    def __init__(self) -> None:
        super().__init__("running")
        self.once: list[object] = []
        self.with_retries: list[object] = []
        vars(self).update({INVOKE: self.invoke, RUN: self.run, TRACE_FOR: lambda *_: None})
        vars(self)[RUN_FOR_SERVICE] = lambda _function, event: self.once.append(event)
        vars(self)[RUN_WITH_RETRIES] = lambda _function, event: self.with_retries.append(event)

    async def invoke(self, name: str, event: object, _headers: object) -> Answer:
        await asyncio.to_thread(vars(self)[RUN_FOR_SERVICE], name, event)
        return 200, {}, b"{}"

    def run(self, *_: object) -> None:
        """Is not asked."""

    def sends(self, event: object) -> None:
        sending = Thread(target=vars(self)[RUN_FOR_SERVICE], args=("subscriber", event))
        sending.start()
        sending.join()


def test_what_a_subscription_sends_is_tried_again_and_what_invoke_or_a_schedule_brings_is_not() -> None:
    emulator = Running()
    take_part_in_traces(emulator)
    retry_subscriptions(emulator)
    of_subscription, invoked, of_schedule = {"awslogs": {"data": "1"}}, {"awslogs": {"data": "2"}}, {"sweep": True}

    emulator.sends(of_subscription)
    asyncio.run(vars(emulator)[INVOKE]("processor", invoked, {}))
    emulator.sends(of_schedule)

    assert emulator.with_retries == [of_subscription]
    assert emulator.once == [invoked, of_schedule]
