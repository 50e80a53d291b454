"""The logging switch when Bedrock, CloudFormation's answer address or the function itself fails."""

from http.client import HTTPException
from typing import TYPE_CHECKING

import boto3
import botocore.session
import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from botocore.loaders import create_loader
from botocore.stub import Stubber
from pydantic import ValidationError

import logging_configuration_handler
from bedrock_logging import ROLE_VALID_WITHIN_S, BedrockLogging
from cloudformation_response import SENDING_S, TIMEOUT_S, TRIES, ResourceRequest, Response, send
from logging_configuration_handler import ATTEMPTS, CONNECT_S, LAST_CALL_S, READ_S, lambda_handler
from logging_setting import LoggingSetting, setting_for
from patience import PASSES_WITHIN_S, PAUSE_S, Patience
from tests.support.cloudformation import GROUP, OURS, ROLE, STACK, Clock, CloudFormation, Invocation, ask

if TYPE_CHECKING:
    from mypy_boto3_bedrock import BedrockClient
    from mypy_boto3_bedrock.type_defs import LoggingConfigTypeDef


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
    refusing = _refusing("get_model_invocation_logging_configuration", "InternalServerException", times=1)
    monkeypatch.setattr(boto3, "client", lambda *_args, **_kwargs: refusing)

    answer, _ = ask(cloudformation, kind, physical_id="put:1")

    assert (answer["Status"], answer["PhysicalResourceId"]) == (status, "put:1")
    assert status == "SUCCESS" or "InternalServerException" in answer["Reason"]


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


def _taken_without_an_answer(bedrock: "BedrockClient", monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Bedrock take what is put, and the answer get lost."""
    put = bedrock.put_model_invocation_logging_configuration

    def lost(**setting: "LoggingConfigTypeDef") -> None:
        put(**setting)
        raise ReadTimeoutError(endpoint_url="https://bedrock")

    monkeypatch.setattr(bedrock, "put_model_invocation_logging_configuration", lost)
    monkeypatch.setattr(boto3, "client", lambda *_args, **_kwargs: bedrock)


def test_an_update_that_was_taken_without_an_answer_is_rolled_back_and_stays_this_stacks(
    cloudformation: CloudFormation, bedrock: "BedrockClient", monkeypatch: pytest.MonkeyPatch
) -> None:
    without_text = {"LogPromptText": "false"}
    _, first = ask(cloudformation, "Create")
    with monkeypatch.context() as broken:
        _taken_without_an_answer(bedrock, broken)
        failed, kept = ask(cloudformation, "Update", physical_id=first, former={}, **without_text)
    taken = bedrock.get_model_invocation_logging_configuration()["loggingConfig"]

    rolled_back, after = ask(cloudformation, "Update", physical_id=kept, former=without_text)

    assert (failed["Status"], kept, taken["textDataDeliveryEnabled"]) == ("FAILED", first, False)
    assert (rolled_back["Data"], after) == ({"Outcome": "created"}, first)
    assert bedrock.get_model_invocation_logging_configuration()["loggingConfig"] == OURS


def test_an_update_that_was_taken_without_an_answer_may_be_tried_again(
    cloudformation: CloudFormation, bedrock: "BedrockClient", monkeypatch: pytest.MonkeyPatch
) -> None:
    _, first = ask(cloudformation, "Create")
    with monkeypatch.context() as broken:
        _taken_without_an_answer(bedrock, broken)
        ask(cloudformation, "Update", physical_id=first, former={}, LogPromptText="false")

    _, second = ask(cloudformation, "Update", physical_id=first, former={}, LogPromptText="false")
    ask(cloudformation, "Delete", physical_id=second)

    assert not bedrock.get_model_invocation_logging_configuration().get("loggingConfig")


def test_properties_before_that_were_wrong_made_nothing(
    cloudformation: CloudFormation, bedrock: "BedrockClient"
) -> None:
    _, first = ask(cloudformation, "Create")

    answer, after = ask(cloudformation, "Update", physical_id=first, former={"LogPromptText": "perhaps"})

    assert (answer["Status"], after) == ("SUCCESS", first)


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
        lambda_handler({"RequestType": "Create"}, Invocation())


@pytest.mark.parametrize("garbled", [False, True], ids=["refused", "answered by what is no HTTP"])
def test_an_answer_is_sent_again_when_it_does_not_arrive(cloudformation: CloudFormation, *, garbled: bool) -> None:
    cloudformation.refusals, cloudformation.garbled = 2, garbled
    pauses: list[float] = []

    send(Response(physical_id="adopted"), _request(cloudformation), pause=pauses.append)

    assert len(cloudformation.answers) == 1
    assert pauses == [2, 4]


def test_an_answer_that_never_arrives_is_an_error(cloudformation: CloudFormation) -> None:
    cloudformation.refusals = 9

    with pytest.raises(OSError, match="503"):
        send(Response(physical_id="adopted"), _request(cloudformation), pause=lambda _: None)


def test_an_answer_that_is_never_taken_as_http_is_an_error(cloudformation: CloudFormation) -> None:
    cloudformation.refusals, cloudformation.garbled = 9, True

    with pytest.raises(HTTPException, match="no status line"):
        send(Response(physical_id="adopted"), _request(cloudformation), pause=lambda _: None)

    assert cloudformation.refusals == 9 - TRIES


@pytest.mark.parametrize("code", ["ValidationException", "AccessDeniedException", "ThrottlingException"])
def test_what_a_moment_heals_is_tried_again(code: str) -> None:
    client, clock = _client(), Clock()
    stubber = Stubber(client)
    for _ in range(3):
        stubber.add_client_error("put_model_invocation_logging_configuration", code)
    stubber.add_response("put_model_invocation_logging_configuration", {}, {"loggingConfig": OURS})

    with stubber:
        BedrockLogging(client, clock.patience()).write(LoggingSetting.model_validate(OURS))

    assert clock.pauses == [PAUSE_S] * 3
    stubber.assert_no_pending_responses()


@pytest.mark.parametrize(("left_s", "tried_for_s"), [(240, ROLE_VALID_WITHIN_S), (40, 40), (-5, 0)])
def test_a_role_that_stays_invalid_is_given_up_while_there_is_time_for_an_answer(
    left_s: float, tried_for_s: float
) -> None:
    client, clock = _refusing("put_model_invocation_logging_configuration", "ValidationException", times=100), Clock()

    with pytest.raises(ClientError, match="ValidationException"):
        BedrockLogging(client, clock.patience(remaining_s=left_s)).write(LoggingSetting.model_validate(OURS))

    assert sum(clock.pauses) == tried_for_s


def test_what_a_new_role_is_denied_is_tried_again_for_half_a_minute() -> None:
    client, clock = _refusing("get_model_invocation_logging_configuration", "AccessDeniedException", times=100), Clock()

    with pytest.raises(ClientError, match="AccessDeniedException"):
        BedrockLogging(client, clock.patience()).read()

    assert sum(clock.pauses) == PASSES_WITHIN_S


def test_a_refusal_that_time_does_not_heal_is_not_tried_again() -> None:
    client, clock = _refusing("put_model_invocation_logging_configuration", "InternalServerException", times=1), Clock()

    with pytest.raises(ClientError, match="InternalServerException"):
        BedrockLogging(client, clock.patience()).write(LoggingSetting.model_validate(OURS))

    assert clock.pauses == []


def test_switching_off_is_tried_again_for_as_long_as_too_many_call_at_once() -> None:
    client, clock = _client(), Clock()
    stubber = Stubber(client)
    stubber.add_client_error("delete_model_invocation_logging_configuration", "ThrottlingException")
    stubber.add_response("delete_model_invocation_logging_configuration", {}, {})

    with stubber:
        BedrockLogging(client, clock.patience()).remove()

    assert clock.pauses == [PAUSE_S]
    stubber.assert_no_pending_responses()


def test_retries_leave_time_for_one_more_call_and_for_the_answer(
    cloudformation: CloudFormation, monkeypatch: pytest.MonkeyPatch
) -> None:
    patient = list[float]()

    def recorded(*, remaining_s: float) -> Patience:
        patient.append(remaining_s)
        return Clock().patience()

    monkeypatch.setattr(logging_configuration_handler, "Patience", recorded)
    monkeypatch.setattr(boto3, "client", lambda *_args, **_kwargs: _client())
    ask(cloudformation, "Create", LogPromptText="perhaps")

    assert patient == [240 - SENDING_S - LAST_CALL_S]
    assert patient[0] > ROLE_VALID_WITHIN_S + PASSES_WITHIN_S
    assert ATTEMPTS * (CONNECT_S + READ_S) < LAST_CALL_S
    assert TRIES * TIMEOUT_S < SENDING_S


def test_a_flag_that_the_sdk_does_not_know_is_left_to_bedrock_and_remembered_so(
    cloudformation: CloudFormation, bedrock: "BedrockClient", monkeypatch: pytest.MonkeyPatch
) -> None:
    """botocore knows audio since 2025-12; a flag that is not sent counts as true."""
    old, new = _client_without("audioDataDeliveryEnabled"), bedrock
    monkeypatch.setattr(boto3, "client", lambda *_args, **_kwargs: old)
    _, physical_id = ask(cloudformation, "Create")
    as_put = new.get_model_invocation_logging_configuration()["loggingConfig"]
    new.put_model_invocation_logging_configuration(loggingConfig={**as_put, "audioDataDeliveryEnabled": True})
    monkeypatch.setattr(boto3, "client", lambda *_args, **_kwargs: new)

    answer, _ = ask(cloudformation, "Delete", physical_id=physical_id)

    assert "audioDataDeliveryEnabled" not in as_put
    assert answer["Status"] == "SUCCESS"
    assert not new.get_model_invocation_logging_configuration().get("loggingConfig")


def _client() -> "BedrockClient":
    return boto3.session.Session(
        aws_access_key_id="testing", aws_secret_access_key="testing", region_name="ap-northeast-1"
    ).client("bedrock")


def _client_without(flag: str) -> "BedrockClient":
    """A client of an SDK that does not know this flag of the logging setting."""
    session = botocore.session.Session()
    session.register_component("data_loader", create_loader())  # one of its own: tests share theirs
    model = session.get_component("data_loader").load_service_model("bedrock", "service-2")
    del model["shapes"]["LoggingConfig"]["members"][flag]
    return boto3.session.Session(botocore_session=session).client("bedrock")


def _refusing(method: str, code: str, *, times: int) -> "BedrockClient":
    client = _client()
    stubber = Stubber(client)
    for _ in range(times):
        stubber.add_client_error(method, code)
    stubber.activate()
    return client


def _request(server: CloudFormation) -> ResourceRequest:
    ids = {"StackId": STACK, "RequestId": "1", "LogicalResourceId": "BedrockLogging", "ResourceType": "Custom::Some"}
    return ResourceRequest.model_validate({"RequestType": "Create", "ResponseURL": server.url, **ids})
