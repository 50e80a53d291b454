"""JSON that pydantic's parser refuses although it can be read: values of access logs, too deep, lone surrogates."""

import json
import re
from collections.abc import Callable, Iterator

from request_lens.domain.log_record import RejectedReason
from request_lens.wire.access.repair import with_mended_values
from request_lens.wire.fault import Fault

MAX_REPAIRED_BYTES = 8 * 1024 * 1024
"""A repair takes up to 15 times the text in memory; what CloudWatch Logs delivers is far shorter than this."""

MAX_DEPTH = 150
"""What lies deeper is left out, if anything must be: the parser takes 200 levels, and no field that is read lies below
the tenth."""

MAX_DIGITS = 1_000
"""A longer number is left out, if anything must be: the parser takes 4,300 digits, and no count has more than ten."""

_TOKENS = re.compile(
    rb"""
    "(?:[^"\\]|\\.)*+"?  # a text, perhaps unfinished: an attempt at each of its quotes would be quadratic
    | (?P<open>[\[{]++)
    | (?P<close>[\]}]++)
    | -?(?P<digits>[0-9]++)(?:[.eE][0-9.eE+-]*+)?
    """,
    re.DOTALL | re.VERBOSE,
)
"""What nesting and numbers are told by; within a text both are only text."""


def read_repaired[Result](read: Callable[[bytes], Result], raw: bytes) -> Result:
    """What `read` makes of a JSON text; where it finds none, what it makes of the text mended, step by step.

    A body may hold what the parser does not take, and must not hide the call that was billed.
    """
    result = read(raw)
    for mend in (with_mended_values, _cut_to_limits, replace_lone_surrogates):
        if not _is_no_json(result) or len(raw) > MAX_REPAIRED_BYTES:
            return result
        mended = mend(raw)
        if mended is not None:
            raw, result = mended, read(mended)
    return result


def _is_no_json(result: object) -> bool:
    return isinstance(result, Fault) and result.reason is RejectedReason.NOT_JSON


def _cut_to_limits(raw: bytes) -> bytes | None:
    """The same text with `null` for what is deeper than MAX_DEPTH or longer than MAX_DIGITS; None where nothing is.

    Whatever else is wrong with the text stays as it is, outside of what is left out.
    """
    within = b"".join(_pieces_within_limits(raw))
    return within if within != raw else None


def _pieces_within_limits(raw: bytes) -> Iterator[bytes]:
    """That text in pieces: one pass, whose time grows with the text's length alone, however deep it is."""
    depth = kept_from = 0
    for token in _TOKENS.finditer(raw):
        start, opened, closed = token.start(), len(token["open"] or b""), len(token["close"] or b"")
        if depth <= MAX_DEPTH < depth + opened:
            yield raw[kept_from : start + MAX_DEPTH - depth]
            yield b"null"
            kept_from = len(raw)
        elif depth - closed <= MAX_DEPTH < depth:
            kept_from = start + depth - MAX_DEPTH
        elif depth <= MAX_DEPTH and len(token["digits"] or b"") > MAX_DIGITS:
            yield raw[kept_from:start]
            yield b"null"
            kept_from = token.end()
        depth += opened - closed
    yield raw[kept_from:]


def replace_lone_surrogates(raw: bytes) -> bytes | None:
    """The same JSON with U+FFFD in place of lone surrogates, or None where nothing reads it.

    Agents cut text in the middle of an emoji, and the record then holds the escape of one half. That must not lose the
    call. What the standard library refuses too stays refused.
    """
    try:
        plain = json.dumps(json.loads(raw.decode("utf-8", "replace")), ensure_ascii=False)
    except (ValueError, RecursionError):
        return None
    return plain.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode()
