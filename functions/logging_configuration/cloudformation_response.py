"""CloudFormation's side of a custom resource: its request, and the response that it waits for.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-requests.html
"""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from http.client import HTTPException
from urllib.request import Request, urlopen

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_pascal

TRIES = 4
TIMEOUT_S = 10.0

SENDING_S = TRIES * TIMEOUT_S + sum(2.0**attempt for attempt in range(1, TRIES))
"""The longest that sending an answer may take."""

UNMADE_ID = "unmade"
"""The physical id of a resource whose Create failed before it made anything."""

MAX_REASON = 1_000
"""Characters; CloudFormation takes 4,096 bytes for the whole response."""


class RequestType(StrEnum):
    """What CloudFormation does with the resource."""

    CREATE = "Create"
    UPDATE = "Update"
    DELETE = "Delete"


class ResourceRequest(BaseModel):
    """One request of CloudFormation. The properties stay unread until a failure to read them can be answered."""

    model_config = ConfigDict(alias_generator=to_pascal, frozen=True, extra="ignore")

    request_type: str
    resource_type: str
    response_url: str = Field(alias="ResponseURL")
    stack_id: str
    request_id: str
    logical_resource_id: str
    physical_resource_id: str | None = None
    resource_properties: object = None
    old_resource_properties: object = None
    """Of an Update: those before, or in a rollback those of the Update that failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """Success, or failure where there is a reason. `attributes` are what `Fn::GetAtt` finds."""

    physical_id: str
    failure: str | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)


def failed(request: ResourceRequest, reason: str, *, physical_id: str = UNMADE_ID) -> Response:
    """A failure with its reason.

    The id of an existing resource stays, so that CloudFormation does not take it for a replacement.
    """
    return Response(physical_id=request.physical_resource_id or physical_id, failure=reason)


def kept(request: ResourceRequest) -> Response:
    """Success that changes nothing."""
    return Response(physical_id=request.physical_resource_id or UNMADE_ID)


def send(response: Response, request: ResourceRequest, *, pause: Callable[[float], None] = time.sleep) -> None:
    """Put the response where CloudFormation waits for it, in up to four tries.

    Raises: OSError, which URLError is, or HTTPException, where none of them arrived.
    """
    body = _body(response, request)
    for attempt in range(1, TRIES + 1):
        try:
            _put(request.response_url, body)
        except (OSError, HTTPException):  # urllib passes on what is wrong with an answer as http.client raised it
            if attempt == TRIES:
                raise
            pause(2.0**attempt)
        else:
            return


def _body(response: Response, request: ResourceRequest) -> bytes:
    document = {
        "Status": "SUCCESS" if response.failure is None else "FAILED",
        "Reason": (response.failure or "")[:MAX_REASON],
        "PhysicalResourceId": response.physical_id,
        "StackId": request.stack_id,
        "RequestId": request.request_id,
        "LogicalResourceId": request.logical_resource_id,
        "Data": dict(response.attributes),
    }
    return json.dumps(document).encode()


def _put(url: str, body: bytes) -> None:
    """PUT to the presigned URL, whose signature demands an empty content type."""
    request = Request(url, data=body, method="PUT", headers={"Content-Type": ""})  # noqa: S310 (CloudFormation's own URL)
    with urlopen(request, timeout=TIMEOUT_S):  # noqa: S310
        pass
