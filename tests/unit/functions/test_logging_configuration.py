"""The cases of the logging switch, over moto's Bedrock and a stand-in for CloudFormation."""

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, cast

import pytest

import logging_configuration_handler
from bedrock_logging import ROLE_VALID_WITHIN_S
from cloudformation_response import MAX_REASON, SENDING_S
from logging_configuration_handler import LAST_CALL_S
from patience import PASSES_WITHIN_S, PAUSE_S, Patience
from tests.support.cloudformation import GROUP, OURS, ROLE, STACK, Clock, CloudFormation, Invocation, ask

if TYPE_CHECKING:
    from mypy_boto3_bedrock import BedrockClient
    from mypy_boto3_bedrock.type_defs import LoggingConfigTypeDef


ELSEWHERE = {"cloudWatchConfig": {"logGroupName": "/team/bedrock", "roleArn": ROLE}, "textDataDeliveryEnabled": True}
THEIRS_IN_OUR_GROUP = {"cloudWatchConfig": {"logGroupName": GROUP, "roleArn": ROLE + "-theirs"}}
LARGE = {"largeDataDeliveryS3Config": {"bucketName": "large-bodies", "keyPrefix": "bedrock"}}
WITH_BUCKETS = {
    "cloudWatchConfig": {"logGroupName": GROUP, "roleArn": ROLE + "-theirs", **LARGE},
    "s3Config": {"bucketName": "team-logs"},
}
SECOND_ROLE = ROLE.replace("request-lens", "second")
LONGEST_NAME, LONGEST_BUCKET = 512, 63


def put(bedrock: "BedrockClient", setting: Mapping[str, object]) -> None:
    raw = cast("LoggingConfigTypeDef", setting)
    bedrock.put_model_invocation_logging_configuration(loggingConfig=raw)


def stored(bedrock: "BedrockClient") -> object:
    return bedrock.get_model_invocation_logging_configuration().get("loggingConfig") or None


def test_where_logging_is_off_it_is_switched_on_with_every_flag_said(
    cloudformation: CloudFormation, bedrock: "BedrockClient"
) -> None:
    answer, physical_id = ask(cloudformation, "Create")

    assert answer["Status"] == "SUCCESS"
    assert answer["Data"] == {"Outcome": "created"}
    assert physical_id.startswith("put:")
    assert stored(bedrock) == OURS


def test_an_answer_carries_the_ids_of_its_request_and_the_content_type_that_the_url_is_signed_for(
    cloudformation: CloudFormation, bedrock: "BedrockClient"
) -> None:
    answer, _ = ask(cloudformation, "Create")

    assert (answer["StackId"], answer["RequestId"], answer["LogicalResourceId"]) == (
        STACK,
        "request-0",
        "BedrockLogging",
    )
    assert cloudformation.content_types == [""]


def test_prompts_and_completions_can_be_left_out(cloudformation: CloudFormation, bedrock: "BedrockClient") -> None:
    ask(cloudformation, "Create", LogPromptText="false")

    assert stored(bedrock) == OURS | {"textDataDeliveryEnabled": False}


@pytest.mark.parametrize("setting", [THEIRS_IN_OUR_GROUP, THEIRS_IN_OUR_GROUP | WITH_BUCKETS, OURS])
def test_a_setting_that_delivers_to_our_log_group_is_adopted_unchanged_with_all_its_buckets(
    cloudformation: CloudFormation, bedrock: "BedrockClient", setting: Mapping[str, object]
) -> None:
    put(bedrock, setting)

    answer, physical_id = ask(cloudformation, "Create")

    assert (answer["Status"], physical_id) == ("SUCCESS", "adopted")
    assert answer["Data"] == {"Outcome": "adopted"}
    assert stored(bedrock) == setting


@pytest.mark.parametrize(
    ("recorded", "asked", "said"),
    [
        (True, "false", "LogPromptText=false changes only our own"),
        (False, "true", "latency and stop reasons stay unknown"),
    ],
)
def test_an_adopted_setting_that_records_other_than_was_asked_is_left_and_told(
    cloudformation: CloudFormation, bedrock: "BedrockClient", recorded: bool, asked: str, said: str
) -> None:
    setting = THEIRS_IN_OUR_GROUP | {"textDataDeliveryEnabled": recorded}
    put(bedrock, setting)

    answer, physical_id = ask(cloudformation, "Create", LogPromptText=asked)

    assert (answer["Status"], physical_id) == ("SUCCESS", "adopted")
    assert said in answer["Data"]["Outcome"]
    assert stored(bedrock) == setting


def test_a_setting_that_delivers_elsewhere_fails_the_deployment_and_says_what_to_set(
    cloudformation: CloudFormation, bedrock: "BedrockClient"
) -> None:
    put(bedrock, ELSEWHERE)

    answer, _ = ask(cloudformation, "Create")

    assert answer["Status"] == "FAILED"
    for part in (
        "log group /team/bedrock",
        GROUP,
        "InvocationLogGroupName=/team/bedrock",
        "ManageBedrockLogging=false",
    ):
        assert part in answer["Reason"]
    assert "CreateInvocationLogGroup" not in answer["Reason"]
    assert stored(bedrock) == ELSEWHERE


def test_a_setting_that_delivers_to_a_bucket_alone_is_refused_and_named(
    cloudformation: CloudFormation, bedrock: "BedrockClient"
) -> None:
    put(bedrock, {"s3Config": {"bucketName": "team-logs"}})

    answer, _ = ask(cloudformation, "Create")

    assert answer["Status"] == "FAILED"
    assert "S3 bucket team-logs" in answer["Reason"]
    assert "Add a log group" in answer["Reason"]


@pytest.mark.parametrize(
    ("setting", "advice"),
    [
        (
            {"cloudWatchConfig": {"logGroupName": "/theirs".ljust(LONGEST_NAME, "x"), "roleArn": ROLE}},
            f"deploy with InvocationLogGroupName={'/theirs'.ljust(LONGEST_NAME, 'x')};",
        ),
        ({"s3Config": {"bucketName": "b" * LONGEST_BUCKET}}, "deploy with InvocationLogGroupName set to"),
    ],
    ids=["log group", "bucket"],
)
def test_what_to_set_is_said_whole_however_long_the_names_are(
    cloudformation: CloudFormation, bedrock: "BedrockClient", setting: "LoggingConfigTypeDef", advice: str
) -> None:
    put(bedrock, setting)

    answer, _ = ask(cloudformation, "Create", LogGroupName="/ours".ljust(LONGEST_NAME, "y"))

    assert answer["Status"] == "FAILED"
    assert advice in answer["Reason"]
    assert "ManageBedrockLogging=false" in answer["Reason"]
    assert len(answer["Reason"]) <= MAX_REASON


def test_a_delete_removes_the_setting_that_this_stack_made(
    cloudformation: CloudFormation, bedrock: "BedrockClient"
) -> None:
    _, physical_id = ask(cloudformation, "Create")

    answer, _ = ask(cloudformation, "Delete", physical_id=physical_id)

    assert answer["Status"] == "SUCCESS"
    assert stored(bedrock) is None


MADE_UP_ID = "adopted-BedrockLogging-1A2B3C4D5E6F"
"""What CloudFormation calls a resource of which it has no answer, in a stack named adopted."""


def test_a_delete_after_a_create_that_nobody_heard_of_removes_what_that_switched_on(
    cloudformation: CloudFormation, bedrock: "BedrockClient"
) -> None:
    ask(cloudformation, "Create")

    answer, _ = ask(cloudformation, "Delete", physical_id=MADE_UP_ID)

    assert (answer["Status"], answer["PhysicalResourceId"]) == ("SUCCESS", MADE_UP_ID)
    assert not bedrock.get_model_invocation_logging_configuration().get("loggingConfig")


def test_a_delete_that_comes_before_its_create_is_done_waits_for_it_and_removes_what_that_switches_on(
    cloudformation: CloudFormation, bedrock: "BedrockClient", monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses = list[float]()

    def while_waiting(pause_s: float) -> None:
        pauses.append(pause_s)
        if len(pauses) == 3:
            ask(cloudformation, "Create")

    waiting = partial(Patience, clock=lambda: sum(pauses), pause=while_waiting)
    monkeypatch.setattr(logging_configuration_handler, "Patience", waiting)
    answer, _ = ask(cloudformation, "Delete", physical_id=MADE_UP_ID)

    assert (answer["Status"], len(pauses)) == ("SUCCESS", 3)
    assert [each["PhysicalResourceId"].startswith("put:") for each in cloudformation.answers] == [True, False]
    assert stored(bedrock) is None


def test_a_delete_waits_no_longer_for_a_create_than_leaves_time_for_its_answer(
    cloudformation: CloudFormation, bedrock: "BedrockClient", monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    monkeypatch.setattr(logging_configuration_handler, "Patience", clock.patience)

    answer, _ = ask(cloudformation, "Delete", physical_id=MADE_UP_ID)

    left_s = Invocation().get_remaining_time_in_millis() / 1000 - SENDING_S - LAST_CALL_S
    assert answer["Status"] == "SUCCESS"
    assert left_s <= clock() < left_s + PAUSE_S
    assert clock() > ROLE_VALID_WITHIN_S + PASSES_WITHIN_S


@pytest.mark.parametrize("physical_id", ["put:0", "adopted", "unmade"])
def test_a_delete_of_what_was_answered_waits_for_nothing(
    cloudformation: CloudFormation, bedrock: "BedrockClient", monkeypatch: pytest.MonkeyPatch, physical_id: str
) -> None:
    clock = Clock()
    monkeypatch.setattr(logging_configuration_handler, "Patience", clock.patience)

    answer, _ = ask(cloudformation, "Delete", physical_id=physical_id)

    assert (answer["Status"], clock.pauses) == ("SUCCESS", [])


@pytest.mark.parametrize(("role", "text"), [(SECOND_ROLE, "true"), (ROLE, "perhaps")], ids=["other", "wrong"])
def test_a_delete_after_a_create_that_nobody_heard_of_leaves_a_setting_that_it_does_not_ask_for(
    cloudformation: CloudFormation, bedrock: "BedrockClient", role: str, text: str
) -> None:
    ask(cloudformation, "Create")

    answer, _ = ask(cloudformation, "Delete", physical_id=MADE_UP_ID, RoleArn=role, LogPromptText=text)

    assert answer["Status"] == "SUCCESS"
    assert bedrock.get_model_invocation_logging_configuration()["loggingConfig"] == OURS


def test_a_delete_leaves_a_setting_that_somebody_changed_since(
    cloudformation: CloudFormation, bedrock: "BedrockClient"
) -> None:
    _, physical_id = ask(cloudformation, "Create")
    put(bedrock, OURS | {"imageDataDeliveryEnabled": True})

    answer, _ = ask(cloudformation, "Delete", physical_id=physical_id)

    assert answer["Status"] == "SUCCESS"
    assert stored(bedrock) == OURS | {"imageDataDeliveryEnabled": True}


@pytest.mark.parametrize("setting", [THEIRS_IN_OUR_GROUP, ELSEWHERE])
def test_a_delete_leaves_a_setting_that_was_adopted_or_refused(
    cloudformation: CloudFormation, bedrock: "BedrockClient", setting: Mapping[str, object]
) -> None:
    put(bedrock, setting)
    _, physical_id = ask(cloudformation, "Create")

    answer, _ = ask(cloudformation, "Delete", physical_id=physical_id)

    assert answer["Status"] == "SUCCESS"
    assert stored(bedrock) == setting


def test_a_rollback_of_a_later_resource_switches_off_what_the_create_switched_on(
    cloudformation: CloudFormation, bedrock: "BedrockClient"
) -> None:
    _, physical_id = ask(cloudformation, "Create")

    ask(cloudformation, "Delete", physical_id=physical_id)
    answer, again = ask(cloudformation, "Create")

    assert (answer["Data"], again) == ({"Outcome": "created"}, physical_id)


def test_a_bucket_that_somebody_added_to_our_setting_stays_in_an_update_and_after_a_delete(
    cloudformation: CloudFormation, bedrock: "BedrockClient"
) -> None:
    _, physical_id = ask(cloudformation, "Create")
    put(bedrock, OURS | {"s3Config": {"bucketName": "team-logs"}})

    answer, adopted = ask(cloudformation, "Update", physical_id=physical_id, LogPromptText="false")
    ask(cloudformation, "Delete", physical_id=physical_id)
    ask(cloudformation, "Delete", physical_id=adopted)

    assert (answer["Status"], adopted) == ("SUCCESS", "adopted")
    assert stored(bedrock) == OURS | {"s3Config": {"bucketName": "team-logs"}}


def test_of_two_stacks_the_second_adopts_what_the_first_made_and_its_delete_leaves_it(
    cloudformation: CloudFormation, bedrock: "BedrockClient"
) -> None:
    _, first = ask(cloudformation, "Create")

    _, second = ask(cloudformation, "Create", RoleArn=SECOND_ROLE)
    ask(cloudformation, "Delete", physical_id=second)

    assert (first.startswith("put:"), second) == (True, "adopted")
    assert stored(bedrock) == OURS


def test_after_the_first_of_two_stacks_is_gone_an_update_of_the_second_switches_logging_on_again(
    cloudformation: CloudFormation, bedrock: "BedrockClient"
) -> None:
    _, first = ask(cloudformation, "Create")
    _, second = ask(cloudformation, "Create", RoleArn=SECOND_ROLE)
    ask(cloudformation, "Delete", physical_id=first)

    answer, second = ask(cloudformation, "Update", physical_id=second, RoleArn=SECOND_ROLE)

    assert (answer["Data"], second.startswith("put:")) == ({"Outcome": "created"}, True)
    assert stored(bedrock) == OURS | {"cloudWatchConfig": {"logGroupName": GROUP, "roleArn": SECOND_ROLE}}


def test_an_update_replaces_our_own_setting_and_the_clean_up_leaves_the_new_one(
    cloudformation: CloudFormation, bedrock: "BedrockClient"
) -> None:
    _, first = ask(cloudformation, "Create")

    _, second = ask(cloudformation, "Update", physical_id=first, LogPromptText="false")
    ask(cloudformation, "Delete", physical_id=first)

    assert second != first
    assert stored(bedrock) == OURS | {"textDataDeliveryEnabled": False}


def test_a_rolled_back_update_restores_the_setting_before(
    cloudformation: CloudFormation, bedrock: "BedrockClient"
) -> None:
    _, first = ask(cloudformation, "Create")
    _, second = ask(cloudformation, "Update", physical_id=first, LogGroupName="/other")

    _, third = ask(cloudformation, "Update", physical_id=second)
    ask(cloudformation, "Delete", physical_id=second)

    assert third == first
    assert stored(bedrock) == OURS


def test_an_update_that_changes_nothing_keeps_the_physical_id(
    cloudformation: CloudFormation, bedrock: "BedrockClient"
) -> None:
    _, first = ask(cloudformation, "Create")

    answer, second = ask(cloudformation, "Update", physical_id=first)

    assert (answer["Status"], second) == ("SUCCESS", first)


def test_an_update_leaves_an_adopted_setting_alone(cloudformation: CloudFormation, bedrock: "BedrockClient") -> None:
    put(bedrock, THEIRS_IN_OUR_GROUP)

    _, physical_id = ask(cloudformation, "Update", physical_id="adopted", LogPromptText="false")

    assert physical_id == "adopted"
    assert stored(bedrock) == THEIRS_IN_OUR_GROUP


def test_a_refused_update_keeps_the_physical_id(cloudformation: CloudFormation, bedrock: "BedrockClient") -> None:
    put(bedrock, ELSEWHERE)

    answer, physical_id = ask(cloudformation, "Update", physical_id="adopted")

    assert (answer["Status"], physical_id) == ("FAILED", "adopted")
