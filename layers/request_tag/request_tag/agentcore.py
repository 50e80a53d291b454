"""A request on its way through AgentCore: `carry` puts it into the payload, `agentcore_entrypoint` takes it out."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING

from request_tag.call_count import carried_count_of
from request_tag.carried import KEY, carried_part, carried_request, carries, request_taken_out_of, taken_out
from request_tag.current_request import CurrentRequest, entered, running
from request_tag.failures import harmless, note_failure
from request_tag.limits import is_request_id, is_trace_id
from request_tag.stepping import stepped

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable
    from inspect import Signature
    from typing import Any, TypeVar

    F = TypeVar("F", bound=Callable[..., Any])

REQUEST_HEADER = "X-Amzn-Bedrock-AgentCore-Runtime-Custom-Request-Tag"
"""The request's id, where the caller sends headers; AgentCore hands it on where the runtime's allow-list has it."""


def carry(payload: dict[str, Any]) -> dict[str, Any]:
    """A copy of the payload with the current request in it, under `request_tag`; outside a request the payload itself.

    For `invoke_agent_runtime(payload=json.dumps(carry({"prompt": prompt})))`, and for any other JSON object that
    reaches a handler under `agentcore_entrypoint` or `lambda_handler`. From then on the receiver numbers the calls: for
    two receivers, carry twice. A payload that has a `request_tag` of its own is sent as it is.
    """
    return _carry(payload) or payload


@harmless
def _carry(payload: object) -> dict[str, Any] | None:
    if not isinstance(payload, dict):
        note_failure("carry was given no JSON object")
        return None
    if KEY in payload and not carries(payload):
        note_failure(f"carry was given a payload that has a {KEY} of its own, which stays")
        return None
    part = carried_part()
    return {**payload, KEY: part} if part is not None else None


def agentcore_entrypoint(entrypoint: F) -> F:
    """The entry point of a `BedrockAgentCoreApp`, with the request entered that its payload or a header names.

    Below `@app.entrypoint`. Takes functions, methods and generators, plain or `async`; they get the payload without the
    request. The header is `X-Amzn-Bedrock-AgentCore-Runtime-Custom-Request-Tag`, and its value the request's id;
    whoever sends it may number calls, so the agent does not. It, session and trace come with AgentCore's `context`,
    which is asked for whether or not the entry point takes one.
    """
    import inspect  # noqa: PLC0415 - to import it takes longer than this package

    if isinstance(entrypoint, (classmethod, staticmethod)):
        return type(entrypoint)(agentcore_entrypoint(entrypoint.__func__))
    names = _names_of_parameters(entrypoint) or []
    before = int(names[:1] in (["self"], ["cls"]))
    with_context = _signature_with_context(entrypoint, before)
    read = _Reader(next(iter(names[before:]), None), before=before, takes_context=with_context is None)
    if inspect.isasyncgenfunction(entrypoint):
        tagged: Any = _async_generator(entrypoint, read)
    elif inspect.iscoroutinefunction(entrypoint):
        tagged = _coroutine(entrypoint, read)
    else:
        tagged = _plain(entrypoint, read)
    if with_context is not None:
        tagged.__signature__ = with_context
    return tagged  # type: ignore[no-any-return]


@harmless
def _names_of_parameters(entrypoint: Callable[..., Any]) -> list[str]:
    """The payload's may be given by its name; before it a method has what it is of, which a bound one has no more."""
    import inspect  # noqa: PLC0415

    return list(inspect.signature(entrypoint).parameters)


@harmless
def _signature_with_context(entrypoint: Callable[..., Any], before: int) -> Signature | None:
    """The signature by which AgentCore's library hands its context over; None where the entry point's own stays.

    The library looks at the second parameter's name.
    """
    from inspect import Parameter, signature  # noqa: PLC0415

    own = signature(entrypoint)
    parameters = list(own.parameters.values())
    by_position = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
    if len(parameters) != before + 1 or parameters[before].kind not in by_position:
        return None
    context = Parameter("context", Parameter.POSITIONAL_OR_KEYWORD, default=None)
    return own.replace(parameters=[*parameters, context])


class _Reader:
    """Reads a call of an entry point, by position or by name: what it is given, and the request that it is for.

    `before` the payload stands what a method is of, if it is one.
    """

    def __init__(self, payload_name: str | None, *, before: int, takes_context: bool) -> None:
        self._payload_name = payload_name
        self._before = before
        self._takes_context = takes_context

    def __call__(
        self, given: tuple[Any, ...], named: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any], CurrentRequest | None]:
        """The arguments as the entry point takes them, with the payload without the request; and the request."""
        own, given = given[: self._before], given[self._before :]
        payload = given[0] if given else named.get(self._payload_name or "")
        current = request_of(payload, given[1] if len(given) > 1 else named.get("context"))
        if given:
            given = (taken_out(payload, current), *given[1:])
        elif self._payload_name is not None and self._payload_name in named:
            named = {**named, self._payload_name: taken_out(payload, current)}
        if not self._takes_context:
            given, named = given[:1], {name: value for name, value in named.items() if name != "context"}
        return (*own, *given), named, current


def _plain(entrypoint: F, read: _Reader) -> F:
    @wraps(entrypoint)
    def tagged(*given: Any, **named: Any) -> Any:
        given, named, current = read(given, named)
        with running(current):
            return stepped(entrypoint(*given, **named), current)

    return tagged  # type: ignore[return-value]


def _coroutine(entrypoint: F, read: _Reader) -> F:
    @wraps(entrypoint)
    async def tagged(*given: Any, **named: Any) -> Any:
        given, named, current = read(given, named)
        with running(current):
            return stepped(await entrypoint(*given, **named), current)

    return tagged  # type: ignore[return-value]


def _async_generator(entrypoint: F, read: _Reader) -> F:
    @wraps(entrypoint)
    async def tagged(*given: Any, **named: Any) -> AsyncGenerator[Any, None]:
        given, named, current = read(given, named)
        answer = stepped(entrypoint(*given, **named), current)
        try:
            async for part in answer:
                yield part
        finally:
            await answer.aclose()

    return tagged  # type: ignore[return-value]


@harmless
def request_of(payload: object, context: object = None) -> CurrentRequest | None:
    """The request that the payload, or else the header, names; None where neither does."""
    headers = {str(name).lower(): value for name, value in (getattr(context, "request_headers", None) or {}).items()}
    session_id = getattr(context, "session_id", None)
    trace_id = w3c_trace_id(headers.get("traceparent"))
    if isinstance(payload, dict) and carries(payload):
        return carried_request(payload[KEY], session_id=session_id, trace_id=trace_id)
    known = request_taken_out_of(payload)
    if known is not None:
        return known
    request_id: Any = headers.get(REQUEST_HEADER.lower())
    calls = carried_count_of(request_id, None) if is_request_id(request_id) else None
    return entered(request_id, session_id=session_id, trace_id=trace_id, calls=calls)


def w3c_trace_id(header: object) -> str | None:
    """The trace of a `traceparent`, `00-<32 digits>-<16 digits>-<flags>`, or None."""
    parts = header.split("-") if isinstance(header, str) else ()
    return parts[1] if len(parts) == 4 and is_trace_id(parts[1]) else None
