"""Runs the snippets of docs/tagging.md as they stand; `tests/tagging/test_documented_snippets.py` looks at the calls.

The argument is the page. Around each snippet stands only what it leaves to its reader: the model's name, an app …
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

import boto3
from bedrock_agentcore import BedrockAgentCoreApp
from starlette.testclient import TestClient
from strands import Agent
from strands.models import BedrockModel

import request_tag

SESSION = {"X-Amzn-Bedrock-AgentCore-Runtime-Session-Id": "session-1"}


class AgentCore:
    """What the Lambda function calls: it keeps the payload."""

    def __init__(self) -> None:
        self.payload = ""

    def invoke_agent_runtime(self, *, agentRuntimeArn: str, payload: str) -> None:  # noqa: N803 - boto3's
        assert agentRuntimeArn == "arn"
        self.payload = payload


def snippets(page: str, heading: str) -> list[str]:
    """The Python under a heading of the page."""
    section = page.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return re.findall(r"^```python\n(.*?)^```$", section, re.DOTALL | re.MULTILINE)


def messages(_event: object = None) -> list[dict[str, Any]]:
    return [{"role": "user", "content": [{"text": "hello"}]}]


def in_lambda(page: str) -> None:
    (code,) = snippets(page, "Lambda")
    names: dict[str, Any] = {"MODEL_ID": "documented-lambda", "messages": messages}
    exec(code, names)
    names["handler"]({"requestContext": {"requestId": "documented-lambda"}}, None)


def in_agentcore(page: str) -> None:
    sending, receiving = snippets(page, "AgentCore")
    agentcore, app = AgentCore(), BedrockAgentCoreApp()
    sender = {"agentcore": agentcore, "AGENT_ARN": "arn", "prompt": "hello", "json": json, "request_tag": request_tag}
    with request_tag.request("documented-agentcore"):
        exec(sending, sender)
    exec(receiving, {"app": app, "Agent": Agent, "BedrockModel": BedrockModel, "MODEL_ID": "documented-agentcore"})
    answer = TestClient(app).post("/invocations", content=agentcore.payload, headers=SESSION)
    assert "hello" in answer.text, answer.text


def anywhere(page: str) -> None:
    (code,) = snippets(page, "Any other program")
    client = boto3.client("bedrock-runtime")

    def agent(prompt: str) -> None:
        assert prompt == "hello"
        client.converse(modelId="documented-anywhere", messages=messages())

    exec(code, {"agent": agent, "prompt": "hello", "request_id": "documented-anywhere", "session_id": "session-2"})


def main(page: str) -> None:
    """Run the snippets: Lambda's first, for its `auto_instrument` precedes the clients of the others."""
    for run in (in_lambda, in_agentcore, anywhere):
        run(page)
    print()  # noqa: T201 - an agent prints its answer without an end of line
    print(json.dumps({"failures": request_tag.failures()}))  # noqa: T201


if __name__ == "__main__":
    main(Path(sys.argv[1]).read_text(encoding="utf-8"))
