"""The real handler over the adapters in memory: no AWS, no emulator, so that what remains is our own work."""

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from cProfile import Profile
from datetime import timedelta
from itertools import batched
from time import process_time
from unittest.mock import patch

from aws_lambda_powertools import Logger

import processor_handler
from request_lens.adapters.emf_metric_sink import EmfMetricSink
from request_lens.adapters.memory.clock import MemoryClock
from request_lens.adapters.memory.fact_store import MemoryFactStore
from request_lens.adapters.memory.inference_profiles import MemoryInferenceProfiles
from request_lens.adapters.memory.settle_timer import MemorySettleTimer
from request_lens.application.publish import publish
from request_lens.bootstrap import Processor
from request_lens.domain.policy import Policy
from request_lens.domain.pricing import NO_PRICES
from request_lens.ports import Ports
from tests.support.metering.cost_traffic import CostTraffic, Line
from tests.support.processor_traffic import log_batch, settle_message

AT_A_TIME = 10
"""Messages in one settle event."""


def seconds_per_event(traffic: CostTraffic, store: MemoryFactStore, *, batch: int) -> float:
    """Processor time a log event takes from its batch to the EMF lines, settles and publications included."""
    batches = _all_batches(traffic, batch)
    began = process_time()
    _serve(batches, traffic, store)
    return (process_time() - began) / _events(traffic)


def calls_per_event(traffic: CostTraffic, store: MemoryFactStore, *, batch: int) -> float:
    """Python calls that a log event makes on the same way: the work, whatever the machine does beside it."""
    profile = Profile(subcalls=False, builtins=False)
    profile.runcall(_serve, _all_batches(traffic, batch), traffic, store)
    calls = sum(entry.callcount for entry in profile.getstats())
    return calls / _events(traffic)


def _events(traffic: CostTraffic) -> int:
    return len(traffic.invocation_lines) + len(traffic.access_lines)


def _all_batches(traffic: CostTraffic, batch: int) -> list[dict[str, object]]:
    return [*_batches(traffic.invocation_lines, batch), *_batches(traffic.access_lines, batch)]


def _serve(batches: Sequence[dict[str, object]], traffic: CostTraffic, store: MemoryFactStore) -> None:
    clock, timer = MemoryClock(moment=traffic.access_lines[0].at), MemorySettleTimer()
    with _processor(store, timer, clock) as processor:
        for event in batches:
            clock.moment += timedelta(milliseconds=1)
            processor_handler.lambda_handler(event, None)
            publish(store.take_changes(), processor.ports, processor.policy)
        _settle_all(timer, store, clock, processor)


@contextmanager
def _processor(store: MemoryFactStore, timer: MemorySettleTimer, clock: MemoryClock) -> Iterator[Processor]:
    """A processor over these, which the handler finds as its own; its lines go nowhere."""
    with redirect_stdout(io.StringIO()):
        logger = Logger(service="in-memory")
        sink = EmfMetricSink(service_name="request-lens", clock=clock, logger=logger)
        profiles = MemoryInferenceProfiles({})
        ports = Ports(store=store, timer=timer, sink=sink, clock=clock, profiles=profiles, prices=NO_PRICES)
        processor = Processor(ports=ports, policy=Policy(), logger=logger)
        with patch.object(processor_handler, "_processor", lambda: processor):
            yield processor


def _batches(lines: Sequence[Line], batch: int) -> list[dict[str, object]]:
    return [log_batch([line.text for line in some]) for some in batched(lines, batch, strict=False)]


def _settle_all(timer: MemorySettleTimer, store: MemoryFactStore, clock: MemoryClock, processor: Processor) -> None:
    while (due_at := timer.next_due()) is not None:
        clock.moment = max(clock.moment, due_at)
        records: list[dict[str, object]] = []
        while len(records) < AT_A_TIME and (at := timer.next_due()) is not None and at <= clock.moment:
            key = timer.take()
            records.append(settle_message(key.kind, key.id))
        processor_handler.lambda_handler({"Records": records}, None)
        publish(store.take_changes(), processor.ports, processor.policy)
