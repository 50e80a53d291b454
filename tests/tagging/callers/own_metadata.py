"""Calls InvokeModel with metadata of the caller's own; `tests/tagging/test_own_metadata.py` looks at what arrives.

Each way asks a model of its own name, after the prefix that is the argument. Prints, for each, null or the exception
that it ended with.
"""

import json
import sys
import traceback
from collections.abc import Callable
from typing import Any

import botocore.session

import request_tag

HEADER = "X-Amzn-Bedrock-Request-Metadata"
OWN = json.dumps({"team": "blue", "call_index": "7"})


def at_before_call(header: str, event: str) -> Callable[[Any], None]:
    """A caller whose handler adds the header to what botocore has serialised."""

    def add(params: dict[str, dict[str, str]], **_: object) -> None:
        params["headers"][header] = OWN

    return lambda client: client.meta.events.register(event, add)


def at_before_sign(header: str, event: str, *, last: bool = False) -> Callable[[Any], None]:
    """A caller whose handler adds the header to each attempt, just before it is signed."""

    def add(request: Any, **_: object) -> None:
        request.headers[header] = OWN

    return lambda client: (client.meta.events.register_last if last else client.meta.events.register)(event, add)


OPERATION = "bedrock-runtime.InvokeModel"
WAYS: dict[str, Callable[[Any], None]] = {
    "before-call": at_before_call(HEADER, f"before-call.{OPERATION}"),
    "before-call-in-lower-case": at_before_call(HEADER.lower(), f"before-call.{OPERATION}"),
    "before-sign": at_before_sign(HEADER, f"before-sign.{OPERATION}"),
    "before-sign-in-upper-case": at_before_sign(HEADER.upper(), f"before-sign.{OPERATION}"),
    "before-sign-last": at_before_sign(HEADER, f"before-sign.{OPERATION}", last=True),
    "before-sign-of-the-service": at_before_sign(HEADER, "before-sign.bedrock-runtime"),
    "before-sign-of-all-services": at_before_sign(HEADER, "before-sign"),
}


def main(prefix: str) -> None:
    """Call by each way in a request, once as it is and once throttled; the parameter too, where botocore has it."""
    request_tag.auto_instrument()
    ended: dict[str, str | None] = {}
    for way, add_own in WAYS.items():
        for model in (f"{prefix}-{way}", f"throttled-{prefix}-{way}"):
            client = new_client()
            add_own(client)
            ended[model] = error_of(client, model)
    client = new_client()
    ended[f"{prefix}-without"] = error_of(client, f"{prefix}-without")
    if "requestMetadata" in client.meta.service_model.operation_model("InvokeModel").input_shape.members:
        ended[f"{prefix}-parameter"] = error_of(client, f"{prefix}-parameter", requestMetadata=OWN)
    print(json.dumps({"ended": ended, "failures": request_tag.failures()}))  # noqa: T201


def new_client() -> Any:
    return botocore.session.get_session().create_client("bedrock-runtime")


def error_of(client: Any, model: str, **parameters: str) -> "str | None":
    """What the call ended with."""
    try:
        with request_tag.request(model):
            client.invoke_model(modelId=model, body=b"{}", **parameters)
    except Exception:  # noqa: BLE001 - the test that looks at it fails with it
        return traceback.format_exc()
    return None


if __name__ == "__main__":
    main(sys.argv[1])
