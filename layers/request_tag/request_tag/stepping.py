"""Generators whose every step runs for a request: an agent's stream is made after its entry point has returned."""

from __future__ import annotations

from types import AsyncGeneratorType, GeneratorType
from typing import TYPE_CHECKING

from request_tag.current_request import CurrentRequest, enter, leave

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator
    from typing import Any


def stepped(answer: Any, current: CurrentRequest | None) -> Any:
    """The answer; a generator's steps, each of which runs with the request entered.

    Between the steps the caller's code runs, in whatever context, so nothing stays entered.
    """
    if isinstance(answer, GeneratorType):
        return _steps(answer, current)
    if isinstance(answer, AsyncGeneratorType):
        return _async_steps(answer, current)
    return answer


def _steps(answer: Generator[Any, Any, Any], current: CurrentRequest | None) -> Generator[Any, None, None]:
    try:
        while True:
            token = enter(current)
            try:
                part = next(answer)
            except StopIteration:
                return
            finally:
                leave(token)
            yield part
    finally:
        answer.close()


async def _async_steps(answer: AsyncGenerator[Any, Any], current: CurrentRequest | None) -> AsyncGenerator[Any, None]:
    try:
        while True:
            token = enter(current)
            try:
                part = await answer.__anext__()
            except StopAsyncIteration:
                return
            finally:
                leave(token)
            yield part
    finally:
        await answer.aclose()
