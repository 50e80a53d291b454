"""The logging switch when Bedrock, CloudFormation's answer address or the function itself fails."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber
from pydantic import ValidationError

from bedrock_logging import PAUSE_S, ROLE_VISIBLE_WITHIN_S, BedrockLogging
from cloudformation_response import ResourceRequest, Response, send
from logging_configuration_handler import lambda_handler
from logging_setting import LoggingSetting, setting_for
from tests.support.cloudformation import GROUP, OURS, ROLE, STACK, CloudFormation, ask, listening

if TYPE_CHECKING:
    from mypy_boto3_bedrock import BedrockClient


@pytest.fixture
def cloudformation() -> Iterator[CloudFormation]:
    with listening() as server:
        yield server


def test_a_property_that_is_wrong_is_named_in_the_answer(
    cloudformation: CloudFormation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(boto3, "client", lambda *_args, **_kwargs: _client())

    answer, _ = ask(cloudformation, "Create", LogPromptText="perhaps")

    assert answer["Status"] == "FAILED"
    assert "LogPromptText" in answer["Reason"]


@pytest.mark.parametrize(("kind", "status"), [("Create", "FAILED"), ("Update", "FAILED"), ("Delete", "SUCCESS")])
def test_an_outage_of_bedrock_is_answered_and_holds_no_deletion_back(
    cloudformation: CloudFormation, monkeypatch: pytest.MonkeyPatch, kind: str, status: str
) -> None:
    refusing = _refusing("get_model_invocation_logging_configuration", "AccessDeniedException", times=1)
    monkeypatch.setattr(boto3, "client", lambda *_args, **_kwargs: refusing)

    answer, _ = ask(cloudformation, kind, physical_id="put:1")

    assert (answer["Status"], answer["PhysicalResourceId"]) == (status, "put:1")
    assert status == "SUCCESS" or "AccessDeniedException" in answer["Reason"]


def test_a_create_that_may_have_been_taken_keeps_the_id_that_its_clean_up_needs(
    cloudformation: CloudFormation, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = _client()
    stubber = Stubber(client)
    stubber.add_response("get_model_invocation_logging_configuration", {})
    stubber.add_client_error("put_model_invocation_logging_configuration", "InternalServerException")
    stubber.activate()
    monkeypatch.setattr(boto3, "client", lambda *_args, **_kwargs: client)

    answer, physical_id = ask(cloudformation, "Create")

    wanted = setting_for(GROUP, role_arn=ROLE, log_prompt_text=True)
    assert (answer["Status"], physical_id) == ("FAILED", f"put:{wanted.fingerprint}")


@pytest.mark.parametrize(("kind", "status"), [("Create", "FAILED"), ("Delete", "SUCCESS")])
def test_an_unexpected_error_is_answered_before_it_is_raised(
    cloudformation: CloudFormation, monkeypatch: pytest.MonkeyPatch, kind: str, status: str
) -> None:
    def broken(*_args: object, **_kwargs: object) -> None:
        raise RuntimeError("no such service")

    monkeypatch.setattr(boto3, "client", broken)

    with pytest.raises(RuntimeError):
        ask(cloudformation, kind)

    assert [answer["Status"] for answer in cloudformation.answers] == [status]


def test_a_request_that_is_not_cloudformations_cannot_be_answered() -> None:
    with pytest.raises(ValidationError):
        lambda_handler({"RequestType": "Create"}, object())


def test_an_answer_is_sent_again_when_it_does_not_arrive(cloudformation: CloudFormation) -> None:
    cloudformation.refusals = 2
    pauses: list[float] = []

    send(Response(physical_id="adopted"), _request(cloudformation), pause=pauses.append)

    assert len(cloudformation.answers) == 1
    assert pauses == [2, 4]


def test_an_answer_that_never_arrives_is_an_error(cloudformation: CloudFormation) -> None:
    cloudformation.refusals = 9

    with pytest.raises(OSError, match="503"):
        send(Response(physical_id="adopted"), _request(cloudformation), pause=lambda _: None)


def test_a_role_that_is_not_visible_yet_is_tried_again() -> None:
    client = _client()
    stubber = Stubber(client)
    for _ in range(3):
        stubber.add_client_error("put_model_invocation_logging_configuration", "ValidationException")
    stubber.add_response("put_model_invocation_logging_configuration", {}, {"loggingConfig": OURS})
    pauses: list[float] = []

    with stubber:
        BedrockLogging(client, pause=pauses.append).write(LoggingSetting.model_validate(OURS))

    assert pauses == [PAUSE_S] * 3
    stubber.assert_no_pending_responses()


def test_a_role_that_stays_invalid_is_given_up_after_two_minutes() -> None:
    client = _refusing("put_model_invocation_logging_configuration", "ValidationException", times=100)
    pauses: list[float] = []

    with pytest.raises(ClientError, match="ValidationException"):
        BedrockLogging(client, pause=pauses.append).write(LoggingSetting.model_validate(OURS))

    assert sum(pauses) == ROLE_VISIBLE_WITHIN_S


def test_a_refusal_that_time_does_not_heal_is_not_tried_again() -> None:
    client = _refusing("put_model_invocation_logging_configuration", "AccessDeniedException", times=1)
    pauses: list[float] = []

    with pytest.raises(ClientError, match="AccessDeniedException"):
        BedrockLogging(client, pause=pauses.append).write(LoggingSetting.model_validate(OURS))

    assert pauses == []


def _client() -> "BedrockClient":
    return boto3.session.Session(
        aws_access_key_id="testing", aws_secret_access_key="testing", region_name="ap-northeast-1"
    ).client("bedrock")


def _refusing(method: str, code: str, *, times: int) -> "BedrockClient":
    client = _client()
    stubber = Stubber(client)
    for _ in range(times):
        stubber.add_client_error(method, code)
    stubber.activate()
    return client


def _request(server: CloudFormation) -> ResourceRequest:
    ids = {"StackId": STACK, "RequestId": "1", "LogicalResourceId": "BedrockLogging"}
    return ResourceRequest.model_validate({"RequestType": "Create", "ResponseURL": server.url, **ids})
