"""The example's template is held to what ours is: rights, names, logs, parameters, and what its code does."""

import json
import re
from collections.abc import Iterator

import pytest

from tests.support.template_document import EXAMPLE, FUNCTION, OUTPUTS, ROOT, Node, references

FOLDER = ROOT / "examples" / "agent"
RESOURCES: Node = EXAMPLE["Resources"]
FUNCTIONS = [name for name, each in RESOURCES.items() if each["Type"] == FUNCTION]
ROLES = [name for name, each in RESOURCES.items() if each["Type"] == "AWS::IAM::Role"]
OF_LAMBDA = {"EntryFunction": ("EntryRole", "entry"), "AgentFunction": ("AgentFunctionRole", "agent")}
"""A function's role, and the folder of its code."""

KNOW_NO_RESOURCE = {
    "xray:GetSamplingRules",
    "xray:GetSamplingTargets",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
}
"""https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsx-ray.html"""


def properties(name: str) -> Node:
    found: Node = RESOURCES[name]["Properties"]
    return found


def statements(role: str) -> Iterator[Node]:
    """The statements of a role's own policies, and of the stack's policies that it has."""
    for policy in properties(role).get("Policies", []):
        yield from policy["PolicyDocument"]["Statement"]
    for attached in properties(role).get("ManagedPolicyArns", []):
        yield from properties(attached["Ref"])["PolicyDocument"]["Statement"]


def actions(statement: Node) -> list[str]:
    found: str | list[str] = statement["Action"]
    return [found] if isinstance(found, str) else found


def by_sid(role: str) -> dict[str, Node]:
    return {each["Sid"]: each for each in statements(role)}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_function_has_a_handler_a_log_group_with_retention_and_a_role_of_its_own(function: str) -> None:
    role, folder = OF_LAMBDA[function]
    module, name = properties(function)["Handler"].split(".")
    (group,) = set(references(properties(function)["LoggingConfig"]))
    (trust,) = properties(role)["AssumeRolePolicyDocument"]["Statement"]

    assert f"def {name}(" in (FOLDER / folder / f"{module}.py").read_text(encoding="utf-8")
    assert properties(group)["RetentionInDays"] == {"Ref": "LogRetentionDays"}
    assert properties(function)["Role"] == {"Fn::GetAtt": [role, "Arn"]}
    assert trust == {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    assert by_sid(role)["WriteOwnLog"]["Resource"] == {"Fn::GetAtt": [group, "Arn"]}
    assert "logs:CreateLogGroup" not in actions(by_sid(role)["WriteOwnLog"])


def test_agentcore_alone_may_assume_the_agents_role_and_only_for_this_account() -> None:
    (trust,) = properties("AgentRuntimeRole")["AssumeRolePolicyDocument"]["Statement"]

    assert trust["Principal"] == {"Service": "bedrock-agentcore.amazonaws.com"}
    assert trust["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    assert trust["Condition"]["ArnLike"]["aws:SourceArn"]["Fn::Sub"].endswith(":${AWS::Region}:${AWS::AccountId}:*")


def test_only_actions_that_know_no_resource_are_allowed_on_every_resource() -> None:
    anywhere = {
        action for role in ROLES for each in statements(role) if each["Resource"] == "*" for action in actions(each)
    }

    assert anywhere == KNOW_NO_RESOURCE


def test_no_action_is_a_pattern_and_every_statement_has_a_name_that_is_its_roles_alone() -> None:
    for role in ROLES:
        sids = [each["Sid"] for each in statements(role)]
        assert len(set(sids)) == len(sids)
        assert not any("*" in action for each in statements(role) for action in actions(each))


def test_the_agent_may_do_what_its_tools_and_its_model_do_and_nothing_else() -> None:
    """What an API's operation is called differs from the right that it needs in two of them."""
    source = (FOLDER / "agent" / "agent.py").read_text(encoding="utf-8")
    right = {"ListObjectsV2": "ListBucket"}
    called = {each.title().replace("_", "") for each in re.findall(r"_s3\.([a-z0-9_]+)\(", source)}
    allowed = {action for each in statements("AgentRuntimeRole") for action in actions(each)}

    assert {each for each in allowed if each.startswith("s3:")} == {f"s3:{right.get(each, each)}" for each in called}
    assert {each for each in allowed if each.startswith("bedrock")} == {"bedrock:InvokeModelWithResponseStream"}
    assert {each.partition(":")[0] for each in allowed} == {"bedrock", "s3", "logs", "xray"}


def test_the_agent_may_call_the_model_that_is_named_by_its_profile_and_by_nothing_wider() -> None:
    resources = by_sid("AgentRuntimeRole")["CallModel"]["Resource"]

    assert [each["Fn::Sub"].rpartition(":")[2].split("/")[-1] for each in resources] == [
        "${InferenceScope}.${FoundationModel}",
        "${FoundationModel}",
    ]
    assert by_sid("AgentFunctionRole")["CallModel"] == by_sid("AgentRuntimeRole")["CallModel"]


def test_the_apis_function_may_call_the_agent_and_nothing_else() -> None:
    allowed = by_sid("EntryRole")

    assert set(allowed) == {"WriteOwnLog", "WriteTraces", "CallAgent"}
    assert actions(allowed["CallAgent"]) == ["bedrock-agentcore:InvokeAgentRuntime"]
    assert "_agentcore.invoke_agent_runtime(" in (FOLDER / "entry" / "entry_handler.py").read_text(encoding="utf-8")


def test_each_api_may_invoke_its_function_by_its_own_route_alone_and_asks_for_a_signature() -> None:
    permissions = [each["Properties"] for each in RESOURCES.values() if each["Type"] == "AWS::Lambda::Permission"]

    assert len(permissions) == 2
    assert all(each["SourceArn"]["Fn::Sub"].endswith("/*/POST/ask") for each in permissions)
    assert properties("HttpRoute")["AuthorizationType"] == "AWS_IAM"
    assert properties("RestMethod")["AuthorizationType"] == "AWS_IAM"


@pytest.mark.parametrize(
    ("stage", "property_name", "output"),
    [
        ("HttpStage", "AccessLogSettings", "AccessLogFormatHttpApi"),
        ("RestStage", "AccessLogSetting", "AccessLogFormatRestApi"),
    ],
)
def test_each_api_logs_in_the_recommended_format_to_the_group_that_request_lens_reads(
    stage: str, property_name: str, output: str
) -> None:
    log = properties(stage)[property_name]

    assert json.loads(log["Format"]) == json.loads(OUTPUTS[output]["Value"])
    assert log["DestinationArn"]["Fn::Sub"].endswith(":log-group:${AccessLogGroupName}")


def test_every_parameter_is_used_described_checked_and_shown_in_a_group() -> None:
    parameters = EXAMPLE["Parameters"]
    text = json.dumps({**RESOURCES, **EXAMPLE["Conditions"], **EXAMPLE["Globals"]})
    groups = EXAMPLE["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]

    assert sorted(name for group in groups for name in group["Parameters"]) == sorted(parameters)
    for name, parameter in parameters.items():
        assert parameter["Description"], name
        assert "AllowedValues" in parameter or {"AllowedPattern", "ConstraintDescription"} <= parameter.keys(), name
        assert f'{{"Ref": "{name}"}}' in text or f"${{{name}}}" in text, name


def test_the_page_has_every_parameter_that_people_choose() -> None:
    page = (FOLDER / "README.md").read_text(encoding="utf-8")

    assert {name for name in EXAMPLE["Parameters"] if f"`{name}`" not in page} == {"AgentCodeBucket", "AgentCodeKey"}


def test_no_arn_names_a_partition_and_the_only_fixed_names_begin_with_the_stacks() -> None:
    text = (FOLDER / "template.yaml").read_text(encoding="utf-8")
    names = {
        (name, key): value
        for name, each in RESOURCES.items()
        for key, value in each["Properties"].items()
        if key in {"Name", "RoleName", "FunctionName", "BucketName", "LogGroupName", "PolicyName", "LayerName"}
        and each["Type"] != "AWS::Lambda::Permission"
    }

    assert not re.search(r"arn:aws[\w-]*:", text)
    assert {key[0] for key in names} == {"HttpApi", "RestApi", "EntryLogGroup"}
    assert all("${AWS::StackName}" in value["Fn::Sub"] for value in names.values())


def test_the_agents_files_are_encrypted_private_and_expiring() -> None:
    bucket = properties("FilesBucket")

    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert bucket["BucketEncryption"]
    assert bucket["LifecycleConfiguration"]["Rules"][0]["ExpirationInDays"] == 30
