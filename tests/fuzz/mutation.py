"""Seeded mutations of bytes and texts: what a damaged, cut off or forged log line may look like."""

import random
from collections.abc import Callable, Sequence

TOKENS: Sequence[bytes] = (
    b"null",
    b"true",
    b'"',
    b"\\",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"-",
    b"-1",
    b"0",
    b"1e999",
    b"NaN",
    b"Infinity",
    b"-Infinity",
    b"9" * 20,
    b"9" * 5_000,
    b"1.5",
    b"\\ud83d",
    b"\\u0000",
    b"\\u2028",
    b"\\n",
    b"\x00",
    b"\n",
    b"\xff\xfe",
    b"\xed\xa0\xbd",
    b"\xf0\x9f\x98\x80",
    b"{}",
    b"[]",
    b'""',
    b'{"_aws":{}}',
    b'"schemaType":"ModelInvocationLog",',
    b'"requestId":"-",',
    b"Permissions are correctly set for Amazon Bedrock logs.",
    b"x" * 300,
    b"[" * 300,
    b'{"a":' * 300,
)
"""Bytes that JSON parsers and the fields' types stumble over."""

RARE_TOKENS: Sequence[bytes] = (b"[" * 100_000, b'{"a":' * 100_000, b"9" * 100_000, b"\\u0000" * 10_000)
"""The same at a size that takes its time."""

RARE_ONE_IN = 500

type Mutation = Callable[[bytes, random.Random], bytes]


def mutated(data: bytes, dice: random.Random) -> bytes:
    """The data after one to four mutations."""
    for _ in range(dice.choice((1, 1, 2, 4))):
        data = dice.choice(_MUTATIONS)(data, dice)
    return data


def _span(data: bytes, dice: random.Random, longest: int = 64) -> tuple[int, int]:
    begin = dice.randint(0, len(data))
    return begin, min(len(data), begin + dice.randint(0, longest))


def _flip_bit(data: bytes, dice: random.Random) -> bytes:
    if not data:
        return data
    at = dice.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << dice.randrange(8)]) + data[at + 1 :]


def _put_token(data: bytes, dice: random.Random) -> bytes:
    token = dice.choice(RARE_TOKENS if dice.randrange(RARE_ONE_IN) == 0 else TOKENS)
    begin, end = _span(data, dice)
    return data[:begin] + token + data[dice.choice((begin, end)) :]


def _put_bytes(data: bytes, dice: random.Random) -> bytes:
    at = dice.randint(0, len(data))
    return data[:at] + dice.randbytes(dice.randint(1, 8)) + data[at:]


def _replace_value(data: bytes, dice: random.Random) -> bytes:
    """Put a token in the place of what stands between a colon and the next comma."""
    colon = data.find(b":", dice.randint(0, len(data)))
    if colon < 0:
        return data
    comma = data.find(b",", colon)
    return data[: colon + 1] + dice.choice(TOKENS) + (data[comma:] if comma >= 0 else b"}")


def _cut_off(data: bytes, dice: random.Random) -> bytes:
    return data[: dice.randint(0, len(data))]


def _leave_out(data: bytes, dice: random.Random) -> bytes:
    begin, end = _span(data, dice)
    return data[:begin] + data[end:]


def _repeat(data: bytes, dice: random.Random) -> bytes:
    begin, end = _span(data, dice)
    return data[:end] + data[begin:end] * dice.choice((1, 2, 50)) + data[end:]


def _move(data: bytes, dice: random.Random) -> bytes:
    begin, end = _span(data, dice)
    at = dice.randint(0, len(data))
    return data[:at] + data[begin:end] + data[at:]


_MUTATIONS: Sequence[Mutation] = (
    _flip_bit,
    _put_token,
    _put_token,
    _put_bytes,
    _replace_value,
    _replace_value,
    _cut_off,
    _leave_out,
    _repeat,
    _move,
)
