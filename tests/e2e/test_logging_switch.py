"""Bedrock's logging switch when CloudFormation rolls back, changes nothing, or has two stacks in a Region.

The stacks are the switch of the built template with what it needs: the rest of the template has no part in these cases.
"""

from collections.abc import Iterator

import pytest

from request_lens_cli.local_aws.lifecycle import LocalAws
from tests.support.deploying.local_account import LocalAccount
from tests.support.deploying.logging_stack import LoggingStack, upload_code

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
