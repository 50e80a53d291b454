"""The example of `examples/agent` on a local AWS: deployed beside Request Lens, and running."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from request_lens_cli.agent_demo.stand_ins import start_agentcore, start_api, start_model, start_telemetry
from request_lens_cli.local_aws.aws_clients import local_client
from request_lens_cli.local_aws.deployment import DeployedStack, build, deploy_built
from request_lens_cli.local_aws.environment import ACCOUNT_ID, REGION
from request_lens_cli.local_aws.sam_settings import read_sam_settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from request_lens_cli.local_aws.deployment import Say
    from request_lens_cli.local_aws.lifecycle import LocalAws

FOLDER = "examples/agent"
PROGRAM = f"{FOLDER}/agent/agent_main.py"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningAgent:
    """The agent's stack, and where it is asked."""

    stack: DeployedStack
    url: str
    local: LocalAws

    def files(self) -> Sequence[str]:
        """The names of the files in the agent's bucket."""
        s3 = local_client("s3", endpoint=self.local.endpoint)
        found = s3.list_objects_v2(Bucket=self.stack.output("FilesBucketName"))
        return [each["Key"] for each in found.get("Contents", [])]


def example_prompts(local: LocalAws) -> list[str]:
    """The article's ten prompts."""
    return (local.paths.checkout / FOLDER / "prompts.txt").read_text(encoding="utf-8").splitlines()


def deploy_example(local: LocalAws, *, say: Say) -> DeployedStack:
    """Build and deploy the example by sam. Raises: LocalAwsError where sam fails."""
    of_example = replace(local, paths=replace(local.paths, folder=FOLDER))
    build(of_example, say=say)
    return deploy_built(of_example, say=say)


def run_example(local: LocalAws, stack: DeployedStack, *, pace: float) -> RunningAgent:
    """Start the stand-ins and the agent. Raises: LocalAwsError where one does not start."""
    start_model(local, pace=pace)
    telemetry = start_telemetry(local)
    start_agentcore(
        local,
        runtime_arn=_runtime_arn(local),
        role_arn=stack.output("AgentRoleArn"),
        program=PROGRAM,
        environment={
            "FILES_BUCKET_NAME": stack.output("FilesBucketName"),
            "MODEL_ID": stack.output("ModelId"),
            **telemetry,
        },
    )
    api = start_api(local, api_id=stack.output("HttpApiId"))
    return RunningAgent(stack=stack, url=f"{api}/ask", local=local)


def _runtime_arn(local: LocalAws) -> str:
    """The runtime that the deployed function calls, as samconfig.toml names it."""
    overrides = read_sam_settings(local.paths.checkout / FOLDER / "samconfig.toml").parameter_overrides()
    return f"arn:aws:bedrock-agentcore:{REGION}:{ACCOUNT_ID}:runtime/{overrides['AgentRuntimeId']}"
