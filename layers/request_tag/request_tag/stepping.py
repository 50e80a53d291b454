"""What runs for a request after the function that began it has returned: a stream, and what is bound to a request."""

from __future__ import annotations

from functools import partial, wraps
from types import AsyncGeneratorType, CoroutineType, GeneratorType
from typing import TYPE_CHECKING

from request_tag.current_request import CurrentRequest, current_request, lasting, running

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Generator
    from typing import Any, ParamSpec, TypeVar

    P = ParamSpec("P")
    T = TypeVar("T")


def bound(function: Callable[P, T]) -> Callable[P, T]:
    """The function, for the request that is current now: for threads that do not copy the context, and for later.

    `pool.map(bound(ask), prompts)`, `Thread(target=bound(work))`, `create_task(bound(work)())`: what a coroutine or a
    generator does is for the request, too.
    """
    current = current_request()

    @wraps(function)
    def for_request(*args: P.args, **kwargs: P.kwargs) -> T:
        with running(current):
            answer: Any = function(*args, **kwargs)
        if isinstance(answer, CoroutineType):
            answer = _awaited(answer, current)
        return stepped(answer, current)  # type: ignore[no-any-return]

    return for_request


async def _awaited(answer: CoroutineType[Any, Any, Any], current: CurrentRequest | None) -> Any:
    with running(current):
        return await answer


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
