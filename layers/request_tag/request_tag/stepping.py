"""Generators whose every step runs for a request: an agent's stream is made after its entry point has returned."""

from __future__ import annotations

from functools import partial
from types import AsyncGeneratorType, GeneratorType
from typing import TYPE_CHECKING

from request_tag.current_request import CurrentRequest, lasting, running

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator
    from typing import Any


def stepped(answer: Any, current: CurrentRequest | None) -> Any:
    """The answer; a generator's steps, each of which runs with the request entered.

    Between the steps the caller's code runs, in whatever context, so nothing stays entered; but the request goes on.
    """
    if isinstance(answer, GeneratorType):
        return _steps(answer, current)
    if isinstance(answer, AsyncGeneratorType):
        return _async_steps(answer, current)
    return answer


def _steps(answer: Generator[Any, Any, Any], current: CurrentRequest | None) -> Generator[Any, Any, Any]:
    step = partial(answer.send, None)
    with lasting(current):
        try:
            while True:
                try:
                    with running(current):
                        part = step()
                except StopIteration as end:
                    return end.value
                try:
                    step = partial(answer.send, (yield part))
                except Exception as error:  # noqa: BLE001 - thrown in by the caller, for the generator
                    step = partial(answer.throw, error)
        finally:
            with running(current):
                answer.close()


async def _async_steps(answer: AsyncGenerator[Any, Any], current: CurrentRequest | None) -> AsyncGenerator[Any, Any]:
    step = partial(answer.asend, None)
    with lasting(current):
        try:
            while True:
                try:
                    with running(current):
                        part = await step()
                except StopAsyncIteration:
                    return
                try:
                    step = partial(answer.asend, (yield part))
                except Exception as error:  # noqa: BLE001 - thrown in by the caller, for the generator
                    step = partial(answer.athrow, error)
        finally:
            with running(current):
                await answer.aclose()
