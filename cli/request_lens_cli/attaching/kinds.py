"""The kinds of log groups that can be attached, each with the pattern of its subscription filter."""

from collections.abc import Mapping
from enum import StrEnum


class Kind(StrEnum):
    """What a log group holds; the processor reads each of these."""

    INVOCATIONS = "invocations"
    ACCESS = "access"


FILTER_PATTERNS: Mapping[Kind, str] = {
    Kind.INVOCATIONS: '"ModelInvocationLog"',  # a quoted term: Bedrock's plain-text permission line invokes nothing
    Kind.ACCESS: "",
}
"""The pattern of each kind's filter, as in the template (a test compares them)."""

INSPECTED_AS: Mapping[Kind, str] = {Kind.INVOCATIONS: "invocation", Kind.ACCESS: "request"}
"""What a line of each kind is read as."""


def kind_of(inspected: str) -> Kind | None:
    """The kind of a log group whose line was read so; None for a line that is no fact."""
    return next((kind for kind, read_as in INSPECTED_AS.items() if read_as == inspected), None)
