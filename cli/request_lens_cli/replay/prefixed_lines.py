"""Log events that a time was written before → their messages, as `aws logs tail` and export tasks to S3 write them.

An export task writes `<time> <message>`, `aws logs tail` that or `<time> <stream> <message>`, and with `--format json`
the message over many lines. Only the times that have an offset from UTC have a stream after them.
"""

import re
from collections.abc import Iterable, Iterator

_COLOR = r"(?:\x1b\[[0-9;]*m)*"
_PREFIX = re.compile(
    rf"{_COLOR}\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|(?P<offset>[+-]\d\d:\d\d))?{_COLOR}(?:\s|\Z)"
)


def has_prefix(line: str) -> bool:
    """Whether a line begins with a time, as the first line of an event does."""
    return _PREFIX.match(line) is not None


def messages_in(lines: Iterable[str]) -> Iterator[str]:
    """The messages of the events, in order; a line without a time goes on with the one before it."""
    event: list[str] = []
    for line in lines:
        if event and has_prefix(line):
            yield from _message_of("".join(event))
            event.clear()
        event.append(line)
    yield from _message_of("".join(event))


def _message_of(event: str) -> Iterator[str]:
    """The event's message, if it has one."""
    prefix = _PREFIX.match(event)
    message = event if prefix is None else event[prefix.end() :]
    if prefix is not None and prefix["offset"]:
        _, _, message = message.partition(" ")
    if message.strip():
        yield message.strip()
