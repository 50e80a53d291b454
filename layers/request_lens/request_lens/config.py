"""The functions' configurations, read from the environment and validated once, at cold start."""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from request_lens.domain.policy import Policy
from request_lens.errors import ConfigError


def _names(value: object) -> object:
    """The trimmed, non-empty parts of a comma-separated text."""
    if isinstance(value, str):
        return frozenset(part.strip() for part in value.split(",") if part.strip())
    return value


type _Names = Annotated[frozenset[str], BeforeValidator(_names)]
type _Seconds = Annotated[int, Field(ge=0, le=900)]


class PolicyConfig(BaseModel):
    """One field a template parameter that decides a result; its environment variable bears the field's name.

    Waits are in seconds, `clock_skew_ms` in milliseconds, `retention_days` in days, `max_cost_per_request` in USD.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    agent_role_names: _Names
    agent_routes: _Names
    one_loop_per_request: bool
    settle_delay_seconds: _Seconds
    link_delay_seconds: _Seconds
    max_request_seconds: _Seconds
    max_agent_seconds: _Seconds
    clock_skew_ms: Annotated[int, Field(ge=0, le=10_000)]
    orphan_after_seconds: _Seconds
    max_calls_per_request: Annotated[int, Field(ge=0, le=100_000)]
    max_cost_per_request: Annotated[Decimal, Field(ge=0, le=1_000_000)]
    retention_days: Annotated[int, Field(ge=1, le=3650)]
    reads_spans: bool
    memory_spans: bool
    tool_names: _Names

    @property
    def policy(self) -> Policy:
        """The part that the domain decides by."""
        return Policy(
            settle_delay=timedelta(seconds=self.settle_delay_seconds),
            link_delay=timedelta(seconds=self.link_delay_seconds),
            max_request=timedelta(seconds=self.max_request_seconds),
            max_agent=timedelta(seconds=self.max_agent_seconds),
            clock_skew=timedelta(milliseconds=self.clock_skew_ms),
            orphan_after=timedelta(seconds=self.orphan_after_seconds),
            retention=timedelta(days=self.retention_days),
            agent_role_names=self.agent_role_names,
            agent_routes=self.agent_routes,
            one_loop_per_request=self.one_loop_per_request,
            max_calls_per_request=self.max_calls_per_request,
            max_cost_per_request=self.max_cost_per_request,
            reads_spans=self.reads_spans,
            reads_memory=self.memory_spans,
            tool_names=self.tool_names,
        )


class ViewerConfig(PolicyConfig):
    """One field an environment variable of a function that reads the table."""

    request_table_name: Annotated[str, Field(min_length=3)]


class Config(ViewerConfig):
    """One field an environment variable of the processor."""

    settle_queue_url: Annotated[str, Field(min_length=1)]
    service_name: Annotated[str, Field(min_length=1, max_length=255)]


def read_config(environment: Mapping[str, str]) -> Config:
    """The processor's configuration that these environment variables give.

    Raises: ConfigError, which names every variable that is missing or wrong.
    """
    return _read(Config, environment, function="the processor")


def read_viewer_config(environment: Mapping[str, str]) -> ViewerConfig:
    """The configuration of a function that only reads the table.

    Raises: ConfigError, which names every variable that is missing or wrong.
    """
    return _read(ViewerConfig, environment, function="the timeline widget")


def _read[Read: BaseModel](model: type[Read], environment: Mapping[str, str], *, function: str) -> Read:
    values = {name: environment[name.upper()] for name in model.model_fields if name.upper() in environment}
    try:
        return model.model_validate(values)
    except ValidationError as error:
        faults = [f"{str(fault['loc'][0]).upper()}: {fault['msg']}" for fault in error.errors()]
        raise ConfigError(f"Set these environment variables of {function}: " + "; ".join(faults)) from None
