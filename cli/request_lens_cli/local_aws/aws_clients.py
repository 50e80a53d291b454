"""Clients of the local AWS that read nothing of the user's own AWS configuration."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Literal, overload

import boto3
import botocore.session
from botocore.config import Config

from request_lens_cli.local_aws.environment import settings

if TYPE_CHECKING:
    from mypy_boto3_apigateway.client import APIGatewayClient
    from mypy_boto3_apigatewayv2.client import ApiGatewayV2Client
    from mypy_boto3_bedrock.client import BedrockClient
    from mypy_boto3_cloudformation.client import CloudFormationClient
    from mypy_boto3_cloudwatch.client import CloudWatchClient
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_lambda.client import LambdaClient
    from mypy_boto3_logs.client import CloudWatchLogsClient
    from mypy_boto3_s3.client import S3Client


type ServiceName = Literal[
    "apigateway", "apigatewayv2", "bedrock", "cloudformation", "cloudwatch", "dynamodb", "lambda", "logs", "s3"
]
type Client = (
    APIGatewayClient
    | ApiGatewayV2Client
    | BedrockClient
    | CloudFormationClient
    | CloudWatchClient
    | CloudWatchLogsClient
    | DynamoDBClient
    | LambdaClient
    | S3Client
)

_CONFIG = Config(proxies={}, retries={"mode": "standard", "max_attempts": 3}, connect_timeout=5, read_timeout=60)


@overload
def local_client(service: Literal["apigateway"], *, endpoint: str) -> APIGatewayClient: ...
@overload
def local_client(service: Literal["apigatewayv2"], *, endpoint: str) -> ApiGatewayV2Client: ...
@overload
def local_client(service: Literal["bedrock"], *, endpoint: str) -> BedrockClient: ...
@overload
def local_client(service: Literal["lambda"], *, endpoint: str) -> LambdaClient: ...
@overload
def local_client(service: Literal["s3"], *, endpoint: str) -> S3Client: ...
@overload
def local_client(service: Literal["cloudformation"], *, endpoint: str) -> CloudFormationClient: ...
@overload
def local_client(service: Literal["cloudwatch"], *, endpoint: str) -> CloudWatchClient: ...
@overload
def local_client(service: Literal["dynamodb"], *, endpoint: str) -> DynamoDBClient: ...
@overload
def local_client(service: Literal["logs"], *, endpoint: str) -> CloudWatchLogsClient: ...
def local_client(service: ServiceName, *, endpoint: str) -> Client:
    """A client of one service of the local AWS.

    Raises: LocalAwsError for an endpoint that is not loopback.
    """
    return local_session(endpoint).client(service, endpoint_url=endpoint, config=_CONFIG)


def local_session(endpoint: str) -> boto3.Session:
    """A session with the local AWS's keys and Region, without the user's profile, configuration and credentials files.

    Raises: LocalAwsError for an endpoint that is not loopback.
    """
    local = settings(endpoint)
    isolated = botocore.session.Session(
        session_vars={
            "profile": (None, None, None, None),
            "config_file": (None, None, os.devnull, None),
            "credentials_file": (None, None, os.devnull, None),
        }
    )
    return boto3.Session(
        botocore_session=isolated,
        aws_access_key_id=local["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=local["AWS_SECRET_ACCESS_KEY"],
        region_name=local["AWS_REGION"],
    )
