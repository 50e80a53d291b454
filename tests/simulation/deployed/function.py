"""The processor's function on a simulated machine: its handler as it is deployed, built by the bootstrap.

In the place of AWS, the clock, waits, threads and stdout stand those of a schedule; all else is the product's own.
"""

import gc
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, redirect_stdout
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from types import TracebackType
from typing import Self
from unittest.mock import patch

import processor_handler
from request_lens.adapters.dynamodb.table import DynamoTable
from request_lens.adapters.memory.clock import MemoryClock
from request_lens.domain.policy import Policy
from tests.simulation.deployed.console import CONSOLE, Output
from tests.simulation.drawing.faults import Faults
from tests.support.template_document import variables_of

SERVICE = "simulated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What the function meets: its services by name, the time, and chance."""

    clients: Mapping[str, object]
    clock: MemoryClock
    clock_error: timedelta
    faults: Faults
    output_of_turn: Callable[[], Output]


class ContainerClock:
    """The clock of one container, which is off by as much for as long as that lives."""

    def __init__(self, machine: Machine) -> None:
        self._clock = machine.clock
        self._ahead = machine.clock_error * machine.faults.chance.uniform(-1, 1)

    def now(self) -> datetime:
        """See `ports.Clock`."""
        return self._clock.now() + self._ahead


@contextmanager
def deployed(machine: Machine, policy: Policy) -> Iterator[None]:
    """While this lasts, the handler runs on the machine; it begins with a cold start."""

    def sleep(seconds: float) -> None:
        machine.clock.moment += timedelta(seconds=seconds)

    def threads(_most: int) -> OneByOne:
        return OneByOne(machine.faults)

    with ExitStack() as stack:
        stack.enter_context(patch.dict(os.environ, environment_of(policy)))
        stack.enter_context(patch("boto3.client", lambda name, config: machine.clients[name]))
        stack.enter_context(patch("request_lens.bootstrap.SystemClock", partial(ContainerClock, machine)))
        stack.enter_context(patch(f"{DynamoTable.__module__}.ThreadPoolExecutor", threads))
        stack.enter_context(patch.dict(DynamoTable.__init__.__kwdefaults__, sleep=sleep))
        stack.enter_context(patch.object(gc, "freeze"))  # it is for a process that goes on, not for many worlds
        stack.enter_context(patch.object(CONSOLE, "output_of_turn", machine.output_of_turn))
        stack.enter_context(redirect_stdout(CONSOLE))
        start_cold()
        try:
            yield
        finally:
            start_cold()


def start_cold() -> None:
    """What comes next builds its processor anew, as where the function died."""
    processor_handler._processor.cache_clear()


def environment_of(policy: Policy) -> dict[str, str]:
    """The variables that the template gives the function where its parameters are as the policy has them."""
    return {
        **variables_of("ProcessorFunction"),
        "REQUEST_TABLE_NAME": "requests",
        "SETTLE_QUEUE_URL": "https://sqs.example/settle",
        "SERVICE_NAME": SERVICE,
        "AGENT_ROLE_NAMES": ",".join(sorted(policy.agent_role_names)),
        "AGENT_ROUTES": ",".join(sorted(policy.agent_routes)),
        "MAX_CALLS_PER_REQUEST": str(policy.max_calls_per_request),
        "ONE_LOOP_PER_REQUEST": str(policy.one_loop_per_request).lower(),
        "READS_SPANS": str(policy.reads_spans).lower(),
        "MEMORY_SPANS": str(policy.reads_memory).lower(),
    }


class OneByOne:
    """Threads as a schedule has them: one after the other, in any order; after a failure some never run."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """All have ended."""

    def map[Key, Result](self, work: Callable[[Key], Result], keys: Sequence[Key]) -> list[Result]:
        """The results in the order of the keys. Raises: what the first of them raised that failed."""
        results: dict[int, Result] = {}
        failures: dict[int, Exception] = {}
        for place in self._faults.chance.sample(range(len(keys)), len(keys)):
            if failures and self._faults.chance.random() < 0.5:
                continue
            try:
                results[place] = work(keys[place])
            except Exception as error:  # noqa: BLE001 - whatever a thread raises, its pool keeps
                failures[place] = error
        if failures:
            raise failures[min(failures)]
        return [results[place] for place in range(len(keys))]
