"""Starting the stand-in for CloudWatch's EMF extraction beside a local AWS."""

import sys

from request_lens_cli.local_aws.emulator import process_mark
from request_lens_cli.local_aws.errors import LocalAwsError
from request_lens_cli.local_aws.lifecycle import LocalAws
from request_lens_cli.local_aws.processes import start_group, stop_group, track
from request_lens_cli.local_aws.running_state import read_state, write_state


def start_emf_stand_in(local: LocalAws, *, log_group: str) -> None:
    """Let the stand-in follow the log group until `down`, in place of one that runs already.

    Raises: LocalAwsError where the local AWS is not running any more.
    """
    state = read_state(local.paths)
    if state is None:
        raise LocalAwsError("The local AWS is not running any more: start it with `request-lens local up`.")
    if state.emf_stand_in is not None and state.emf_stand_in.is_running():
        stop_group(state.emf_stand_in.pid)
    paths, mark = local.paths, process_mark(local.paths)
    command = [sys.executable, "-X", mark, "-m", "request_lens_cli.local_aws.emf.stand_in"]
    command += ["--log-group", log_group, "--endpoint", local.endpoint, "--state", str(paths.emf_stand_in_state)]
    process = start_group(command, environment=local.environment(), log=paths.log("emf-stand-in"), folder=paths.state)
    write_state(state.model_copy(update={"emf_stand_in": track(process, mark=mark)}), paths)
