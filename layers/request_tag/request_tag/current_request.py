"""Which request the code that runs is for: a context variable.

It goes with `await`, tasks, `asyncio.to_thread` and every executor that copies the context, as those of LangChain and
Strands do. A plain thread has none, but with `bound`, and in a Lambda function where it can only be the event's
(`only_event`). A request that has ended is nobody's: what goes on with its context may work for another by then. Nor is
it that of a process forked amid it, which may be a worker that stays.
"""

from __future__ import annotations

import os
from contextvars import ContextVar
from typing import TYPE_CHECKING
from weakref import WeakSet

from request_tag.call_count import CallCount, count_of
from request_tag.failures import harmless, note_failure
from request_tag.limits import is_request_id, is_value
from request_tag.only_event import Handled, OnlyEvent

if TYPE_CHECKING:
    from types import TracebackType


class CurrentRequest:
    """A request as it was entered: its id, its count of calls, and where known session and trace."""

    __slots__ = ("__weakref__", "blocks", "calls", "payload", "request_id", "session_id", "trace_id")

    def __init__(self, request_id: str, calls: CallCount, session_id: str | None, trace_id: str | None) -> None:
        self.request_id = request_id
        self.calls = calls
        self.session_id = session_id
        self.trace_id = trace_id
        self.blocks: set[object] = set()
        """The blocks that have begun and not ended: without one, the request is over."""
        self.payload: object = None
        """What it was carried in, without it."""
        _all.add(self)


_all: WeakSet[CurrentRequest] = WeakSet()
_current: ContextVar[CurrentRequest | None] = ContextVar("request_tag")
_UNSAID = object()
"""What a context has in which no block has begun: unlike None, by which one has said that there is no request."""
_only_event = OnlyEvent()


class lasting:  # noqa: N801 - a block as `request` is
    """The request lasts while the block does, though the block's code need not be for it."""

    __slots__ = ("_current",)

    def __init__(self, current: CurrentRequest | None) -> None:
        self._current = current

    def __enter__(self) -> None:
        if self._current is not None:
            self._current.blocks.add(self)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._current is not None:
            self._current.blocks.discard(self)


class running(lasting):  # noqa: N801
    """The block's code is for the request; None: for none.

    Afterwards that request is current which was so before; in another context, as of a generator that moved, none is.
    """

    __slots__ = ("_token",)

    def __enter__(self) -> None:
        super().__enter__()
        self._token = _current.set(self._current)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            _current.reset(self._token)
        except ValueError:
            _current.set(None)
        super().__exit__(kind, error, traceback)


class handling(running):  # noqa: N801
    """The block handles a Lambda event, of the request or of none: threads that begin in it may belong to it, too."""

    __slots__ = ("_handled",)

    def __enter__(self) -> None:
        super().__enter__()
        self._handled: Handled = _only_event.begin(self._current)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        _only_event.end(self._handled)
        super().__exit__(kind, error, traceback)


class request:  # noqa: N801 - it reads as what it is: `with request("id"):`
    """Enter a request: what runs inside, and what it awaits, makes its calls for it.

    `request_id` is the id that the access log has: a REST API's `extendedRequestId`, else `requestId`. None, or what
    can be no id, is no request, whatever is current outside. `session_id` and `trace_id` are written down with each
    call where Bedrock takes them. Entered again, by a nested block, another thread or a retry, a request goes on
    counting its calls.
    """

    __slots__ = ("_blocks", "_entered")

    def __init__(self, request_id: str | None, *, session_id: str | None = None, trace_id: str | None = None) -> None:
        self._entered = entered(request_id, session_id=session_id, trace_id=trace_id)
        self._blocks: list[running] = []  # those that have begun: they may nest

    def __enter__(self) -> None:
        block = running(self._entered)
        block.__enter__()
        self._blocks.append(block)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._blocks:
            self._blocks.pop().__exit__(kind, error, traceback)


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


def current_request() -> CurrentRequest | None:
    """The request that the running code is for, or None."""
    current = _current.get(_UNSAID)
    if current is _UNSAID:
        current = _only_event.get()
    return current if isinstance(current, CurrentRequest) and current.blocks else None


def current_request_id() -> str | None:
    """The id of the request that the running code is for, or None."""
    current = current_request()
    return current.request_id if current is not None else None


def _begin_anew() -> None:
    """In a process that was just forked, none of its parent's blocks goes on, and none of its threads."""
    global _only_event  # noqa: PLW0603 - a thread of the parent may have held its lock
    _only_event = OnlyEvent()
    for current in _all:
        current.blocks = set()


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_begin_anew)
