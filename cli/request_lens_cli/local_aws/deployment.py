"""Building and deploying the template to the local AWS, with the very sam that deploys it to AWS."""

import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import click

from request_lens.presentation.formatting import pluralize
from request_lens_cli.local_aws.aws_clients import local_client
from request_lens_cli.local_aws.emf.process import start_emf_stand_in
from request_lens_cli.local_aws.emulated_template import leave_out_unknown_types, parameter_defaults
from request_lens_cli.local_aws.environment import settings, write_env_file
from request_lens_cli.local_aws.errors import LocalAwsError
from request_lens_cli.local_aws.lifecycle import LocalAws
from request_lens_cli.local_aws.loopback import require_loopback
from request_lens_cli.local_aws.processes import start_group, stop_group, tail
from request_lens_cli.local_aws.sam_settings import CONFIG_ENV, SamSettings, machine_architecture, read_sam_settings

type Say = Callable[[str], None]
"""Takes one line of progress at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployedStack:
    """A deployed stack and its outputs by key."""

    name: str
    outputs: Mapping[str, str]

    def output(self, key: str) -> str:
        """One output.

        Raises: LocalAwsError where the stack has none of this name.
        """
        if key not in self.outputs:
            raise LocalAwsError(f"The stack {self.name} has no output {key}: deploy it again with `local deploy`.")
        return self.outputs[key]


def deploy(local: LocalAws, *, say: Say = click.echo) -> DeployedStack:
    """Build and deploy the template, start the stand-in for CloudWatch's EMF extraction; answers with the stack.

    Raises: LocalAwsError where sam fails; the end of its log is on stderr by then.
    """
    require_loopback(local.endpoint)
    build(local, say=say)
    stack = deploy_built(local, say=say)
    start_emf_stand_in(local, log_group=stack.output("ProcessorLogGroupName"))
    return stack


def build(local: LocalAws, *, say: Say = click.echo) -> None:
    """Run `sam build`; what the emulator does not know is left out of the built template, and counted.

    Raises: LocalAwsError where sam fails.
    """
    paths = local.paths
    sam_settings = read_sam_settings(paths.samconfig)
    command = ["build", "--template-file", str(paths.template), "--build-dir", str(paths.build / "build")]
    command += [
        "--cached",
        "--cache-dir",
        str(paths.build / "cache"),
        "--parallel",
        *_overrides(_parameters(sam_settings)),
    ]
    if _run_sam(command, local, step="build") != 0:
        raise _report_failure("build", tail(paths.log("build")), local)
    # The stack's own template, and one in a folder of its own for each stack that is nested in it.
    templates = sorted((paths.build / "build").rglob("template.yaml"))
    left_out = [name for template in templates for name in leave_out_unknown_types(template)]
    if left_out:
        say(f"sam build, without {pluralize(len(left_out), 'resource')} that the local AWS does not know")


def deploy_built(
    local: LocalAws, *, say: Say = click.echo, parameters: Mapping[str, str] = MappingProxyType({})
) -> DeployedStack:
    """Run `sam deploy` on what was built, with these parameters on top of the file's; answers with the stack.

    All others have their defaults, also where the stack was deployed with another value before.

    Raises: LocalAwsError where sam fails.
    """
    sam_settings = read_sam_settings(local.paths.samconfig)
    template = local.paths.build / "build" / "template.yaml"
    command = ["deploy", "--template-file", str(template), "--stack-name", sam_settings.stack_name, "--resolve-s3"]
    command += ["--no-confirm-changeset", "--no-fail-on-empty-changeset", "--no-progressbar"]
    if not sam_settings.has_capabilities:
        command += ["--capabilities", "CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]
    _delete_failed_creation(local, sam_settings.stack_name)
    given = {**parameter_defaults(template), **_parameters(sam_settings), **parameters}
    if _run_sam([*command, *_overrides(given)], local, step="deploy") != 0:
        reasons = failed_resources(local, sam_settings.stack_name)
        raise _report_failure("deploy", "\n".join(reasons) or tail(local.paths.log("deploy")), local)
    if not local.paths.folder:  # the settings are those of Request Lens's own stack
        write_env_file(local.paths, settings(local.endpoint, stack_name=sam_settings.stack_name))
    say(f"stack {sam_settings.stack_name} deployed to {local.endpoint}")
    return deployed_stack(local)


def deployed_stack(local: LocalAws) -> DeployedStack:
    """The stack as it stands in the local AWS.

    Raises: LocalAwsError where it is not deployed.
    """
    name = read_sam_settings(local.paths.samconfig).stack_name
    cloudformation = local_client("cloudformation", endpoint=local.endpoint)
    try:
        stack = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    except cloudformation.exceptions.ClientError:
        raise LocalAwsError(f"The stack {name} is not deployed: run `request-lens local deploy`.") from None
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}
    return DeployedStack(name=name, outputs=outputs)


def _delete_failed_creation(local: LocalAws, stack_name: str) -> None:
    """Delete a stack whose creation was rolled back: it can be nothing but deleted."""
    cloudformation = local_client("cloudformation", endpoint=local.endpoint)
    try:
        status = cloudformation.describe_stacks(StackName=stack_name)["Stacks"][0]["StackStatus"]
    except cloudformation.exceptions.ClientError:
        return
    if status == "ROLLBACK_COMPLETE":
        cloudformation.delete_stack(StackName=stack_name)
        cloudformation.get_waiter("stack_delete_complete").wait(StackName=stack_name, WaiterConfig={"Delay": 1})


def failed_resources(local: LocalAws, stack_name: str) -> list[str]:
    """Why resources of the stack could not be made or changed, one line each, first things first."""
    cloudformation = local_client("cloudformation", endpoint=local.endpoint)
    try:
        events = cloudformation.describe_stack_events(StackName=stack_name)["StackEvents"]
    except cloudformation.exceptions.ClientError:
        return []
    failed = [event for event in reversed(events) if event.get("ResourceStatus", "").endswith("_FAILED")]
    return [
        f"{event.get('LogicalResourceId')}: {event.get('ResourceStatusReason', 'no reason given')}" for event in failed
    ]


def _parameters(sam_settings: SamSettings) -> Mapping[str, str]:
    """The file's overrides and this machine's architecture."""
    return sam_settings.parameter_overrides(("Architecture", machine_architecture()))


def _overrides(parameters: Mapping[str, str]) -> list[str]:
    """Options on sam's command line: of the file's parameters it would forget all, of the stack's former ones none."""
    return ["--parameter-overrides", *(f"{name}={shlex.quote(value)}" for name, value in parameters.items())]


def _run_sam(arguments: Sequence[str], local: LocalAws, *, step: str) -> int:
    """Run sam to its end, its output going to the step's log; answers with its exit status."""
    paths, log = local.paths, local.paths.log(step)
    command = [str(paths.sam), *arguments, "--config-file", str(paths.samconfig), "--config-env", CONFIG_ENV]
    process = start_group(command, environment=local.environment(), log=log, folder=paths.checkout)
    try:
        return process.wait()
    finally:
        stop_group(process.pid)


def _report_failure(step: str, details: str, local: LocalAws) -> LocalAwsError:
    """Print a failed step's details on stderr; answers with the error that names its log."""
    log = local.paths.log(step)
    click.echo(details, err=True)
    return LocalAwsError(f"`sam {step}` failed{_reason(log)}: its log is {log.relative_to(local.paths.checkout)}.")


_NOT_FETCHED = ("Could not satisfy the requirement", "NewConnectionError", "NameResolutionError", "ReadTimeoutError")
"""What sam and pip say when they do not reach the package registry."""


def _reason(log: Path) -> str:
    """What the user can do about a failure, where the log tells."""
    text = log.read_text(encoding="utf-8", errors="replace")
    if any(message in text for message in _NOT_FETCHED):
        return " because packages could not be fetched (check the network and pip's settings, and run it again)"
    return ""
