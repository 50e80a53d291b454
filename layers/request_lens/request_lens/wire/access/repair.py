"""Access-log lines that are JSON but for what API Gateway put into the format's quotation marks, or put in without any.

A format without quotation marks around its variables is JSON until a variable has no value, which is written "-". One
with quotation marks around `$context.error.messageString`, which brings its own, is JSON until there is an error. In
both the requests that failed are lost, and no others.
"""

import re

from request_lens.wire.access.advice import ABSENT

MAX_LINE_BYTES = 256 * 1024
"""No access log's line is longer: its format has up to 3 KB, and the headers that it can name up to 10 KB in all."""

_UNQUOTED = re.compile(
    rb'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)'  # a text, to its end: what it holds is left as it is
    rb"|(?P<dash>:\s*+)-(?=\s*+[,}])"
    rb'|(?P<doubled>:\s*+)""(?P<text>[^"\\]++)""(?=\s*+[,}])',
    re.DOTALL,
)
"""What no JSON has: a dash that is no number's, and a text in two pairs of quotation marks."""


def with_mended_values(raw: bytes) -> bytes | None:
    """The same line as JSON, or None where it holds nothing that this mends."""
    if len(raw) > MAX_LINE_BYTES:
        return None
    mended = _UNQUOTED.sub(_mended, raw)
    return mended if mended != raw else None


def _mended(found: re.Match[bytes]) -> bytes:
    if found["dash"] is not None:
        return found["dash"] + f'"{ABSENT}"'.encode()
    if found["doubled"] is not None:
        return found["doubled"] + b'"' + found["text"] + b'"'
    return found[0]
