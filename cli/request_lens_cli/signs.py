"""What stands for our signs on a stream whose encoding lacks them: one mapping, where the output leaves the process.

Each is as wide as what it stands for, so that columns stay columns; no two signs of a bar are the same.
"""

import codecs
import io
from collections.abc import Iterable, Mapping
from encodings import ascii as ascii_codec
from typing import TextIO

SIGNS: Mapping[str, str] = {
    "≥": ">=",
    "≈": "~",
    "–": "-",
    "—": "-",
    "·": "|",
    "×": "x",
    "→": ">",
    "✓": "+",
    "✗": "x",
    "▼": "v",
    "░": ".",
    "\N{BOX DRAWINGS LIGHT DIAGONAL UPPER RIGHT TO LOWER LEFT}": "/",
    "█": "#",
    "▒": "%",
    "\N{BOX DRAWINGS LIGHT DIAGONAL CROSS}": "X",
    "▞": "+",
    "╌": "-",
    "│": "|",
    "»": ">",
    "…": "*",
    "\N{NO-BREAK SPACE}": " ",
}
"""By sign; a character that is none of them becomes a question mark."""

_UNKNOWN = "?"
_HANDLER = "request_lens_cli.signs"
_ASCII = "request_lens_ascii"
"""ASCII by another name: to a stream whose encoding has that name click writes UTF-8."""
_SPINNER = range(0x2800, 0x2900)
"""Braille patterns, which a spinner turns through."""


def speak_any_encoding(streams: Iterable[TextIO | None]) -> None:
    """Let these streams write every character: where their encoding lacks one, another stands in its place."""
    codecs.register_error(_HANDLER, _replaced)
    codecs.register(_own_codec)
    for stream in streams:
        if isinstance(stream, io.TextIOWrapper):
            is_ascii = codecs.lookup(stream.encoding).name == "ascii"
            stream.reconfigure(encoding=_ASCII if is_ascii else stream.encoding, errors=_HANDLER)


def _own_codec(name: str) -> codecs.CodecInfo | None:
    if name != _ASCII:
        return None
    codec = ascii_codec.getregentry()
    return codecs.CodecInfo(
        name=_ASCII,
        encode=codec.encode,
        decode=codec.decode,
        incrementalencoder=codec.incrementalencoder,
        incrementaldecoder=codec.incrementaldecoder,
    )


def _replaced(error: UnicodeError) -> tuple[str, int]:
    """What stands for the characters that cannot be encoded, and where in the text to go on."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text, written, at = error.object, [], error.start
    while at < error.end:
        sign, width = _stand_in(text, at)
        written.append(sign)
        at += width
    return "".join(written), at


def _stand_in(text: str, at: int) -> tuple[str, int]:
    """What stands for the character here, and for how many of the text: a blank behind a sign makes room for it."""
    character, rest = text[at], text[at + 1 :]
    if character == "≥" and rest.startswith(" "):
        return SIGNS[character], 2
    if character == "…" and not rest[:1].isalnum():
        return "...", 1
    return "." if ord(character) in _SPINNER else SIGNS.get(character, _UNKNOWN), 1
