"""The custom resource over moto's Bedrock, answering a real HTTP server."""

import json
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any, cast

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber
from moto import mock_aws
from pydantic import ValidationError

from bedrock_logging import PAUSE_S, ROLE_VISIBLE_WITHIN_S, BedrockLogging
from cloudformation_answer import Answer, ResourceRequest, send
from logging_configuration_handler import lambda_handler
from logging_setting import LoggingSetting, setting_for

if TYPE_CHECKING:
    from mypy_boto3_bedrock import BedrockClient
    from mypy_boto3_bedrock.type_defs import LoggingConfigTypeDef

GROUP = "/aws/bedrock/model-invocations"
ROLE = "arn:aws:iam::123456789012:role/request-lens-logging"
STACK = "arn:aws:cloudformation:ap-northeast-1:123456789012:stack/request-lens/1"
OURS = {
    "cloudWatchConfig": {"logGroupName": GROUP, "roleArn": ROLE},
    "textDataDeliveryEnabled": True,
    "imageDataDeliveryEnabled": False,
    "embeddingDataDeliveryEnabled": False,
    "videoDataDeliveryEnabled": False,
    "audioDataDeliveryEnabled": False,
}
ELSEWHERE = {"cloudWatchConfig": {"logGroupName": "/team/bedrock", "roleArn": ROLE}, "textDataDeliveryEnabled": True}
THEIRS_IN_OUR_GROUP = {"cloudWatchConfig": {"logGroupName": GROUP, "roleArn": ROLE + "-theirs"}}

type Reply = Mapping[str, Any]


class CloudFormation(HTTPServer):
    """Takes the answers that CloudFormation would wait for, after as many refusals as asked for."""

    def __init__(self) -> None:
        self.answers: list[Reply] = []
        self.content_types: list[str | None] = []
        self.refusals = 0
        super().__init__(("127.0.0.1", 0), _Taker)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/answer?signature=1"


class _Taker(BaseHTTPRequestHandler):
    def do_PUT(self) -> None:
        taker = cast("CloudFormation", self.server)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if taker.refusals:
            taker.refusals -= 1
            self.send_response(503)
        else:
            taker.answers.append(json.loads(body))
            taker.content_types.append(self.headers["Content-Type"])
            self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class names it so)
        pass


@pytest.fixture
def cloudformation() -> Iterator[CloudFormation]:
    with CloudFormation() as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def bedrock(monkeypatch: pytest.MonkeyPatch) -> "Iterator[BedrockClient]":
    monkeypatch.setenv("AWS_DEFAULT_REGION", "ap-northeast-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws():
        yield boto3.client("bedrock")


def ask(server: CloudFormation, kind: str, *, physical_id: str | None = None, **properties: str) -> tuple[Reply, str]:
    """The answer to one request, and the physical id that CloudFormation then keeps."""
    event = {
        "RequestType": kind,
        "ResponseURL": server.url,
        "StackId": STACK,
        "RequestId": f"request-{len(server.answers)}",
        "LogicalResourceId": "BedrockLogging",
        "ResourceProperties": {"LogGroupName": GROUP, "RoleArn": ROLE, "LogPromptText": "true", **properties},
    }
    lambda_handler(event if physical_id is None else event | {"PhysicalResourceId": physical_id}, object())
    answer = server.answers[-1]
    return answer, answer["PhysicalResourceId"]


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


@pytest.mark.parametrize("setting", [THEIRS_IN_OUR_GROUP, OURS])
def test_a_setting_that_delivers_to_our_log_group_is_adopted_unchanged(
    cloudformation: CloudFormation, bedrock: "BedrockClient", setting: Mapping[str, object]
) -> None:
    put(bedrock, setting)

    answer, physical_id = ask(cloudformation, "Create", LogPromptText="false")

    assert (answer["Status"], physical_id) == ("SUCCESS", "adopted")
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
    assert stored(bedrock) == ELSEWHERE


def test_a_setting_that_delivers_to_a_bucket_alone_is_refused_and_named(
    cloudformation: CloudFormation, bedrock: "BedrockClient"
) -> None:
    put(bedrock, {"s3Config": {"bucketName": "team-logs"}})

    answer, _ = ask(cloudformation, "Create")

    assert answer["Status"] == "FAILED"
    assert "S3 bucket team-logs" in answer["Reason"]
    assert "Add a log group" in answer["Reason"]


def test_a_delete_removes_the_setting_that_this_stack_made(
    cloudformation: CloudFormation, bedrock: "BedrockClient"
) -> None:
    _, physical_id = ask(cloudformation, "Create")

    answer, _ = ask(cloudformation, "Delete", physical_id=physical_id)

    assert answer["Status"] == "SUCCESS"
    assert stored(bedrock) is None


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


def test_a_property_that_is_missing_is_named_in_the_answer(
    cloudformation: CloudFormation, bedrock: "BedrockClient"
) -> None:
    answer, _ = ask(cloudformation, "Create", LogPromptText="perhaps")

    assert answer["Status"] == "FAILED"
    assert "LogPromptText" in answer["Reason"]
    assert stored(bedrock) is None


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

    send(Answer(physical_id="adopted"), _request(cloudformation), pause=pauses.append)

    assert len(cloudformation.answers) == 1
    assert pauses == [2, 4]


def test_an_answer_that_never_arrives_is_an_error(cloudformation: CloudFormation) -> None:
    cloudformation.refusals = 9

    with pytest.raises(OSError, match="503"):
        send(Answer(physical_id="adopted"), _request(cloudformation), pause=lambda _: None)


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


def test_a_flag_left_out_means_what_bedrock_takes_it_for() -> None:
    said = {f"{kind}DataDeliveryEnabled": True for kind in ("text", "image", "embedding", "video", "audio")}

    assert (
        LoggingSetting.model_validate(THEIRS_IN_OUR_GROUP).fingerprint
        == LoggingSetting.model_validate(THEIRS_IN_OUR_GROUP | said).fingerprint
    )


def test_a_bucket_without_a_name_is_no_bucket() -> None:
    with_empty = OURS | {"s3Config": {"bucketName": ""}}

    assert LoggingSetting.model_validate(with_empty) == LoggingSetting.model_validate(OURS)


@pytest.mark.parametrize(
    "change",
    [
        {"textDataDeliveryEnabled": False},
        {"audioDataDeliveryEnabled": True},
        {"s3Config": {"bucketName": "team-logs"}},
        {"cloudWatchConfig": {"logGroupName": GROUP, "roleArn": ROLE + "-2"}},
    ],
)
def test_different_settings_have_different_fingerprints(change: dict[str, object]) -> None:
    assert LoggingSetting.model_validate(OURS | change).fingerprint != LoggingSetting.model_validate(OURS).fingerprint


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
