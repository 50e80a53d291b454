"""What Bedrock takes as `requestMetadata`, and what Request Lens takes as the id of a request or a trace.

Bedrock refuses a call whose metadata is beyond these limits, and botocore checks none of them but the length of the
header's text. https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html
"""

MAX_PAIRS = 16

MAX_VALUE_LENGTH = 256

MAX_HEADER_LENGTH = 8500
"""Of the JSON text that InvokeModel takes."""

_ALPHANUMERIC = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
"""Written out: `string` imports `re`, which takes longer than this package."""

_VALUE_CHARACTERS = frozenset(_ALPHANUMERIC + " :_@$#=/+,-.")
"""Bedrock's pattern `[a-zA-Z0-9\\s:_@$#=/+,-.]`, of whose white space only the blank can stand in a header."""

_ID_CHARACTERS = frozenset(_ALPHANUMERIC + "=_+/:.-")

_HEX = frozenset("0123456789abcdef")

_MAX_ID_LENGTH = 128


def is_request_id(value: object) -> bool:
    """Whether the value may be a request's id: `[A-Za-z0-9=_+/:.-]{1,128}`, as Request Lens reads it."""
    return isinstance(value, str) and 0 < len(value) <= _MAX_ID_LENGTH and _ID_CHARACTERS.issuperset(value)


def is_trace_id(value: str) -> bool:
    """Whether it is a trace's id as spans have it: 32 hexadecimal digits in lower case."""
    return len(value) == 32 and _HEX.issuperset(value)


def is_value(value: object) -> bool:
    """Whether Bedrock takes the value, and it says something: it is not empty."""
    return isinstance(value, str) and 0 < len(value) <= MAX_VALUE_LENGTH and _VALUE_CHARACTERS.issuperset(value)
