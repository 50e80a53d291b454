"""Findings for people: a sign, the check, what was found, and below it what helps."""

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from request_lens_cli.diagnosis.checks.requests import NOTHING_CAME
from request_lens_cli.diagnosis.finding import Finding, Outcome
from request_lens_cli.terminal.folding import folded

_SIGNS = {
    Outcome.FINE: ("✓", "green"),
    Outcome.FAULT: ("✗", "bold red"),
    Outcome.WARNING: ("!", "bold yellow"),
    Outcome.NOTE: ("i", "cyan"),
    Outcome.UNSEEN: ("?", "yellow"),
}
_CHECK_WIDTH = 14
_LEFT = 1 + 1 + _CHECK_WIDTH + 1
"""Columns before a finding's text: the sign, the check, and a blank after each."""


def show_finding(finding: Finding, console: Console) -> None:
    """Print one finding, whose text is folded beside the name of its check; in a pipe it is one line."""
    sign, style = _SIGNS[finding.outcome]
    if not console.is_terminal:
        remedy = f" → {finding.remedy}" if finding.remedy else ""
        console.print(f"{sign} {finding.check}: {finding.text}{remedy}", highlight=False, markup=False, soft_wrap=True)
        return
    first, *more = folded(finding.text, console.width - _LEFT)
    console.print(Text.assemble((sign, style), f" {finding.check:<{_CHECK_WIDTH}} {first}"), soft_wrap=True)
    _print_below(more, console)
    if finding.remedy:
        _print_below(folded(f"→ {finding.remedy}", console.width - _LEFT), console, style="bold")


def _print_below(lines: Sequence[str], console: Console, *, style: str = "") -> None:
    """Print lines below the first one; a long command, or name, begins further left."""
    for line in lines:
        left = max(2, min(_LEFT, console.width - len(line)))
        console.print(Text(f"{'':{left}}{line}", style=style), soft_wrap=True)


def verdict(findings: Sequence[Finding]) -> str:
    """The whole in a sentence or two: what was found, and what to do next."""
    outcomes = [finding.outcome for finding in findings]
    if Outcome.FAULT in outcomes:
        return "This is why. What comes after it was not looked at: do what the arrow says, then ask again."
    if Outcome.UNSEEN in outcomes:
        return "No fault was found, but not everything could be looked at: see what is marked with ?."
    if Outcome.WARNING in outcomes:
        return "No fault was found, but what is shown is not whole: see what is marked with !."
    if NOTHING_CAME in {finding.text for finding in findings}:
        return "No fault was found. Nothing came in the last day that could be shown."
    return "No fault was found."
