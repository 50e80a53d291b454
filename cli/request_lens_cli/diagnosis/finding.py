"""Findings: what one check found, and what helps."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum


class Outcome(StrEnum):
    """What a check says: all is well, a fault, that figures lack something, something to know, or it could not look."""

    FINE = "fine"
    FAULT = "fault"
    WARNING = "warning"
    NOTE = "note"
    UNSEEN = "unseen"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a check found, in a sentence; the remedy is empty where there is nothing to do.

    A warning has the `share` of the day's requests, or calls, that it is about: from above 0 to 1.
    """

    check: str
    outcome: Outcome
    text: str
    remedy: str = ""
    share: float = 1.0

    def document(self) -> dict[str, str | None]:
        """The finding as `--format json` prints it; null where there is nothing to do."""
        return {"check": self.check, "outcome": self.outcome.value, "text": self.text, "remedy": self.remedy or None}


def fine(check: str, text: str) -> Finding:
    """All is well."""
    return Finding(check=check, outcome=Outcome.FINE, text=text)


def fault(check: str, text: str, remedy: str) -> Finding:
    """This is why the dashboard is empty, or will be."""
    return Finding(check=check, outcome=Outcome.FAULT, text=text, remedy=remedy)


def warning(check: str, text: str, remedy: str = "", *, share: float = 1.0) -> Finding:
    """Nothing is broken, but what is shown lacks something, or may be wrong, of that share."""
    return Finding(check=check, outcome=Outcome.WARNING, text=text, remedy=remedy, share=share)


def note(check: str, text: str, remedy: str = "") -> Finding:
    """Nothing is broken and nothing is lacking, but this is worth knowing."""
    return Finding(check=check, outcome=Outcome.NOTE, text=text, remedy=remedy)


def unseen(check: str, text: str) -> Finding:
    """Nothing is known: the check could not look."""
    return Finding(check=check, outcome=Outcome.UNSEEN, text=text)


def tolerating(finding: Finding, share: float) -> Finding:
    """The finding; a warning about no more than that share is a note."""
    is_tolerated = finding.outcome is Outcome.WARNING and finding.share <= share
    return replace(finding, outcome=Outcome.NOTE) if is_tolerated else finding


def exit_code(findings: Sequence[Finding]) -> int:
    """1 with a fault; without one 3, if a check could not look; else 4 with a warning; else 0."""
    outcomes = {finding.outcome for finding in findings}
    codes = ((Outcome.FAULT, 1), (Outcome.UNSEEN, 3), (Outcome.WARNING, 4))
    return next((code for outcome, code in codes if outcome in outcomes), 0)
