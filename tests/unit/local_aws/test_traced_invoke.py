"""The emulator's Lambda in traces, over a module that has its three functions."""

import asyncio
from types import ModuleType

import pytest

from request_lens_cli.local_aws.emulated.traced_invoke import INVOKE, RUN, TRACE_FOR, Answer, take_part_in_traces


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
