"""Template parameters on the command line, with the template's own defaults."""

from collections.abc import Mapping

import click

from request_lens.config import read_policy
from request_lens.domain.policy import Policy
from request_lens.errors import ConfigError

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
}
"""The parameters that decide a result, with the template's defaults (a test compares them)."""


def policy_with(settings: Mapping[str, str]) -> Policy:
    """The template's defaults with these parameters set.

    Raises: click.BadParameter, which names the parameter at fault.
    """
    unknown = sorted(settings.keys() - DEFAULTS.keys())
    if unknown:
        raise click.BadParameter(f"{', '.join(unknown)}: there are {', '.join(DEFAULTS)}")
    try:
        return read_policy({_variable(name): value for name, value in {**DEFAULTS, **settings}.items()})
    except ConfigError as error:
        raise click.BadParameter(str(error)) from error


def read_settings(_context: click.Context, _parameter: click.Parameter, values: tuple[str, ...]) -> Policy:
    """The policy that `--set Name=value` options give. Raises: click.BadParameter."""
    pairs = [value.partition("=") for value in values]
    if any(not equals for _, equals, _ in pairs):
        raise click.BadParameter("expected Name=value, such as MaxRequestSeconds=60")
    return policy_with({name: value for name, _, value in pairs})


def _variable(parameter: str) -> str:
    """The environment variable of a parameter: words in upper case, joined by underscores."""
    return "".join(f"_{char}" if char.isupper() else char.upper() for char in parameter).lstrip("_")
