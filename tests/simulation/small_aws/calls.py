"""What can happen to a call of AWS: it is refused, unanswered, made twice or in part, or its caller dies."""

from collections.abc import Callable, Sequence

from botocore.exceptions import ClientError, ReadTimeoutError

from tests.simulation.drawing.faults import Fault
from tests.simulation.step import Killed, Step

REFUSALS = ("ThrottlingException", "ProvisionedThroughputExceededException", "InternalServerError")


class Calls:
    """The calls of one service, through a `Step`, with botocore's errors."""

    def __init__(self, step: Step) -> None:
        self.step = step

    def write[Answer](self, operation: str, effect: Callable[[], Answer]) -> Answer:
        """A call that changes something; its second answer counts where the SDK repeats what it got no answer to."""
        return self.step.write(effect, self._refused(operation), _unanswered)

    def read[Answer](self, operation: str, effect: Callable[[], Answer]) -> Answer:
        """A call that changes nothing."""
        return self.step.read(effect, self._refused(operation))

    def left_over[Entry](self, entries: Sequence[Entry], effect: Callable[[Sequence[Entry]], None]) -> list[Entry]:
        """Do a part of a batch, and answer with the rest; all of it, as a rule. A time-out may end it midway."""
        faults = self.step.faults
        if faults.strike(Fault.UNPROCESSED):
            done = faults.chance.sample(range(len(entries)), faults.chance.randrange(len(entries)))
            effect([entries[place] for place in done])
            return [entry for place, entry in enumerate(entries) if place not in done]
        if len(entries) > 1 and faults.strike(Fault.TIME_OUT):
            effect(entries[: faults.chance.randrange(1, len(entries))])
            raise Killed("timed out in the middle")
        effect(entries)
        return []

    def _refused(self, operation: str) -> Callable[[str], Exception]:
        code = self.step.faults.chance.choice(REFUSALS)
        return lambda reason: ClientError({"Error": {"Code": code, "Message": reason}}, operation)


def _unanswered(_reason: str) -> Exception:
    return ReadTimeoutError(endpoint_url="https://aws.example")
