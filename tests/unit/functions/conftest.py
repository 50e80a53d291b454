"""The custom resources' function over moto, with a stand-in for CloudFormation and a clock that nobody waits for."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import boto3
import pytest
from moto import mock_aws

import logging_configuration_handler
from tests.support.cloudformation import Clock, CloudFormation, listening

if TYPE_CHECKING:
    from mypy_boto3_bedrock import BedrockClient
    from mypy_boto3_logs import CloudWatchLogsClient


@pytest.fixture
def cloudformation(monkeypatch: pytest.MonkeyPatch) -> Iterator[CloudFormation]:
    monkeypatch.setattr(logging_configuration_handler, "Patience", Clock().patience)
    with listening() as server:
        yield server


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "ap-northeast-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws():
        yield


@pytest.fixture
def bedrock(aws: None) -> "BedrockClient":
    return boto3.client("bedrock")


@pytest.fixture
def logs(aws: None) -> "CloudWatchLogsClient":
    return boto3.client("logs")
