"""The names of the metrics, each with its unit, and their namespace."""

from collections.abc import Mapping
from enum import StrEnum

NAMESPACE = "RequestLens"
"""The CloudWatch namespace of all metrics."""


class Metric(StrEnum):
    """Names of the CloudWatch metrics; `METRIC_UNITS` has their units."""

    REQUEST_DURATION = "RequestDuration"
    LLM_CALLS_PER_REQUEST = "LlmCallsPerRequest"
    LLM_TIME = "LlmTime"
    TOOL_TIME = "ToolTime"
    NON_LLM_TIME = "NonLlmTime"
    MEMORY_TIME = "MemoryTime"
    TIME_TO_FIRST_TOKEN = "TimeToFirstToken"  # noqa: S105 - a metric's name
    REQUESTS = "Requests"
    FAILED_REQUESTS = "FailedRequests"
    UNCERTAIN_REQUESTS = "UncertainRequests"
    INCOMPLETE_REQUESTS = "IncompleteRequests"
    TOOL_ERRORS = "ToolErrors"
    LLM_CALLS = "LlmCalls"
    LLM_ERRORS = "LlmErrors"
    LLM_THROTTLES = "LlmThrottles"
    INPUT_TOKENS = "InputTokens"
    OUTPUT_TOKENS = "OutputTokens"
    CACHE_READ_INPUT_TOKENS = "CacheReadInputTokens"
    CACHE_WRITE_INPUT_TOKENS = "CacheWriteInputTokens"
    ESTIMATED_COST = "EstimatedCost"
    INVOCATION_LATENCY = "InvocationLatency"
    UNATTRIBUTED_INVOCATIONS = "UnattributedInvocations"
    REJECTED_RECORDS = "RejectedRecords"
    LATE_REVISIONS = "LateRevisions"
    UNPRICED_INVOCATIONS = "UnpricedInvocations"
    ASSUMPTION_BREACHES = "AssumptionBreaches"
    LOG_DELAY = "LogDelay"
    SETTLE_DELAY = "SettleDelay"
    RUNAWAY_REQUESTS = "RunawayRequests"


class Unit(StrEnum):
    """CloudWatch's own unit names."""

    COUNT = "Count"
    MILLISECONDS = "Milliseconds"
    NONE = "None"


METRIC_UNITS: Mapping[Metric, Unit] = {
    **dict.fromkeys(Metric, Unit.COUNT),
    **dict.fromkeys(
        (
            Metric.REQUEST_DURATION,
            Metric.LLM_TIME,
            Metric.TOOL_TIME,
            Metric.NON_LLM_TIME,
            Metric.MEMORY_TIME,
            Metric.TIME_TO_FIRST_TOKEN,
            Metric.INVOCATION_LATENCY,
            Metric.LOG_DELAY,
            Metric.SETTLE_DELAY,
        ),
        Unit.MILLISECONDS,
    ),
    Metric.ESTIMATED_COST: Unit.NONE,
}
"""The unit of each metric; EstimatedCost is in USD, for which CloudWatch has no unit."""

UNATTRIBUTED_ROUTE = "unattributed"
"""The Route of invocations that belong to no request."""
