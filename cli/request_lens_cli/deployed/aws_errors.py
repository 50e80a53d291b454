"""What AWS refused, in one sentence: which action the caller lacks, or what AWS said."""

import os
import re
from collections.abc import Mapping
from pathlib import Path

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    EndpointConnectionError,
    HTTPClientError,
    LoginError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    SSOError,
    TokenRetrievalError,
)

from request_lens.errors import RequestLensError
from request_lens_cli.options.endpoint import is_on_loopback

LOCAL_ENV = Path("out/local-aws.env")
"""Where a checkout has the settings of its local AWS, while that runs; a test compares it with `LocalPaths`."""

LOG_IN_AGAIN = "Log in again, or name another profile with --profile."

_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "AuthorizationError", "UnauthorizedOperation", "403"})
_EXPIRED = frozenset(
    {"ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "UnrecognizedClientException"}
    | {"SignatureDoesNotMatch", "InvalidSignatureException", "InvalidAccessKeyId", "IncompleteSignature"}
)

_LOGIN_OVER = (SSOError, LoginError, TokenRetrievalError, CredentialRetrievalError)
"""What botocore raises before it asks AWS: a login that is over, or credentials that their source does not give."""

_NAMED_ACTION = re.compile(r"perform:? ([a-z0-9-]+:[A-Za-z]+)")
"""The action in AWS's own words: "is not authorized to perform: lambda:GetPolicy on resource: …"."""

ACTIONS: Mapping[str, str] = {
    "DescribeStacks": "cloudformation:DescribeStacks",
    "DescribeStackResource": "cloudformation:DescribeStackResource",
    "DescribeLogGroups": "logs:DescribeLogGroups",
    "DescribeSubscriptionFilters": "logs:DescribeSubscriptionFilters",
    "PutSubscriptionFilter": "logs:PutSubscriptionFilter",
    "DeleteSubscriptionFilter": "logs:DeleteSubscriptionFilter",
    "FilterLogEvents": "logs:FilterLogEvents",
    "CreateLogStream": "logs:CreateLogStream",
    "PutLogEvents": "logs:PutLogEvents",
    "GetFunctionConfiguration": "lambda:GetFunctionConfiguration",
    "GetFunctionConcurrency": "lambda:GetFunctionConcurrency",
    "ListEventSourceMappings": "lambda:ListEventSourceMappings",
    "GetPolicy": "lambda:GetPolicy",
    "AddPermission": "lambda:AddPermission",
    "RemovePermission": "lambda:RemovePermission",
    "GetModelInvocationLoggingConfiguration": "bedrock:GetModelInvocationLoggingConfiguration",
    "GetRole": "iam:GetRole",
    "Invoke": "lambda:InvokeFunction",
    "ListObjectsV2": "s3:ListBucket",
    "GetObject": "s3:GetObject",
    "HeadObject": "s3:GetObject",
    "DeleteObject": "s3:DeleteObject",
    "GetQueueAttributes": "sqs:GetQueueAttributes",
    "GetQueueUrl": "sqs:GetQueueUrl",
    "ReceiveMessage": "sqs:ReceiveMessage",
    "SendMessageBatch": "sqs:SendMessage",
    "DeleteMessageBatch": "sqs:DeleteMessage",
    "ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
    "GetMetricData": "cloudwatch:GetMetricData",
    "Query": "dynamodb:Query",
    "Scan": "dynamodb:Scan",
    "BatchGetItem": "dynamodb:BatchGetItem",
    "GetApi": "apigateway:GET",
    "GetApis": "apigateway:GET",
    "GetStages": "apigateway:GET",
    "GetRestApi": "apigateway:GET",
    "GetAccount": "apigateway:GET",
    "UpdateStage": "apigateway:PATCH",
}
"""The IAM action of each operation that the command line calls."""


def no_region() -> tuple[str, str]:
    """What is lacking where no Region is set, and what helps."""
    return "No AWS Region is set", f"give --region, or set AWS_REGION{_local()}"


def no_credentials() -> tuple[str, str]:
    """What is lacking where there are no credentials, and what helps."""
    return "No AWS credentials are found", f"give --profile, or log in as for the AWS CLI{_local()}"


def _local() -> str:
    """How a shell speaks to the local AWS where one runs: nobody else needs to know of it."""
    if not LOCAL_ENV.is_file():
        return ""
    return f" (for the local AWS that runs here: `set -a; . {LOCAL_ENV}; set +a`)"


def error_code(error: ClientError) -> str:
    """AWS's own name of the error."""
    return error.response.get("Error", {}).get("Code", "")


def missing_action(error: ClientError) -> str | None:
    """The IAM action that the caller lacks; None where something else was wrong."""
    if error_code(error) not in _DENIED:
        return None
    named = _NAMED_ACTION.search(error.response.get("Error", {}).get("Message", ""))
    return named[1] if named is not None else ACTIONS.get(error.operation_name, error.operation_name)


def has_bad_credentials(error: ClientError | BotoCoreError) -> bool:
    """Whether AWS did not take the credentials themselves, or there are none any more."""
    return error_code(error) in _EXPIRED if isinstance(error, ClientError) else isinstance(error, _LOGIN_OVER)


def explained(error: ClientError | BotoCoreError) -> str:
    """What went wrong, and what to do where that is known."""
    if isinstance(error, BotoCoreError) and has_bad_credentials(error):
        return f"{described(error).removesuffix('.')}. {LOG_IN_AGAIN}"
    return described(error)


def told(error: RequestLensError) -> str:
    """An error of ours: where AWS caused it, what went wrong there, and what to do."""
    cause = error.__cause__
    return explained(cause) if isinstance(cause, ClientError | BotoCoreError) else str(error)


def described(error: ClientError | BotoCoreError) -> str:
    """What went wrong in one sentence; what helps with credentials that are no longer valid stands in LOG_IN_AGAIN."""
    match error:
        case NoRegionError():
            return f"{': '.join(no_region())}."
        case NoCredentialsError() | PartialCredentialsError():
            return f"{': '.join(no_credentials())}."
        case HTTPClientError() | EndpointConnectionError():
            return unreachable(error)
        case BotoCoreError() if has_bad_credentials(error):
            return f"There are no valid AWS credentials: {error}"
        case BotoCoreError():
            return f"AWS did not answer: {error}"
        case ClientError():
            return _refusal(error)


def unreachable(error: BotoCoreError | ValueError) -> str:
    """That there is no connection to AWS, or none to a local one, and where to look."""
    return " ".join(no_connection(error))


def no_connection(error: BotoCoreError | ValueError) -> tuple[str, str]:
    """The same in two sentences: what is so, and what helps."""
    endpoint = os.environ.get("AWS_ENDPOINT_URL", "")
    if is_on_loopback(endpoint):
        return (
            f"Nothing answers at {endpoint}, which AWS_ENDPOINT_URL names.",
            "`unset AWS_ENDPOINT_URL`, or a new shell, speaks to AWS; `make demo KEEP=1` starts the local AWS.",
        )
    return f"AWS cannot be reached: {error}.", "See network, proxy, and AWS_ENDPOINT_URL if it is set."


def _refusal(error: ClientError) -> str:
    action = missing_action(error)
    if action is not None:
        return f"Your credentials may not {action}: allow them that action."
    if has_bad_credentials(error):
        return f"AWS does not take your credentials ({error_code(error)}): renew them."
    message = error.response.get("Error", {}).get("Message", "")
    return f"AWS refused {error.operation_name}: {error_code(error)}. {message}".strip()
