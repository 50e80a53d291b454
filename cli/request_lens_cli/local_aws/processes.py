"""Processes that we start, each the leader of a process group, found again by a mark in their command line."""

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_POLL_S = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnedProcess:
    """A process that we started; `mark` stands in its command line and in no other process's of the same id."""

    pid: int
    mark: str

    def is_running(self) -> bool:
        """Whether the process with this id is still the one that we started."""
        _reap(self.pid)
        return self.mark in _command_line(self.pid)


def start_group(
    command: Sequence[str], *, environment: Mapping[str, str], log: Path, folder: Path
) -> subprocess.Popen[bytes]:
    """Start a command as the leader of a new process group, without input, its output going to the log file."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        return subprocess.Popen(
            command,
            env=dict(environment),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def track(process: subprocess.Popen[bytes], *, mark: str) -> OwnedProcess:
    """The process as one that outlives this command: found again by its id and mark, not by the object."""
    process.returncode = 0  # else Python warns, when the object goes, that the process still runs: it is meant to
    return OwnedProcess(pid=process.pid, mark=mark)


def stop_group(pid: int, *, patience_s: float = 5.0) -> None:
    """End the process group that `pid` leads: SIGTERM, and SIGKILL for what is left after `patience_s` seconds."""
    for sign, wait_s in ((signal.SIGTERM, patience_s), (signal.SIGKILL, 2.0)):
        if not _signal_group(pid, sign) or _ends_within(pid, wait_s):
            return


def _signal_group(pid: int, sign: signal.Signals | int) -> bool:
    """Send the signal; False if the group has ended."""
    _reap(pid)
    try:
        os.killpg(pid, sign)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _ends_within(pid: int, wait_s: float) -> bool:
    deadline = time.monotonic() + wait_s
    while time.monotonic() < deadline:
        if not _signal_group(pid, 0):
            return True
        time.sleep(_POLL_S)
    return False


def _reap(pid: int) -> None:
    """Collect the process if it is a child of ours that has ended: a zombie still counts as running."""
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return


def _command_line(pid: int) -> str:
    """The command line of a running process; empty if there is none."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8", errors="replace").replace("\0", " ")
    except OSError:
        if Path("/proc/self").exists():
            return ""
    answer = subprocess.run(
        ["ps", "-ww", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return answer.stdout


def tail(log: Path, *, lines: int = 15) -> str:
    """The last lines of a log file."""
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])
