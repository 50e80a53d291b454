"""`sam build` and `sam deploy` without a parameter, whatever stands in the account. A Region serves for an account."""

import json
from collections.abc import Callable

import pytest

from request_lens_cli.local_aws.aws_clients import local_session
from request_lens_cli.local_aws.lifecycle import LocalAws
from tests.support.deploying.local_account import INVOCATIONS, LocalAccount

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]


type Open = Callable[[str], LocalAccount]


@pytest.fixture
def account(built: LocalAws) -> Open:
    return lambda region: LocalAccount(local=built, region=region)


def test_nothing_is_there_then_the_stack_is_and_an_option_of_an_earlier_version_is_passed_over(account: Open) -> None:
    ours = account("us-east-1")

    first = ours.deploy()
    made = {name: days for name, days in ours.log_groups().items() if name in ours.kept_log_groups}
    second = ours.deploy("LogRetentionDays=60", "CreateInvocationLogGroup=false")

    assert first.returncode == 0, first.stdout + first.stderr
    assert made == dict.fromkeys(ours.kept_log_groups, 30)
    assert second.returncode == 0, second.stdout + second.stderr
    later = {name: days for name, days in ours.log_groups().items() if name in ours.kept_log_groups}
    assert later == dict.fromkeys(ours.kept_log_groups, 60)
    assert ours.output("BedrockLoggingOutcome") == "created"
    assert ours.stores_what_bedrock_logs()


def test_the_log_group_is_there_and_logging_is_off(account: Open) -> None:
    prepared = account("us-east-2")
    prepared.logs.create_log_group(logGroupName=INVOCATIONS)

    answer = prepared.deploy()

    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert prepared.output("BedrockLoggingOutcome") == "created"
    assert prepared.log_groups()[INVOCATIONS] is None
    assert prepared.stores_what_bedrock_logs()


def test_group_role_and_logging_are_there_as_four_commands_make_them(account: Open) -> None:
    prepared = account("us-west-2")
    setting = _switched_on_by_hand(prepared, INVOCATIONS)

    answer = prepared.deploy()

    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert prepared.output("BedrockLoggingOutcome") == "adopted"
    assert prepared.logging_setting() == setting
    assert prepared.stores_what_bedrock_logs()


def test_a_stack_of_this_name_was_deleted_and_its_log_groups_and_table_were_kept(account: Open) -> None:
    deserted = account("eu-west-1")
    first = deserted.deploy()
    assert first.returncode == 0, first.stdout + first.stderr
    deserted.delete()
    left = (deserted.log_groups().keys() & deserted.kept_log_groups, len(deserted.tables()), deserted.logging_setting())

    answer = deserted.deploy()

    assert left == (deserted.kept_log_groups, 1, None)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert deserted.stores_what_bedrock_logs()


def test_a_first_deployment_that_is_refused_leaves_nothing_that_hinders_the_next(account: Open) -> None:
    taken = account("ap-south-1")
    setting = _switched_on_by_hand(taken, "/team/bedrock")

    refused = taken.deploy()
    events = taken.cloudformation.describe_stack_events(StackName=taken.stack_name)["StackEvents"]
    taken.delete()
    left = (taken.tables(), taken.logging_setting())
    answer = taken.deploy("InvocationLogGroupName=/team/bedrock")

    assert refused.returncode != 0
    assert any("InvocationLogGroupName=/team/bedrock" in each.get("ResourceStatusReason", "") for each in events)
    assert left == ([], setting)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert taken.logging_setting() == setting
    assert taken.stores_what_bedrock_logs()


def _switched_on_by_hand(account: LocalAccount, group: str) -> object:
    """A log group, a role that may write it, and logging that delivers there; answers with the setting."""
    account.logs.create_log_group(logGroupName=group)
    iam = local_session(account.local.endpoint).client("iam", endpoint_url=account.local.endpoint)
    trust = {"Effect": "Allow", "Principal": {"Service": "bedrock.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    name = f"BedrockLogging-{account.region}"
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"]
    allowed = {"Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    iam.put_role_policy(RoleName=name, PolicyName="write", PolicyDocument=policy)
    account.bedrock.put_model_invocation_logging_configuration(
        loggingConfig={
            "cloudWatchConfig": {"logGroupName": group, "roleArn": role},
            "textDataDeliveryEnabled": True,
        }
    )
    return account.logging_setting()
