"""Findings for people: a sign, the check, what was found, and below it what helps."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

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
    if finding.remedy:
        table.add_row("", "", Text(f"→ {finding.remedy}", style="bold"))
    print_trimmed(table, console)


def verdict(findings: list[Finding]) -> str:
    """The whole in one line."""
    outcomes = [finding.outcome for finding in findings]
    if Outcome.FAULT in outcomes:
        return "This is why. What comes after it was not looked at."
    if Outcome.UNSEEN in outcomes:
        return "No fault was found, but not everything could be looked at."
    if Outcome.WARNING in outcomes:
        return "No fault was found, but what is shown is not whole: see what is marked with !."
    return "No fault was found."
