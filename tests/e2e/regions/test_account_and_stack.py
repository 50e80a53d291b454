"""What `request-lens doctor` says of credentials that are refused, and of a stack that does not stand."""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from request_lens_cli.local_aws.aws_clients import local_session
from request_lens_cli.local_aws.lifecycle import LocalAws
from request_lens_cli.local_aws.loopback import free_port
from tests.support.deploying.callers import caller
from tests.support.deploying.examined import Examination, examined
from tests.support.deploying.hindered_stack import HinderedStack
from tests.support.deploying.local_account import LocalAccount
from tests.support.deploying.local_processor import awaited

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

REGION = "eu-west-3"
LOGGED_IN_AGAIN = "Log in again, or name another profile with --profile."
DELETED_AND_DEPLOYED = "Delete it with `sam delete`, then deploy it: its events say why it failed."
WAITED_FOR = "Wait until CloudFormation has finished, then ask again."

type Settings = Mapping[str, str | None]


@pytest.fixture(scope="module")
def stack(built: LocalAws) -> HinderedStack:
    """The stack as `sam deploy` makes it in a Region of its own."""
    account = LocalAccount(local=built, region=REGION)
    answer = account.deploy()
    assert answer.returncode == 0, answer.stdout + answer.stderr
    hindered = HinderedStack(account)
    hindered.make_hindrance()
    return hindered


def asked(stack: HinderedStack, settings: Settings, *arguments: str) -> Examination:
    chosen = {"STACK_NAME": stack.name, "AWS_REGION": REGION, "AWS_DEFAULT_REGION": REGION}
    return examined(stack.account.local.endpoint, *arguments, keys={**chosen, **settings})


@pytest.fixture
def keys(stack: HinderedStack) -> Iterator[Mapping[str, str]]:
    """Keys of somebody who may see stacks."""
    sees = {"Effect": "Allow", "Action": "cloudformation:DescribeStacks", "Resource": "*"}
    with caller(stack.account.local.endpoint, "sees-stacks", [sees]) as keys:
        yield keys


type Spoilt = Callable[[HinderedStack, Mapping[str, str]], Settings]


def unknown_key(_: HinderedStack, keys: Mapping[str, str]) -> Settings:
    return {**keys, "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE"}


def wrong_secret(_: HinderedStack, keys: Mapping[str, str]) -> Settings:
    return {**keys, "AWS_SECRET_ACCESS_KEY": "wrong"}


def token_of_nobody(_: HinderedStack, keys: Mapping[str, str]) -> Settings:
    return {**keys, "AWS_SESSION_TOKEN": "of nobody"}


def key_that_was_switched_off(stack: HinderedStack, keys: Mapping[str, str]) -> Settings:
    endpoint = stack.account.local.endpoint
    iam = local_session(endpoint).client("iam", endpoint_url=endpoint)
    iam.update_access_key(UserName="sees-stacks", AccessKeyId=keys["AWS_ACCESS_KEY_ID"], Status="Inactive")
    return keys


REFUSED = [
    (unknown_key, "InvalidClientTokenId"),
    (wrong_secret, "SignatureDoesNotMatch"),
    (token_of_nobody, "InvalidClientTokenId"),
    (key_that_was_switched_off, "InvalidClientTokenId"),
]


@pytest.mark.parametrize(("spoilt", "code"), REFUSED, ids=[spoilt.__name__ for spoilt, _ in REFUSED])
def test_credentials_that_aws_refuses_are_the_fault(
    stack: HinderedStack, keys: Mapping[str, str], spoilt: Spoilt, code: str
) -> None:
    taken = asked(stack, keys)
    refused = asked(stack, spoilt(stack, keys))

    assert (taken.of("credentials")["outcome"], taken.of("stack")["outcome"]) == ("fine", "fine")
    assert (refused.exit_code, len(refused.findings)) == (1, 1)
    assert refused.last["text"] == f"AWS does not take your credentials ({code}): renew them."
    assert refused.last["remedy"] == LOGGED_IN_AGAIN


def a_profile(folder: Path, *lines: str) -> Settings:
    """Settings whose only credentials are those of a profile."""
    config = folder / "config"
    config.write_text("\n".join(["[profile own]", *lines]), encoding="utf-8")
    none = dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"))
    return {**none, "AWS_CONFIG_FILE": str(config), "AWS_PROFILE": "own", "AWS_EC2_METADATA_DISABLED": "true"}


def no_credentials(folder: Path) -> Settings:
    return a_profile(folder)


def a_login_that_is_over(folder: Path) -> Settings:
    session = ("[sso-session own]", "sso_start_url = https://example.com/start", f"sso_region = {REGION}")
    return a_profile(folder, "sso_session = own", "sso_account_id = 123456789012", "sso_role_name = Operator", *session)


def a_command_that_gives_none(folder: Path) -> Settings:
    return a_profile(folder, "credential_process = false")


def a_command_that_gives_expired_ones(folder: Path) -> Settings:
    given = {"Version": 1, "AccessKeyId": "ASIA", "SecretAccessKey": "x", "SessionToken": "x"}
    answer = folder / "answer"
    answer.write_text(json.dumps({**given, "Expiration": "2025-01-01T00:00:00Z"}), encoding="utf-8")
    return a_profile(folder, f"credential_process = cat {answer}")


def no_region(_: Path) -> Settings:
    return {"AWS_REGION": None, "AWS_DEFAULT_REGION": None}


def no_address(_: Path) -> Settings:
    return {"AWS_ENDPOINT_URL": "nonsense"}


def nobody_there(_: Path) -> Settings:
    return {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{free_port()}"}


STARTED = "`unset AWS_ENDPOINT_URL`, or a new shell, speaks to AWS; `make demo KEEP=1` starts the local AWS."
SEEN_TO = "See network, proxy, and AWS_ENDPOINT_URL if it is set."
UNASKED = [
    (no_credentials, "No AWS credentials are found.", "Give --profile, or log in as for the AWS CLI."),
    (a_login_that_is_over, "There are no valid AWS credentials: ", LOGGED_IN_AGAIN),
    (a_command_that_gives_expired_ones, "There are no valid AWS credentials: ", LOGGED_IN_AGAIN),
    (a_command_that_gives_none, "There are no valid AWS credentials: ", LOGGED_IN_AGAIN),
    (no_region, "No AWS Region is set.", "Give --region, or set AWS_REGION."),
    (no_address, "AWS cannot be reached: Invalid endpoint", SEEN_TO),
    (nobody_there, "Nothing answers at http", STARTED),
]


@pytest.mark.parametrize(("spoilt", "text", "remedy"), UNASKED, ids=[spoilt.__name__ for spoilt, *_ in UNASKED])
def test_settings_with_which_nothing_can_be_asked_are_the_fault(
    stack: HinderedStack, tmp_path: Path, spoilt: Callable[[Path], Settings], text: str, remedy: str
) -> None:
    refused = asked(stack, {"AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none"), **spoilt(tmp_path)})

    assert (refused.exit_code, len(refused.findings)) == (1, 1)
    assert refused.last["check"] == ("region" if spoilt is no_region else "credentials")
    assert refused.last["text"].startswith(text)
    assert refused.last["remedy"].startswith(remedy.removesuffix("."))  # a local AWS that runs here is named after it
    assert asked(stack, {}).of("credentials")["outcome"] == "fine"


def said_of(stack: HinderedStack, status: str) -> str:
    """What helps a stack that is, or comes, into this status, which must be the fault."""
    assert awaited(stack.status, status.__eq__, within_s=90) == status
    said = asked(stack, {})
    assert (said.exit_code, said.last["check"]) == (1, "stack")
    assert said.last["text"] == f"{stack.name} is in {status}."
    return said.last["remedy"]


def is_fine(stack: HinderedStack, status: str) -> bool:
    """Whether a stack comes into this status, and doctor goes on to what it is made of."""
    awaited(stack.status, status.__eq__, within_s=90)
    said = asked(stack, {})
    found = said.of("stack")
    return (found["outcome"], found["text"]) == ("fine", f"{stack.name} is deployed ({status}).") and said.last[
        "check"
    ] != "stack"


def is_gone(stack: HinderedStack) -> bool:
    awaited(stack.status, "".__eq__, within_s=90)
    return asked(stack, {}).last["text"] == f"There is no stack {stack.name} in {REGION}."


def at_gate(stack: HinderedStack, change: str, *, rolls_back: bool = True) -> None:
    """Carry out a change until CloudFormation waits at the gate."""
    stack.carry_out(change, rolls_back=rolls_back)
    assert awaited(stack.is_at_gate, bool, within_s=90)


def test_an_update_that_could_not_be_rolled_back_is_continued(stack: HinderedStack) -> None:
    stack.carry_out(stack.ask_for("UPDATE"))
    assert is_fine(stack, "UPDATE_COMPLETE")
    at_gate(stack, stack.ask_for("UPDATE", gated=True, revision=2))
    assert is_fine(stack, "UPDATE_IN_PROGRESS")
    stack.refuses("Update")
    stack.fail_at_gate()

    remedy = said_of(stack, "UPDATE_ROLLBACK_FAILED")

    assert f"`aws cloudformation continue-update-rollback --stack-name {stack.name}`" in remedy
    stack.refuses()
    stack.cloudformation.continue_update_rollback(StackName=stack.name)
    assert is_fine(stack, "UPDATE_ROLLBACK_COMPLETE")


def test_a_deletion_is_waited_for_and_one_that_failed_is_asked_for_again(stack: HinderedStack) -> None:
    stack.refuses("Delete", pause_s=5)
    stack.delete()
    assert said_of(stack, "DELETE_IN_PROGRESS") == WAITED_FOR
    assert said_of(stack, "DELETE_FAILED") == DELETED_AND_DEPLOYED

    stack.refuses()
    stack.delete()

    assert is_gone(stack)


def test_a_creation_is_waited_for_and_one_that_failed_is_deleted_and_made_again(stack: HinderedStack) -> None:
    change = stack.ask_for("CREATE", gated=True)
    assert said_of(stack, "REVIEW_IN_PROGRESS") == DELETED_AND_DEPLOYED
    at_gate(stack, change)
    assert said_of(stack, "CREATE_IN_PROGRESS") == WAITED_FOR
    stack.refuses(pause_s=5)
    stack.fail_at_gate()
    assert said_of(stack, "ROLLBACK_IN_PROGRESS") == WAITED_FOR
    assert said_of(stack, "ROLLBACK_COMPLETE") == DELETED_AND_DEPLOYED
    stack.refuses()
    stack.delete()
    assert is_gone(stack)

    stack.carry_out(stack.ask_for("CREATE"))

    assert is_fine(stack, "CREATE_COMPLETE")


@pytest.mark.parametrize(("rolls_back", "status"), [(False, "CREATE_FAILED"), (True, "ROLLBACK_FAILED")])
def test_what_is_left_of_a_creation_that_failed_is_deleted(stack: HinderedStack, rolls_back: bool, status: str) -> None:
    stack.delete()
    assert is_gone(stack)
    at_gate(stack, stack.ask_for("CREATE", gated=True), rolls_back=rolls_back)
    stack.refuses("Delete")
    stack.fail_at_gate()

    assert said_of(stack, status) == DELETED_AND_DEPLOYED

    stack.refuses()
    stack.delete()
    assert is_gone(stack)


def test_a_stack_that_is_no_more_is_said_to_be_deleted_where_it_is_named_by_its_arn(stack: HinderedStack) -> None:
    stack.carry_out(stack.ask_for("CREATE"))
    assert is_fine(stack, "CREATE_COMPLETE")
    (found,) = stack.cloudformation.describe_stacks(StackName=stack.name)["Stacks"]
    stack.delete()
    assert is_gone(stack)

    said = asked(stack, {}, "--stack-name", found["StackId"])

    assert said.last["text"] == f"{stack.name} is in DELETE_COMPLETE."
    assert said.last["remedy"] == DELETED_AND_DEPLOYED
