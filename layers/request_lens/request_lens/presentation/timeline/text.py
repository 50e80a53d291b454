"""Texts of the timeline, measured without a font and shortened to their columns."""

import unicodedata
from itertools import accumulate, takewhile

from request_lens.presentation.formatting import cleaned

ELLIPSIS = "…"
_HEAD = 0.6
"""The share of a text that is cut in its middle that stands before the cut."""


# Upper bounds in em of Inter and of DejaVu Sans, the widest sans-serif that a Linux browser falls back to.
_WIDTH_EM = {
    **dict.fromkeys("ijlI.,:;'|/\\ ·", 0.36),
    **dict.fromkeys("frt()[]!", 0.43),
    **dict.fromkeys('-"`*_', 0.53),
    **dict.fromkeys("mwMW@%…—", 1.03),
    **dict.fromkeys("#&+<>=~^", 0.86),
    **dict.fromkeys("abcdeghknopqsuvxyz0123456789$?", 0.66),
}
_CAPITAL_EM = 0.82
_OTHER_EM = 0.85
_FULL_WIDTH_EM = 1.1
_BOLD = 1.16


def text_width(text: str, *, size: float, bold: bool = False) -> float:
    """An upper bound, in px, of how wide a sans-serif font sets the text."""
    return sum(_width_em(character) for character in text) * size * (_BOLD if bold else 1)


def _width_em(character: str) -> float:
    if character in _WIDTH_EM:
        return _WIDTH_EM[character]
    if unicodedata.combining(character):
        return 0
    if unicodedata.east_asian_width(character) in "WF":
        return _FULL_WIDTH_EM
    return _CAPITAL_EM if character.isascii() else _OTHER_EM


def shortened(text: str, *, size: float, width: float, bold: bool = False) -> str:
    """The cleaned text, cut with an ellipsis where it may be wider than `width` px."""
    text = cleaned(text)
    if text_width(text, size=size, bold=bold) <= width:
        return text
    room = width - text_width(ELLIPSIS, size=size, bold=bold)
    return _first(text, size=size * (_BOLD if bold else 1), room=room).rstrip() + ELLIPSIS


def shortened_in_the_middle(text: str, *, size: float, width: float) -> str:
    """The cleaned text, its middle cut out where it may be wider than `width` px: routes differ in their ends."""
    text = cleaned(text)
    if text_width(text, size=size) <= width:
        return text
    room = width - text_width(ELLIPSIS, size=size)
    head = _first(text, size=size, room=room * _HEAD)
    tail = _first(text[: len(head) - 1 : -1], size=size, room=room - text_width(head, size=size))[::-1]
    return f"{head.rstrip()}{ELLIPSIS}{tail.lstrip()}"


def broken_at_commas(text: str, *, size: float, width: float) -> list[str]:
    """The cleaned text in lines that end with its commas, as far as these let them be at most `width` px wide."""
    lines = [""]
    for piece in cleaned(text).replace(", ", ",\n").split("\n"):
        longer = f"{lines[-1]} {piece}".strip()
        fits = not lines[-1] or text_width(longer, size=size) <= width
        lines = [*lines[:-1], longer] if fits else [*lines, piece]
    return lines


def wrapped(text: str, *, size: float, width: float) -> list[str]:
    """The cleaned text in lines of at most `width` px, broken between words; a word that is wider is cut."""
    lines = [""]
    for word in cleaned(text).split():
        longer = f"{lines[-1]} {word}".strip()
        fits = text_width(longer, size=size) <= width
        lines = [*lines[:-1], longer] if fits or not lines[-1] else [*lines, word]
    return [shortened(line, size=size, width=width) for line in lines if line]


def _first(text: str, *, size: float, room: float) -> str:
    """As many of the first characters as `room` px hold."""
    used = accumulate(_width_em(character) * size for character in text)
    return text[: sum(1 for width in takewhile(lambda width: width <= room, used))]
