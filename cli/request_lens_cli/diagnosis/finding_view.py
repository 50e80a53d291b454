"""Findings for people: a sign, the check, what was found, and below it what helps."""

import re
from textwrap import wrap

from rich.console import Console
from rich.table import Table
from rich.text import Text

from request_lens_cli.diagnosis.checks.requests import NOTHING_CAME
from request_lens_cli.diagnosis.finding import Finding, Outcome
from request_lens_cli.terminal.console import print_trimmed

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

_COMMAND = re.compile(r"(`(?:request-lens|aws|sam|make) [^`]+`[.,;:]?)")
"""A command with what ends its clause."""


def show_finding(finding: Finding, console: Console) -> None:
    """Print one finding, whose text is folded beside the name of its check; in a pipe it is one line."""
    sign, style = _SIGNS[finding.outcome]
    if not console.is_terminal:
        remedy = f" → {finding.remedy}" if finding.remedy else ""
        console.print(f"{sign} {finding.check}: {finding.text}{remedy}", highlight=False, markup=False, soft_wrap=True)
        return
    table = Table.grid(padding=(0, 1, 0, 0))
    table.add_column(width=1)
    table.add_column(width=_CHECK_WIDTH)
    table.add_column(overflow="fold")
    table.add_row(Text(sign, style=style), finding.check, Text(finding.text))
    print_trimmed(table, console)
    for line in _remedy_lines(finding.remedy, width=console.width - _LEFT) if finding.remedy else ():
        left = max(2, min(_LEFT, console.width - len(line)))  # a long command begins further left
        console.print(Text(f"{'':{left}}{line}", style="bold"), soft_wrap=True)


def _remedy_lines(remedy: str, *, width: int) -> list[str]:
    """The remedy in lines of that width; where it takes several, each command has one of its own, however long."""
    whole = f"→ {remedy}"
    if len(whole) <= width or remedy.startswith("sam deploy "):
        return [whole]
    parts = (part.strip() for part in _COMMAND.split(whole))
    return [line for part in parts if part for line in ([part] if part.startswith("`") else _folded(part, width))]


def _folded(text: str, width: int) -> list[str]:
    return wrap(text, width, break_long_words=False, break_on_hyphens=False)


def verdict(findings: list[Finding]) -> str:
    """The whole in one line."""
    outcomes = [finding.outcome for finding in findings]
    if Outcome.FAULT in outcomes:
        return "This is why. What comes after it was not looked at."
    if Outcome.UNSEEN in outcomes:
        return "No fault was found, but not everything could be looked at."
    if Outcome.WARNING in outcomes:
        return "No fault was found, but what is shown is not whole: see what is marked with !."
    if NOTHING_CAME in {finding.text for finding in findings}:
        return "No fault was found. Nothing came in the last day that could be shown."
    return "No fault was found."
