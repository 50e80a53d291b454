"""Crowds: times that hold more calls than can be told apart, as one process has come to know them.

Facts are only ever added: a crowd stays one, and whoever knows of it need not look again.
"""

from collections.abc import Iterable
from datetime import datetime

type TimeSpan = tuple[datetime, datetime]
"""From the first moment to the last."""

MAX_CROWDS = 256
"""So many are kept, the latest found: dense traffic has 3 to 13 for each ten seconds, and settles lie two and a half
minutes apart."""


class Crowds:
    """The spans of time that were found to be too dense."""

    def __init__(self) -> None:
        self._spans: dict[TimeSpan, None] = {}

    def add(self, span: TimeSpan) -> None:
        """Keep a span, instead of the earliest found where there are too many."""
        if len(self._spans) >= MAX_CROWDS:
            del self._spans[next(iter(self._spans))]
        self._spans[span] = None

    def has_any(self, spans: Iterable[TimeSpan]) -> bool:
        """Whether one of these spans is known to be too dense."""
        return any(span in self._spans for span in spans)

    def touches(self, first: datetime, last: datetime) -> bool:
        """Whether such a span begins or ends in this one, or reaches beyond it at both ends."""
        return any(begins <= last and first <= ends for begins, ends in self._spans)
