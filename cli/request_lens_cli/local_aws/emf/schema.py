"""The embedded metric format as models, after its specification in the Amazon CloudWatch User Guide.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
A document is a JSON object whose `_aws` member says which other members are metrics and which are their dimensions.
"""

import json
from collections.abc import Iterator
from typing import Annotated, Literal, Self

from aws_lambda_powertools.metrics import MetricUnit
from pydantic import BaseModel, ConfigDict, Field, JsonValue, StrictInt, ValidationError, model_validator

MAX_DIMENSIONS = 30
MAX_METRICS = 100
MAX_VALUES = 100
MAX_TEXT = 1024


class EmfSchemaError(ValueError):
    """A line that claims to be an EMF document and breaks the specification; the message says where, not the values."""


type _Name = Annotated[str, Field(min_length=1, max_length=MAX_TEXT)]
type _DimensionKey = Annotated[str, Field(min_length=1, max_length=250)]
type _DimensionSet = Annotated[tuple[_DimensionKey, ...], Field(max_length=MAX_DIMENSIONS)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", validate_by_name=True, hide_input_in_errors=True)


class MetricDefinition(_Part):
    """One metric: the root member of this name holds its value. StorageResolution is in seconds."""

    name: _Name = Field(alias="Name")
    unit: MetricUnit = Field(alias="Unit", default=MetricUnit.NoUnit)
    storage_resolution: Literal[1, 60] = Field(alias="StorageResolution", default=60)


class MetricDirective(_Part):
    """Metrics of one namespace, each published once a dimension set."""

    namespace: Annotated[_Name, Field(alias="Namespace")]
    dimensions: tuple[_DimensionSet, ...] = Field(alias="Dimensions")
    metrics: tuple[MetricDefinition, ...] = Field(alias="Metrics", max_length=MAX_METRICS)


class EmfMetadata(_Part):
    """The `_aws` member. The timestamp is in epoch milliseconds."""

    timestamp: StrictInt = Field(alias="Timestamp", ge=0)
    directives: tuple[MetricDirective, ...] = Field(alias="CloudWatchMetrics")


class EmfDocument(BaseModel):
    """A whole EMF document: its metadata, and every other root member as it stands."""

    model_config = ConfigDict(frozen=True, extra="allow", validate_by_name=True, hide_input_in_errors=True)
    __pydantic_extra__: dict[str, JsonValue] = Field(init=False)

    metadata: EmfMetadata = Field(alias="_aws")

    @model_validator(mode="after")
    def _members_are_there(self) -> Self:
        faults = [*self._faults()]
        if faults:
            raise ValueError("; ".join(dict.fromkeys(faults)))
        return self

    def _faults(self) -> Iterator[str]:
        for directive in self.metadata.directives:
            for key in (key for keys in directive.dimensions for key in keys):
                if not _is_dimension_value(self.member(key)):
                    yield f"the dimension {key} is no text of 1 to 1024 characters"
            for metric in directive.metrics:
                if not _is_metric_value(self.member(metric.name)):
                    yield f"the metric {metric.name} is neither a number nor 1 to {MAX_VALUES} numbers"

    def member(self, name: str) -> JsonValue:
        """The root member of this name; None where there is none, which no metric and no dimension may be."""
        return self.__pydantic_extra__.get(name)

    def values(self, metric: str) -> tuple[float, ...]:
        """A metric's values, one or many."""
        member = self.member(metric)
        parts = member if isinstance(member, list) else [member]
        return tuple(float(part) for part in parts if isinstance(part, int | float))


def _is_dimension_value(value: JsonValue) -> bool:
    return isinstance(value, str) and 1 <= len(value) <= MAX_TEXT


def _is_metric_value(value: JsonValue) -> bool:
    parts = value if isinstance(value, list) else [value]
    return 1 <= len(parts) <= MAX_VALUES and all(_is_number(part) for part in parts)


def _is_number(value: JsonValue) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def parse_emf(line: str) -> EmfDocument | None:
    """The EMF document that a log line is; None for a line that does not claim to be one.

    Raises: EmfSchemaError for a JSON object with an `_aws` member that breaks the specification.
    """
    try:
        content = json.loads(line, parse_constant=_no_number)
    except (ValueError, RecursionError):
        return None
    if not isinstance(content, dict) or "_aws" not in content:
        return None
    try:
        return EmfDocument.model_validate(content)
    except ValidationError as error:
        raise EmfSchemaError("; ".join(_described(error))) from None


def _described(error: ValidationError) -> Iterator[str]:
    for fault in error.errors(include_input=False, include_url=False):
        place = ".".join(map(str, fault["loc"]))
        yield f"{place}: {fault['msg']}" if place else fault["msg"]


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no JSON")
