"""Bedrock's logging switch when CloudFormation rolls back, changes nothing, or has two stacks in a Region.

The stacks are the switch of the built template with what it needs: the rest of the template has no part in these cases.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, cast

import pytest

from request_lens_cli.local_aws.lifecycle import LocalAws
from tests.support.deploying.local_account import INVOCATIONS, LocalAccount
from tests.support.deploying.logging_stack import LoggingStack, upload_code

if TYPE_CHECKING:
    from mypy_boto3_bedrock.type_defs import LoggingConfigTypeDef

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def account(built: LocalAws) -> LocalAccount:
    account = LocalAccount(local=built, region="eu-north-1")
    upload_code(account)
    return account


@pytest.fixture
def stack(account: LocalAccount) -> Iterator[LoggingStack]:
    stack = LoggingStack(account=account, name="first")
    yield stack
    stack.delete()
    assert account.logging_setting() is None


def records_text(account: LocalAccount) -> bool:
    return account.bedrock.get_model_invocation_logging_configuration()["loggingConfig"]["textDataDeliveryEnabled"]


def test_logging_is_off_again_after_a_creation_that_failed_later(account: LocalAccount, stack: LoggingStack) -> None:
    assert stack.create(breaks_later=True) == "ROLLBACK_COMPLETE"

    events = account.cloudformation.describe_stack_events(StackName=stack.name)["StackEvents"]
    of_switch = [each["ResourceStatus"] for each in events if each.get("LogicalResourceId") == "BedrockLogging"]
    assert of_switch == ["DELETE_COMPLETE", "DELETE_IN_PROGRESS", "CREATE_COMPLETE", "CREATE_IN_PROGRESS"]
    assert account.logging_setting() is None


def test_a_flag_follows_its_parameter_and_a_failed_update_and_one_of_nothing_leave_it(
    account: LocalAccount, stack: LoggingStack
) -> None:
    assert stack.create() == "CREATE_COMPLETE"
    with_text = stack.switch_id()
    assert records_text(account) is True

    assert stack.update(LogPromptText="false") == "UPDATE_COMPLETE"
    without_text = stack.switch_id()
    assert (records_text(account), without_text == with_text) == (False, False)

    assert stack.update(breaks_later=True, LogPromptText="false") == "UPDATE_ROLLBACK_COMPLETE"
    assert (records_text(account), stack.switch_id()) == (False, without_text)

    assert stack.update(LogPromptText="false", LogRetentionDays="60") == "UPDATE_COMPLETE"
    with pytest.raises(account.cloudformation.exceptions.ClientError, match="No updates are to be performed"):
        stack.update(LogPromptText="false", LogRetentionDays="60")
    assert (records_text(account), stack.switch_id()) == (False, without_text)

    assert stack.update(LogPromptText="false", LogRetentionDays="60", ManageBedrockLogging="false") == "UPDATE_COMPLETE"
    assert account.logging_setting() is None


def test_a_setting_of_somebody_else_stays_with_its_buckets_and_flags_whatever_the_stack_does(
    account: LocalAccount, stack: LoggingStack
) -> None:
    """It goes to our group, to a bucket, and with large bodies to another one, but records no text."""
    large = {"largeDataDeliveryS3Config": {"bucketName": "large-bodies", "keyPrefix": "bedrock"}}
    setting = {
        "cloudWatchConfig": {"logGroupName": INVOCATIONS, "roleArn": "arn:aws:iam::000000000000:role/theirs", **large},
        "s3Config": {"bucketName": "team-logs", "keyPrefix": "calls"},
        "textDataDeliveryEnabled": False,
    }
    account.bedrock.put_model_invocation_logging_configuration(loggingConfig=cast("LoggingConfigTypeDef", setting))
    before = account.logging_setting()

    assert stack.create() == "CREATE_COMPLETE"
    assert (stack.switch_id(), account.logging_setting()) == ("adopted", before)
    assert stack.update(LogRetentionDays="60") == "UPDATE_COMPLETE"
    assert (stack.switch_id(), account.logging_setting()) == ("adopted", before)
    stack.delete()

    assert account.logging_setting() == before == setting
    account.bedrock.delete_model_invocation_logging_configuration()


def test_a_setting_that_somebody_changed_since_stays_when_the_stack_goes(
    account: LocalAccount, stack: LoggingStack
) -> None:
    assert stack.create() == "CREATE_COMPLETE"
    made = account.bedrock.get_model_invocation_logging_configuration()["loggingConfig"]
    changed: LoggingConfigTypeDef = {**made, "imageDataDeliveryEnabled": True}
    account.bedrock.put_model_invocation_logging_configuration(loggingConfig=changed)

    stack.delete()

    assert account.logging_setting() == changed
    account.bedrock.delete_model_invocation_logging_configuration()


def test_the_second_stack_of_a_region_adopts_the_first_ones_logging_and_leaves_it_when_it_goes(
    account: LocalAccount, stack: LoggingStack
) -> None:
    second = LoggingStack(account=account, name="second")

    created = stack.create(), second.create()
    setting = account.logging_setting()
    adopted = second.switch_id()
    second.delete()

    assert created == ("CREATE_COMPLETE", "CREATE_COMPLETE")
    assert (stack.switch_id().startswith("put:"), adopted) == (True, "adopted")
    assert account.logging_setting() == setting
