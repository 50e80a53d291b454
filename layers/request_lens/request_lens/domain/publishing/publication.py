"""Publications: what one revision or one unattributed invocation adds to the metrics.

Distributions have one value a request, in the first revision that has the record. Totals are differences, so that
their sum over all publications is the sum over distinct invocations.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256

from request_lens.domain.log_record import RejectedReason
from request_lens.domain.publishing.metric_names import Metric

type Values = Mapping[Metric, tuple[float, ...]]
"""Values by metric; a total has one, a distribution may have any number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelValues:
    """Values of one model, for the dimensions [Service, ModelId]."""

    model_id: str
    values: Values


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolValues:
    """Values of one tool, for the dimensions [Service, Tool]."""

    tool: str
    values: Values


type Property = str | int | Mapping[str, int]
"""What stands beside the values in the log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """One EMF document with the dimensions [Service] and [Service, Route], one a model, and one a tool.

    `publication_id` is `<request id>#<revision>` or `invocation:<id>#1` (`#2` where it is taken back): the log can be
    de-duplicated by it. `at` is the request's end, or the call's start. `properties` stand in all its lines,
    `details` in the first that is not of one model or tool. `service` is the Service that it is published for where
    that is not the stack's own.
    """

    publication_id: str
    at: datetime
    route: str
    values: Values
    by_model: tuple[ModelValues, ...] = ()
    by_tool: tuple[ToolValues, ...] = ()
    properties: Mapping[str, Property] = field(default_factory=dict)
    details: Mapping[str, Property] = field(default_factory=dict)
    service: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineMetrics:
    """What the pipeline says of itself, for the dimension [Service], and [Service, Reason] where there is a reason.

    `publication_id` is the same each time that what it says comes again. `properties` stand beside the values in the
    log.
    """

    publication_id: str
    at: datetime
    values: Values
    properties: Mapping[str, str | int] = field(default_factory=dict)
    reason: RejectedReason | None = None


def batch_id(ids: Iterable[str]) -> str:
    """What a batch of these is told by, in any order: a batch that is delivered again is the same."""
    return "batch:" + sha256("\n".join(sorted(ids)).encode()).hexdigest()[:16]
