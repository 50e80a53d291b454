"""Tags every call that botocore makes to `bedrock-runtime`, by botocore's own events.

A handler runs in the thread and context of the call, before its parameters are checked, serialised and signed; retries
repeat what it wrote. What it raises would reach the caller, so it raises nothing.
https://botocore.amazonaws.com/v1/documentation/api/latest/topics/events.html
"""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING

from request_tag.call_metadata import API_REQUEST_ID, METADATA_HEADER, merged, merged_text, next_tag, pairs_of
from request_tag.failures import harmless, note_failure

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, TypeVar

    T = TypeVar("T")

_CONVERSE = ("Converse", "ConverseStream")

_INVOKE = ("InvokeModel", "InvokeModelWithResponseStream")

_MEMBER = "requestMetadata"
"""Converse has it since botocore 1.35.74, InvokeModel since 1.43.12."""

_SEEN = "request_tag_seen"
"""Marks the context of a call that was counted."""

_PENDING = "request_tag_pending"
"""Where a call's context keeps the tag for the header, which is there only once the request is serialised."""


def instrument(client_or_session: T) -> T:
    """The same client or session, whose calls to Bedrock are tagged from now on; twice is once.

    Takes clients, resources and sessions of boto3, and sessions of botocore. A session tags the calls of the clients
    that it makes afterwards.
    """
    _instrument(client_or_session)
    return client_or_session


def auto_instrument() -> None:
    """Tag the calls of every client that a session made from now on makes; twice is once.

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
    from botocore import handlers  # noqa: PLC0415 - to import this package must not import botocore

    with _auto_lock:
        known = handlers.BUILTIN_HANDLERS
        ours = [(event, handler, handlers.REGISTER_LAST) for event, handler in _handlers()]
        known.extend(spec for spec in ours if spec not in known)
    default_session = getattr(sys.modules.get("boto3"), "DEFAULT_SESSION", None)
    if default_session is not None:
        _instrument(default_session)


def _handlers() -> list[tuple[str, Callable[..., None]]]:
    built = "before-parameter-build.bedrock-runtime"
    called = "before-call.bedrock-runtime"
    return [
        *((f"{built}.{operation}", tag_converse) for operation in _CONVERSE),
        *((f"{built}.{operation}", tag_invoke) for operation in _INVOKE),
        *((f"{called}.{operation}", tag_header) for operation in _INVOKE),
    ]


@harmless
def tag_converse(params: dict[str, Any], model: Any, context: dict[str, Any], **_: object) -> None:
    """Write the tag into the map of Converse's parameters."""
    own = params.get(_MEMBER)
    if own is not None and not isinstance(own, dict):
        return
    tag = _tag_once(context, own or {})
    if tag is None:
        return
    if not _knows_metadata(model):
        note_failure(f"the installed botocore does not know {_MEMBER} of {model.name}, as 1.35.74 does")
        return
    together = merged(own or {}, tag)
    if together is not None:
        params[_MEMBER] = together


@harmless
def tag_invoke(params: dict[str, Any], model: Any, context: dict[str, Any], **_: object) -> None:
    """Write the tag into InvokeModel's parameters, or keep it for the header where botocore has no parameter for it."""
    own = pairs_of(params.get(_MEMBER))
    tag = _tag_once(context, own) if own is not None else None
    if tag is None:
        return
    if not _knows_metadata(model):
        context[_PENDING] = tag
        return
    text = merged_text(own or {}, tag)
    if text is not None:
        params[_MEMBER] = text


@harmless
def tag_header(params: dict[str, Any], context: dict[str, Any], **_: object) -> None:
    """Write the tag that was kept into the header, which botocore signs with the others."""
    tag = context.pop(_PENDING, None)
    headers = params["headers"]
    own = pairs_of(headers.get(METADATA_HEADER))
    text = merged_text(own, tag) if tag is not None and own is not None else None
    if text is not None:
        headers[METADATA_HEADER] = text


def _tag_once(context: dict[str, Any], own: Mapping[str, Any]) -> dict[str, str] | None:
    """The tag of the call, which is counted; None outside a request, or where its caller has tagged it.

    None, too, the second time: a client that two instrumentations reach asks twice.
    """
    if API_REQUEST_ID in own or context.get(_SEEN):
        return None
    context[_SEEN] = True
    return next_tag()


def _knows_metadata(model: Any) -> bool:
    return _MEMBER in model.input_shape.members
