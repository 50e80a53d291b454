"""The processor's handler over the adapters in memory, in a time that tests move."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from threading import Lock
from typing import Any

import pytest
from aws_lambda_powertools import Logger

import processor_handler
from request_lens.adapters.memory.clock import MemoryClock
from request_lens.adapters.memory.fact_store import MemoryFactStore
from request_lens.adapters.memory.inference_profiles import MemoryInferenceProfiles
from request_lens.adapters.memory.metric_sink import MemoryMetricSink
from request_lens.adapters.memory.settle_timer import MemorySettleTimer
from request_lens.adapters.price_list import bedrock_prices
from request_lens.application.settle import settle
from request_lens.bootstrap import Processor
from request_lens.domain.linking.link import Decision
from request_lens.domain.policy import Policy
from request_lens.domain.settling.state import RequestState
from request_lens.ports import Ports


@dataclass(slots=True)
class VirtualProcessor:
    """Serves events one after the other, each of which takes so long; timers fire when they are due."""

    clock: MemoryClock
    takes: timedelta = timedelta(seconds=1)
    store: MemoryFactStore = field(default_factory=MemoryFactStore)
    timer: MemorySettleTimer = field(default_factory=MemorySettleTimer)
    events: int = 0
    _lock: Lock = field(default_factory=Lock)

    @property
    def ports(self) -> Ports:
        return Ports(
            store=self.store,
            timer=self.timer,
            sink=MemoryMetricSink(),
            clock=self.clock,
            profiles=MemoryInferenceProfiles(),
            prices=bedrock_prices(),
        )

    def serve(self, event: Mapping[str, Any], context: object) -> object:
        """Serve an event after what was due before it."""
        with self._lock:
            self.clock.moment += self.takes
            self.events += 1
            self.run_until(self.clock.moment)
            return processor_handler.lambda_handler(event, context)

    def run_until(self, end: datetime | None) -> None:
        """Fire what is due by then, or all there is."""
        while (due := self.timer.next_due()) is not None and (end is None or due <= end):
            self.clock.moment = max(self.clock.moment, due)
            settle(self.timer.take(), self.ports, Policy())


@contextmanager
def virtual_processor(now: datetime) -> Iterator[VirtualProcessor]:
    """The handler over memory, from this moment on."""
    world = VirtualProcessor(clock=MemoryClock(moment=now))
    processor = Processor(ports=world.ports, policy=Policy(), logger=Logger(service="virtual-processor"))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(processor_handler, "_processor", lambda: processor)
        yield world


def comparable(requests: Sequence[RequestState]) -> Mapping[str, RequestState]:
    """Requests by id, without when they were stored."""
    return {state.request_id: replace(state, stored_at=None) for state in requests}


def decisions(store: MemoryFactStore) -> Mapping[str, Decision | None]:
    """What was decided of each untagged call."""
    return {call.invocation.invocation_id: call.decision for call in store.all_unlinked()}
