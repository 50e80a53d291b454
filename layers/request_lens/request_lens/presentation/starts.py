"""Starts of calls that are known to the second: how they are drawn, and what is said where a picture does not tell."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from request_lens.presentation.formatting import duration_text

_MIN_WHISKER = 3.0
"""Px below which a start's uncertainty is not drawn."""

_LEAST_WITH_WHISKER = 30.0
"""Px of a call below which its whisker looks like a letter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LateStart:
    """By how much later than it is drawn a call may have begun, in ms and in px, and how much its whisker tells of it.

    In a terminal px are cells, and no call has a whisker.
    """

    is_precise: bool
    ms: float
    px: float
    whisker_px: float = 0.0

    @property
    def is_told(self) -> bool:
        """Whether the whisker says all of it."""
        return self.whisker_px >= self.px

    def in_bar(self, width: float) -> "LateStart":
        """The same with the whisker that a bar has room for: it stays inside, so that it is seen on the dark of it."""
        has_whisker = width >= _LEAST_WITH_WHISKER and self.px >= _MIN_WHISKER
        return replace(self, whisker_px=min(self.px, width - 1) if has_whisker else 0.0)


def starts_note(starts: Iterable[LateStart]) -> str:
    """That calls may have begun later than they are drawn; empty where no whisker owes that."""
    known = list(starts)
    vague = [start for start in known if not start.is_precise]
    if all(start.is_told for start in vague):
        return ""
    whose = "Starts of calls are" if len(vague) == len(known) else "Starts of some calls are"
    return f"{whose} known to the second: they may be up to {duration_text(max(start.ms for start in vague))} later"
