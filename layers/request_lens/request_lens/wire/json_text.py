"""JSON that pydantic's parser refuses although it can be read: lone surrogates."""

import json


def repaired(text: str) -> bytes | None:
    """The same JSON with U+FFFD in place of lone surrogates, or None where nothing reads it.

    Agents cut text in the middle of an emoji, and the record then holds the escape of one half. That must not lose the
    call. What the standard library refuses too (nesting, numbers of 5,000 digits) stays refused.
    """
    try:
        plain = json.dumps(json.loads(text), ensure_ascii=False)
    except (ValueError, RecursionError):
        return None
    return plain.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode()
