"""Starting the stand-ins of the services that an agent calls, beside a local AWS."""

import socket
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import click

from request_lens_cli.local_aws.api.deployed_api import Kind
from request_lens_cli.local_aws.emulator import process_mark
from request_lens_cli.local_aws.environment import AGENTCORE_ENDPOINT, MODEL_ENDPOINT, REGION
from request_lens_cli.local_aws.errors import LocalAwsError
from request_lens_cli.local_aws.lifecycle import LocalAws
from request_lens_cli.local_aws.loopback import HOST, free_port
from request_lens_cli.local_aws.processes import start_group, stop_group, tail, track
from request_lens_cli.local_aws.running_state import read_state, write_state

READY_WITHIN_S = 180.0
"""An agent that shares its machine takes ten seconds to listen, beside a load of 15 over a minute."""

_POLL_S = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class StandIn:
    """A module of `local_aws` that stands in for a service on a port; `kind` tells several of it apart."""

    module: str
    port: int
    kind: str = ""

    def __str__(self) -> str:
        """Its name."""
        return f"{self.kind.lower()}-{self.module}".removeprefix("-")


def start_model(local: LocalAws, *, pace: float) -> None:
    """Start the stand-in for Bedrock's models where functions and agents look for them."""
    port = _service_port(local, MODEL_ENDPOINT)
    options = ["--endpoint", local.endpoint, "--pace", str(pace)]
    _start(local, StandIn(module="bedrock", port=port), options)


def start_telemetry(local: LocalAws) -> Mapping[str, str]:
    """Start the stand-in that takes an agent's spans; answers with the variables by which the agent sends them.

    They are those of AgentCore, but for the endpoints, and for metrics, which nothing here reads.
    """
    port = free_port()
    _start(local, StandIn(module="otlp", port=port), ["--endpoint", local.endpoint])
    endpoint = f"http://{HOST}:{port}"
    return {
        "AGENT_OBSERVABILITY_ENABLED": "true",
        "OTEL_PYTHON_DISTRO": "aws_distro",
        "OTEL_PYTHON_CONFIGURATOR": "aws_configurator",
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": f"{endpoint}/v1/traces",
        "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT": f"{endpoint}/v1/logs",
        "OTEL_METRICS_EXPORTER": "none",
        "OTEL_RESOURCE_ATTRIBUTES": "service.name=agent.DEFAULT",
    }


def start_agentcore(
    local: LocalAws, *, runtime_arn: str, role_arn: str, program: Path, environment: Mapping[str, str]
) -> None:
    """Start the stand-in for AgentCore, which starts the agent's program in an environment of its own."""
    port = _service_port(local, AGENTCORE_ENDPOINT)
    command = [str(local.paths.environment_python("agent")), str(program)]
    options = ["--endpoint", local.endpoint, "--runtime-arn", runtime_arn, "--role-arn", role_arn]
    tag = {"PYTHONPATH": str(local.paths.checkout / "layers" / "request_tag"), "AWS_REGION": REGION}
    own = {**environment, **tag, MODEL_ENDPOINT: local.service_endpoints[MODEL_ENDPOINT]}
    _start(local, StandIn(module="agentcore", port=port), [*options, *command], environment=own)


def start_api(local: LocalAws, kind: Kind, *, api_id: str) -> str:
    """Start the stand-in for a deployed API; answers with its address."""
    port = free_port()
    options = ["--endpoint", local.endpoint, "--kind", kind, "--api-id", api_id]
    _start(local, StandIn(module="api", port=port, kind=kind), options)
    return f"http://{HOST}:{port}"


def _service_port(local: LocalAws, variable: str) -> int:
    """The port on which functions look for a service.

    Raises: LocalAwsError where the local AWS was started by another version, which reserved none.
    """
    port = urlsplit(local.service_endpoints.get(variable, "")).port
    if port is None:
        raise LocalAwsError("The local AWS runs already, started by another version: stop it first with `make down`.")
    return port


def _start(
    local: LocalAws, stand_in: StandIn, options: Sequence[str], *, environment: Mapping[str, str] | None = None
) -> None:
    """Start a stand-in, wait until it listens, and have `down` stop it."""
    paths, mark = local.paths, process_mark(local.paths)
    log = paths.log(f"{stand_in}-stand-in")
    module = f"request_lens_cli.local_aws.{stand_in.module}.stand_in"
    command = [sys.executable, "-X", mark, "-m", module, "--port", str(stand_in.port), *options]
    process = start_group(
        command, environment={**local.environment(), **(environment or {})}, log=log, folder=paths.state
    )
    deadline = time.monotonic() + READY_WITHIN_S
    while not _listens(stand_in.port):
        if process.poll() is not None or time.monotonic() > deadline:
            stop_group(process.pid)
            click.echo(tail(log), err=True)
            raise LocalAwsError(f"The {stand_in} stand-in did not start: its log is {log.relative_to(paths.checkout)}.")
        time.sleep(_POLL_S)
    state = read_state(paths)
    if state is None:
        stop_group(process.pid)
        raise LocalAwsError("The local AWS is not running any more: start it with `request-lens local up`.")
    write_state(state.model_copy(update={"stand_ins": (*state.stand_ins, track(process, mark=mark))}), paths)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((HOST, port)) == 0
