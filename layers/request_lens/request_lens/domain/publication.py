"""Publications: what one revision or one unattributed invocation adds to the metrics.

Distributions have one value a request, in the first revision that has the record. Totals are differences, so that
their sum over all publications is the sum over distinct invocations.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from request_lens.domain.facts import RejectedReason


class Metric(StrEnum):
    """Names of the CloudWatch metrics; `METRIC_UNITS` has their units."""

    REQUEST_DURATION = "RequestDuration"
    LLM_CALLS_PER_REQUEST = "LlmCallsPerRequest"
    LLM_TIME = "LlmTime"
    TOOL_TIME = "ToolTime"
    NON_LLM_TIME = "NonLlmTime"
    REQUESTS = "Requests"
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

type Values = Mapping[Metric, tuple[float, ...]]
"""Values by metric; a total has one, a distribution may have any number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelValues:
    """Values of one model, for the dimensions [Service, ModelId]."""

    model_id: str
    values: Values


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """One EMF document with the dimensions [Service] and [Service, Route], and one a model.

    `publication_id` is `<request id>#<revision>` or `invocation:<id>#1` (`#2` where it is taken back): the log can be
    de-duplicated by it. `at` is the request's end, or the call's start.
    """

    publication_id: str
    at: datetime
    route: str
    values: Values
    by_model: tuple[ModelValues, ...] = ()
    properties: Mapping[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineMetrics:
    """What the pipeline says of itself, for the dimension [Service], and [Service, Reason] where there is a reason.

    `properties` stand beside the values in the log.
    """

    at: datetime
    values: Values
    properties: Mapping[str, str | int] = field(default_factory=dict)
    reason: RejectedReason | None = None
