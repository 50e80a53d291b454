"""What `samconfig.toml` says for the `local` environment: options on sam's command line replace it, so it is read."""

import platform
import shlex
import tomllib
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from request_lens_cli.local_aws.errors import LocalAwsError
from request_lens_cli.options.stack_choice import DEFAULT_STACK_NAME

CONFIG_ENV = "local"

_ARCHITECTURES = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}


class _Parameters(BaseModel):
    model_config = ConfigDict(extra="ignore")

    stack_name: str | None = None
    capabilities: str | list[str] | None = None
    parameter_overrides: str | list[str] | dict[str, str | int] = Field(default_factory=list)


class _Command(BaseModel):
    model_config = ConfigDict(extra="ignore")

    parameters: _Parameters = Field(default_factory=_Parameters)


class SamSettings(BaseModel):
    """The `local` environment: the deploy command's settings, which stand above the global ones."""

    model_config = ConfigDict(extra="ignore", populate_by_name=True)

    deploy: _Command = Field(default_factory=_Command)
    shared: _Command = Field(default_factory=_Command, alias="global")

    @property
    def stack_name(self) -> str:
        """The stack's name."""
        return self.deploy.parameters.stack_name or self.shared.parameters.stack_name or DEFAULT_STACK_NAME

    @property
    def has_capabilities(self) -> bool:
        """Whether sam finds the stack's capabilities in the file."""
        return bool(self.deploy.parameters.capabilities or self.shared.parameters.capabilities)

    def parameter_overrides(self, *more: tuple[str, str]) -> Mapping[str, str]:
        """The file's parameter overrides, with `more` on top."""
        overrides = self.deploy.parameters.parameter_overrides or self.shared.parameters.parameter_overrides
        return {**_overrides(overrides), **dict(more)}


def _overrides(overrides: str | list[str] | dict[str, str | int]) -> dict[str, str]:
    if isinstance(overrides, dict):
        return {name: str(value) for name, value in overrides.items()}
    pairs = shlex.split(overrides) if isinstance(overrides, str) else overrides
    return dict(pair.split("=", 1) for pair in pairs)


def read_sam_settings(path: Path) -> SamSettings:
    """The `local` environment of a samconfig.toml; an empty one where the file or the environment is missing.

    Raises: LocalAwsError where the file cannot be read.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
        return SamSettings.model_validate(content.get(CONFIG_ENV, {}))
    except (tomllib.TOMLDecodeError, ValidationError) as error:
        raise LocalAwsError(f"Correct the {CONFIG_ENV!r} environment of {path.name}: {error}") from None


def machine_architecture() -> str:
    """Lambda's name for this machine's architecture: the layers' wheels must fit it.

    Raises: LocalAwsError on a machine for which Lambda has none.
    """
    machine = platform.machine().lower()
    if machine not in _ARCHITECTURES:
        raise LocalAwsError(f"The local AWS runs on x86_64 and arm64 machines, and this one is {machine}.")
    return _ARCHITECTURES[machine]
