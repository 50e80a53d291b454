"""What a schedule runs: the product's own use cases, and the places where a broken variant differs from them."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

from request_lens.adapters.memory.fact_store import MemoryFactStore
from request_lens.application.publish import publish
from request_lens.domain.policy import Policy
from request_lens.domain.publishing.changes import Change
from request_lens.ports import MetricSink, Ports
from tests.simulation.step import Step

type MakeStore = Callable[[Step, MetricSink], MemoryFactStore]


def _plain_store(step: Step, sink: MetricSink) -> MemoryFactStore:
    return MemoryFactStore()


def _same_policy(policy: Policy) -> Policy:
    return policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """The product, unless a part is replaced: its table, how it publishes changes, its waits, or one of its rules."""

    make_store: MakeStore = field(default=_plain_store)
    publish: Callable[[Sequence[Change], Ports, Policy], int] = field(default=publish)
    waits: Callable[[Policy], Policy] = field(default=_same_policy)
    breaking: Callable[[], AbstractContextManager[None]] = field(default=nullcontext)


PRODUCT = Pipeline()
