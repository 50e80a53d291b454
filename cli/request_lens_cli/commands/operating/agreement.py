"""What is asked before a command changes or sends anything."""

import click

_REFUSED = 1
"""The exit code where the user does not agree."""


def agree(question: str, *, yes: bool, otherwise: str = "Nothing was changed.") -> None:
    """Ask on standard error, unless `yes`; who does not agree is told what did not happen, and the command ends.

    Where nobody can answer, that is no agreement, and `--yes` is named.
    """
    if yes:
        return
    try:
        agreed = click.confirm(question, err=True)
    except click.Abort:
        agreed, otherwise = False, f"\n{otherwise} Where nobody can answer, --yes does."
    if not agreed:
        click.echo(otherwise, err=True)
        click.get_current_context().exit(_REFUSED)
