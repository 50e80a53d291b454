"""Workers at the same time: each gives way at every call that it makes of the world, and the seed says who goes on."""

from collections.abc import Callable
from dataclasses import dataclass, field

from greenlet import getcurrent, greenlet

from tests.simulation.drawing.faults import Fault, Faults
from tests.simulation.events import Event, told

MAX_WORKERS = 3
"""Containers that are at it together, at most."""

PACES = (0.0, 0.5, 0.9)
"""How likely a worker is to go on by itself where it gives way; one pace a schedule, from step by step to long runs."""


@dataclass(frozen=True, slots=True, eq=False)
class Worker:
    """One event that is being run."""

    event: Event
    run: greenlet


@dataclass(slots=True)
class Workers:
    """Runs events by `work`; after every turn of a worker comes `after`.

    Where none can join an event by now (`can_meet`), it is run as it is: to have it give way would take longer.
    """

    faults: Faults
    work: Callable[[Event], None]
    after: Callable[[], None]
    can_meet: Callable[[], bool] = field(default=lambda: True)
    _pace: float = field(init=False)
    _running: list[Worker] = field(default_factory=list)
    _turn: Worker | None = None
    _alone: Event | None = None

    def __post_init__(self) -> None:
        self._pace = self.faults.chance.choice(PACES)

    @property
    def event(self) -> Event | None:
        """The event of the worker whose turn it is."""
        return self._alone if self._turn is None else self._turn.event

    @property
    def is_alone(self) -> bool:
        """Whether no other worker is at it."""
        return len(self._running) <= 1

    @property
    def has_room(self) -> bool:
        """Whether one more may join."""
        return len(self._running) < MAX_WORKERS

    def run(self, event: Event) -> None:
        """Run an event, and whatever joins it on its way, to their ends."""
        if not self.can_meet():
            self._run_alone(event)
            return
        self.join(event)
        while self._running:
            worker = self._next()
            self._turn = worker
            worker.run.switch()
            if worker.run.dead:
                self._running.remove(worker)
            self.after()
        self._turn = None

    def _run_alone(self, event: Event) -> None:
        self._alone = event
        self.work(event)
        self._alone = None
        self.after()

    def join(self, event: Event) -> None:
        """Have an event run beside those that are running, from its next turn on."""
        hub = getcurrent() if self._turn is None else self._turn.run.parent
        self._running.append(Worker(event=event, run=greenlet(lambda: self.work(event), parent=hub)))

    def give_way(self) -> None:
        """Called in a worker, between two of its calls: the others may have their turn here."""
        if not self.is_alone and self._turn is not None and self._turn.run.parent is not None:
            self._turn.run.parent.switch()

    def _next(self) -> Worker:
        before = self._turn
        if len(self._running) == 1 or (before in self._running and self.faults.chance.random() < self._pace):
            return before if before in self._running and before is not None else self._running[0]
        chosen = self.faults.chance.choice(self._running)
        if before in self._running and chosen is not before:
            self.faults.fired[Fault.ALTERNATION] += 1
            self.faults.trace.append(f"    on with {told(chosen.event)}")
        return chosen
