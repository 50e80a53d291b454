"""Template parameters on the command line, with the template's own defaults."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated

import click
from pydantic import BeforeValidator, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_pascal

from request_lens.config import PolicyConfig
from request_lens.domain.policy import Policy
from request_lens_cli.options.suggestions import did_you_mean

DEFAULTS: Mapping[str, str] = {
    "AgentRoleNames": "",
    "AgentRoutes": "",
    "OneLoopPerRequest": "false",
    "SettleDelaySeconds": "30",
    "LinkDelaySeconds": "60",
    "MaxRequestSeconds": "30",
    "MaxAgentSeconds": "60",
    "ClockSkewMs": "250",
    "OrphanAfterSeconds": "900",
    "MaxCallsPerRequest": "0",
    "MaxCostPerRequest": "0",
    "RetentionDays": "90",
    "SpanLogGroupName": "",
    "MemorySpans": "false",
    "ToolNames": "",
}
"""The parameters that decide a result, with the template's defaults (a test compares them)."""


type _SomeSeconds = Annotated[int, Field(ge=1, le=900)]


class TemplateValues(PolicyConfig):
    """The parameters by their names, with the template's own bounds: it takes no wait of 0 where tests do."""

    model_config = ConfigDict(alias_generator=to_pascal)

    link_delay_seconds: _SomeSeconds
    max_request_seconds: _SomeSeconds
    orphan_after_seconds: _SomeSeconds
    reads_spans: Annotated[bool, BeforeValidator(bool)] = Field(alias="SpanLogGroupName")


def policy_with(settings: Mapping[str, str]) -> Policy:
    """The template's defaults with these parameters set.

    Raises: click.BadParameter, which names the parameter at fault.
    """
    unknown = sorted(settings.keys() - DEFAULTS.keys())
    if unknown:
        meant = did_you_mean(unknown[0], DEFAULTS)
        raise click.BadParameter(f"no parameter {', '.join(unknown)}; known are {', '.join(DEFAULTS)}.{meant}")
    values = {**DEFAULTS, **settings}
    try:
        return TemplateValues.model_validate(values).policy
    except ValidationError as error:
        faults = [(str(fault["loc"][0]), fault["msg"].partition(",")[0]) for fault in error.errors()]
        told = "; ".join(f"{name}={values[name]}: {why[0].lower()}{why[1:]}" for name, why in faults)
        raise click.BadParameter(told) from error


def read_settings(_context: click.Context, _parameter: click.Parameter, values: tuple[str, ...]) -> Policy:
    """The policy that `--set Name=value` options give; spans are read in any case.

    Raises: click.BadParameter.
    """
    pairs = [value.partition("=") for value in values]
    if any(not equals for _, equals, _ in pairs):
        raise click.BadParameter("expected Name=value, such as MaxRequestSeconds=60")
    return replace(policy_with({name: value for name, _, value in pairs}), reads_spans=True)
