"""The example of `examples/agent` on a local AWS: deployed beside Request Lens, and running."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from request_lens_cli.agent_demo.stand_ins import start_agentcore, start_api, start_model, start_telemetry
from request_lens_cli.local_aws.api.deployed_api import Kind
from request_lens_cli.local_aws.aws_clients import local_client
from request_lens_cli.local_aws.deployment import DeployedStack, build, deploy_built, deployed_stack
from request_lens_cli.local_aws.environment import ACCOUNT_ID, REGION
from request_lens_cli.local_aws.otlp.stand_in import SPAN_GROUP
from request_lens_cli.local_aws.processes import stop_group
from request_lens_cli.local_aws.running_state import read_state, write_state
from request_lens_cli.local_aws.sam_settings import read_sam_settings
from request_lens_cli.options.parameters import DEFAULTS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from request_lens_cli.local_aws.deployment import Say
    from request_lens_cli.local_aws.lifecycle import LocalAws

FOLDER = "examples/agent"
PROGRAM = "agent_main.py"

TAG = "request_tag"
"""What each line of the agent's programs names that has to do with tags."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningAgent:
    """The agent's stack, and where it is asked through each kind of API."""

    stack: DeployedStack
    urls: Mapping[Kind, str]
    local: LocalAws

    def files(self) -> Sequence[str]:
        """The names of the files in the agent's bucket."""
        s3 = local_client("s3", endpoint=self.local.endpoint)
        found = s3.list_objects_v2(Bucket=self.stack.output("FilesBucketName"))
        return [each["Key"] for each in found.get("Contents", [])]


def example_prompts(local: LocalAws) -> Mapping[str, str]:
    """The article's ten prompts, and the category of each."""
    lines = (local.paths.checkout / FOLDER / "prompts.tsv").read_text(encoding="utf-8").splitlines()
    return dict(line.split("\t") for line in lines)


def deploy_example(local: LocalAws, *, say: Say, parameters: Mapping[str, str] = MappingProxyType({})) -> DeployedStack:
    """Build and deploy the example by sam, with these parameters on top. Raises: LocalAwsError where sam fails."""
    of_example = replace(local, paths=replace(local.paths, folder=FOLDER))
    build(of_example, say=say)
    stack = deploy_built(of_example, say=say, parameters=parameters)
    _set_rest_access_log(local, stack)
    return stack


def _set_rest_access_log(local: LocalAws, stack: DeployedStack) -> None:
    """Give the REST API's stage the access log of its template, which the emulator's CloudFormation leaves out."""
    lens = deployed_stack(local)
    group = f"arn:aws:logs:{REGION}:{ACCOUNT_ID}:log-group:{lens.output('AccessLogGroupName')}"
    settings = {"destinationArn": group, "format": lens.output("AccessLogFormatRestApi")}
    apis, api_id = local_client("apigateway", endpoint=local.endpoint), stack.output("RestApiId")
    apis.update_stage(
        restApiId=api_id,
        stageName=apis.get_stages(restApiId=api_id)["item"][0]["stageName"],
        patchOperations=[
            {"op": "replace", "path": f"/accessLogSettings/{name}", "value": value} for name, value in settings.items()
        ],
    )


def read_spans(local: LocalAws, example: DeployedStack, *, say: Say) -> None:
    """Deploy Request Lens, which was built, so that it reads the spans of the example's agent.

    Their group is made before, as Transaction Search makes it on AWS. Spans may take as long as on AWS, too, before
    time decides: nothing waits for that where they come, and on a busy machine they come later than local waits allow.
    Raises: LocalAwsError where sam fails.
    """
    logs = local_client("logs", endpoint=local.endpoint)
    with contextlib.suppress(logs.exceptions.ResourceAlreadyExistsException):
        logs.create_log_group(logGroupName=SPAN_GROUP)
    groups = {"SpanLogGroupName": SPAN_GROUP, "LambdaLogGroupName": f"/aws/lambda/{example.name}-entry"}
    wait = {"LinkDelaySeconds": DEFAULTS["LinkDelaySeconds"]}
    deploy_built(local, say=say, parameters={**groups, **wait})


def untagged_programs(local: LocalAws) -> Path:
    """A folder with the agent's programs without the lines that name the tag: as if nobody had changed the agent."""
    folder = local.paths.state / "untagged-agent"
    folder.mkdir(parents=True, exist_ok=True)
    for program in (local.paths.checkout / FOLDER / "agent").glob("*.py"):
        lines = program.read_text(encoding="utf-8").splitlines(keepends=True)
        untagged = "".join(line for line in lines if TAG not in line)
        (folder / program.name).write_text(untagged, encoding="utf-8")
    return folder


def run_example(local: LocalAws, stack: DeployedStack, *, pace: float, is_tagged: bool = True) -> RunningAgent:
    """Start the stand-ins and the agent. Raises: LocalAwsError where one does not start."""
    programs = local.paths.checkout / FOLDER / "agent" if is_tagged else untagged_programs(local)
    start_model(local, pace=pace)
    telemetry = start_telemetry(local)
    start_agentcore(
        local,
        runtime_arn=runtime_arn(local),
        role_arn=stack.output("AgentRoleArn"),
        program=programs / PROGRAM,
        environment={
            "FILES_BUCKET_NAME": stack.output("FilesBucketName"),
            "MODEL_ID": stack.output("ModelId"),
            **telemetry,
        },
    )
    return serve_apis(local, stack)


def serve_apis(local: LocalAws, stack: DeployedStack) -> RunningAgent:
    """Start the stand-ins of both APIs. Raises: LocalAwsError where one does not start."""
    http = start_api(local, Kind.HTTP, api_id=stack.output("HttpApiId"))
    rest = start_api(local, Kind.REST, api_id=stack.output("RestApiId"))
    return RunningAgent(stack=stack, urls={Kind.HTTP: f"{http}/ask", Kind.REST: f"{rest}/live/ask"}, local=local)


def stop_example(local: LocalAws) -> None:
    """Stop the stand-ins and the agent; the stacks stay, and the example may run again."""
    state = read_state(local.paths)
    if state is not None:
        for process in state.stand_ins:
            stop_group(process.pid)
        write_state(state.model_copy(update={"stand_ins": ()}), local.paths)


def runtime_arn(local: LocalAws) -> str:
    """The runtime that the deployed function calls, as samconfig.toml names it."""
    overrides = read_sam_settings(local.paths.checkout / FOLDER / "samconfig.toml").parameter_overrides()
    return f"arn:aws:bedrock-agentcore:{REGION}:{ACCOUNT_ID}:runtime/{overrides['AgentRuntimeId']}"
