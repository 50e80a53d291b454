"""Settle many keys at once: those of a queue's messages, and those that a log batch may have completed."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from request_lens.application.collect import CollectReport, collect
from request_lens.application.deciding.settle_linked import settle_linked
from request_lens.application.settle import settle
from request_lens.application.settle_request import settle_request
from request_lens.application.shared_reads import SharedReads
from request_lens.domain.facts import InvocationId, RequestId
from request_lens.domain.log_record import LogRecord
from request_lens.domain.policy import Policy
from request_lens.domain.settling.answers import BatchAnswers
from request_lens.domain.settling.state import SettleKey, SettleKind, TimedKey
from request_lens.errors import OutOfTime, StoreUnavailable, TimerUnavailable
from request_lens.ports import Ports

_INLINE = frozenset({SettleKind.TRACE, SettleKind.REQUEST})

MAX_INLINE_SETTLES = 25
"""Traces and requests that are settled with the batch that may have completed them; the rest get a message each."""

INLINE_BUDGET = timedelta(seconds=15)
"""After this long no further one is begun: where the table answers slowly, a time-out would repeat the whole batch."""

MESSAGES_BUDGET = timedelta(seconds=45)
"""After this long no further message of a batch is begun: what is left is received again while the rest is done."""

_OF_ONE_KEY = (
    StoreUnavailable,
    TimerUnavailable,
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    RuntimeError,
    TypeError,
    ValueError,
)
"""Outages, and what an item that this version cannot read, or a defect, raises: none concerns a key's neighbours."""

type _Settle = Callable[[SettleKey, Ports, Policy], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class SettleFailure:
    """A key that could not be settled, and why; its neighbours were."""

    key: SettleKey
    error: Exception


class BufferedSettleTimer:
    """A settle timer that keeps the keys of one event, in order, so that one call can send them all."""

    def __init__(self) -> None:
        self.keys: list[TimedKey] = []

    def send(self, keys: Sequence[TimedKey]) -> None:
        """See `ports.SettleTimer`. Raises nothing: a key is lost where its event fails, and comes again with it."""
        self.keys += keys


def settle_messages(keys: Sequence[SettleKey], ports: Ports, policy: Policy) -> Sequence[SettleFailure]:
    """Settle each key, however many messages name it, then send the timers of all in one call.

    Raises: TimerUnavailable; then all must be retried.
    """
    timer = BufferedSettleTimer()
    buffered = replace(ports, timer=timer, shared=SharedReads(ports.store, ports.crowds), answers=BatchAnswers())
    ends_at = ports.clock.now() + MESSAGES_BUDGET
    failures: list[SettleFailure] = []
    linked = _settle_linked(keys, buffered, policy)
    for key in dict.fromkeys(keys):
        if key in linked:
            continue
        if ports.clock.now() >= ends_at:
            failures.append(SettleFailure(key=key, error=OutOfTime("not begun: the keys before it took too long")))
        elif (failure := _failure_of(settle, key, buffered, policy)) is not None:
            failures.append(failure)
    _flush(timer, ports)
    return failures


def _settle_linked(keys: Sequence[SettleKey], ports: Ports, policy: Policy) -> Collection[SettleKey]:
    """Settle those of the keys together whose calls traces linked; none where that fails, as each then is by itself."""
    calls = [InvocationId(key.id) for key in keys if key.kind is SettleKind.INVOCATION]
    try:
        return {SettleKey(SettleKind.INVOCATION, each) for each in settle_linked(calls, ports, policy)}
    except _OF_ONE_KEY:
        return ()


def collect_and_settle(
    records: Sequence[LogRecord], ports: Ports, policy: Policy
) -> tuple[CollectReport, Sequence[SettleFailure]]:
    """Collect a log batch, settle the traces and requests that it may have completed, and send all other keys.

    That saves them the way through the queue. From the first one on that cannot be settled, all go through the queue.
    Raises: StoreUnavailable, TimerUnavailable; the whole batch must then be retried.
    """
    report = collect(records, ports, policy)
    timer = BufferedSettleTimer()
    buffered = replace(ports, timer=timer, shared=SharedReads(ports.store, ports.crowds), answers=BatchAnswers())
    begun = ports.clock.now()
    inline = [timed for timed in report.keys if timed[1] <= begun and timed[0].kind in _INLINE]
    del inline[MAX_INLINE_SETTLES:]
    timer.send([timed for timed in report.keys if timed not in inline])
    if any(due_at <= begun for _, due_at in timer.keys):
        _flush(timer, ports)  # what is due now does not wait for the others
    failures: list[SettleFailure] = []
    while inline and not failures and ports.clock.now() - begun < INLINE_BUDGET:
        failure = _failure_of(_settle_while_collecting, inline[0][0], buffered, policy)
        if failure is None:
            inline.pop(0)
        else:
            failures.append(failure)
    timer.send(inline)
    _flush(timer, ports)
    return report, failures


def _settle_while_collecting(key: SettleKey, ports: Ports, policy: Policy) -> None:
    if key.kind is SettleKind.REQUEST:
        settle_request(RequestId(key.id), ports, policy, record_is_coming=True)
    else:
        settle(key, ports, policy)


def _failure_of(settle_one: _Settle, key: SettleKey, ports: Ports, policy: Policy) -> SettleFailure | None:
    """Settle a key; answers with what went wrong, if anything did."""
    try:
        settle_one(key, ports, policy)
    except _OF_ONE_KEY as error:
        return SettleFailure(key=key, error=error)
    return None


def _flush(timer: BufferedSettleTimer, ports: Ports) -> None:
    if timer.keys:
        ports.timer.send(timer.keys)
        timer.keys = []
