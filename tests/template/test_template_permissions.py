"""What each role may do, and nothing else. That each statement is needed is the end-to-end test's affair."""

import json
import re
from collections.abc import Iterator

import pytest

from tests.support.deploying.permissions_unchecked import NOT_CHECKED_LOCALLY, NOT_TAKEN_OUT_ALONE
from tests.support.template_document import FUNCTION, RESOURCES, ROOT, Node, actions_of, of_type, properties, statements

ROLES = sorted(of_type("AWS::IAM::Role"))
ROLE_OF = {name: name.replace("Function", "Role") for name in of_type(FUNCTION)}
SETTING = "ModelInvocationLoggingConfiguration"


def all_statements() -> Iterator[Node]:
    for role in ROLES:
        if role != "BedrockLoggingRole":
            yield from statements(role).values()


def test_every_function_has_a_role_of_its_own_that_lambda_alone_may_assume() -> None:
    for function, role in ROLE_OF.items():
        (trust,) = properties(role)["AssumeRolePolicyDocument"]["Statement"]
        assert properties(function)["Role"] == {"Fn::GetAtt": [role, "Arn"]}
        assert trust == {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }


def test_what_is_excused_from_the_proof_that_it_is_needed_is_in_the_template_and_has_a_reason() -> None:
    written = {(role, sid) for role in ROLE_OF.values() for sid in statements(role)}

    assert NOT_CHECKED_LOCALLY.keys() < written
    assert all(NOT_CHECKED_LOCALLY.values())
    assert {(role, sid) for role, sid, _ in NOT_TAKEN_OUT_ALONE} <= written - NOT_CHECKED_LOCALLY.keys()
    assert all(action in actions_of(statements(role)[sid]) for role, sid, action in NOT_TAKEN_OUT_ALONE)
    assert all(NOT_TAKEN_OUT_ALONE.values())


def test_no_role_takes_policies_that_are_not_written_in_the_template() -> None:
    assert not any("ManagedPolicyArns" in properties(role) for role in ROLES)
    assert not any("Policies" in properties(function) for function in ROLE_OF)


@pytest.mark.parametrize(
    ("function", "group"),
    [
        ("ProcessorFunction", "processor"),
        ("TimelineWidgetFunction", "timeline-widget"),
        ("LoggingConfigurationFunction", "logging-configuration"),
    ],
)
def test_a_function_may_write_its_own_log_group_and_not_make_it(function: str, group: str) -> None:
    """A late line would bring a deleted group back, without retention, for the next deployment to stumble over."""
    allowed = statements(ROLE_OF[function])["WriteOwnLog"]
    (reference,) = properties(function)["LoggingConfig"]["LogGroup"].values()
    named = properties(reference if isinstance(reference, str) else reference[0])["LogGroupName"]["Fn::Sub"]

    assert named == f"/request-lens/${{AWS::StackName}}/{group}"
    assert allowed["Action"] == ["logs:CreateLogStream", "logs:PutLogEvents"]
    assert allowed["Resource"]["Fn::Sub"].endswith(f":log-group:{named}:*")


def test_log_groups_are_made_under_three_names_alone_and_none_is_deleted() -> None:
    makers = [each for each in all_statements() if "logs:CreateLogGroup" in each["Action"]]
    names = [each["LogGroupName"] for each in (made["Properties"] for made in of_type("Custom::KeptLogGroup").values())]

    assert [each["Action"] for each in makers] == [["logs:CreateLogGroup", "logs:PutRetentionPolicy"]]
    allowed = {each["Fn::Sub"].partition(":log-group:")[2] for each in makers[0]["Resource"]}
    plain = {each.get("Fn::Sub") or "${" + each["Ref"] + "}" for each in names}
    assert allowed == plain | {each + ":*" for each in plain}
    assert not any("DeleteLogGroup" in json.dumps(each) for each in RESOURCES.values())


def test_only_actions_that_know_no_resource_are_allowed_on_every_resource() -> None:
    anywhere = {
        action["Fn::If"][1] if isinstance(action, dict) else action
        for statement in all_statements()
        if statement["Effect"] == "Allow" and statement.get("Resource") == "*"
        for action in statement["Action"]
    }

    assert anywhere == {f"bedrock:{verb}{SETTING}" for verb in ("Get", "Put", "Delete")}


def test_the_widget_can_read_the_table_and_its_index_and_nothing_else() -> None:
    allowed = statements("TimelineWidgetRole")

    assert allowed.keys() == {"WriteOwnLog", "ReadTable", "ReadIndex"}
    assert allowed["ReadTable"]["Action"] == ["dynamodb:Query", "dynamodb:BatchGetItem"]
    assert allowed["ReadTable"]["Resource"] == {"Fn::GetAtt": ["RequestTable", "Arn"]}
    assert allowed["ReadIndex"]["Action"] == "dynamodb:Query"
    assert allowed["ReadIndex"]["Resource"] == {"Fn::Sub": "${RequestTable.Arn}/index/by_time"}


def test_the_processor_can_do_with_the_table_what_its_store_does_and_nothing_else() -> None:
    allowed = statements("ProcessorRole")
    source = (ROOT / "layers/request_lens/request_lens/adapters/dynamodb/table.py").read_text(encoding="utf-8")
    calls = {*re.findall(r"_client\.([a-z]+_[a-z_]+)\(", source), *re.findall(r'get_paginator\("(\w+)"\)', source)}
    calls.remove("get_paginator")

    assert sorted(allowed["UseTable"]["Action"]) == sorted(
        f"dynamodb:{each.title().replace('_', '')}" for each in calls
    )
    assert allowed["ReadIndex"]["Action"] == "dynamodb:Query"


def test_bedrock_alone_may_assume_the_logging_role_and_only_for_this_account() -> None:
    (trust,) = properties("BedrockLoggingRole")["AssumeRolePolicyDocument"]["Statement"]
    ((allowed,),) = (each["PolicyDocument"]["Statement"] for each in properties("BedrockLoggingRole")["Policies"])

    assert trust["Principal"] == {"Service": "bedrock.amazonaws.com"}
    assert trust["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    assert trust["Condition"]["ArnLike"]["aws:SourceArn"]["Fn::Sub"].startswith("arn:${AWS::Partition}:bedrock:")
    assert sorted(allowed["Action"]) == ["logs:CreateLogStream", "logs:PutLogEvents"]
    assert allowed["Resource"]["Fn::Sub"].endswith(":log-stream:aws/bedrock/modelinvocations")


def test_the_processor_may_ask_for_this_accounts_application_inference_profiles_only() -> None:
    asks = [each for each in statements("ProcessorRole").values() if "bedrock" in json.dumps(each)]

    assert [(each["Effect"], each["Action"]) for each in asks] == [("Allow", "bedrock:GetInferenceProfile")]
    assert asks[0]["Resource"]["Fn::Sub"].endswith(
        ":bedrock:${AWS::Region}:${AWS::AccountId}:application-inference-profile/*"
    )


def test_bedrocks_setting_can_be_made_only_where_the_stack_manages_it() -> None:
    (policy,) = properties("LoggingConfigurationRole")["Policies"]
    conditional = [each["Fn::If"] for each in policy["PolicyDocument"]["Statement"] if "Fn::If" in each]
    *always, put = statements("LoggingConfigurationRole")["SwitchLogging"]["Action"]

    assert [(each[0], each[1]["Sid"]) for each in conditional] == [("ManagesBedrockLogging", "HandRoleToBedrock")]
    assert put["Fn::If"][:2] == ["ManagesBedrockLogging", f"bedrock:Put{SETTING}"]
    assert not any("Put" in each for each in always)


def test_what_switches_logging_off_is_allowed_once_the_stack_no_longer_manages_it() -> None:
    """CloudFormation updates the role first, and deletes the resource that is no longer wanted when it cleans up."""
    (policy,) = properties("LoggingConfigurationRole")["Policies"]
    unconditional = [each for each in policy["PolicyDocument"]["Statement"] if "Fn::If" not in each]
    (allowed,) = [each["Action"] for each in unconditional if each["Sid"] == "SwitchLogging"]

    assert {f"bedrock:Get{SETTING}", f"bedrock:Delete{SETTING}"} <= {each for each in allowed if isinstance(each, str)}
