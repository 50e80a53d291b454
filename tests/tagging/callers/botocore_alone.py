"""Calls Bedrock by a botocore that may be old; `tests/tagging/test_old_botocore.py` looks at what arrives.

The argument names the model that is asked.
"""

import json
import logging
import sys
from typing import Any

import botocore.session

import request_tag

HEADER = "X-Amzn-Bedrock-Request-Metadata"


def add_own_header(params: dict[str, dict[str, str]], **_: object) -> None:
    """What a caller of an old botocore does for metadata of its own."""
    params["headers"][HEADER] = json.dumps({"team": "blue", "call_index": "7"})


def main(model: str) -> None:
    """Call each operation in a request and outside, then InvokeModel with metadata of the caller's own."""
    logging.basicConfig(format="%(name)s %(levelname)s %(message)s")
    request_tag.auto_instrument()
    client: Any = botocore.session.get_session().create_client("bedrock-runtime")
    request_tag.instrument(client)  # a second time: each call is counted once all the same
    for request_id in (model, None):
        with request_tag.request(request_id):
            messages = [{"role": "user", "content": [{"text": "hello"}]}]
            client.converse(modelId=model, messages=messages)
            list(client.converse_stream(modelId=model, messages=messages)["stream"])
            client.invoke_model(modelId=model, body=b"{}")
            list(client.invoke_model_with_response_stream(modelId=model, body=b"{}")["body"])
    client.meta.events.register("before-call.bedrock-runtime.InvokeModel", add_own_header)
    with request_tag.request(model):
        client.invoke_model(modelId=model, body=b"{}")
    print(json.dumps({"botocore": botocore.__version__, "failures": request_tag.failures()}))  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1])
