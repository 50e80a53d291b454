"""The kinds of log groups that can be attached, each with the pattern of its subscription filter."""

from collections.abc import Mapping
from enum import StrEnum


class Kind(StrEnum):
    """What a log group holds; the processor reads each of these."""

    INVOCATIONS = "invocations"
    ACCESS = "access"
    SPANS = "spans"
    LAMBDA = "lambda"


_SPANS = (
    '{ ($.kind = "CLIENT" && $.scope.name = "*bedrock-runtime") || $.name = "chat" || $.name = "chat *" || '
    '$.name = "*.chat" || $.name = "POST /invocations" || $.name = "invoke_agent*" || $.name = "execute_tool*" || '
    '$.name = "mcp tools/call*" || $.name = "*.tool" || $.name = "AgentCore.Gateway.InvokeTool" }'
)

FILTER_PATTERNS: Mapping[Kind, str] = {
    Kind.INVOCATIONS: '"ModelInvocationLog"',  # a quoted term: Bedrock's plain-text permission line invokes nothing
    Kind.ACCESS: "",
    Kind.SPANS: _SPANS,
    Kind.LAMBDA: '?"platform.start" ?"XRAY TraceId: 1-"',
}
"""The pattern of each kind's filter, as in the template (a test compares them)."""

INSPECTED_AS: Mapping[Kind, str] = {
    Kind.INVOCATIONS: "invocation",
    Kind.ACCESS: "request",
    Kind.SPANS: "span",
    Kind.LAMBDA: "lambda",
}
"""What a line of each kind is read as."""


def kind_of(inspected: str) -> Kind | None:
    """The kind of a log group whose line was read so; None for a line that is no fact."""
    return next((kind for kind, read_as in INSPECTED_AS.items() if read_as == inspected), None)
