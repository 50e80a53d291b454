"""What we start we can find again and stop, and nothing else."""

import os
import sys
import time
from pathlib import Path

import pytest

from request_lens_cli.local_aws.errors import LocalAwsError
from request_lens_cli.local_aws.lifecycle import down, find, require_running
from request_lens_cli.local_aws.paths import LocalPaths
from request_lens_cli.local_aws.processes import OwnedProcess, start_group, stop_group, tail
from request_lens_cli.local_aws.running_state import RunningState, delete_state, read_state, write_state

_PARENT = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print(child.pid, flush=True)
time.sleep(60)
"""

_DEAF = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("deaf", flush=True)
time.sleep(60)
"""


@pytest.fixture
def paths(tmp_path: Path) -> LocalPaths:
    paths = LocalPaths(checkout=tmp_path)
    paths.state.mkdir(parents=True)
    return paths


def _start(program: str, paths: LocalPaths, *, mark: str = "mine") -> OwnedProcess:
    command = [sys.executable, "-X", f"request_lens={mark}", "-c", program]
    with start_group(command, environment={}, log=paths.log("x"), folder=paths.state) as process:
        _until_said(paths)
        process.returncode = 0  # this test waits for it through OwnedProcess, not through Popen
    return OwnedProcess(pid=process.pid, mark=f"request_lens={mark}")


def _until_said(paths: LocalPaths) -> None:
    for _ in range(200):
        if paths.log("x").read_text(encoding="utf-8").endswith("\n"):
            return
        time.sleep(0.05)
    pytest.fail("the process said nothing")


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    return not status.exists() or status.read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0] != "Z"


@pytest.mark.slow
def test_a_group_is_stopped_with_its_children(paths: LocalPaths) -> None:
    process = _start(_PARENT, paths)
    child = int(tail(paths.log("x")))
    assert process.is_running()
    stop_group(process.pid)
    assert not process.is_running()
    assert not _is_alive(child)


def test_a_process_that_ignores_sigterm_is_killed(paths: LocalPaths) -> None:
    process = _start(_DEAF, paths)
    stop_group(process.pid, patience_s=0.1)
    assert not process.is_running()


def test_another_process_of_the_same_id_is_not_ours() -> None:
    assert not OwnedProcess(pid=os.getpid(), mark="request_lens=somebody else's").is_running()


def test_stopping_what_has_ended_is_no_error(paths: LocalPaths) -> None:
    process = _start("print('done')", paths)
    stop_group(process.pid)
    stop_group(process.pid)

    assert not process.is_running()


@pytest.mark.slow
def test_down_stops_only_what_bears_the_mark(paths: LocalPaths) -> None:
    mine, foreign = _start(_DEAF, paths), _start(_DEAF, paths, mark="foreign")
    mistaken = OwnedProcess(pid=foreign.pid, mark="request_lens=mine")
    write_state(RunningState(endpoint="http://127.0.0.1:1", emulator=mine, emf_stand_in=mistaken), paths)
    assert find(paths) is None
    try:
        assert down(paths)
        assert not mine.is_running()
        assert foreign.is_running()
        assert read_state(paths) is None
    finally:
        stop_group(foreign.pid, patience_s=0.1)


def test_down_without_anything_running_says_so(paths: LocalPaths) -> None:
    assert not down(paths)


def test_the_state_is_remembered_and_forgotten(paths: LocalPaths) -> None:
    state = RunningState(endpoint="http://127.0.0.1:1", emulator=OwnedProcess(pid=1, mark="m"))
    write_state(state, paths)
    assert read_state(paths) == state
    delete_state(paths)
    assert read_state(paths) is None


def test_a_command_without_a_running_local_aws_names_the_remedy(paths: LocalPaths) -> None:
    with pytest.raises(LocalAwsError, match="local up"):
        require_running(paths)


def test_a_missing_tool_names_the_remedy(paths: LocalPaths) -> None:
    with pytest.raises(LocalAwsError, match="make setup"):
        str(paths.sam)
