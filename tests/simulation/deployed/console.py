"""The function's stdout: each line belongs to the worker that printed it, which may die before or after."""

import io
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.simulation.drawing.faults import Fault, Faults
from tests.simulation.step import Killed


@dataclass(slots=True, eq=False)
class Output:
    """What one invocation of the function has printed, line by line; the last one may not be at its end."""

    faults: Faults
    lines: list[str] = field(default_factory=list)
    _begun: str = ""

    def write(self, text: str) -> None:
        """Print text. Raises: Killed, before a line is out, or after."""
        *ended, begun = (self._begun + text).split("\n")
        for line in ended:
            self._crash()
            self.lines.append(line)
            self._begun = ""
            self._crash()
        self._begun = begun

    def _crash(self) -> None:
        if self.faults.strike(Fault.PRINT_CRASH):
            raise Killed("crashed at a print")


class Console(io.TextIOBase):
    """Stands for sys.stdout. A process has one, for a logger keeps the stdout that it finds first."""

    def __init__(self) -> None:
        self.output_of_turn: Callable[[], Output] | None = None

    def write(self, text: str) -> int:
        """Print to the output of the worker whose turn it is."""
        if self.output_of_turn is None:
            raise ValueError("something is printed while no function runs")
        self.output_of_turn().write(text)
        return len(text)


CONSOLE = Console()
