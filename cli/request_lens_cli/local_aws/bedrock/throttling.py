"""Throttling on demand: the next calls are refused, as many as were asked for."""

import threading

from request_lens_cli.local_aws.bedrock.model_call import Refused

THROTTLED = Refused(
    error_code="ThrottlingException",
    status=429,
    message="Too many requests, please wait before trying again.",
)


class Throttle:
    """How many of the next calls are refused."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._left = 0

    def demand(self, calls: int) -> None:
        """Refuse so many of the next calls."""
        with self._lock:
            self._left = calls

    def refuses_next(self) -> bool:
        """Whether the next call is refused; it is one less then."""
        with self._lock:
            refuses = self._left > 0
            self._left -= refuses
            return refuses
