"""HTML and SVG that no text can break: whatever is not `Markup` is escaped where it enters."""

import re
from collections.abc import Iterable
from html import escape
from typing import NewType

from request_lens.presentation.formatting import cleaned

Markup = NewType("Markup", str)
"""Elements and escaped texts, safe to put into a page or a picture."""

NOTHING = Markup("")

_WITHIN_FIGURES = re.compile(
    r"(?<=[≈≥]) "
    r"|(?<=\d) (?=[A-Za-z])"  # its unit, or what it counts
    r"|(?<=\d of) (?=\d)"
    r"|(?:(?<=\bmost)|(?<=\bp90)|(?<=\blongest)) (?=[≈≥\d])"
)
"""Spaces at which no line ends."""


def text(value: str) -> Markup:
    """A text as it is read: escaped, and without what would reorder or hide its neighbours."""
    return Markup(escape(cleaned(value), quote=True))


def unbroken(words: str) -> Markup:
    """The words, each number on one line with its sign, its unit, and the word beside it that says of what it is."""
    return Markup("&nbsp;".join(map(text, _WITHIN_FIGURES.split(words))))


def joined(parts: Iterable[Markup]) -> Markup:
    """The parts one after the other."""
    return Markup("".join(parts))


def element(name: str, *content: Markup, **attributes: str | float) -> Markup:
    """An element; one that is given no content at all, not even NOTHING, closes itself.

    `class_` stands for `class`, and `_` in a name for `-`. Values are escaped; an attribute without one is left out.
    """
    pairs = "".join(f' {_attribute(key)}="{_value(value)}"' for key, value in attributes.items() if value != "")
    return Markup(f"<{name}{pairs}>{''.join(content)}</{name}>" if content else f"<{name}{pairs}/>")


def _attribute(key: str) -> str:
    return key.rstrip("_").replace("_", "-")


def _value(value: str | float) -> str:
    return text(value) if isinstance(value, str) else number(value)


def number(value: float) -> str:
    """A coordinate with at most two decimals."""
    return f"{value:.2f}".rstrip("0").rstrip(".")
