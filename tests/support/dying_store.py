"""A table that is out of reach, once, at a moment that the test chooses."""

from collections.abc import Sequence

from request_lens.adapters.memory.fact_store import MemoryFactStore
from request_lens.domain.facts import RequestId
from request_lens.domain.linking.link import Decision, UnlinkedInvocation
from request_lens.domain.settling.state import RequestState
from request_lens.errors import StoreUnavailable
from request_lens.ports import NamedTrace

NAMING = "naming"
"""Where it dies when traces are named."""


class DyingStore(MemoryFactStore):
    """Dies once, when the request `dies_at` is read, or when traces are named.

    With `after_decision` not before a call was decided since.
    """

    def __init__(self) -> None:
        super().__init__()
        self._dies_at = ""
        self._waits = False

    def die(self, at: str, *, after_decision: bool = False) -> None:
        """Let it die there, once."""
        self._dies_at, self._waits = at, after_decision

    @property
    def has_died(self) -> bool:
        """Whether it has, since it was told to."""
        return not self._dies_at

    def decide(self, unlinked: UnlinkedInvocation, decision: Decision) -> Decision:
        self._waits = False
        return super().decide(unlinked, decision)

    def load_request(self, request_id: RequestId) -> RequestState:
        self._meet(request_id)
        return super().load_request(request_id)

    def name_traces(self, named: Sequence[NamedTrace]) -> None:
        self._meet(NAMING)
        super().name_traces(named)

    def _meet(self, place: str) -> None:
        if place == self._dies_at and not self._waits:
            self._dies_at = ""
            raise StoreUnavailable(f"the test's outage, at {place}")
