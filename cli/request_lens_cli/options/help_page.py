"""How a command's help is set: options alike in every command, and no word, option or command parted at its hyphens."""

import re
from collections.abc import Iterable

import click

OPTION_WIDTH = 22
"""Columns of an option; the text of a wider one stands below it."""

_HYPHEN, _BLANK = "\N{NON-BREAKING HYPHEN}", "\N{NO-BREAK SPACE}"
_TYPED = re.compile(r"`[^`]+`")


class HelpPage(click.HelpFormatter):
    """Click's formatter, which takes what is typed as one word."""

    def write_text(self, text: str) -> None:
        """Write paragraphs."""
        super().write_text(_unparted(text))

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = OPTION_WIDTH, col_spacing: int = 2) -> None:
        """Write a list of terms and texts: of options always with the texts in the same column."""
        terms = [(f"{term:<{OPTION_WIDTH}}" if term.startswith("-") else term, _unparted(text)) for term, text in rows]
        super().write_dl(terms, col_max, col_spacing)

    def getvalue(self) -> str:
        """What was written."""
        return super().getvalue().replace(_HYPHEN, "-").replace(_BLANK, " ")


def _unparted(text: str) -> str:
    return _TYPED.sub(lambda typed: typed[0].replace(" ", _BLANK), text).replace("-", _HYPHEN)


class HelpContext(click.Context):
    """The context of a command whose help is such a page."""

    formatter_class = HelpPage
