"""Lines that are set aside or ignored, together by why: a log of another kind says one thing, and not once a line."""

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from request_lens.domain.log_record import Rejected, RejectedReason
from request_lens.presentation.formatting import cleaned, pluralize
from request_lens_cli.inspection.inspection import MEANINGS, Inspection

FIRST_LINES = 3
"""Line numbers that are kept of each file."""

MAX_FILES = 3
"""So many files stand in a command to copy."""

MAX_CONFLICTS = 3
"""So many records that conflict are named."""

_JSON_FAULTS = frozenset({RejectedReason.NOT_JSON, RejectedReason.TRUNCATED})

_NUMBER = re.compile(r"\d+")


@dataclass(slots=True)
class Alike:
    """Lines with one thing to say: the first of them, how many there are, and by file how many and the first lines."""

    first: Inspection
    count: int = 0
    files: dict[str, tuple[int, list[int]]] = field(default_factory=dict)

    def add(self, file: str, line: int) -> None:
        """Count one more, of this file."""
        count, lines = self.files.get(file, (0, []))
        self.files[file] = count + 1, lines if len(lines) == FIRST_LINES else [*lines, line]
        self.count += 1


class SetAside:
    """What was set aside and what was ignored, by why: two details that differ in numbers alone are one.

    So are lines that are no JSON by the same mistake, wherever it stands.
    """

    def __init__(self) -> None:
        """Nothing was, so far."""
        self._alike: dict[tuple[str, str, str, str], Alike] = {}

    def add(self, inspection: Inspection, *, file: str, line: int) -> None:
        """Count a line that was ignored or rejected."""
        reason, why, *said = (str(inspection.fields.get(name)) for name in ("reason", "why", "meaning", "detail"))
        shape = _NUMBER.sub("0", said[0] if reason in _JSON_FAULTS else said[1])
        self._alike.setdefault((inspection.kind, reason, why, shape), Alike(inspection)).add(file, line)

    def __iter__(self) -> Iterator[Alike]:
        """Those that were ignored first, then the rejected; of each the most frequent first."""
        return iter(sorted(self._alike.values(), key=lambda alike: (alike.first.kind, -alike.count)))


def rejection_notes(rejected: Sequence[Rejected], files: Sequence[str]) -> Iterator[str]:
    """What is to be said of rejected records of these files: why of those that conflict, which no line tells by itself.

    Of the others it is which command says why.
    """
    conflicts = [record.detail for record in rejected if record.reason is RejectedReason.CONFLICTING_RECORD]
    if others := len(rejected) - len(conflicts):
        yield f"{pluralize(others, 'rejected record')}: {_inspecting(files)} says why of each."
    if conflicts:
        more = f", and {len(conflicts) - MAX_CONFLICTS} more" if len(conflicts) > MAX_CONFLICTS else ""
        yield f"{pluralize(len(conflicts), 'conflicting record')}: {', '.join(conflicts[:MAX_CONFLICTS])}{more}."
        yield MEANINGS[RejectedReason.CONFLICTING_RECORD]


def _inspecting(files: Sequence[str]) -> str:
    """The command that inspects these files, which are named while they are few."""
    if len(files) > MAX_FILES:
        return "request-lens inspect with the same files"
    return f"`request-lens inspect {cleaned(shlex.join(files))}`"
