"""Starting the AWS emulator (ministack) and waiting until it answers."""

import contextlib
import http.client
import subprocess
import time
from collections.abc import Mapping
from urllib.parse import urlsplit

import click

from request_lens_cli.local_aws.emulated import traced_invoke
from request_lens_cli.local_aws.environment import emulator_environment
from request_lens_cli.local_aws.errors import LocalAwsError
from request_lens_cli.local_aws.loopback import HOST
from request_lens_cli.local_aws.paths import LocalPaths
from request_lens_cli.local_aws.processes import OwnedProcess, start_group, stop_group, tail, track

_READY_WITHIN_S = 120.0
_POLL_S = 0.1
EMULATOR_FOLDERS = ("tmp", "home", "emulator", "s3")
"""Where the emulator writes; gone when it is taken down, for what it holds dies with it."""


def process_mark(paths: LocalPaths) -> str:
    """What tells this checkout's processes from all others: an option that Python keeps and nobody reads."""
    return f"request_lens={paths.state}"


def start_emulator(port: int, paths: LocalPaths, service_endpoints: Mapping[str, str]) -> OwnedProcess:
    """Start the emulator on a loopback port and wait until it is healthy; on any failure nothing is left running.

    Raises: LocalAwsError where it ends or stays silent.
    """
    for name in EMULATOR_FOLDERS:
        (paths.state / name).mkdir(parents=True, exist_ok=True)
    command = [str(paths.emulator_python), "-P", "-X", process_mark(paths), str(traced_invoke.__file__)]
    with contextlib.ExitStack() as on_failure:
        process = start_group(
            command,
            environment=emulator_environment(port, paths, service_endpoints),
            log=paths.log("emulator"),
            folder=paths.state / "home",
        )
        on_failure.callback(stop_group, process.pid)
        _wait_until_healthy(process, f"http://{HOST}:{port}", paths)
        on_failure.pop_all()
    return track(process, mark=process_mark(paths))


def _wait_until_healthy(process: subprocess.Popen[bytes], endpoint: str, paths: LocalPaths) -> None:
    deadline = time.monotonic() + _READY_WITHIN_S
    while not is_healthy(endpoint):
        if process.poll() is not None or time.monotonic() > deadline:
            log = paths.log("emulator")
            click.echo(tail(log), err=True)
            raise LocalAwsError(f"The local AWS did not start: its log is {log.relative_to(paths.checkout)}.")
        time.sleep(_POLL_S)


def is_healthy(endpoint: str) -> bool:
    """Whether the emulator answers at the endpoint; proxies are never asked."""
    address = urlsplit(endpoint)
    connection = http.client.HTTPConnection(address.hostname or HOST, address.port, timeout=2)
    try:
        connection.request("GET", "/_ministack/health")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
