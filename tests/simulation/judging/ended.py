"""What a world leaves at its end, as far as the judges look."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from request_lens.domain.linking.link import UnlinkedInvocation
from request_lens.domain.publishing.changes import Change
from request_lens.domain.publishing.publication import Publication
from request_lens.domain.settling.state import RequestState
from tests.simulation.drawing.faults import Faults
from tests.simulation.events import Collected


class ReadStream(Protocol):
    """The table's stream, as far as it was read."""

    @property
    def is_read(self) -> bool:
        """Whether it was read to its end."""


class Ended(Protocol):
    """A world that has run."""

    @property
    def faults(self) -> Faults:
        """What went wrong in it."""

    @property
    def stream(self) -> ReadStream:
        """The table's stream."""

    @property
    def printed(self) -> Sequence[Publication]:
        """What was printed, in order, repeats included."""

    @property
    def collected(self) -> Sequence[Collected]:
        """The batches that were collected, with what was reported of them."""

    @property
    def clock_error(self) -> timedelta:
        """How far the clocks are off that what was stored is timed by."""

    @property
    def errors(self) -> Sequence[str]:
        """What must never happen, and did."""

    @property
    def steps(self) -> int:
        """How many events were run."""

    @property
    def drained(self) -> bool:
        """Whether nothing was left to do."""

    @property
    def longest_chain(self) -> int:
        """How many settle messages led to one another at most."""

    @property
    def deliveries(self) -> int:
        """How many records of the stream were delivered, repeats included."""

    @property
    def first_stored(self) -> Mapping[str, datetime]:
        """When each fact was stored first, by its id."""

    @property
    def first_traced(self) -> Mapping[str, datetime]:
        """When each call was first linked by its trace, by its id; none where nobody noted it."""

    def all_requests(self) -> Sequence[RequestState]:
        """The requests whose record came, by start, then id."""

    def all_unlinked(self) -> Sequence[UnlinkedInvocation]:
        """The calls that have an item of their own, by timestamp, then id."""

    def all_changes(self) -> Sequence[Change]:
        """Everything that the stream ever held; an item's changes are in order."""
