"""Which request the code that runs is for: a context variable.

It goes with `await`, tasks, `asyncio.to_thread` and every executor that copies the context, as those of LangChain and
Strands do. A plain thread has none, but with `bound`, and in a Lambda function, where one event at a time is handled: a
thread that begins meanwhile is of that event. One that was there before may still work for an earlier one: it has none.
"""

from __future__ import annotations

import threading
from contextvars import ContextVar
from functools import wraps
from typing import TYPE_CHECKING

from request_tag.call_count import CallCount, count_of
from request_tag.failures import harmless, note_failure
from request_tag.limits import is_request_id, is_value

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextvars import Token
    from types import TracebackType
    from typing import ParamSpec, TypeVar

    P = ParamSpec("P")
    T = TypeVar("T")


class CurrentRequest:
    """A request as it was entered: its id, its count of calls, and where known session and trace."""

    __slots__ = ("calls", "request_id", "session_id", "trace_id")

    def __init__(self, request_id: str, calls: CallCount, session_id: str | None, trace_id: str | None) -> None:
        self.request_id = request_id
        self.calls = calls
        self.session_id = session_id
        self.trace_id = trace_id


_current: ContextVar[CurrentRequest | None] = ContextVar("request_tag", default=None)


class request:  # noqa: N801 - it reads as what it is: `with request("id"):`
    """Enter a request: what runs inside, and what it awaits, makes its calls for it.

    `request_id` is the id that the access log has: a REST API's `extendedRequestId`, else `requestId`. None, or what
    can be no id, enters none. `session_id` and `trace_id` are written down with each call where Bedrock takes them.
    Entered again, by a nested block, another thread or a retry, a request goes on counting its calls.
    """

    __slots__ = ("_entered", "_tokens")

    def __init__(self, request_id: str | None, *, session_id: str | None = None, trace_id: str | None = None) -> None:
        self._entered = entered(request_id, session_id=session_id, trace_id=trace_id)
        self._tokens: list[Token[CurrentRequest | None]] = []  # one for each block that has begun: blocks may nest

    def __enter__(self) -> None:
        if self._entered is not None:
            self._tokens.append(enter(self._entered))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._tokens:
            leave(self._tokens.pop())


@harmless
def entered(
    request_id: str | None, *, session_id: str | None, trace_id: str | None, calls: CallCount | None = None
) -> CurrentRequest | None:
    """The request with such an id, or None where it can be no id."""
    if request_id is None:
        return None
    if not is_request_id(request_id):
        note_failure("a request's id has other characters than A-Z a-z 0-9 = _ + / : . - or is longer than 128")
        return None
    return CurrentRequest(
        request_id,
        calls or count_of(request_id),
        session_id if is_value(session_id) else None,
        trace_id if is_value(trace_id) else None,
    )


def enter(current: CurrentRequest | None) -> Token[CurrentRequest | None]:
    """Make it the current request; None makes it none. `leave` undoes it."""
    return _current.set(current)


def leave(token: Token[CurrentRequest | None]) -> None:
    """Make the request current that was so before; in another context, as of a generator that moved, there is none."""
    try:
        _current.reset(token)
    except ValueError:
        _current.set(None)


def current_request() -> CurrentRequest | None:
    """The request that the running code is for, or None."""
    return _current.get() or _only_event.get()


def current_request_id() -> str | None:
    """The id of the request that the running code is for, or None."""
    current = current_request()
    return current.request_id if current is not None else None


def bound(function: Callable[P, T]) -> Callable[P, T]:
    """The function, for the request that is current now: for threads that do not copy the context.

    `pool.map(bound(ask), prompts)`, `Thread(target=bound(work))`.
    """
    current = current_request()

    @wraps(function)
    def for_request(*args: P.args, **kwargs: P.kwargs) -> T:
        token = enter(current)
        try:
            return function(*args, **kwargs)
        finally:
            leave(token)

    return for_request


class _Handled:
    """A Lambda event that is handled: its request, and the threads that were there before it."""

    __slots__ = ("current", "older")

    def __init__(self, current: CurrentRequest) -> None:
        self.current = current
        self.older = frozenset(threading.enumerate())


class _OnlyEvent:
    """The request of the Lambda event that is handled, for threads that began meanwhile; None while there are two."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._handled: list[_Handled] = []

    def get(self) -> CurrentRequest | None:
        handled = self._handled
        if len(handled) != 1 or threading.current_thread() in handled[0].older:
            return None
        return handled[0].current

    def begin(self, current: CurrentRequest) -> None:
        with self._lock:
            self._handled = [*self._handled, _Handled(current)]

    def end(self, current: CurrentRequest) -> None:
        with self._lock:
            self._handled = [other for other in self._handled if other.current is not current]
            for other in self._handled:  # a thread that began beside two may be of either
                other.older = frozenset(threading.enumerate())


_only_event = _OnlyEvent()


class handling:  # noqa: N801 - a block as `request` is
    """Enter the request of a Lambda event: threads that begin in it without a context belong to it, too."""

    __slots__ = ("_current", "_token")

    def __init__(self, current: CurrentRequest | None) -> None:
        self._current = current

    def __enter__(self) -> None:
        self._token = enter(self._current)
        if self._current is not None:
            _only_event.begin(self._current)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._current is not None:
            _only_event.end(self._current)
        leave(self._token)
