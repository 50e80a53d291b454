"""The request of the one Lambda event that is handled, for threads that have no context to tell them theirs.

A thread does not say who started it, so it is taken for the event's only where nobody else can have: it began while the
event was handled, no other event was handled meanwhile, and no thread was there before but the one that handles it. A
thread of an earlier event, or of the function's imports, may do an earlier event's work and start threads for it. In
doubt a thread has none: a call without a tag is linked by its time, one with a wrong tag wrongly.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from threading import Thread

    from request_tag.current_request import CurrentRequest


class Handled:
    """A Lambda event that is handled: its request, if it is one; and the threads that were there before it."""

    __slots__ = ("current", "is_alone", "older")

    def __init__(self, current: CurrentRequest | None, older: frozenset[Thread], *, is_alone: bool) -> None:
        self.current = current
        self.older = older
        self.is_alone = is_alone

    def is_for(self, current: CurrentRequest | None) -> bool:
        """Whether it is of the same request, as where the layer and the function's code both enter it."""
        return _id_of(self.current) == _id_of(current)


class OnlyEvent:
    """The events that are handled in this process; threads `apart` do no event's work, of which a test can be sure."""

    def __init__(self, apart: frozenset[Thread] = frozenset()) -> None:
        self._lock = threading.Lock()
        self._handled: list[Handled] = []
        self._apart = apart

    def get(self) -> CurrentRequest | None:
        """The request of the running thread, which has no context; None where it may be another's.

        When one began that `threading` did not start nobody knows.
        """
        handled = self._handled
        if not handled or not handled[0].is_alone:
            return None
        thread = threading.current_thread()
        if thread in handled[0].older or isinstance(thread, threading._DummyThread):  # noqa: SLF001
            return None
        return handled[0].current

    def begin(self, current: CurrentRequest | None) -> Handled:
        """The event is handled from now on, by the running thread."""
        with self._lock:
            alive = frozenset(threading.enumerate())
            left = alive - self._apart - {threading.main_thread(), threading.current_thread()}
            others = [other for other in self._handled if not other.is_for(current)]
            event = Handled(current, alive, is_alone=not left and not others)
            for other in others:
                other.is_alone = False
            self._handled = [*self._handled, event]
        return event

    def end(self, event: Handled) -> None:
        """The event is handled no more."""
        with self._lock:
            self._handled = [other for other in self._handled if other is not event]


def _id_of(current: CurrentRequest | None) -> str | None:
    return current.request_id if current is not None else None
