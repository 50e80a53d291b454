"""The log groups that may be there already, over moto's CloudWatch Logs and a stand-in for CloudFormation."""

from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.stub import Stubber

from log_groups import LogGroups
from patience import PAUSE_S
from tests.support.cloudformation import GROUP, Clock, CloudFormation, ask_for_group

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient


def groups(logs: "CloudWatchLogsClient") -> dict[str, int | None]:
    """The retention in days of each log group."""
    return {each["logGroupName"]: each.get("retentionInDays") for each in logs.describe_log_groups()["logGroups"]}


def test_a_group_that_is_missing_is_made_with_its_retention(
    cloudformation: CloudFormation, logs: "CloudWatchLogsClient"
) -> None:
    answer, physical_id = ask_for_group(cloudformation, "Create")

    assert (answer["Status"], physical_id) == ("SUCCESS", f"made:{GROUP}")
    assert answer["Data"] == {"LogGroupName": GROUP, "Origin": "made"}
    assert groups(logs) == {GROUP: 30}


@pytest.mark.parametrize("retention", [None, 365])
def test_a_group_that_is_there_is_taken_as_it_is(
    cloudformation: CloudFormation, logs: "CloudWatchLogsClient", retention: int | None
) -> None:
    logs.create_log_group(logGroupName=GROUP)
    if retention is not None:
        logs.put_retention_policy(logGroupName=GROUP, retentionInDays=retention)

    answer, physical_id = ask_for_group(cloudformation, "Create")

    assert (answer["Status"], physical_id) == ("SUCCESS", f"found:{GROUP}")
    assert answer["Data"] == {"LogGroupName": GROUP, "Origin": "found"}
    assert groups(logs) == {GROUP: retention}


def test_the_retention_of_a_group_that_an_earlier_stack_of_this_name_left_is_set_anew(
    cloudformation: CloudFormation, logs: "CloudWatchLogsClient"
) -> None:
    ask_for_group(cloudformation, "Create", LogGroupName="/request-lens/lens/processor", NamedByStack="true")

    _, physical_id = ask_for_group(
        cloudformation, "Create", LogGroupName="/request-lens/lens/processor", NamedByStack="true", RetentionInDays="90"
    )

    assert physical_id == "found:/request-lens/lens/processor"
    assert groups(logs) == {"/request-lens/lens/processor": 90}


@pytest.mark.parametrize(("origin", "retention"), [("made", 90), ("found", 30)])
def test_an_update_changes_the_retention_of_a_group_that_this_stack_made_alone(
    cloudformation: CloudFormation, logs: "CloudWatchLogsClient", origin: str, retention: int
) -> None:
    ask_for_group(cloudformation, "Create")

    _, physical_id = ask_for_group(cloudformation, "Update", physical_id=f"{origin}:{GROUP}", RetentionInDays="90")

    assert physical_id == f"{origin}:{GROUP}"
    assert groups(logs) == {GROUP: retention}


def test_another_name_makes_another_group_and_both_stay(
    cloudformation: CloudFormation, logs: "CloudWatchLogsClient"
) -> None:
    _, first = ask_for_group(cloudformation, "Create")
    _, second = ask_for_group(cloudformation, "Update", physical_id=first, LogGroupName="/team/bedrock")
    ask_for_group(cloudformation, "Delete", physical_id=first)

    assert second == "made:/team/bedrock"
    assert groups(logs) == {GROUP: 30, "/team/bedrock": 30}


@pytest.mark.parametrize("origin", ["made", "found"])
def test_a_delete_leaves_the_group_with_its_events(
    cloudformation: CloudFormation, logs: "CloudWatchLogsClient", origin: str
) -> None:
    ask_for_group(cloudformation, "Create")

    answer, _ = ask_for_group(cloudformation, "Delete", physical_id=f"{origin}:{GROUP}")

    assert answer["Status"] == "SUCCESS"
    assert groups(logs) == {GROUP: 30}


def test_a_rollback_of_another_name_leaves_the_first_group_the_retention_that_it_was_made_with(
    cloudformation: CloudFormation, logs: "CloudWatchLogsClient"
) -> None:
    """Who made it is forgotten: a retention that is asked for later does not reach it."""
    _, first = ask_for_group(cloudformation, "Create")
    _, second = ask_for_group(cloudformation, "Update", physical_id=first, LogGroupName="/other")

    _, again = ask_for_group(cloudformation, "Update", physical_id=second)
    ask_for_group(cloudformation, "Update", physical_id=again, RetentionInDays="90")

    assert (first, again) == (f"made:{GROUP}", f"found:{GROUP}")
    assert groups(logs) == {GROUP: 30, "/other": 30}


def test_a_group_that_somebody_deleted_is_made_again_by_an_update(
    cloudformation: CloudFormation, logs: "CloudWatchLogsClient"
) -> None:
    _, physical_id = ask_for_group(cloudformation, "Create")
    logs.delete_log_group(logGroupName=GROUP)

    ask_for_group(cloudformation, "Update", physical_id=physical_id)

    assert groups(logs) == {GROUP: 30}


def test_a_refusal_of_cloudwatch_logs_is_answered_with_the_groups_name(
    cloudformation: CloudFormation, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = _client()
    stubber = Stubber(client)
    stubber.add_client_error("create_log_group", "LimitExceededException")
    stubber.activate()
    monkeypatch.setattr(boto3, "client", lambda *_args, **_kwargs: client)

    answer, physical_id = ask_for_group(cloudformation, "Create")

    assert (answer["Status"], physical_id) == ("FAILED", "unmade")
    assert GROUP in answer["Reason"]
    assert "LimitExceededException" in answer["Reason"]


def test_a_group_whose_retention_is_refused_is_answered_with_the_command_that_sets_it(
    cloudformation: CloudFormation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Create that failed is forgotten: to the next one the group that this one made is somebody else's."""
    client, name = _client(), "/ours".ljust(512, "y")
    stubber = Stubber(client)
    stubber.add_response("create_log_group", {}, {"logGroupName": name})
    stubber.add_client_error("put_retention_policy", "LimitExceededException", "refused for " + name)
    stubber.activate()
    monkeypatch.setattr(boto3, "client", lambda *_args, **_kwargs: client)

    answer, physical_id = ask_for_group(cloudformation, "Create", LogGroupName=name)

    assert (answer["Status"], physical_id) == ("FAILED", "unmade")
    assert f"aws logs put-retention-policy --retention-in-days 30 --log-group-name {name}." in answer["Reason"]
    assert "LimitExceededException" in answer["Reason"]


def test_a_property_that_is_wrong_is_named_in_the_answer(
    cloudformation: CloudFormation, logs: "CloudWatchLogsClient"
) -> None:
    answer, _ = ask_for_group(cloudformation, "Create", RetentionInDays="for ever")

    assert answer["Status"] == "FAILED"
    assert "RetentionInDays" in answer["Reason"]


@pytest.mark.parametrize(
    "code", ["AccessDeniedException", "OperationAbortedException", "ThrottlingException"], ids=["role", "race", "rate"]
)
def test_what_a_moment_heals_is_tried_again(code: str) -> None:
    """A role that is seconds old; a second stack that is just making the same group; too many calls at once."""
    client, clock = _client(), Clock()
    stubber = Stubber(client)
    stubber.add_client_error("create_log_group", code)
    stubber.add_response("create_log_group", {}, {"logGroupName": GROUP})
    stubber.add_client_error("put_retention_policy", code)
    stubber.add_response("put_retention_policy", {}, {"logGroupName": GROUP, "retentionInDays": 30})
    groups = LogGroups(client, clock.patience())

    with stubber:
        assert groups.make(GROUP)
        groups.keep_events_for(GROUP, days=30)

    assert clock.pauses == [PAUSE_S] * 2
    stubber.assert_no_pending_responses()


def test_a_group_that_another_stack_was_just_making_is_found() -> None:
    client, clock = _client(), Clock()
    stubber = Stubber(client)
    stubber.add_client_error("create_log_group", "OperationAbortedException")
    stubber.add_client_error("create_log_group", "ResourceAlreadyExistsException")

    with stubber:
        assert not LogGroups(client, clock.patience()).make(GROUP)


def _client() -> "CloudWatchLogsClient":
    return boto3.session.Session(
        aws_access_key_id="testing", aws_secret_access_key="testing", region_name="ap-northeast-1"
    ).client("logs")
