"""The templates as CloudFormation gets them, expanded by SAM's own translator: names, sizes and order."""

import json
import re
from collections.abc import Iterator, Mapping
from graphlib import TopologicalSorter

import pytest

from tests.support.template_document import DASHBOARD, ROOT, Node

LONGEST_STACK_NAME = "s" * 128
"""https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html"""

NAMES = {
    "AWS::CloudWatch::Alarm": ("AlarmName", 255),
    "AWS::CloudWatch::Dashboard": ("DashboardName", 255),
    "AWS::DynamoDB::Table": ("TableName", 255),
    "AWS::IAM::Role": ("RoleName", 64),
    "AWS::Lambda::EventInvokeConfig": None,
    "AWS::Lambda::EventSourceMapping": None,
    "AWS::Lambda::Function": ("FunctionName", 64),
    "AWS::Lambda::LayerVersion": None,
    "AWS::Lambda::Permission": None,
    "AWS::Logs::LogGroup": ("LogGroupName", 512),
    "AWS::Logs::QueryDefinition": None,
    "AWS::Logs::SubscriptionFilter": ("FilterName", 512),
    "AWS::S3::Bucket": ("BucketName", 63),
    "AWS::S3::BucketPolicy": None,
    "AWS::SQS::Queue": ("QueueName", 80),
    "AWS::Scheduler::Schedule": ("Name", 64),
    "AWS::CloudFormation::Stack": None,
    "Custom::KeptLogGroup": None,
    "Custom::BedrockInvocationLogging": None,
}
"""The property that fixes a resource's name, and how long the name may be; None where no name must be unique."""


def named(value: object) -> str:
    """A name as it is for the longest stack's name; what CloudFormation alone knows counts 20 characters."""
    text = value["Fn::Sub"] if isinstance(value, Mapping) and "Fn::Sub" in value else value
    assert isinstance(text, str), value
    text = re.sub(r"\$\{(AWS::)?StackName\}", LONGEST_STACK_NAME, text)
    return re.sub(r"\$\{[^}]*\}", "r" * 20, text)


def fixed_names(resources: Node) -> Iterator[tuple[str, str, int]]:
    for logical_id, resource in resources.items():
        naming = NAMES[resource["Type"]]
        if naming is not None and naming[0] in resource.get("Properties", {}):
            yield logical_id, named(resource["Properties"][naming[0]]), naming[1]


def test_no_resource_needs_another_that_needs_it(expanded: Node) -> None:
    resources = expanded["Resources"]
    order = list(TopologicalSorter({name: _needs(each, resources) for name, each in resources.items()}).static_order())

    assert order.index("KeptInvocationLogGroup") < order.index("BedrockLogging")
    assert order.index("KeptInvocationLogGroup") < order.index("ProcessorFunctionModelInvocations")
    assert order.index("ProcessorFunctionModelInvocationsPermission") < order.index("ProcessorFunctionModelInvocations")


def test_the_only_fixed_names_begin_with_the_stacks_and_go_with_it(expanded: Node) -> None:
    """CloudFormation refuses to make what exists, so what outlives a stack has a generated name or is made by us."""
    ours = [*fixed_names(expanded["Resources"]), *fixed_names(DASHBOARD["Resources"])]

    alarms = {name for name, each in expanded["Resources"].items() if each["Type"] == "AWS::CloudWatch::Alarm"}
    assert {logical_id for logical_id, _, _ in ours} == {
        "LoggingConfigurationLogGroup",
        "TimelineWidgetLogGroup",
        "RequestDashboard",
        *alarms,
    }
    assert all(LONGEST_STACK_NAME in name for _, name, _ in ours)
    resources = {**expanded["Resources"], **DASHBOARD["Resources"]}
    assert all("DeletionPolicy" not in resources[logical_id] for logical_id, _, _ in ours)


def test_names_fit_for_the_longest_stack_name(expanded: Node) -> None:
    for template in (expanded, DASHBOARD):
        for logical_id, name, longest in fixed_names(template["Resources"]):
            assert len(name) <= longest, logical_id
    for resource in expanded["Resources"].values():
        if resource["Type"] == "Custom::KeptLogGroup" and "Fn::Sub" in resource["Properties"]["LogGroupName"]:
            assert len(named(resource["Properties"]["LogGroupName"])) <= 512


def test_inline_policies_fit_for_the_longest_names(expanded: Node) -> None:
    """10,240 characters a role: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""
    for logical_id, resource in expanded["Resources"].items():
        if resource["Type"] == "AWS::IAM::Role":
            text = json.dumps(resource["Properties"].get("Policies", []))
            text = text.replace("${AWS::StackName}", LONGEST_STACK_NAME).replace("${InvocationLogGroupName}", "g" * 512)
            assert len(text) < 10_240, logical_id


def test_the_template_is_small_enough_for_cloudformation(expanded: Node) -> None:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html"""
    assert len(expanded["Resources"]) <= 500
    assert len(expanded["Outputs"]) <= 200
    assert len(expanded["Parameters"]) <= 200
    assert len(json.dumps(expanded)) < 1_000_000
    for resource in expanded["Resources"].values():
        if resource["Type"] in ("AWS::Lambda::Function", "AWS::Lambda::LayerVersion"):
            assert len(resource["Properties"].get("Description", "")) <= 256


@pytest.mark.parametrize(("topic", "told"), [("", False), ("arn:aws:sns:eu-west-1:123456789012:on-call", True)])
def test_every_alarm_tells_the_topic_that_is_named_and_nobody_where_none_is(
    expanded: Node, topic: str, *, told: bool
) -> None:
    condition = expanded["Conditions"]["NotifiesAboutAlarms"]["Fn::Not"][0]["Fn::Equals"]
    assert condition == [{"Ref": "AlarmTopicArn"}, expanded["Parameters"]["AlarmTopicArn"]["Default"]]
    alarms = {
        name: each["Properties"]["AlarmActions"]["Fn::If"]
        for name, each in expanded["Resources"].items()
        if each["Type"] == "AWS::CloudWatch::Alarm"
    }

    actions = {name: then if topic != condition[1] else otherwise for name, (_, then, otherwise) in alarms.items()}

    assert {name for name, (on, _, _) in alarms.items() if on != "NotifiesAboutAlarms"} == set()
    assert len(alarms) >= 10
    expected = [{"Ref": "AlarmTopicArn"}] if told else {"Ref": "AWS::NoValue"}
    assert {name for name, action in actions.items() if action != expected} == set()
    assert "AWS::CloudWatch::Alarm" not in {each["Type"] for each in DASHBOARD["Resources"].values()}


def test_no_arn_names_a_partition() -> None:
    for name in ("template.yaml", "dashboard.yaml"):
        assert not re.search(r"arn:aws[\w-]*:", (ROOT / name).read_text(encoding="utf-8"))


def test_stream_filters_are_few_and_short_enough_for_lambda(expanded: Node) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html"""
    filters = expanded["Resources"]["RequestTableMapping"]["Properties"]["FilterCriteria"]["Filters"]

    assert len(filters) <= 5
    assert all(len(each["Pattern"]) <= 4_096 for each in filters)


def _needs(resource: Node, resources: Node) -> set[str]:
    """The resources that must be there before this one: by DependsOn, Ref, Fn::GetAtt and Fn::Sub."""
    depends = resource.get("DependsOn", [])
    found = {depends} if isinstance(depends, str) else set(depends)
    return (found | set(_mentions(resource.get("Properties", {})))) & resources.keys()


def _mentions(value: object) -> Iterator[str]:
    match value:
        case {"Ref": str(name)}:
            yield name
        case {"Fn::GetAtt": [str(name), *_]}:
            yield name
        case {"Fn::GetAtt": str(name)}:
            yield name.partition(".")[0]
        case dict():
            for part in value.values():
                yield from _mentions(part)
        case list():
            for part in value:
                yield from _mentions(part)
        case str():
            yield from (name.partition(".")[0] for name in re.findall(r"\$\{(\w[\w.]*)\}", value))
        case _:
            pass
