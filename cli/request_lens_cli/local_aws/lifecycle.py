"""The local AWS as a whole: bring it up, find it again, take it down."""

import contextlib
import shutil
import signal
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import FrameType

from request_lens_cli.local_aws.emulator import EMULATOR_FOLDERS, is_healthy, start_emulator
from request_lens_cli.local_aws.environment import (
    AGENTCORE_ENDPOINT,
    MODEL_ENDPOINT,
    client_environment,
    settings,
    write_env_file,
)
from request_lens_cli.local_aws.errors import LocalAwsError
from request_lens_cli.local_aws.loopback import HOST, free_port, require_free, require_loopback
from request_lens_cli.local_aws.paths import LocalPaths, checkout_paths
from request_lens_cli.local_aws.processes import stop_group
from request_lens_cli.local_aws.running_state import RunningState, delete_state, read_state, write_state


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalAws:
    """A running local AWS; `started_now` is False where one that ran already is used.

    `service_endpoints` are where its functions look for the services that stand-ins serve, once they are started.
    """

    endpoint: str
    paths: LocalPaths
    started_now: bool
    service_endpoints: Mapping[str, str] = field(default_factory=dict)

    def environment(self) -> dict[str, str]:
        """The environment for `aws`, `sam` and other clients: the user's, with the local settings in it."""
        return client_environment(self.endpoint, self.paths)


def up(paths: LocalPaths, *, port: int | None = None) -> LocalAws:
    """A running local AWS: the one that runs already, or a new one on `port` (None: a free one).

    Raises: LocalAwsError where the port is taken, or the emulator does not start.
    """
    running = find(paths)
    if running is not None:
        _require_same_port(running, port)
        return running
    down(paths)
    paths.emf_stand_in_state.unlink(missing_ok=True)
    chosen = free_port() if port is None else require_free(port)
    with contextlib.ExitStack() as on_failure:
        endpoints = {name: f"http://{HOST}:{free_port()}" for name in (MODEL_ENDPOINT, AGENTCORE_ENDPOINT)}
        emulator = start_emulator(chosen, paths, endpoints)
        on_failure.callback(stop_group, emulator.pid)
        endpoint = f"http://{HOST}:{chosen}"
        write_state(RunningState(endpoint=endpoint, emulator=emulator, service_endpoints=endpoints), paths)
        write_env_file(paths, settings(endpoint))
        on_failure.pop_all()
    return LocalAws(endpoint=endpoint, paths=paths, started_now=True, service_endpoints=endpoints)


def _require_same_port(running: LocalAws, port: int | None) -> None:
    if port is not None and running.endpoint != f"http://{HOST}:{port}":
        raise LocalAwsError(f"The local AWS runs at {running.endpoint} already: stop it first with `make down`.")


def find(paths: LocalPaths) -> LocalAws | None:
    """The local AWS of this checkout if it is running and answers, else None."""
    state = read_state(paths)
    if state is None or not state.emulator.is_running() or not is_healthy(require_loopback(state.endpoint)):
        return None
    return LocalAws(endpoint=state.endpoint, paths=paths, started_now=False, service_endpoints=state.service_endpoints)


def require_running(paths: LocalPaths) -> LocalAws:
    """The local AWS of this checkout.

    Raises: LocalAwsError where it is not running.
    """
    running = find(paths)
    if running is None:
        raise LocalAwsError("The local AWS is not running: start it with `request-lens local up`.")
    return running


def down(paths: LocalPaths) -> bool:
    """Stop whatever `up` and `deploy` of this checkout started, and forget it; whether anything was running."""
    state = read_state(paths)
    running = [] if state is None else [process for process in state.processes if process.is_running()]
    for process in running:
        stop_group(process.pid)
    delete_state(paths)
    for folder in EMULATOR_FOLDERS:
        shutil.rmtree(paths.state / folder, ignore_errors=True)
    return bool(running)


@contextlib.contextmanager
def running_local_aws(
    *, keep: bool = False, port: int | None = None, paths: LocalPaths | None = None
) -> Iterator[LocalAws]:
    """A local AWS for the time of the block; afterwards, and after Ctrl-C or SIGTERM, nothing that it started is left.

    With `keep` it goes on running after a block that succeeded or failed, to be looked at, but not after one that was
    interrupted; one that ran before the block runs on in any case.
    Raises: LocalAwsError where it cannot be started.
    """
    paths = paths or checkout_paths()
    with _termination_as_exit():
        local = up(paths, port=port)
        kept = False
        try:
            yield local
            kept = keep
        except Exception:
            kept = keep
            raise
        finally:
            if local.started_now and not kept:
                with _undisturbed():
                    down(paths)


type _Handler = Callable[[int, FrameType | None], object] | int | None


@contextlib.contextmanager
def _termination_as_exit() -> Iterator[None]:
    """Let SIGTERM and SIGHUP unwind the block as Ctrl-C does, so that what it started is stopped."""

    def leave(number: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    with _handling({signal.SIGTERM: leave, signal.SIGHUP: leave}):
        yield


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Let no second Ctrl-C interrupt the cleaning up, which takes seconds at most."""
    ignored: dict[signal.Signals, _Handler] = dict.fromkeys(
        (signal.SIGINT, signal.SIGTERM, signal.SIGHUP), signal.SIG_IGN
    )
    with _handling(ignored):
        yield


@contextlib.contextmanager
def _handling(handlers: dict[signal.Signals, _Handler]) -> Iterator[None]:
    before: dict[signal.Signals, _Handler] = {number: signal.signal(number, new) for number, new in handlers.items()}
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)
