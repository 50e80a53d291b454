"""The processor on the local AWS: events as Lambda brings them, what it printed, its workers."""

import json
import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING

from botocore.config import Config

from request_lens_cli.demo.stack import DemoStack
from request_lens_cli.local_aws.aws_clients import local_session
from request_lens_cli.local_aws.running_state import read_state
from tests.support.deploying.settle_queue import SettleMessage, messages_of

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_sqs import SQSClient

COPIES_WHAT_IS_PRINTED = Path(__file__).parent / "printed"
TRIES = 3
"""Lambda tries an asynchronous event three times: the template's MaximumRetryAttempts, and the first."""

PARALLEL = 2
"""Events that are with the processor at one time, beside the table's and the queue's."""

SEEN_AGAIN_AFTER_S = 6
"""When the settle queue gives out again, in drills, what a worker did not finish; on AWS after 361 s."""

DUE_SOON_S = 40
"""A request's own timers are due within it, by the waits of samconfig.toml; an orphan's takes a quarter of an hour."""

type LambdaEvent = Mapping[str, object]
type Line = Mapping[str, object]
"""An EMF line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """What became of events: how many runs failed, and the events that failed as often as Lambda tries them."""

    failed_runs: int
    given_up: Sequence[LambdaEvent]


@dataclass(frozen=True, slots=True)
class LocalProcessor:
    """The processor of a stack; while it is `recorded`, its workers copy what they print into the folder `prints`."""

    stack: DemoStack
    prints: Path
    _chance: random.Random = field(default_factory=lambda: random.Random(13))
    _passed: list[int] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.stack.stack.output("ProcessorFunctionName")

    @property
    def lambda_(self) -> "LambdaClient":
        once = Config(read_timeout=300, max_pool_connections=4 * PARALLEL, retries={"total_max_attempts": 1})
        endpoint = self.stack.local.endpoint
        return local_session(endpoint).client("lambda", endpoint_url=endpoint, config=once)

    @property
    def sqs(self) -> "SQSClient":
        endpoint = self.stack.local.endpoint
        return local_session(endpoint).client("sqs", endpoint_url=endpoint)

    def deliver(self, events: Sequence[LambdaEvent]) -> Delivered:
        """Bring events to the processor, several at a time.

        The local AWS drops a subscription's event that fails. So this plays the part of Lambda, which tries again; the
        pauses of a minute and of two are left out.
        """
        client = self.lambda_
        with ThreadPoolExecutor(PARALLEL) as pool:
            failures = list(pool.map(lambda event: self._failures(client, event), events))
        given_up = [event for event, failed in zip(events, failures, strict=True) if failed == TRIES]
        return Delivered(failed_runs=sum(failures), given_up=given_up)

    def _failures(self, client: "LambdaClient", event: LambdaEvent) -> int:
        """How often the event failed before it passed, or before Lambda would give it up."""
        for failed in range(TRIES):
            answer = client.invoke(FunctionName=self.name, Payload=json.dumps(event).encode())
            answer["Payload"].read()
            if not answer.get("FunctionError"):
                self._passed.append(failed)
                return failed
        return TRIES

    def work_left(self, *, within_s: float, due_within_s: float = DUE_SOON_S) -> list[SettleMessage]:
        """What is left in the settle queue, as soon as that is nothing, or by then.

        Timers that are due later do not count: those of an earlier drill's tagged calls without a record may be there.
        """

        def left() -> list[SettleMessage]:
            return [each for each in messages_of(self.stack) if each.is_left(due_within_s=due_within_s)]

        return awaited(left, lambda found: not found, within_s=within_s)

    def printed(self) -> list[Line]:
        """The EMF lines that the workers have printed. A killed worker's last line may be cut off, and is none."""
        texts = [path.read_text(encoding="utf-8") for path in self.prints.glob("*.txt")]
        return [json.loads(line) for text in texts for line in text.split("\n")[:-1] if line.startswith('{"_aws"')]

    def lines_of(self, requests: Container[str]) -> list[Line]:
        """The lines among them that are of a revision of these requests."""
        return lines_of(requests, self.printed())

    def workers(self) -> list[int]:
        """The process ids of the processor's workers, children of this very emulator, that have begun to print."""
        state = read_state(self.stack.local.paths)
        assert state is not None
        command = ["ps", "-ww", "-A", "-o", "pid=,ppid=,command="]
        listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        processes = [line.split(maxsplit=2) for line in listed.splitlines()]
        mark = f"ministack-lambda-{self.name}-"
        found = [int(pid) for pid, parent, said in processes if int(parent) == state.emulator.pid and mark in said]
        printed = [self.prints / f"{pid}.txt" for pid in found]
        return [pid for pid, path in zip(found, printed, strict=True) if path.exists() and path.stat().st_size]

    def waits(self) -> int:
        """How many settle messages wait, are delayed or are being worked on."""
        attributes = self.sqs.get_queue_attributes(
            QueueUrl=self.stack.stack.output("SettleQueueUrl"), AttributeNames=["All"]
        )["Attributes"]
        return sum(int(value) for name, value in attributes.items() if name.startswith("ApproximateNumberOfMessages"))

    @contextmanager
    def killed_at_random(self, *, every_s: float) -> Iterator[list[int]]:
        """Kill one worker after the other, about so often, as long as the context lasts; answers with their ids.

        An event has passed between two kills: on a slow machine no worker would come to its work.
        """
        killed: list[int] = []
        over, passed = Event(), [-1]

        def kill() -> None:
            while not over.wait(self._chance.uniform(0, 2 * every_s)):
                if len(self._passed) > passed[-1] and (workers := self.workers()):
                    passed.append(len(self._passed))
                    victim = self._chance.choice(workers)
                    with suppress(ProcessLookupError):
                        os.kill(victim, signal.SIGKILL)
                        killed.append(victim)

        killer = Thread(target=kill)
        killer.start()
        try:
            yield killed
        finally:
            over.set()
            killer.join()

    @contextmanager
    def returns_messages_within(self, seconds: int) -> Iterator[None]:
        """The settle queue gives a message that was not worked off out again after so long, not after six minutes."""
        client, url = self.sqs, self.stack.stack.output("SettleQueueUrl")
        before = client.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])["Attributes"]
        client.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": str(seconds)})
        try:
            yield
        finally:
            client.set_queue_attributes(QueueUrl=url, Attributes=before)


@contextmanager
def recorded(stack: DemoStack, prints: Path) -> Iterator[LocalProcessor]:
    """The processor with workers that copy what they print into this folder."""
    processor = LocalProcessor(stack, prints)
    with _environment(processor, {"PYTHONPATH": str(COPIES_WHAT_IS_PRINTED), "PRINTS_FOLDER": str(prints)}):
        yield processor


@contextmanager
def _environment(processor: LocalProcessor, more: Mapping[str, str]) -> Iterator[None]:
    """The function with more variables, while nothing is at work: the local AWS would kill it."""
    _set_environment(processor, {**_variables(processor), **more})
    yield
    kept = {name: value for name, value in _variables(processor).items() if name not in more}
    _set_environment(processor, kept)


def _variables(processor: LocalProcessor) -> Mapping[str, str]:
    return processor.lambda_.get_function_configuration(FunctionName=processor.name)["Environment"]["Variables"]


def _set_environment(processor: LocalProcessor, variables: Mapping[str, str]) -> None:
    client = processor.lambda_
    client.update_function_configuration(FunctionName=processor.name, Environment={"Variables": variables})
    client.get_waiter("function_updated_v2").wait(FunctionName=processor.name, WaiterConfig={"Delay": 1})


def lines_of(requests: Container[str], lines: Sequence[Line]) -> list[Line]:
    """The lines that are of a revision of these requests."""
    return [line for line in lines if str(line.get("publication_id")).rpartition("#")[0] in requests]


def once_each(lines: Sequence[Line]) -> Mapping[str, Line]:
    """The lines by publication_id: one that came again counts once."""
    return {str(line["publication_id"]): line for line in lines}


def sums(lines: Sequence[Line], names: Sequence[str]) -> Mapping[str, float]:
    """What the metrics of these names add up to over the lines."""
    total = dict.fromkeys(names, 0.0)
    for line in lines:
        for name in names:
            values = line.get(name)
            total[name] += sum(values) if isinstance(values, list) else 0
    return total


def awaited[Found](
    look: Callable[[], Found], wanted: Callable[[Found], bool], *, within_s: float, every_s: float = 0.25
) -> Found:
    """What `look` finds once it is as wanted, or what it finds at the end."""
    deadline = time.monotonic() + within_s
    while not wanted(found := look()) and time.monotonic() < deadline:
        time.sleep(every_s)
    return found
