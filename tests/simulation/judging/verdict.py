"""What an oracle says of each thing that it judges."""

from collections.abc import Iterator

type Verdict = Iterator[str | None]
"""None where something was judged and found right, else what is wrong."""


def expect(what: str, found: object, expected: object) -> str | None:
    """The verdict on a value that has one right answer."""
    return None if found == expected else f"{what} is {found}, expected {expected}"
