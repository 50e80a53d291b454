"""JSON that pydantic's parser refuses although it can be read: values of access logs, and lone surrogates."""

import json
from collections.abc import Callable

from request_lens.domain.log_record import RejectedReason
from request_lens.wire.access.repair import with_mended_values
from request_lens.wire.fault import Fault

MAX_REPAIRED_BYTES = 8 * 1024 * 1024
"""A repair takes up to 15 times the text in memory; what CloudWatch Logs delivers is far shorter than this."""


def read_repaired[Result](read: Callable[[bytes], Result], raw: bytes) -> Result:
    """What `read` makes of a JSON text; where it finds none, what it makes of the text mended."""
    result = read(raw)
    for mend in (with_mended_values, replace_lone_surrogates):
        if not isinstance(result, Fault) or result.reason is not RejectedReason.NOT_JSON:
            return result
        mended = mend(raw)
        if mended is not None:
            raw, result = mended, read(mended)
    return result


def replace_lone_surrogates(raw: bytes) -> bytes | None:
    """The same JSON with U+FFFD in place of lone surrogates, or None where nothing reads it.

    Agents cut text in the middle of an emoji, and the record then holds the escape of one half. That must not lose the
    call. What the standard library refuses too (nesting, numbers of 5,000 digits) stays refused, and so does a text of
    more than MAX_REPAIRED_BYTES.
    """
    if len(raw) > MAX_REPAIRED_BYTES:
        return None
    try:
        plain = json.dumps(json.loads(raw.decode("utf-8", "replace")), ensure_ascii=False)
    except (ValueError, RecursionError):
        return None
    return plain.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode()
