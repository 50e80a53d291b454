"""The boundary of every call that a use case makes of the world: where it can fail, die, or give way to another."""

from collections.abc import Callable
from dataclasses import dataclass, field

from request_lens.errors import StoreUnavailable
from tests.simulation.drawing.faults import Fault, Faults

type Outage = Callable[[str], Exception]
"""What makes the error that an outage is seen as, of what happened."""


class Killed(BaseException):
    """Lambda ended the function here: a crash or a time-out. No code that runs in it can see that, nor catch it."""


@dataclass(slots=True)
class Step:
    """Draws at each boundary what goes wrong there; `give_way` lets other workers have their turn there."""

    faults: Faults
    give_way: Callable[[], None] = field(default=lambda: None)
    _may_fail: bool = field(init=False)

    def __post_init__(self) -> None:
        self._may_fail = self.faults.can_strike(Fault.THROTTLE, Fault.OWN_LOST_REPLY, Fault.LOST_REPLY, Fault.CRASH)

    def write[Answer](self, effect: Callable[[], Answer], outage: Outage, lost: Outage | None = None) -> Answer:
        """A write that may not happen, happen without an answer, or happen twice, whose second answer counts."""
        if not self._may_fail:
            self.give_way()
            return effect()
        self.boundary()
        if self.faults.strike(Fault.THROTTLE):
            raise outage("throttled, before the write")
        answer = effect()
        if self.faults.strike(Fault.OWN_LOST_REPLY):
            answer = effect()
        if self.faults.strike(Fault.LOST_REPLY):
            raise (lost or outage)("the reply was lost, after the write")
        self.crash()
        return answer

    def read[Answer](self, effect: Callable[[], Answer], outage: Outage = StoreUnavailable) -> Answer:
        """A read that may fail; others may write right after it."""
        if self.faults.strike(Fault.THROTTLE):
            raise outage("throttled, a read")
        answer = effect()
        self.boundary()
        return answer

    def some_of[Item](self, items: list[Item], store: Callable[[list[Item]], None]) -> None:
        """Store a batch of items, of which some may stay unprocessed, or which a time-out may cut short."""
        if len(items) > 1:
            cut = self.faults.chance.randrange(1, len(items))
            if self.faults.strike(Fault.UNPROCESSED):
                store(self.faults.chance.sample(items, cut))
                raise StoreUnavailable("unprocessed items were left")
            if self.faults.strike(Fault.TIME_OUT):
                store(items[:cut])
                raise Killed("timed out in the middle")
        self.write(lambda: store(items), StoreUnavailable)

    def boundary(self) -> None:
        """Between two calls: other workers may have their turn here, or the function die."""
        self.give_way()
        self.crash()

    def crash(self) -> None:
        """The function may die here."""
        if self.faults.strike(Fault.CRASH):
            raise Killed("crashed")
