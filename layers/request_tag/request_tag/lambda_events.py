"""Which request a Lambda event is, and the decorator that enters it."""

from __future__ import annotations

import os
from functools import wraps
from types import CoroutineType
from typing import TYPE_CHECKING, overload

from request_tag.carried import KEY, carried_request, carries, request_taken_out_of, taken_out
from request_tag.current_request import CurrentRequest, entered, handling
from request_tag.failures import harmless, note_failure
from request_tag.limits import is_request_id, is_trace_id
from request_tag.stepping import stepped

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    R = TypeVar("R")

ENTRY_POINT_VARIABLE = "REQUEST_TAG_ENTRY_POINT"
"""What the requests are, `api` or `lambda`, where the decorator does not say it; `api` by default."""


@overload
def lambda_handler(handler: Callable[..., R]) -> Callable[..., R]: ...


@overload
def lambda_handler(*, entry_point: str | None = None) -> Callable[[Callable[..., R]], Callable[..., R]]: ...


def lambda_handler(
    handler: Callable[..., R] | None = None, *, entry_point: str | None = None
) -> Callable[..., R] | Callable[[Callable[..., R]], Callable[..., R]]:
    """The Lambda handler, with the event's request entered while it runs: `@lambda_handler`.

    `entry_point` is what Request Lens observes. "api", the default: a request of API Gateway (REST, HTTP and WebSocket
    APIs), by the id in its access log; for a function URL or a load balancer, which have no such log, the run of the
    function. "lambda": the run of the function, whatever its event. An event that `carry` put a request into is of that
    request. Any other event enters none. The handler may be a method. It may be `async` or a generator, where something
    calls it that knows these; Lambda's own runtime does not.
    """
    if handler is None:
        return lambda decorated: _decorated(decorated, entry_point)
    return _decorated(handler, entry_point)  # type: ignore[no-any-return]


def _decorated(handler: Any, entry_point: str | None) -> Any:
    if isinstance(handler, (classmethod, staticmethod)):
        return type(handler)(_decorated(handler.__func__, entry_point))
    return (_coroutine if _is_coroutine_function(handler) else _plain)(handler, entry_point)


def _plain(handler: Callable[..., Any], entry_point: str | None) -> Callable[..., Any]:
    @wraps(handler)
    def tagged(*given: Any, **named: Any) -> Any:
        given, named, current = _read(given, named, entry_point)
        with handling(current):
            answer: Any = handler(*given, **named)
        if isinstance(answer, CoroutineType):
            answer = _awaited(answer, current)
        return stepped(answer, current)

    return tagged


def _coroutine(handler: Callable[..., Any], entry_point: str | None) -> Callable[..., Any]:
    @wraps(handler)
    async def tagged(*given: Any, **named: Any) -> Any:
        given, named, current = _read(given, named, entry_point)
        return await _awaited(handler(*given, **named), current)

    return tagged


def _read(
    given: tuple[Any, ...], named: dict[str, Any], entry_point: str | None
) -> tuple[tuple[Any, ...], dict[str, Any], CurrentRequest | None]:
    """The arguments as they were given, the event without the request that it carries; and the request.

    A method's first argument is no event but what the method is of: Lambda gives two, and an event is JSON.
    """
    is_method = bool(given) and not isinstance(given[0], _JSON) and (len(given) > 2 or "event" in named)
    own, given = (given[:1], given[1:]) if is_method else ((), given)
    event = given[0] if given else named.get("event")
    current = request_of(event, given[1] if len(given) > 1 else named.get("context"), entry_point)
    if given:
        given = (taken_out(event, current), *given[1:])
    elif "event" in named:
        named = {**named, "event": taken_out(event, current)}
    return (*own, *given), named, current


_JSON = (dict, list, str, int, float, type(None))  # a bool is an int


def _is_coroutine_function(handler: Callable[..., Any]) -> bool:
    """As `inspect` says it, whose import takes longer than this package."""
    flags = getattr(getattr(handler, "__code__", None), "co_flags", 0)
    return bool(flags & 0x80)  # CO_COROUTINE


async def _awaited(answer: CoroutineType[Any, Any, Any], current: CurrentRequest | None) -> Any:
    with handling(current):
        return stepped(await answer, current)


@harmless
def request_of(event: object, context: object, entry_point: str | None = None) -> CurrentRequest | None:
    """The request of an event, or None."""
    trace_id = xray_trace_id(os.environ.get("_X_AMZN_TRACE_ID"))
    if isinstance(event, dict) and carries(event):
        return carried_request(event[KEY], session_id=None, trace_id=trace_id)
    known = request_taken_out_of(event)
    if known is not None:
        return known
    return entered(request_id_of(event, context, entry_point), session_id=None, trace_id=trace_id)


def request_id_of(event: object, context: object, entry_point: str | None = None) -> str | None:
    """The id of an event's request as the log of the entry point has it, or None for an event that is no request.

    A function URL's `requestId` is the run's. https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
    """
    run = getattr(context, "aws_request_id", None)
    if _is_lambda(entry_point or os.environ.get(ENTRY_POINT_VARIABLE) or "api"):
        return run
    asked = event.get("requestContext") if isinstance(event, dict) else None
    if not isinstance(asked, dict):
        return None
    if "elb" in asked:
        return run
    own_id = asked.get("extendedRequestId")
    return own_id if is_request_id(own_id) else asked.get("requestId")


def _is_lambda(entry_point: str) -> bool:
    if entry_point not in ("api", "lambda"):
        note_failure("the entry point is neither api nor lambda: api is taken")
    return entry_point == "lambda"


def xray_trace_id(header: object) -> str | None:
    """The trace of `Root=1-<8 digits>-<24 digits>;Parent=…;Sampled=…` as spans have it, or None."""
    fields = header.split(";") if isinstance(header, str) else ()
    for field in fields:
        name, _, value = field.strip().partition("=")
        parts = value.split("-")
        if name == "Root" and len(parts) == 3:
            trace_id = parts[1] + parts[2]
            return trace_id if is_trace_id(trace_id) else None
    return None
