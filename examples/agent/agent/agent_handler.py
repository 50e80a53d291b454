"""The agent as a Lambda function runs it, behind the API itself."""

import json
from typing import Any

from agent import ask

import request_tag


@request_tag.lambda_handler  # knows the events of HTTP and REST APIs
def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """The API's answer to a request with a prompt."""
    prompt = json.loads(event["body"])["prompt"]
    return {"statusCode": 200, "body": json.dumps({"answer": ask(prompt)})}
