"""The API's Lambda function: hands each prompt, and the request that it came with, to the agent in AgentCore."""

import json
import os
import uuid
from typing import Any

import boto3

import request_tag

_agentcore = boto3.client("bedrock-agentcore")


@request_tag.lambda_handler  # knows the events of HTTP and REST APIs
def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """The API's answer to a request with a prompt; each request is a session of its own."""
    prompt = json.loads(event["body"])["prompt"]
    answer = _agentcore.invoke_agent_runtime(
        agentRuntimeArn=os.environ["AGENT_RUNTIME_ARN"],
        runtimeSessionId=str(uuid.uuid4()),
        contentType="application/json",
        accept="application/json",
        payload=json.dumps(request_tag.carry({"prompt": prompt})).encode(),
    )
    return {"statusCode": 200, "body": answer["response"].read().decode()}
