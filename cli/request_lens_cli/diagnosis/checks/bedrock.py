"""Bedrock's side: is logging on, to a group that is read, with a role, and does it log?"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from request_lens_cli.attaching.kinds import Kind
from request_lens_cli.deployed.log_group import find_log_group, made_again
from request_lens_cli.deployed.metrics import Metrics
from request_lens_cli.deployed.newest_lines import LATELY
from request_lens_cli.deployed.trust_policy import BEDROCK, BedrockHere, Trust, UnreadablePolicyError
from request_lens_cli.diagnosis.examined import Examined
from request_lens_cli.diagnosis.finding import Finding, fault, fine, note, unseen

if TYPE_CHECKING:
    from mypy_boto3_bedrock.type_defs import LoggingConfigTypeDef

LOGGING, ROLE, CALLS = "logging", "logging role", "logged calls"

_ON_AGAIN = (
    "Run `sam deploy --parameter-overrides ManageBedrockLogging=false`, then "
    "`sam deploy --parameter-overrides ManageBedrockLogging=true`: CloudFormation does nothing where no parameter "
    "changes."
)

_ON = "Run `sam deploy --parameter-overrides ManageBedrockLogging=true`, or switch it on in the console."

_ANOTHER_ROLE = (
    f"Where this stack made the role (its name has BedrockLoggingRole in it): {_ON_AGAIN} "
    "Any other role stays as it is in a deployment: in Bedrock's settings, choose one that trusts Bedrock."
)


def check_logging(examined: Examined) -> Iterator[Finding]:
    """Model invocation logging is on, and delivers to a log group that the processor reads."""
    setting, own = _setting(examined), examined.own_groups[Kind.INVOCATIONS]
    manages = examined.stack.parameters.get("ManageBedrockLogging", "true") == "true"
    if not setting:
        remedy = _ON_AGAIN if manages else _ON
        yield fault(LOGGING, "Bedrock's model invocation logging is off in this Region.", remedy)
        return
    group = setting.get("cloudWatchConfig", {}).get("logGroupName")
    if group is None:
        remedy = f"Add CloudWatch Logs with the log group {own} to Bedrock's setting."
        yield fault(LOGGING, "Bedrock's model invocation logging delivers to S3 alone.", remedy)
    elif group not in (own, *examined.attached):
        remedy = f"Run `request-lens attach {group} --kind invocations`, or deploy with InvocationLogGroupName={group}."
        yield fault(LOGGING, f"Bedrock logs into {group}, but the stack reads {own}.", remedy)
    elif find_log_group(examined.logs, group) is None:
        remedy = f"{made_again(group)} Run `request-lens attach {group} --kind invocations`."
        yield fault(LOGGING, f"Bedrock logs into {group}, which is not there.", remedy)
    else:
        text = "" if setting.get("textDataDeliveryEnabled", True) else ", without texts: latency is unknown"
        yield fine(LOGGING, f"Bedrock logs the calls of this Region into {group}{text}.")


def check_role(examined: Examined) -> Iterator[Finding]:
    """The role with which Bedrock logs is there, and trusts Bedrock; what it may do is not looked at."""
    setting = _setting(examined)
    arn = setting.get("cloudWatchConfig", {}).get("roleArn", "") if setting else ""
    name = arn.rpartition("/")[2]
    iam = examined.stack.session.client("iam")
    try:
        document = iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
        yield _trusting(name, _bedrock_here(arn, examined).may_assume(document))
    except iam.exceptions.NoSuchEntityException:
        yield fault(ROLE, f"The role that Bedrock logs with is not there: {name}.", _ANOTHER_ROLE)
    except UnreadablePolicyError:
        yield unseen(ROLE, f"The trust policy of {name} is written in a way that is not known here.")


def _trusting(name: str, trust: Trust) -> Finding:
    keys = ", ".join(trust.keys)
    if trust.allowed:
        return fine(ROLE, f"{name}, with which Bedrock logs, trusts Bedrock.")
    if trust.allowed is None:
        return note(ROLE, f"{name} trusts Bedrock on a condition that was not looked at: {keys}.")
    why = f" here: its condition on {keys} forbids it" if keys else ""
    return fault(ROLE, f"{name} does not let {BEDROCK} assume it{why}.", _ANOTHER_ROLE)


def _bedrock_here(role_arn: str, examined: Examined) -> BedrockHere:
    """Bedrock of the role's account, in the stack's Region."""
    _, partition, _, _, account, _ = role_arn.split(":", 5)
    return BedrockHere(partition=partition, account=account, region=examined.stack.session.region_name)


def check_calls(examined: Examined) -> Iterator[Finding]:
    """A model's call was logged lately; else whether there was any, and whether one was to be expected."""
    group = examined.group_with_calls
    yield _why_none(examined) if group is None else fine(CALLS, f"Bedrock logged calls of the last day into {group}.")


def _why_none(examined: Examined) -> Finding:
    failed = _bedrock_metric(examined, "AWS/Bedrock", "ModelInvocationLogsCloudWatchDeliveryFailure")
    calls = _bedrock_metric(examined, "AWS/Bedrock", "Invocations")
    elsewhere = _bedrock_metric(examined, "AWS/BedrockMantle", "Inferences")
    if failed:
        remedy = "Look at the logging role's policy, and at the key where the log group is encrypted."
        return fault(CALLS, f"Bedrock failed to log {failed:,} calls in the last day.", remedy)
    if calls:
        remedy = "Wait a minute; then look at the logging role's policy."
        return fault(CALLS, f"Models were called {calls:,} times in the last day, and no call was logged.", remedy)
    if elsewhere:
        remedy = "Call models through bedrock-runtime: what goes through bedrock-mantle is not logged."
        return fault(CALLS, f"All {elsewhere:,} calls of the last day went through bedrock-mantle.", remedy)
    none = f"No model was called in {examined.stack.session.region_name} in the last day"
    if examined.has_requests:
        remedy = "If they call models, they do so in another Region or account: deploy there."
        return fault(CALLS, f"{none}, though the API had requests.", remedy)
    return note(CALLS, f"{none}, nor did an API log a request.", "Send your API a request that calls a model.")


def _bedrock_metric(examined: Examined, namespace: str, name: str) -> int:
    """The sum over all models, which has no dimension."""
    client = examined.stack.session.client("cloudwatch")
    return Metrics(client=client, namespace=namespace, dimensions={}).sum_since(name, examined.now - LATELY)


def _setting(examined: Examined) -> "LoggingConfigTypeDef | None":
    bedrock = examined.stack.session.client("bedrock")
    return bedrock.get_model_invocation_logging_configuration().get("loggingConfig")
