"""The wire format of protocol buffers, read without a schema: a message is a sequence of numbered fields.

https://protobuf.dev/programming-guides/encoding/
"""

import struct
from collections.abc import Iterator

type Value = int | bytes
"""A number as it stands, unsigned; or the bytes of a text, a message or a float."""

_VARINT, _EIGHT_BYTES, _LENGTH, _FOUR_BYTES = 0, 1, 2, 5


class ProtobufError(ValueError):
    """Bytes that are no message."""


def fields(message: bytes) -> Iterator[tuple[int, Value]]:
    """The fields of a message in their order, each with its number. Raises: ProtobufError."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        number, kind = key >> 3, key & 7
        if kind == _VARINT:
            value, at = _varint(message, at)
            yield number, value
            continue
        size = {_EIGHT_BYTES: 8, _FOUR_BYTES: 4}.get(kind)
        if kind == _LENGTH:
            size, at = _varint(message, at)
        if size is None or at + size > len(message):
            raise ProtobufError("a field is of an unknown kind, or longer than its message")
        yield number, message[at : at + size]
        at += size


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(message) and shift < 70:
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
    raise ProtobufError("a number does not end")


def unsigned(value: Value) -> int:
    """A number, whichever way it was written."""
    return value if isinstance(value, int) else int.from_bytes(value, "little")


def signed(value: Value) -> int:
    """An int64: its varint is the two's complement."""
    number = unsigned(value)
    return number - (1 << 64) if number >= 1 << 63 else number


def floating(value: Value) -> float:
    """A double."""
    return float(struct.unpack("<d", octets(value))[0])


def octets(value: Value) -> bytes:
    """The bytes of a text or message. Raises: ProtobufError for a number."""
    if isinstance(value, int):
        raise ProtobufError("a number stands where bytes should")
    return value


def text(value: Value) -> str:
    """A text. Raises: ProtobufError, UnicodeDecodeError."""
    return octets(value).decode()
