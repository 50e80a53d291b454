"""The credentials that the agent's process runs with: its own role's, as AgentCore gives them."""

from __future__ import annotations

import http.client
import json
import uuid
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from request_lens_cli.local_aws.aws_clients import local_session
from request_lens_cli.local_aws.bedrock.callers import Caller
from request_lens_cli.local_aws.bedrock.server import CALLERS_PATH
from request_lens_cli.local_aws.environment import ACCOUNT_ID
from request_lens_cli.local_aws.errors import LocalAwsError
from request_lens_cli.local_aws.loopback import HOST, require_loopback

if TYPE_CHECKING:
    from collections.abc import Mapping


def role_environment(role_arn: str, *, endpoint: str, model_endpoint: str) -> Mapping[str, str]:
    """A session of the role, named as AgentCore names its own, as environment variables of AWS's SDKs.

    The model's stand-in at `model_endpoint` learns whose it is, so that the records of its calls say so.

    The role trusts AgentCore alone. Nobody can be that service here, so the local copy of the role trusts its account
    instead; what it may do is as it was deployed.
    """
    _trust_account(role_arn, endpoint=endpoint)
    sts = local_session(endpoint).client("sts", endpoint_url=endpoint)
    session = sts.assume_role(RoleArn=role_arn, RoleSessionName=f"BedrockAgentCore-{uuid.uuid4()}")
    credentials = session["Credentials"]
    caller = Caller(access_key_id=credentials["AccessKeyId"], arn=session["AssumedRoleUser"]["Arn"])
    _introduce(caller, model_endpoint)
    return {
        "AWS_ACCESS_KEY_ID": credentials["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": credentials["SecretAccessKey"],
        "AWS_SESSION_TOKEN": credentials["SessionToken"],
    }


def _introduce(caller: Caller, model_endpoint: str) -> None:
    """Tell the model's stand-in of a caller. Raises: LocalAwsError where it does not answer so."""
    address = urlsplit(require_loopback(model_endpoint))
    connection = http.client.HTTPConnection(address.hostname or HOST, address.port, timeout=10)
    try:
        connection.request("POST", CALLERS_PATH, caller.model_dump_json())
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        raise LocalAwsError(f"The model's stand-in does not answer: {error}") from error
    finally:
        connection.close()
    if status != http.HTTPStatus.OK:
        raise LocalAwsError(f"The model's stand-in does not take a caller: it answered {status}.")


def _trust_account(role_arn: str, *, endpoint: str) -> None:
    iam = local_session(endpoint).client("iam", endpoint_url=endpoint)
    name = role_arn.rpartition("/")[2]
    trusting = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT_ID}:root"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(trusting))
