"""A request on its way through AgentCore: `carry` puts it into the payload, `agentcore_entrypoint` takes it out."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING

from request_tag.carried import KEY, carried_part, carried_request, without_part
from request_tag.current_request import CurrentRequest, enter, entered, leave
from request_tag.failures import harmless, note_failure
from request_tag.stepping import stepped
from request_tag.traces import w3c_trace_id

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable
    from typing import Any, TypeVar

    F = TypeVar("F", bound=Callable[..., Any])

REQUEST_HEADER = "X-Amzn-Bedrock-AgentCore-Runtime-Custom-Request-Tag"
"""The request's id, where the caller sends headers; AgentCore hands it on where the runtime's allow-list has it."""


def carry(payload: dict[str, Any]) -> dict[str, Any]:
    """A copy of the payload with the current request in it, under `request_tag`; outside a request the payload itself.

    For `invoke_agent_runtime(payload=json.dumps(carry({"prompt": prompt})))`, and for any other JSON object that
    reaches a handler under `agentcore_entrypoint` or `lambda_handler`. From then on the receiver numbers the calls.
    """
    return _carry(payload) or payload


@harmless
def _carry(payload: object) -> dict[str, Any] | None:
    if not isinstance(payload, dict):
        note_failure("carry was given no JSON object")
        return None
    part = carried_part()
    return {**payload, KEY: part} if part is not None else None


def agentcore_entrypoint(entrypoint: F) -> F:
    """The entry point of a `BedrockAgentCoreApp`, with the request entered that its payload or a header names.

    Below `@app.entrypoint`. Takes plain and `async` functions and generators; they get the payload without the request.
    The header is `X-Amzn-Bedrock-AgentCore-Runtime-Custom-Request-Tag`, and its value the request's id.
    """
    import inspect  # noqa: PLC0415 - to import it takes longer than this package

    if inspect.isasyncgenfunction(entrypoint):
        return _async_generator(entrypoint)
    if inspect.iscoroutinefunction(entrypoint):
        return _coroutine(entrypoint)
    return _plain(entrypoint)


def _plain(entrypoint: F) -> F:
    @wraps(entrypoint)
    def tagged(payload: Any, *rest: Any) -> Any:
        current = request_of(payload, *rest)
        token = enter(current)
        try:
            return stepped(entrypoint(own_payload(payload), *rest), current)
        finally:
            leave(token)

    return tagged  # type: ignore[return-value]


def _coroutine(entrypoint: F) -> F:
    @wraps(entrypoint)
    async def tagged(payload: Any, *rest: Any) -> Any:
        current = request_of(payload, *rest)
        token = enter(current)
        try:
            return stepped(await entrypoint(own_payload(payload), *rest), current)
        finally:
            leave(token)

    return tagged  # type: ignore[return-value]


def _async_generator(entrypoint: F) -> F:
    @wraps(entrypoint)
    async def tagged(payload: Any, *rest: Any) -> AsyncGenerator[Any, None]:
        answer = stepped(entrypoint(own_payload(payload), *rest), request_of(payload, *rest))
        try:
            async for part in answer:
                yield part
        finally:
            await answer.aclose()

    return tagged  # type: ignore[return-value]


@harmless
def request_of(payload: object, context: object = None, *_: object) -> CurrentRequest | None:
    """The request that the payload, or else the header, names; None where neither does."""
    headers = {str(name).lower(): value for name, value in (getattr(context, "request_headers", None) or {}).items()}
    session_id = getattr(context, "session_id", None)
    trace_id = w3c_trace_id(headers.get("traceparent"))
    if isinstance(payload, dict) and KEY in payload:
        return carried_request(payload[KEY], session_id=session_id, trace_id=trace_id)
    return entered(headers.get(REQUEST_HEADER.lower()), session_id=session_id, trace_id=trace_id)


def own_payload(payload: Any) -> Any:
    """The payload without the request in it."""
    return without_part(payload) if isinstance(payload, dict) and KEY in payload else payload
