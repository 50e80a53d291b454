"""A stand-in for AgentCore's runtime, for the local AWS only: the emulator's echoes, and runs no agent without Docker.

It serves InvokeAgentRuntime on loopback for one runtime, whose agent it starts with the credentials of the agent's role
and with the variables that its environment was given:

    python -m request_lens_cli.local_aws.agentcore.stand_in --port PORT --endpoint URL --runtime-arn ARN … PYTHON MAIN

One process serves all sessions; AgentCore starts one for each.
"""

import os
from pathlib import Path

import click

from request_lens_cli.local_aws.agentcore.agent_process import AgentProgram, start_agent
from request_lens_cli.local_aws.agentcore.credentials import role_environment
from request_lens_cli.local_aws.agentcore.server import agentcore_server
from request_lens_cli.local_aws.environment import MODEL_ENDPOINT
from request_lens_cli.local_aws.loopback import require_loopback

_PROGRAM = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.option("--port", required=True, type=int, help="The loopback port to serve on.")
@click.option("--endpoint", required=True, help="The local AWS, on loopback.")
@click.option("--runtime-arn", required=True, help="The runtime that is served.")
@click.option("--role-arn", required=True, help="The role that the agent runs with.")
@click.argument("command", nargs=2, type=_PROGRAM)
def main(port: int, endpoint: str, runtime_arn: str, role_arn: str, command: tuple[Path, Path]) -> None:
    """Stand in for an AgentCore runtime until it is stopped; COMMAND is the agent's interpreter and its program."""
    model = os.environ[MODEL_ENDPOINT]
    session = role_environment(role_arn, endpoint=require_loopback(endpoint), model_endpoint=model)
    environment = {**os.environ, **session}
    agent = start_agent(AgentProgram(python=command[0], main=command[1], environment=environment))
    agentcore_server(runtime_arn, agent_port=agent.port, port=port).serve_forever()


if __name__ == "__main__":
    main()
