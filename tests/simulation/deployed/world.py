"""The world of one schedule, deployed: the real handler over the real adapters, on a small AWS."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from greenlet import getcurrent, greenlet

import processor_handler
from request_lens.adapters.dynamodb.items import request_key
from request_lens.adapters.dynamodb.stream import read_change
from request_lens.adapters.sqs_settle_timer import read_key
from request_lens.domain.facts import Invocation, InvocationId, Request, RequestId
from request_lens.domain.linking.link import UnlinkedInvocation
from request_lens.domain.policy import Policy
from request_lens.domain.publishing.changes import Change
from request_lens.domain.publishing.publication import Publication
from request_lens.domain.settling.state import RequestState, SettleKey
from tests.simulation.agenda import Agenda
from tests.simulation.deployed import payloads
from tests.simulation.deployed.console import Output
from tests.simulation.deployed.function import Machine, deployed, start_cold
from tests.simulation.deployed.log_lines import by_log_group
from tests.simulation.deployed.own_lines import pipeline_sums, runaways
from tests.simulation.deployed.payloads import Event as Payload
from tests.simulation.deployed.printed import Log
from tests.simulation.deployed.view import TableView
from tests.simulation.drawing.deliveries import Batch
from tests.simulation.drawing.faults import Faults
from tests.simulation.events import Collected, Event, Work
from tests.simulation.judging.verdict import Verdict
from tests.simulation.simulated_stream import SimulatedStream
from tests.simulation.small_aws.calls import Calls
from tests.simulation.small_aws.dynamodb import SmallDynamo
from tests.simulation.small_aws.expressions import Item
from tests.simulation.small_aws.filter_pattern import passes
from tests.simulation.small_aws.queue import Message, SmallQueue
from tests.simulation.small_aws.table_schema import request_table_schema
from tests.simulation.step import Killed

SHARDS = 3

COLD_STARTS = 0.1
"""How often an event meets a new container, with a clock of its own."""

BATCHES = (1, 2, 10)
"""Messages that a receive brings, at most."""


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """One invocation of the function: what it prints, and the messages that it was given."""

    output: Output
    messages: Sequence[Message]


class DeployedWorld(Agenda[Payload]):
    """A log group's subscription, a queue, a stream and a schedule before one function."""

    def __init__(self, faults: Faults, policy: Policy, *, sweeps: bool, clock_error: timedelta = timedelta(0)) -> None:
        super().__init__(faults, SimulatedStream(_item_of, shards=SHARDS))
        self._policy = policy
        self.clock_error = clock_error
        self._sweeps = sweeps
        self._log = Log()
        self._runs: dict[greenlet, Run] = {}
        self._writes = 0
        self._dynamo = SmallDynamo(Calls(self.step), self.clock, on_write=self._written)
        self._queue = SmallQueue(
            calls=Calls(self.step),
            clock=self.clock,
            on_visible=self._receive_at,
            rounds_of=self._rounds_of,
            may_lose=self._may_lose,
        )
        self._request_ids: list[RequestId] = []
        self._invocation_ids: list[InvocationId] = []
        self._named: set[RequestId] = set()

    def run(self, batches: Sequence[Batch]) -> None:
        """Deliver the batches at their times, and go on until nothing is left to do."""
        facts = {each: None for batch in batches for each in batch.records}
        calls = [each for each in facts if isinstance(each, Invocation)]
        self._request_ids = [each.request_id for each in facts if isinstance(each, Request)]
        self._invocation_ids = [each.invocation_id for each in calls]
        self._named = {*self._request_ids, *(each.tag.request_id for each in calls if each.tag is not None)}
        clients = {"dynamodb": self._dynamo, "sqs": self._queue}
        machine = Machine(
            clients=clients,
            clock=self.clock,
            clock_error=self.clock_error,
            faults=self.faults,
            output_of_turn=self._output_of_turn,
        )
        with deployed(machine, self._policy):
            self._run_all([part for each in batches for part in by_log_group(each)], sweeps=self._sweeps)
        self.errors += [each for each in self._verdict() if each is not None]
        if self.drained and not self._queue.is_empty:
            self.errors.append("messages are left in the queue")

    def _verdict(self) -> Verdict:
        """What is wrong with the lines, where the oracles do not look."""
        yield from self._log.verdict()
        yield from runaways(self._view.states(self._named), self._policy, self._log.runaways)
        yield from pipeline_sums(self._changes, self._unlinked, self._policy, self._log.pipeline)

    @cached_property
    def printed(self) -> Sequence[Publication]:
        """What was printed, read from the lines."""
        return self._log.publications(self.all_changes())

    @cached_property
    def first_stored(self) -> Mapping[str, datetime]:
        """When each fact was stored first, by its id."""
        return self._view.first_stored(self._request_ids, self._unlinked)

    @property
    def first_traced(self) -> Mapping[str, datetime]:
        """The table does not tell when a call was linked."""
        return {}

    def all_requests(self) -> Sequence[RequestState]:
        """The requests whose record came."""
        return self._requests

    def all_unlinked(self) -> Sequence[UnlinkedInvocation]:
        """The calls that have an item of their own."""
        return self._unlinked

    def all_changes(self) -> Sequence[Change]:
        """Everything that the stream delivered."""
        return self._changes

    @cached_property
    def _view(self) -> TableView:
        return TableView(self._dynamo.items)

    @cached_property
    def _requests(self) -> Sequence[RequestState]:
        return self._view.requests(self._request_ids)

    @cached_property
    def _unlinked(self) -> Sequence[UnlinkedInvocation]:
        return self._view.unlinked(self._invocation_ids)

    @cached_property
    def _changes(self) -> Sequence[Change]:
        return [change for each in self.stream.all_records() if (change := read_change(each)) is not None]

    def _collect(self, batch: Batch) -> None:
        run, _ = self._invoke(payloads.log_event(batch))
        report = payloads.collected_report(run.output.lines)
        self.collected.append(Collected(at=self.clock.now(), batch=batch, report=report))

    def _settle(self, event: Event) -> None:
        """Receive some messages and settle them: what is not said to have failed is deleted."""
        messages = self._queue.receive(self.faults.chance.choice(BATCHES))
        if messages:
            self.longest_chain = max(self.longest_chain, *(each.rounds for each in messages))
            _, answer = self._invoke(payloads.message_event(messages), messages)
            failed = {each["itemIdentifier"] for each in answer["batchItemFailures"]}
            for each in messages:
                if each.message_id not in failed:
                    self._queue.delete(each)

    def _publish(self, records: Sequence[Payload]) -> None:
        self._invoke(payloads.stream_event(records))

    def _sweep(self, moment: datetime) -> None:
        self._invoke(payloads.sweep_event(moment))

    def _invoke(self, payload: Payload, messages: Sequence[Message] = ()) -> tuple[Run, Any]:
        """Run the handler for an event; answers with what it printed and returned."""
        run = Run(output=Output(self.faults), messages=messages)
        self._runs[getcurrent()] = run
        if self.faults.chance.random() < COLD_STARTS:
            start_cold()
        try:
            return run, processor_handler.lambda_handler(payload, None)
        except Killed:
            start_cold()
            raise
        finally:
            del self._runs[getcurrent()]
            self._log.add(run.output.lines, self.clock.now())

    def _output_of_turn(self) -> Output:
        return self._runs[getcurrent()].output

    def _written(self, before: Item | None, after: Item) -> None:
        """A write is in the stream, even if its writer fails later; the mapping's filter takes what is news."""
        self._writes += 1
        keys = request_table_schema().table.keys
        record = payloads.stream_record(before, after, keys=keys, number=self._writes)
        if passes(record):
            for shard in sorted(self.stream.put([record])):
                self.poll(shard)

    def _after_turn(self) -> None:
        """Writes are in the stream at once."""

    def _receive_at(self, moment: datetime) -> None:
        self.put(moment, Event(work=Work.SETTLE))

    def _twice(self, event: Event) -> None:
        """A log batch is delivered twice; messages that are being settled are received once more."""
        run = self._runs[getcurrent()]
        self._queue.show_again(run.messages)
        self.workers.join(Event(work=Work.SETTLE) if run.messages else event)

    def _rounds_of(self, body: str) -> int:
        """How many messages led to this one: those about the same thing, where the sender was given any."""
        run = self._runs[getcurrent()]
        own = [each.rounds for each in run.messages if _key_of(each.body).id == _key_of(body).id]
        return 1 + max(own or [each.rounds for each in run.messages] or [0])

    def _may_lose(self, body: str) -> bool:
        return self._sweeps and self.may_be_lost(_key_of(body))

    def _has_record(self, request_id: RequestId) -> bool:
        item = self._dynamo.items.standing.get(tuple(str(each) for each in request_key(request_id).values()))
        return item is not None and "record" in item


def _item_of(record: Payload) -> str:
    """The partition of a stream's record."""
    return str(record["dynamodb"]["Keys"]["pk"]["S"])


def _key_of(body: str) -> SettleKey:
    """Raises: ValueError for a body that is no key."""
    key = read_key(body)
    if key is None:
        raise ValueError(f"no settle message: {body}")
    return key
