"""The fields of an access-log line that we read: JSON text → AccessLogLine.

Keys are `$context` variables without `$context.`; values are strings, and "-" is absent. Formats differ: some write
numbers as numbers, some write the epoch under `requestTime`.
https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html
"""

import re
from typing import Annotated, Literal

from pydantic import AliasChoices, BeforeValidator, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from request_lens.wire.access.advice import ABSENT
from request_lens.wire.fault import EMPTY, NO_VALUE
from request_lens.wire.field_types import (
    API_REQUEST_ID_PATTERN,
    MAX_DURATION_MS,
    MAX_EPOCH_MS,
    ApiRequestId,
    ForeignModel,
    Name,
    OrNone,
    Word,
)

_REQUIRED = frozenset({"requestId", "status"})
_TOLD_ABSENT = frozenset({"routeKey", "resourcePath", "integrationStatus", "integrationLatency"})
"""Keys under which "-" says more than that they are not there."""

type _OfIntegration = Annotated[int | Literal["-"] | None, OrNone()]
"""A number of the integration's; "-" where it ran none."""

_STREAMED = "STREAMED"
"""What `$context.integration.responseTransferMode` says of a streamed answer; of any other it is BUFFERED.
https://docs.aws.amazon.com/apigateway/latest/developerguide/response-streaming-troubleshoot.html"""

_MESSAGE = "MESSAGE"

_OWN_ID = re.compile(API_REQUEST_ID_PATTERN)

_TRANSFER_MODE = AliasChoices(
    "integrationResponseTransferMode", "responseTransferMode", "integration.responseTransferMode"
)

_INTEGRATION_ID = AliasChoices("integrationRequestId", "integration.requestId", "awsEndpointRequestId")
"""`$context.integration.requestId`, which older formats call `$context.awsEndpointRequestId`."""

_ApiName = Annotated[str, StringConstraints(strict=True, pattern=r"^[A-Za-z0-9$][A-Za-z0-9._$/-]{0,63}$")]
"""What tells an API's routes from equal ones of another: a word of its owner's, or `$context.apiId/$context.stage`."""

_XRayTraceId = Annotated[str, StringConstraints(strict=True, pattern=r"^(Root=)?1-[0-9a-f]{8}-[0-9a-f]{24}$")]
"""https://docs.aws.amazon.com/xray/latest/devguide/xray-api-sendingdata.html#xray-api-traceids"""


def _present(value: object) -> object:
    """The value of a field that every record needs. Raises: PydanticCustomError where it is absent."""
    if value == ABSENT:
        raise PydanticCustomError(NO_VALUE, "no value")
    if value in ("", None):
        raise PydanticCustomError(EMPTY, "empty")
    return value


def _as_text(value: object) -> object:
    """A whole number as the text that it would be in quotation marks."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


class AccessLogLine(ForeignModel):
    """The fields of a line that we read.

    `request_id` is API Gateway's own id: `extendedRequestId` where a line has it, for a client of a REST API can choose
    the other. HTTP and WebSocket APIs write the same value under both.
    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-variables-for-access-logging.html
    """

    request_id: Annotated[ApiRequestId, BeforeValidator(_present)]
    status: Annotated[int, Field(ge=100, le=599), BeforeValidator(_present)]
    request_time_epoch: Annotated[int | None, Field(ge=0, lt=MAX_EPOCH_MS), BeforeValidator(_present)] = None
    request_time: Annotated[Name, BeforeValidator(_as_text)] | None = None
    response_latency: Annotated[Annotated[int, Field(ge=0, le=MAX_DURATION_MS)] | None, OrNone()] = None
    route_key: Name | None = None
    http_method: Name | None = None
    resource_path: Name | None = None
    event_type: Annotated[Word | None, OrNone()] = None
    connection_id: Annotated[Name | None, OrNone()] = None
    integration_status: _OfIntegration = None
    integration_latency: _OfIntegration = None
    integration_request_id: Annotated[ApiRequestId | None, OrNone(), Field(validation_alias=_INTEGRATION_ID)] = None
    xray_trace_id: Annotated[_XRayTraceId | None, OrNone()] = None
    transfer_mode: Annotated[Word | None, OrNone(), Field(validation_alias=_TRANSFER_MODE)] = None
    request_lens_api: Annotated[_ApiName | None, OrNone()] = None

    @model_validator(mode="before")
    @classmethod
    def _drop_absent(cls, line: object) -> object:
        """The line without its absent values; some, and those that every record needs, have a meaning."""
        if not isinstance(line, dict):
            return line
        own_id = line.get("extendedRequestId")
        if isinstance(own_id, str) and own_id != ABSENT and _OWN_ID.fullmatch(own_id):
            line = {**line, "requestId": own_id}
        absent = {name for name, value in line.items() if value in (ABSENT, "", None)}
        kept = _REQUIRED | {name for name in _TOLD_ABSENT if line.get(name) == ABSENT}
        if "requestTime" in absent or "requestTime" not in line:
            kept |= {"requestTimeEpoch"}
        return {name: value for name, value in line.items() if name in kept or name not in absent}

    @property
    def trace_id(self) -> str | None:
        """The 32 digits of the trace, as spans have them."""
        if self.xray_trace_id is None:
            return None
        return self.xray_trace_id.removeprefix("Root=").removeprefix("1-").replace("-", "")

    @property
    def is_streamed(self) -> bool:
        """Whether the answer was sent piece by piece."""
        return self.transfer_mode == _STREAMED

    @property
    def is_of_web_socket(self) -> bool:
        """Whether the line has a value that only WebSocket APIs have."""
        return self.event_type == _MESSAGE or self.connection_id is not None

    @property
    def ran_an_integration(self) -> bool:
        """Whether API Gateway says how the integration of a route answered."""
        told = (self.integration_status, self.integration_latency)
        return any(isinstance(each, int) for each in told) or self.integration_request_id is not None

    @property
    def ran_no_integration(self) -> bool:
        """Whether API Gateway says that there was none to answer."""
        return ABSENT in (self.integration_status, self.integration_latency) and not self.ran_an_integration
