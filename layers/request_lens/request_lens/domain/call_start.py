"""The start of a call: to the millisecond where a tag tells it, else to the second."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from request_lens.domain.facts import LOG_PRECISION_MS, Invocation, Request
from request_lens.domain.times import EPOCH, MS

LAST_STEP = timedelta(seconds=1)
"""How long a request may go on without a call before another one, whose log is to come, must be thought of."""

_SECOND = LOG_PRECISION_MS * MS


@dataclass(frozen=True, slots=True, kw_only=True)
class CallStart:
    """A call began at `earliest`, or less than `precision_ms` after it."""

    earliest: datetime
    precision_ms: int

    @property
    def is_precise(self) -> bool:
        """Whether the start is known to the millisecond."""
        return self.precision_ms == 1

    def can_be(self, moment: datetime) -> bool:
        """Whether the call can have begun at this moment, which is no earlier than `earliest`."""
        return moment < self.earliest + self.precision_ms * MS


def call_start(invocation: Invocation, *, clock_skew: timedelta) -> CallStart:
    """The call's start: the tag's milliseconds where they lie in the logged second, give or take the skew.

    A tag outside that second is a repeated one (an SDK retry sends its first attempt's) and is not believed.
    """
    earliest, precision_ms = earliest_start(invocation, clock_skew)
    return CallStart(earliest=earliest, precision_ms=precision_ms)


def earliest_start(invocation: Invocation, clock_skew: timedelta) -> tuple[datetime, int]:
    """The same as the two that make it up, for whoever asks of thousands: `earliest` and `precision_ms`."""
    tag, logged_at = invocation.tag, invocation.logged_at
    if tag is not None and tag.call_started_ms is not None:
        tagged = EPOCH + tag.call_started_ms * MS
        if logged_at - clock_skew <= tagged < logged_at + _SECOND + clock_skew:
            return tagged, 1
    return logged_at, LOG_PRECISION_MS


def ends_with(request: Request, call: Invocation, *, clock_skew: timedelta) -> bool:
    """Whether the request is known to have ended within LAST_STEP of the latest that the call can have.

    A call of unknown latency is taken to have none.
    """
    start = call_start(call, clock_skew=clock_skew)
    ended = start.earliest + timedelta(milliseconds=start.precision_ms) + call.latency + clock_skew
    return request.latest_end is not None and request.latest_end <= ended + LAST_STEP
