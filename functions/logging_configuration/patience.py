"""Trying again what AWS refuses for a moment only, for as long as CloudFormation still gets its answer."""

import time
from collections.abc import Callable, Collection

from botocore.exceptions import ClientError

PAUSE_S = 5.0

PASSES_WITHIN_S = 30.0
"""What is refused for longer is told."""

PASSING = frozenset({"AccessDenied", "AccessDeniedException", "OperationAbortedException", "ThrottlingException"})
"""IAM is eventually consistent, so a new role's first calls may be denied; two stacks may make one log group at a time,
of which CloudWatch Logs asks one to try again (https://github.com/aws/aws-cdk/issues/15709); many may call at once."""


class Patience:
    """Retries that end in time: `remaining_s` is what the answer leaves of the function's own time."""

    def __init__(
        self,
        *,
        remaining_s: float,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._clock = clock
        self._pause = pause
        self._ends_at = clock() + remaining_s

    def call[Result](
        self, action: Callable[[], Result], *, again: Collection[str] = PASSING, within_s: float = PASSES_WITHIN_S
    ) -> Result:
        """What `action` returns.

        Raises: its ClientError, where the code is none of `again`, or once `within_s` or the time at hand are over.
        """
        gives_up_at = min(self._clock() + within_s, self._ends_at)
        while True:
            try:
                return action()
            except ClientError as error:
                if error.response.get("Error", {}).get("Code") not in again or self._clock() >= gives_up_at:
                    raise
            self._pause(PAUSE_S)

    def wait_for[Found](self, look: Callable[[], Found | None]) -> Found | None:
        """What `look` finds, as soon as it finds anything; None where it has not once the time at hand is over."""
        while (found := look()) is None and self._clock() < self._ends_at:
            self._pause(PAUSE_S)
        return found
