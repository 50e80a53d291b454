"""The policies of docs/permissions.md suffice for what they are for: deploying, deleting and operating a stack.

What CloudFormation's own handlers of a resource type call is in the schemas that cfn-lint brings, which AWS publishes:
these actions whoever deploys needs.
"""

import importlib.resources
import json
import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase

import pytest

from request_lens_cli.deployed import aws_errors
from tests.support.template_document import DASHBOARD, EXAMPLE, ROOT, Node

DEPLOY, DEPLOY_EXAMPLE, OPERATE = (
    json.loads((ROOT / "docs" / "policies" / f"{name}.json").read_text(encoding="utf-8"))["Statement"]
    for name in ("deploy", "deploy-example", "operate")
)
SCHEMAS = importlib.resources.files("cfnlint") / "data" / "schemas"

MANAGED_BUCKET = {"AWS::S3::Bucket", "AWS::S3::BucketPolicy"}
"""What the SAM CLI makes for its uploads, in a stack of its own."""

OF_SAM = {
    "cloudformation:CreateChangeSet",
    "cloudformation:DeleteChangeSet",
    "cloudformation:DeleteStack",
    "cloudformation:DescribeChangeSet",
    "cloudformation:DescribeStackEvents",
    "cloudformation:DescribeStacks",
    "cloudformation:ExecuteChangeSet",
    "cloudformation:GetTemplate",
    "cloudformation:GetTemplateSummary",
    "cloudformation:ListChangeSets",
    "cloudformation:ListStackResources",
    "cloudformation:TagResource",
    "s3:DeleteObject",
    "s3:GetObject",
    "s3:ListBucket",
    "s3:PutObject",
}
"""What `sam deploy` and `sam delete` call, and what their change sets need."""

OF_CUSTOM_RESOURCES = {"lambda:InvokeFunction"}

NOT_USED = {
    "cloudformation:GetStackPolicy": "no stack policy is read",
    "dynamodb:*Import*": "the table is not made of files",
    "dynamodb:*KinesisStreamingDestination": "it streams to Lambda, not to Kinesis",
    "dynamodb:*Replica": "it has no replicas",
    "dynamodb:*ResourcePolicy": "it has no policy of its own",
    "dynamodb:BatchWriteItem": "it has no replicas",
    "dynamodb:DeleteItem": "it has no replicas",
    "dynamodb:GetItem": "it has no replicas",
    "dynamodb:PutItem": "it has no replicas",
    "dynamodb:Query": "it has no replicas",
    "dynamodb:Scan": "it has no replicas",
    "dynamodb:UpdateContributorInsights": "they are off",
    "dynamodb:UpdateItem": "it has no replicas",
    "ec2:*": "no function is in a VPC",
    "elasticfilesystem:*": "no function has a file system",
    "firehose:*": "no log goes to Firehose",
    "iam:*RolePermissionsBoundary": "no role has a boundary",
    "iam:AttachRolePolicy": "no role has a managed policy",
    "iam:CreateServiceLinkedRole": "the table has no replicas",
    "iam:DetachRolePolicy": "no role has a managed policy",
    "kinesis:*": "the table streams to Lambda, not to Kinesis",
    "kms:*": "AWS's own keys let whoever may use the service",
    "lambda:*CodeSigningConfig": "no code is signed",
    "lambda:*FunctionConcurrency": "no concurrency is reserved",
    "lambda:AssociateRuntimeAlias": "the runtime is AWS's newest",
    "lambda:PassCapacityProvider": "no function has one",
    "lambda:PublishVersion": "no function has versions",
    "lambda:PutFunctionScalingConfig": "no function has one",
    "lambda:PutRuntimeManagementConfig": "the runtime is AWS's newest",
    "logs:*DataProtectionPolicy": "no group has one",
    "logs:*IndexPolicy": "no group has one",
    "logs:*KmsKey": "CloudWatch's own key encrypts the groups",
    "logs:CreateLogDelivery": "no log is delivered by the stack",
    "logs:CreateLogStream": "the table is not made of files",
    "logs:DeleteResourcePolicy": "no group has one",
    "logs:PutBearerTokenAuthentication": "no group takes it",
    "logs:PutLogEvents": "the table is not made of files",
    "logs:PutLogGroupDeletionProtection": "no group has it",
    "logs:PutResourcePolicy": "no group has one",
    "s3:*Abac": "no bucket has it",
    "s3:*Accelerate*": "no bucket has it",
    "s3:*Analytics*": "no bucket has it",
    "s3:*BucketAcl": "its owner alone has access",
    "s3:*BucketLogging": "no bucket logs",
    "s3:*BucketNotification": "no bucket notifies",
    "s3:*CORS": "no browser reads a bucket",
    "s3:*BucketWebsite": "no bucket is a site",
    "s3:*Inventory*": "no bucket has it",
    "s3:*MetadataTable*": "no bucket has it",
    "s3:*Metadata*TableConfiguration": "no bucket has it",
    "s3:*Metrics*": "no bucket has it",
    "s3:*ObjectLockConfiguration": "no bucket has it",
    "s3:*Replication*": "no bucket has it",
    "s3:*Tiering*": "no bucket has it",
    "s3:DeleteBucketCors": "no browser reads a bucket",
    "s3:DeleteBucketEncryption": "it stays encrypted",
    "s3:DeleteBucketLifecycle": "its objects always expire",
    "s3:GetObjectMetadata": "the table is not made of files",
    "s3:PutObjectAcl": "its owner alone has access",
    "s3:REST.PUT.OBJECT": "no log is delivered by the stack",
    "s3files:*": "no function has a file system",
    "s3tables:*": "no bucket has them",
}
"""Actions of the handlers for properties that no resource of the stack has, and why not."""

NOT_USED_BY_THE_EXAMPLE = {
    "apigateway:*agResource": "nobody tags its stages",
    "apigateway:UpdateRestApiPolicy": "its REST API has no policy of its own",
    "bedrock-agentcore:PassCapacityProvider": "its runtime has none",
    "iam:*GroupPolicy": "its policy is a role's alone",
    "iam:*UserPolicy": "its policy is a role's alone",
    "vpc-lattice:*": "its runtime is in no VPC",
}
USED_BY_THE_EXAMPLE = {"iam:AttachRolePolicy", "iam:DetachRolePolicy"}
"""Its role has a managed policy, which the stack makes."""

OF_ACCESS_LOGS = {
    *("logs:CreateLogDelivery", "logs:DeleteLogDelivery", "logs:DescribeResourcePolicies", "logs:GetLogDelivery"),
    *("logs:ListLogDeliveries", "logs:PutResourcePolicy", "logs:UpdateLogDelivery"),
}
"""https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging.html"""

NAMED: Mapping[str, tuple[str, str]] = {
    "AWS::CloudFormation::Stack": ("cloudformation:CreateStack", "cloudformation:{place}:stack/{name}/6f1c2a0e"),
    "AWS::CloudWatch::Alarm": ("cloudwatch:PutMetricAlarm", "cloudwatch:{place}:alarm:{name}"),
    "AWS::DynamoDB::Table": ("dynamodb:CreateTable", "dynamodb:{place}:table/{name}"),
    "AWS::IAM::Role": ("iam:CreateRole", "iam::123456789012:role/{name}"),
    "AWS::Lambda::Function": ("lambda:CreateFunction", "lambda:{place}:function:{name}"),
    "AWS::Lambda::LayerVersion": ("lambda:PublishLayerVersion", "lambda:{place}:layer:{layer}"),
    "AWS::S3::Bucket": ("s3:CreateBucket", "s3:::{lower}"),
    "AWS::SQS::Queue": ("sqs:CreateQueue", "sqs:{place}:{name}"),
    "AWS::Scheduler::Schedule": ("scheduler:CreateSchedule", "scheduler:{place}:schedule/default/{name}"),
}
"""By type the action that makes a resource, and its ARN with the name that CloudFormation gives it."""


def actions(statements: list[Node]) -> set[str]:
    return {
        action
        for each in statements
        for action in ([each["Action"]] if isinstance(each["Action"], str) else each["Action"])
    }


def resources(statements: list[Node]) -> set[str]:
    return {
        arn
        for each in statements
        for arn in ([each["Resource"]] if isinstance(each["Resource"], str) else each["Resource"])
    }


def is_one_of(action: str, patterns: set[str]) -> bool:
    return any(fnmatchcase(action.lower(), pattern.lower()) for pattern in patterns)


def handled(types: set[str]) -> Iterator[tuple[str, str]]:
    """Each action that a handler of these types calls, with the type."""
    names = json.loads((SCHEMAS / "providers" / "eu-west-1.json").read_text(encoding="utf-8"))
    for name in sorted(each for each in types if not each.startswith("Custom::")):
        schema = json.loads((SCHEMAS / "resources" / f"{names[name]}.json").read_text(encoding="utf-8"))
        for handler in ("create", "read", "update", "delete"):
            yield from ((name, action) for action in schema["handlers"].get(handler, {}).get("permissions", []))


@pytest.fixture(scope="module")
def types(expanded: Node) -> set[str]:
    ours = {**expanded["Resources"], **DASHBOARD["Resources"]}
    return {each["Type"] for each in ours.values()} | MANAGED_BUCKET


def test_the_deployers_policy_has_each_action_that_a_resource_of_the_stack_needs(types: set[str]) -> None:
    allowed = actions(DEPLOY)
    missing = {(name, each) for name, each in handled(types) if not is_one_of(each, allowed | set(NOT_USED))}

    assert missing == set()
    assert {each for each in OF_SAM | OF_CUSTOM_RESOURCES if not is_one_of(each, allowed)} == set()


def test_it_has_no_action_that_nothing_needs(types: set[str]) -> None:
    needed = {action for _, action in handled(types)} | OF_SAM | OF_CUSTOM_RESOURCES

    assert {each for each in actions(DEPLOY) if not any(is_one_of(action, {each}) for action in needed)} == set()
    assert {each for each in NOT_USED if not any(is_one_of(action, {each}) for action in needed)} == set()


def test_every_resource_lies_within_the_names_that_the_deployer_may_make(expanded: Node) -> None:
    for logical_id, resource in expanded["Resources"].items():
        if resource["Type"] not in NAMED:
            continue
        action, arn = NAMED[resource["Type"]]
        name, layer = f"request-lens-{logical_id}-1A2B3C4D", resource["Properties"].get("LayerName")
        named = "arn:aws:" + arn.format(place="eu-west-1:123456789012", name=name, lower=name.lower(), layer=layer)
        makes = [each for each in DEPLOY if is_one_of(action, actions([each]))]
        assert is_one_of(named, resources(makes)), named


def test_the_operators_policy_has_what_the_command_line_calls_and_nothing_else() -> None:
    called = set(aws_errors.ACTIONS.values())

    assert actions(OPERATE) == called | OF_ACCESS_LOGS


def of_example() -> set[str]:
    """What the handlers of the example's types call."""
    of_sam = {"AWS::Serverless::Function": "AWS::Lambda::Function"}
    of_sam |= {"AWS::Serverless::LayerVersion": "AWS::Lambda::LayerVersion"}
    types = {of_sam.get(each["Type"], each["Type"]) for each in EXAMPLE["Resources"].values()}
    return {action for _, action in handled(types)}


def test_the_examples_policy_and_the_deployers_have_each_action_that_the_example_needs() -> None:
    allowed = actions(DEPLOY) | actions(DEPLOY_EXAMPLE)
    unused = set(NOT_USED) - USED_BY_THE_EXAMPLE | set(NOT_USED_BY_THE_EXAMPLE)
    needed = {each for each in of_example() if not is_one_of(each, unused)} | OF_SAM | OF_ACCESS_LOGS

    assert {each for each in needed if not is_one_of(each, allowed)} == set()
    assert {
        each for each in NOT_USED_BY_THE_EXAMPLE if not any(is_one_of(one, {each}) for one in of_example())
    } == set()


def test_the_examples_policy_has_no_action_that_nothing_needs() -> None:
    needed = of_example() | OF_SAM | OF_ACCESS_LOGS | {"iam:PassRole"}

    assert {
        each for each in actions(DEPLOY_EXAMPLE) if not any(is_one_of(action, {each}) for action in needed)
    } == set()


def test_the_example_is_made_under_its_own_names_and_hands_its_role_to_agentcore_alone() -> None:
    [hands_on] = [each for each in DEPLOY_EXAMPLE if "iam:PassRole" in each["Action"]]
    elsewhere = (
        "/apis*",
        "/restapis*",
        "/tags/*",
        ":runtime/*",
        ":workload-identity-directory/*",
        ":layer:RequestTagLayer*",
    )
    named = {each for each in resources(DEPLOY_EXAMPLE) if not each.endswith(elsewhere)}

    assert hands_on["Condition"]["StringEquals"]["iam:PassedToService"] == ["bedrock-agentcore.amazonaws.com"]
    assert {each for each in named if "request-lens-agent" not in each} == {"*"}
    assert [each["Sid"] for each in DEPLOY_EXAMPLE if each["Resource"] == "*"] == ["DeliverAccessLogs"]


@pytest.mark.parametrize("statements", [DEPLOY, DEPLOY_EXAMPLE, OPERATE], ids=["deploy", "deploy-example", "operate"])
def test_a_policy_fits_into_a_managed_one_and_says_of_each_statement_what_it_is_for(statements: list[Node]) -> None:
    """6,144 characters without blanks: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""
    assert len(re.sub(r"\s", "", json.dumps({"Version": "2012-10-17", "Statement": statements}))) <= 6144
    assert len({each["Sid"] for each in statements}) == len(statements)
    assert all(re.fullmatch(r"[A-Z][A-Za-z]+", each["Sid"]) for each in statements)


def test_roles_are_handed_on_to_services_that_take_one_and_are_the_stacks_own() -> None:
    [hands_on] = [each for each in DEPLOY if "iam:PassRole" in each["Action"]]
    takers = hands_on["Condition"]["StringEquals"]["iam:PassedToService"]

    assert sorted(takers) == ["lambda.amazonaws.com", "scheduler.amazonaws.com"]
    assert hands_on["Resource"] == "arn:aws:iam::*:role/request-lens-*"
