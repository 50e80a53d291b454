"""The agent as AgentCore runs it: a server of `POST /invocations`."""

import os

from agent import ask
from bedrock_agentcore import BedrockAgentCoreApp

import request_tag

app = BedrockAgentCoreApp()


@app.entrypoint
@request_tag.agentcore_entrypoint  # takes the request out of the payload that the Lambda function sent
def invoke(payload: dict[str, str]) -> dict[str, str]:
    """The answer to the payload's prompt."""
    return {"answer": ask(payload["prompt"])}


if __name__ == "__main__":
    app.run(port=int(os.environ.get("PORT", "8080")))
