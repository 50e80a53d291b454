"""How many calls each request has made, however many threads and tasks make them.

A request's calls are numbered by one process at a time. Who hands a request on hands the count on as well, and numbers
no more calls: two that count on from the same number would both say that no call is missing. So a process that is
forked amid a request numbers none of its calls.
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from weakref import WeakSet

_MAX_REQUESTS = 1024
"""Counts that are kept: a request that is entered again, by another thread or a retry, counts on."""


class CallCount:
    """The calls of one request that this process knows of."""

    __slots__ = ("__weakref__", "_is_ours", "_lock", "_made")

    def __init__(self, made: int | None) -> None:
        self._lock = threading.Lock()
        self._made = made or 0
        self._is_ours = made is not None
        _all.add(self)

    def next_index(self) -> int | None:
        """The number of the call that is about to be made: 1, 2 …; None where another process counts."""
        with self._lock:
            self._made += 1
            return self._made if self._is_ours else None

    def hand_on(self) -> int | None:
        """How many calls were made, for who counts on; None where that is somebody else already."""
        with self._lock:
            made = self._made if self._is_ours else None
            self._is_ours = False
            return made

    def take_over(self, made: int) -> None:
        """Count on from what was handed on. A request that comes a second time counts on from its own calls."""
        with self._lock:
            self._made = max(made, self._made)
            self._is_ours = True

    def leave_to_parent(self) -> None:
        """Number no more calls in a process that was just forked; a thread that the lock waits for is not in it."""
        self._lock = threading.Lock()
        self._is_ours = False


_all: WeakSet[CallCount] = WeakSet()
_lock = threading.Lock()
_counts: OrderedDict[str, CallCount] = OrderedDict()


def count_of(request_id: str, made: int | None = 0) -> CallCount:
    """The count of a request: the one that it has, or a new one from `made`; None: somebody else counts."""
    with _lock:
        count = _counts.get(request_id)
        if count is None:
            count = _counts[request_id] = CallCount(made)
            if len(_counts) > _MAX_REQUESTS:
                _counts.popitem(last=False)
        else:
            _counts.move_to_end(request_id)
        return count


def carried_count_of(request_id: str, made: int | None) -> CallCount:
    """The count of a request that was handed on with the calls made until then; None: somebody else counts.

    Who counts already goes on where nothing was handed on.
    """
    count = count_of(request_id, made)
    if made is not None:
        count.take_over(made)
    return count


def _leave_all_to_parent() -> None:
    global _lock  # noqa: PLW0603 - a thread of the parent may have held it
    _lock = threading.Lock()
    for count in _all:
        count.leave_to_parent()


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_leave_all_to_parent)
