"""Tags every call that botocore makes to `bedrock-runtime`, by botocore's own events.

A handler runs in the thread and context of the call, and what it raises would reach the caller, so it raises nothing.
Ours are the last of an event: registered last, and for the event of all services, as botocore begins with the handlers
of the most specific event. What a handler of the caller's own has written by then is there, and stays.
https://botocore.amazonaws.com/v1/documentation/api/latest/topics/events.html
"""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING

from request_tag.call_metadata import (
    API_REQUEST_ID,
    MEMBER,
    METADATA_HEADER,
    merged,
    merged_text,
    next_tag,
    pairs_of,
    with_member,
)
from request_tag.failures import harmless, note_failure
from request_tag.when_imported import when_imported

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    T = TypeVar("T")

_BUILT, _SERIALISED, _SIGNED = "before-parameter-build", "before-call", "before-sign"

_CONVERSE_BUILT, _CONVERSE_SERIALISED = (
    frozenset(f"{event}.bedrock-runtime.{operation}" for operation in ("Converse", "ConverseStream"))
    for event in (_BUILT, _SERIALISED)
)

_INVOKE = frozenset(
    f"{_SIGNED}.bedrock-runtime.{operation}" for operation in ("InvokeModel", "InvokeModelWithResponseStream")
)

_TAG = "request_tag"
"""Where the context of a call keeps its tag: it is counted once, however often it is sent."""

_OWN = "request_tag_own"
"""Where it keeps the caller's own map of Converse's parameters, None where there is none."""

_PRESIGNED = "is_presign_request"
"""Where botocore says that somebody else will send the call, who would have to send the header as well."""


def instrument(client_or_session: T) -> T:
    """The same client or session, whose calls to Bedrock are tagged from now on; twice is once.

    Takes clients, resources and sessions of boto3, and sessions of botocore. A session tags the calls of the clients
    that it makes afterwards.
    """
    _instrument(client_or_session)
    return client_or_session


def auto_instrument() -> None:
    """Tag the calls of every client that a session made from now on makes; twice is once. Does not import botocore.

    For frameworks that make sessions of their own. boto3's default session is included where it is there already, for
    the clients that it makes afterwards. A client that is there already needs `instrument`.
    """
    _auto_instrument()


@harmless
def _instrument(client_or_session: object) -> None:
    events = _events_of(client_or_session)
    if events is None:
        note_failure("instrument was given neither a client nor a session")
        return
    for event, handler in _handlers():
        events.register_last(event, handler, unique_id=f"request_tag.{event}")


def _events_of(target: Any) -> Any:
    """The events of a client, a resource or a session; None of anything else."""
    meta = getattr(target, "meta", None)
    client = getattr(meta, "client", None)  # a resource's
    if client is not None:
        meta = getattr(client, "meta", None)
    for owner in (meta, target):
        events = getattr(owner, "events", None)
        if hasattr(events, "register_last"):
            return events
    component = getattr(target, "get_component", None)
    return component("event_emitter") if component is not None else None


_auto_lock = threading.Lock()


@harmless
def _auto_instrument() -> None:
    """Without an import of botocore: the caller may still decide which one there is, or need none."""
    when_imported("botocore.handlers", _add_handlers)
    default_session = getattr(sys.modules.get("boto3"), "DEFAULT_SESSION", None)
    if default_session is not None:
        _instrument(default_session)


@harmless
def _add_handlers(handlers: Any) -> None:
    """Add ours to those that each session of botocore begins with."""
    with _auto_lock:
        known = handlers.BUILTIN_HANDLERS
        ours = [(event, handler, handlers.REGISTER_LAST) for event, handler in _handlers()]
        known.extend(spec for spec in ours if spec not in known)


def _handlers() -> list[tuple[str, Callable[..., object]]]:
    return [(_BUILT, note_own), (_SERIALISED, tag_converse), (_SIGNED, tag_invoke)]


@harmless
def note_own(params: dict[str, Any], context: dict[str, Any], event_name: str, **_: object) -> None:
    """Keep the map that the caller and handlers of the caller's own have put into Converse's parameters.

    These stay as they are: another thread may be sending them, too.
    """
    if event_name in _CONVERSE_BUILT:
        context[_OWN] = params.get(MEMBER)


@harmless
def tag_converse(params: dict[str, Any], model: Any, context: dict[str, Any], event_name: str, **_: object) -> None:
    """Write the tag into the body of Converse, of which botocore calls the parts `params` by then. It is sent as it is.

    Where two instrumentations reach a client, the first does it.
    """
    if event_name not in _CONVERSE_SERIALISED or _OWN not in context or _TAG in context:
        return
    own = context[_OWN]
    tag = _tag_of(context) if API_REQUEST_ID not in (own or {}) else None
    if tag is None:
        return
    if MEMBER not in model.input_shape.members:
        note_failure(f"the installed botocore does not know {MEMBER} of {model.name}, as 1.35.74 does")
        return
    together = merged(own or {}, tag)
    if together is not None:
        params["body"] = with_member(params["body"], own, together)


@harmless
def tag_invoke(request: Any, event_name: str, **_: object) -> None:
    """Write the tag into the header of InvokeModel, once it holds what the caller has put there by whatever way.

    Each attempt is signed anew. To add a second header would be to sign both, of which botocore sends one.
    """
    if event_name not in _INVOKE or request.context.get(_PRESIGNED):
        return
    values = request.headers.get_all(METADATA_HEADER, [])
    own = pairs_of(values[0] if values else None) if len(values) <= 1 else None
    tag = _tag_of(request.context) if own is not None and API_REQUEST_ID not in own else None
    text = merged_text(own or {}, tag) if tag is not None else None
    if text is not None:
        del request.headers[METADATA_HEADER]
        request.headers[METADATA_HEADER] = text


def _tag_of(context: dict[str, Any]) -> dict[str, str] | None:
    """The tag of the call, made and counted the first time; None outside a request."""
    if _TAG not in context:
        context[_TAG] = next_tag()
    tag: dict[str, str] | None = context[_TAG]
    return tag
