"""`requestMetadata`: the tag that the caller put on a model call."""

from typing import Annotated

from pydantic import ConfigDict, Field, StringConstraints

from request_lens.domain.facts import RequestId, Tag
from request_lens.wire.field_types import MAX_EPOCH_MS, ApiRequestId, ForeignModel, OrNone

MAX_CALL_INDEX = 100_000
"""No request makes more calls: a larger index is no index."""

_Digits = Annotated[str, StringConstraints(strict=True, pattern=r"^[0-9]{1,13}$")]
"""Metadata values are strings; 13 digits hold every epoch millisecond before the year 2287."""

_Whole = Annotated[_Digits | Annotated[int, Field(strict=True)] | None, OrNone()]


class RequestMetadata(ForeignModel):
    """The tag's keys among whatever else the caller put there; a value that cannot be one is None."""

    model_config = ConfigDict(alias_generator=None)

    api_request_id: Annotated[ApiRequestId | None, OrNone()] = None
    call_index: _Whole = None
    call_started_ms: _Whole = None


def tag_of(metadata: RequestMetadata | None) -> Tag | None:
    """The tag, or None where there is no request id that API Gateway could have made."""
    if metadata is None or metadata.api_request_id is None:
        return None
    return Tag(
        request_id=RequestId(metadata.api_request_id),
        call_index=_within(metadata.call_index, 1, MAX_CALL_INDEX),
        call_started_ms=_within(metadata.call_started_ms, 0, MAX_EPOCH_MS),
    )


def _within(value: str | int | None, least: int, most: int) -> int | None:
    if value is None:
        return None
    number = int(value)
    return number if least <= number <= most else None
