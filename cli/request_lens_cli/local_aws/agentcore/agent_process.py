"""The agent's own process, started from its own locked environment as AgentCore starts it."""

import http.client
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from request_lens_cli.local_aws.errors import LocalAwsError
from request_lens_cli.local_aws.loopback import HOST, free_port

INSTRUMENT = "opentelemetry-instrument"
"""What AgentCore starts programs with whose `EntryPoint` names it."""

READY_WITHIN_S = 150.0
_POLL_S = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentProgram:
    """What is started: a program in its folder, by the interpreter of its environment, instrumented as on AgentCore."""

    python: Path
    main: Path
    environment: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentProcess:
    """A running agent and the port that it serves `POST /invocations` on."""

    process: subprocess.Popen[bytes]
    port: int


def start_agent(program: AgentProgram) -> AgentProcess:
    """Start the agent and wait until it answers `GET /ping`. It ends with this process's group.

    Raises: LocalAwsError where it ends or stays silent.
    """
    port = free_port()
    process = subprocess.Popen(
        [str(program.python.parent / INSTRUMENT), str(program.python), program.main.name],
        cwd=program.main.parent,
        env={**program.environment, "PORT": str(port)},
        stdin=subprocess.DEVNULL,
        stdout=sys.stdout,
        stderr=sys.stderr,
    )
    deadline = time.monotonic() + READY_WITHIN_S
    while not _is_ready(port):
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            process.wait()
            raise LocalAwsError("The agent did not start: its output is above.")
        time.sleep(_POLL_S)
    return AgentProcess(process=process, port=port)


def _is_ready(port: int) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=2)
    try:
        connection.request("GET", "/ping")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
