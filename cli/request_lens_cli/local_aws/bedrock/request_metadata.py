"""What Bedrock takes as `requestMetadata`, and what it refuses.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html: 1 to 16 pairs, keys of 1 to 256 and
values of 0 to 256 characters, of letters, digits, white space and a few signs.
"""

import re
from collections.abc import Mapping

from pydantic import TypeAdapter

from request_lens_cli.local_aws.bedrock import converse
from request_lens_cli.local_aws.bedrock.model_call import Operation

HEADER = "X-Amzn-Bedrock-Request-Metadata"
"""Where InvokeModel has it, as the text of a JSON object."""

_KEY = re.compile(r"[a-zA-Z0-9\s:_@$#=/+,\-.]{1,256}")
_VALUE = re.compile(r"[a-zA-Z0-9\s:_@$#=/+,\-.]{0,256}")
_MOST_PAIRS = 16

_PAIRS: TypeAdapter[dict[str, str]] = TypeAdapter(dict[str, str])


def read_metadata(operation: Operation, body: bytes, header: str | None) -> Mapping[str, str] | None:
    """The caller's metadata, None where there is none. Raises: ValueError for what Bedrock refuses."""
    if operation.is_converse:
        pairs = converse.metadata_of(body)
    else:
        pairs = None if header is None else _PAIRS.validate_json(header)
    if pairs is None:
        return None
    if not 1 <= len(pairs) <= _MOST_PAIRS:
        raise ValueError(f"requestMetadata must have 1 to {_MOST_PAIRS} pairs")
    if not all(_KEY.fullmatch(key) and _VALUE.fullmatch(value) for key, value in pairs.items()):
        raise ValueError("requestMetadata has a key or a value that does not satisfy its pattern or length")
    return pairs
