"""The part of a JSON payload by which a request is handed on.

`{"request_tag": {"api_request_id": …, "calls": 2, "trace_id": …}}`, the last two where they are known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from request_tag.call_count import carried_count_of
from request_tag.call_metadata import API_REQUEST_ID
from request_tag.current_request import CurrentRequest, current_request, entered
from request_tag.limits import is_request_id

if TYPE_CHECKING:
    from typing import Any

KEY = "request_tag"

_CALLS = "calls"
"""How many calls were made until then; absent where somebody else numbers them."""

_TRACE = "trace_id"

_MAX_CALLS = 100_000
"""No request makes more, as Request Lens reads it."""


def carried_part() -> dict[str, Any] | None:
    """What is carried of the current request, from now on counted by who gets it; None outside a request."""
    current = current_request()
    if current is None:
        return None
    part: dict[str, Any] = {API_REQUEST_ID: current.request_id}
    made = current.calls.hand_on()
    if made is not None:
        part[_CALLS] = made
    if current.trace_id is not None:
        part[_TRACE] = current.trace_id
    return part


def carried_request(part: object, *, session_id: str | None, trace_id: str | None) -> CurrentRequest | None:
    """The request that was handed on, or None where the part is none. Nothing in it is trusted: a caller wrote it."""
    if not isinstance(part, dict) or not is_request_id(part.get(API_REQUEST_ID)):
        return None
    request_id, made = part[API_REQUEST_ID], part.get(_CALLS)
    count = carried_count_of(request_id, made if _is_count(made) else None)
    return entered(request_id, session_id=session_id, trace_id=trace_id or part.get(_TRACE), calls=count)


def carries(payload: object) -> bool:
    """Whether a request was put into the payload. Another `request_tag` than ours is the payload's own."""
    part = payload.get(KEY) if isinstance(payload, dict) else None
    return isinstance(part, dict) and API_REQUEST_ID in part


def taken_out(payload: Any, current: CurrentRequest | None) -> Any:
    """The payload as it was before the request was put into it, by which a second decorator knows it again."""
    if not carries(payload):
        return payload
    own = {key: value for key, value in payload.items() if key != KEY}
    if current is not None:
        current.payload = own
    return own


def request_taken_out_of(payload: object) -> CurrentRequest | None:
    """The current request, where a decorator around has taken it out of this very payload; as layer and code may."""
    current = current_request()
    return current if current is not None and payload is not None and current.payload is payload else None


def _is_count(value: object) -> bool:
    return type(value) is int and 0 <= value <= _MAX_CALLS
