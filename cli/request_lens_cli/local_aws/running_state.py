"""What is running, remembered in a file between commands."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from request_lens_cli.local_aws.paths import LocalPaths
from request_lens_cli.local_aws.processes import OwnedProcess


class RunningState(BaseModel):
    """The emulator and, once the stack is deployed, the stand-in for CloudWatch's EMF extraction.

    `service_endpoints` are where functions find what other stand-ins serve, by the variables of AWS's SDKs.
    """

    model_config = ConfigDict(frozen=True)

    endpoint: str
    emulator: OwnedProcess
    emf_stand_in: OwnedProcess | None = None
    stand_ins: tuple[OwnedProcess, ...] = ()
    service_endpoints: dict[str, str] = Field(default_factory=dict)

    @property
    def processes(self) -> tuple[OwnedProcess, ...]:
        """All processes, in the order in which they are to be stopped."""
        of_emf = () if self.emf_stand_in is None else (self.emf_stand_in,)
        return (*self.stand_ins, *of_emf, self.emulator)


def _file(paths: LocalPaths) -> Path:
    return paths.state / "running.json"


def write_state(state: RunningState, paths: LocalPaths) -> None:
    """Write the state, whole or not at all."""
    draft = _file(paths).with_suffix(".draft")
    draft.write_text(state.model_dump_json(indent=2), encoding="utf-8")
    draft.replace(_file(paths))


def read_state(paths: LocalPaths) -> RunningState | None:
    """The state as last written, or None where there is none that can be read."""
    try:
        return RunningState.model_validate_json(_file(paths).read_text(encoding="utf-8"))
    except (OSError, ValidationError):
        return None


def delete_state(paths: LocalPaths) -> None:
    """Remove the state and the settings file."""
    _file(paths).unlink(missing_ok=True)
    paths.env_file.unlink(missing_ok=True)
