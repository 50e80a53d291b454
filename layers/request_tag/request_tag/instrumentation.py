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

from request_tag.call_metadata import API_REQUEST_ID, METADATA_HEADER, merged, merged_text, next_tag, pairs_of
from request_tag.failures import harmless, note_failure
from request_tag.when_imported import when_imported

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, TypeVar

    T = TypeVar("T")

_BUILT, _SERIALISED, _SIGNED = "before-parameter-build", "before-call", "before-sign"

_CONVERSE = frozenset(f"{_BUILT}.bedrock-runtime.{operation}" for operation in ("Converse", "ConverseStream"))

_INVOKE = frozenset(
    f"{_SIGNED}.bedrock-runtime.{operation}" for operation in ("InvokeModel", "InvokeModelWithResponseStream")
)

_MEMBER = "requestMetadata"
"""Converse's parameter since botocore 1.35.74. InvokeModel has it since 1.43.12, and sends it as a header."""

_TAG = "request_tag"
"""Where the context of a call keeps its tag: it is counted once, however often it is sent."""

_WRITTEN_INTO = "request_tag_parameters"
"""Where it keeps the parameters until they are serialised: they are the caller's, who may use them for another call."""

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
    return [(_BUILT, tag_converse), (_SERIALISED, put_back), (_SIGNED, tag_invoke)]


class _Written(dict):  # type: ignore[type-arg]  # `typing` is not imported: it takes longer than this package
    """The pairs of one call that are written into parameters, with those that stood there before."""

    __slots__ = ("before",)

    def __init__(self, pairs: Mapping[str, Any], before: Mapping[str, Any]) -> None:
        super().__init__(pairs)
        self.before = before
        """The parameters' map under its name; empty where there was none."""


@harmless
def tag_converse(params: dict[str, Any], model: Any, context: dict[str, Any], event_name: str, **_: object) -> None:
    """Write the tag into the map of Converse's parameters.

    Not into a copy of these: of the parameters that handlers return botocore takes the first, and a handler of the
    caller's own may return some.
    """
    if event_name not in _CONVERSE:
        return
    if context.get(_WRITTEN_INTO) is not params:
        _restore(params)  # a call that failed before it was serialised has left its tag
    if context.get(_PRESIGNED):
        return
    own = params.get(_MEMBER)
    own = {} if own is None else own
    is_first = _TAG not in context
    tag = _tag_of(context) if isinstance(own, dict) and API_REQUEST_ID not in own else None
    if tag is None:
        return
    if _MEMBER not in model.input_shape.members:
        if is_first:  # two instrumentations may reach a client
            note_failure(f"the installed botocore does not know {_MEMBER} of {model.name}, as 1.35.74 does")
        return
    together = merged(own, tag)
    if together is not None:
        params[_MEMBER] = _Written(together, {name: params[name] for name in (_MEMBER,) if name in params})
        context[_WRITTEN_INTO] = params


@harmless
def put_back(context: dict[str, Any], **_: object) -> None:
    """Leave the parameters as they were: the call's body is made by now."""
    params = context.pop(_WRITTEN_INTO, None)
    if params is not None:
        _restore(params)


def _restore(params: dict[str, Any]) -> None:
    """Put what the caller had given in place of what was written for a call."""
    written = params.get(_MEMBER)
    if isinstance(written, _Written):
        del params[_MEMBER]
        params.update(written.before)


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
