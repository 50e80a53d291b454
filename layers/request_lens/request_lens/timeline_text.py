"""Texts of the timeline: escaped, measured without a font, shortened, and durations in words."""

import unicodedata
from html import escape

ELLIPSIS = "…"

_BIDI_CONTROLS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_NOT_IN_XML = frozenset("\ufffe\uffff")

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


def cleaned(text: str) -> str:
    """The text without what XML forbids or what would reorder its neighbours; line breaks become spaces."""
    return "".join(_clean_character(each) for each in text)


def _clean_character(character: str) -> str:
    if character.isspace():
        return " "
    if unicodedata.category(character) in ("Cc", "Cs") or character in _BIDI_CONTROLS | _NOT_IN_XML:
        return ""
    return character


def escaped(text: str) -> str:
    """Cleaned text as XML character data or attribute value."""
    return escape(cleaned(text), quote=True)


def text_width(text: str, *, size: float, bold: bool = False) -> float:
    """An upper bound, in px, of how wide a sans-serif font sets the text."""
    return sum(_width_em(each) for each in text) * size * (_BOLD if bold else 1)


def _width_em(character: str) -> float:
    known = _WIDTH_EM.get(character)
    if known is not None:
        return known
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
    kept, used = "", 0.0
    for character in text:
        used += text_width(character, size=size, bold=bold)
        if used > room:
            break
        kept += character
    return kept.rstrip() + ELLIPSIS


_MS_BELOW, _SECONDS_BELOW, _SIXTY = 99.5, 99_950, 60


def duration_text(duration_ms: float) -> str:
    """A duration in the unit that people would use: "3 ms", "0.4 s", "4.3 s", "5 min 12 s", "5 h 0 min"."""
    if duration_ms < _MS_BELOW:
        return f"{duration_ms:.0f} ms"
    if duration_ms < _SECONDS_BELOW:
        return f"{duration_ms / 1000:.1f} s"
    minutes, seconds = divmod(round(duration_ms / 1000), _SIXTY)
    if minutes < _SIXTY:
        return f"{minutes} min {seconds} s"
    return f"{minutes // _SIXTY:,} h {minutes % _SIXTY} min"


def counted(count: int, noun: str) -> str:
    """A count and its noun: "1 call", "2 calls"."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
