"""What went wrong in here: counted, logged once, never raised into the caller's call.

`logging` is imported where it is first needed: to import it takes longer than all of this package.
"""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from functools import wraps
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import ParamSpec, TypeVar

    P = ParamSpec("P")
    T = TypeVar("T")

_lock = threading.Lock()
_counts: dict[str, int] = {}


def failures() -> int:
    """How often something went wrong in this process. The call that it happened in went on without a tag."""
    with _lock:
        return sum(_counts.values())


def note_failure(message: str) -> None:
    """Count a failure, and log it with the exception that is being handled, if any, when it is the first of its kind.

    `message` is constant, so that as many lines are logged as there are kinds of failures.
    """
    with _lock:
        _counts[message] = _counts.get(message, 0) + 1
        if _counts[message] > 1:
            return
    with suppress(Exception):  # a handler or filter of the application's own may raise; the failure is counted
        _log(message)


def harmless(function: Callable[P, T]) -> Callable[P, T | None]:
    """The function, with None in place of its exceptions, which are noted."""

    @wraps(function)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> T | None:
        try:
            return function(*args, **kwargs)
        except Exception:  # noqa: BLE001 - whatever it is, the caller's LLM call matters more; it is noted
            note_failure(f"{function.__name__} failed")
            return None

    return guarded


def _renew_lock() -> None:
    global _lock  # noqa: PLW0603 - a thread that held it as the process was forked is not there to release it
    _lock = threading.Lock()


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_renew_lock)


def _log(message: str) -> None:
    import logging  # noqa: PLC0415
    import sys  # noqa: PLC0415

    text = "request_tag: %s; calls go on, those concerned without a tag (logged once)"
    logging.getLogger("request_tag").warning(text, message, exc_info=sys.exc_info()[0] is not None)
