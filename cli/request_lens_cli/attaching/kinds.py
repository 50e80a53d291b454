"""The kinds of log groups that can be attached, each with the pattern of its subscription filter."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from enum import StrEnum

from request_lens.domain.policy import Policy


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

WITH_MEMORY = _SPANS.removesuffix(" }") + ' || $.name = "Bedrock AgentCore.*" }'
"""The pattern for spans where those of AgentCore's memory are to be read, too."""

OF_TELEMETRY = frozenset({Kind.SPANS, Kind.LAMBDA})
"""The kinds that a stack reads only where `SpanLogGroupName` says so."""


def filter_pattern(kind: Kind, policy: Policy) -> str:
    """The pattern by which a stack with this policy is sent the lines of a log group."""
    return WITH_MEMORY if kind is Kind.SPANS and policy.reads_memory else FILTER_PATTERNS[kind]


def kind_filtered_by(patterns: AbstractSet[str]) -> Kind | None:
    """The kind of a log group with a filter of ours among these; None where it has none."""
    known = {**{pattern: kind for kind, pattern in FILTER_PATTERNS.items()}, WITH_MEMORY: Kind.SPANS}
    return next((kind for pattern, kind in known.items() if pattern in patterns), None)


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
