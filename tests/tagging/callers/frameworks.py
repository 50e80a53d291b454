"""Calls Bedrock by each library; `tests/tagging/test_frameworks.py` looks at what arrives.

Each caller asks a model of its own name. Prints, for each, null or the exception that it ended with.
"""

import asyncio
import json
import sys
import traceback
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3

import request_tag

EARLY_CLIENT = boto3.Session().client("bedrock-runtime")
UNTAGGED_CLIENT = boto3.Session().client("bedrock-runtime")
request_tag.auto_instrument()
request_tag.instrument(EARLY_CLIENT)

MESSAGES = [{"role": "user", "content": [{"text": "hello"}]}]
BODY = json.dumps({"anthropic_version": "bedrock-2023-05-31", "max_tokens": 9, "messages": []})


def call_each_operation(client: Any, model: str) -> None:
    client.converse(modelId=model, messages=MESSAGES)
    list(client.converse_stream(modelId=model, messages=MESSAGES)["stream"])
    client.invoke_model(modelId=model, body=BODY)
    list(client.invoke_model_with_response_stream(modelId=model, body=BODY)["body"])


def boto3_client(name: str) -> None:
    with request_tag.request(name):
        call_each_operation(boto3.client("bedrock-runtime"), name)


def boto3_session(name: str) -> None:
    with request_tag.request(name):
        call_each_operation(boto3.Session().client("bedrock-runtime"), name)


def client_that_was_there(name: str) -> None:
    with request_tag.request(name):
        call_each_operation(EARLY_CLIENT, name)


def client_without_instrumentation(name: str) -> None:
    with request_tag.request(name):
        call_each_operation(UNTAGGED_CLIENT, name)


def outside_a_request(name: str) -> None:
    call_each_operation(boto3.client("bedrock-runtime"), name)


def threads(name: str) -> None:
    client = boto3.client("bedrock-runtime")
    with request_tag.request(name), ThreadPoolExecutor(8) as pool:
        ask = request_tag.bound(lambda _: client.converse(modelId=name, messages=MESSAGES))
        list(pool.map(ask, range(24)))


def agent(name: str) -> Any:
    from strands import Agent, tool
    from strands.models import BedrockModel

    @tool
    def current_time() -> str:
        """The time."""
        return "noon"

    return Agent(model=BedrockModel(model_id=name), tools=[current_time], callback_handler=None)


def strands_sync(name: str) -> None:
    with request_tag.request(name):
        agent(name)("hello")


def strands_async(name: str) -> None:
    async def ask(request_id: str) -> None:
        with request_tag.request(request_id):
            await agent(name).invoke_async("hello")

    async def both() -> None:
        await asyncio.gather(ask("one"), ask("two"))

    asyncio.run(both())


def agentcore(name: str) -> None:
    from bedrock_agentcore import BedrockAgentCoreApp
    from starlette.testclient import TestClient

    app = BedrockAgentCoreApp()

    @app.entrypoint
    @request_tag.agentcore_entrypoint
    async def invoke(payload: dict[str, Any], context: Any) -> AsyncIterator[Any]:
        assert payload == {"prompt": "hello"}
        async for event in agent(name).stream_async(payload["prompt"]):
            if "result" in event:
                yield str(event["result"])

    with request_tag.request("of-the-api"):
        boto3.client("bedrock-runtime").converse(modelId=name, messages=MESSAGES)
        payload = request_tag.carry({"prompt": "hello"})
    session = {"X-Amzn-Bedrock-AgentCore-Runtime-Session-Id": "session-1"}
    answer = TestClient(app).post("/invocations", json=payload, headers=session)
    assert "hello" in answer.text, answer.text


def langchain(name: str) -> None:
    from langchain_aws import ChatBedrockConverse

    model = ChatBedrockConverse(model=name, region_name="us-east-1", disable_streaming=False)
    with request_tag.request(name):
        model.invoke("hello")
        list(model.stream("hello"))
        model.batch(["hello", "hello"])
        asyncio.run(model.ainvoke("hello"))


def litellm(name: str) -> None:
    import litellm as library

    message: Any = [{"role": "user", "content": "hello"}]
    with request_tag.request(name):
        library.completion(f"bedrock/converse/{name}", message, **request_tag.call_arguments())
        asyncio.run(library.acompletion(f"bedrock/converse/{name}", message, **request_tag.call_arguments()))
        library.completion(f"bedrock/converse/{name}", message)
    library.completion(f"bedrock/converse/{name}", message, **request_tag.call_arguments())


def anthropic(name: str) -> None:
    from anthropic import AnthropicBedrock

    client = AnthropicBedrock()
    message: Any = [{"role": "user", "content": "hello"}]
    with request_tag.request(name):
        client.messages.create(model=name, max_tokens=9, messages=message, extra_headers=request_tag.call_headers())
        client.messages.create(model=name, max_tokens=9, messages=message)
    client.messages.create(model=name, max_tokens=9, messages=message, extra_headers=request_tag.call_headers())


CALLERS: dict[str, Callable[[str], None]] = {
    each.__name__.replace("_", "-"): each
    for each in (
        boto3_client,
        boto3_session,
        client_that_was_there,
        client_without_instrumentation,
        outside_a_request,
        threads,
        strands_sync,
        strands_async,
        agentcore,
        langchain,
        litellm,
        anthropic,
    )
}


def main() -> None:
    """Call by the libraries that are named, or by all."""
    ended: dict[str, str | None] = {}
    for name in sys.argv[1:] or CALLERS:
        try:
            CALLERS[name](name)
            ended[name] = None
        except Exception:  # noqa: BLE001 - the test that looks at it fails with it
            ended[name] = traceback.format_exc()
    print(json.dumps({"ended": ended, "failures": request_tag.failures()}))  # noqa: T201


if __name__ == "__main__":
    main()
