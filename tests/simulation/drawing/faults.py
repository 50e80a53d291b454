"""What goes wrong in a schedule, how often it may, and how often it did."""

import random
from collections import Counter
from collections.abc import Mapping
from enum import StrEnum


class Fault(StrEnum):
    """One way in which a log, a Lambda, the table or a queue misbehaves."""

    DUPLICATE_LINE = "duplicate line"
    DUPLICATE_BATCH = "log payload redelivered"
    REORDER = "reorder"
    SPLIT = "split"
    MERGE = "merge"
    DELAY_IN_TIME = "delay up to 45 s"
    DELAY_5_MINUTES = "delay 5 min"
    DELAY_3_HOURS = "delay 3 h"
    DELAY_15_DAYS = "delay 15 days"
    DELAY_100_DAYS = "delay 100 days (beyond retention)"
    CLOCK_AHEAD = "sender's clock 110 min ahead"
    CLOCK_FAR_AHEAD = "sender's clock 3 h ahead"
    RECORD_BEFORE = "access record before its calls"
    RECORD_AFTER = "access record after its calls"
    RECORD_NEVER = "access record never"
    MEETING = "all of a request's logs at one time"
    POISON_LINE = "poison line"
    IGNORED_LINE = "line without a fact"
    THROTTLE = "throttle, before the write"
    LOST_REPLY = "lost reply, after the write"
    OWN_LOST_REPLY = "condition failed on one's own write"
    UNPROCESSED = "unprocessed items"
    CRASH = "crash before or after a call"
    PRINT_CRASH = "crash before or after a print"
    TIME_OUT = "time-out in the middle of a batch"
    LATE_RETRY = "retry only after 3 h"
    DUPLICATE_MESSAGE = "settle message twice"
    LATE_MESSAGE = "settle message 3 h late"
    EARLY_MESSAGE = "settle message before its time"
    LOST_MESSAGE = "settle message lost"
    TWO_WORKERS = "two workers on one key"
    INTERLEAVED = "another event at the same time"
    ALTERNATION = "another worker's turn between two calls"
    INDEX_LAG = "index up to 5 s behind"
    REPEATED_CHECKPOINT = "stream checkpoint lost"


EXPECTED: Mapping[Fault, float] = {
    Fault.DUPLICATE_LINE: 0.15,
    Fault.DUPLICATE_BATCH: 0.12,
    Fault.REORDER: 0.3,
    Fault.SPLIT: 0.25,
    Fault.MERGE: 0.2,
    Fault.DELAY_IN_TIME: 0.2,
    Fault.DELAY_5_MINUTES: 0.12,
    Fault.DELAY_3_HOURS: 0.12,
    Fault.DELAY_15_DAYS: 0.1,
    Fault.DELAY_100_DAYS: 0.1,
    Fault.CLOCK_AHEAD: 0.15,
    Fault.CLOCK_FAR_AHEAD: 0.25,
    Fault.RECORD_BEFORE: 0.2,
    Fault.RECORD_AFTER: 0.2,
    Fault.RECORD_NEVER: 0.25,
    Fault.MEETING: 0.15,
    Fault.POISON_LINE: 0.2,
    Fault.IGNORED_LINE: 0.1,
    Fault.THROTTLE: 0.03,
    Fault.LOST_REPLY: 0.03,
    Fault.OWN_LOST_REPLY: 0.06,
    Fault.UNPROCESSED: 0.15,
    Fault.CRASH: 0.03,
    Fault.PRINT_CRASH: 0.1,
    Fault.TIME_OUT: 0.15,
    Fault.LATE_RETRY: 0.2,
    Fault.DUPLICATE_MESSAGE: 0.08,
    Fault.LATE_MESSAGE: 0.04,
    Fault.EARLY_MESSAGE: 0.06,
    Fault.LOST_MESSAGE: 0.1,
    Fault.TWO_WORKERS: 0.1,
    Fault.INTERLEAVED: 0.1,
    Fault.INDEX_LAG: 0.5,
    Fault.REPEATED_CHECKPOINT: 0.12,
}
"""How likely each fault is at each place where it can strike, in a schedule that has it at all."""

INTERRUPTING = frozenset(
    {
        Fault.THROTTLE,
        Fault.LOST_REPLY,
        Fault.UNPROCESSED,
        Fault.CRASH,
        Fault.PRINT_CRASH,
        Fault.TIME_OUT,
        Fault.TWO_WORKERS,
        Fault.INTERLEAVED,
        Fault.REPEATED_CHECKPOINT,
        Fault.DUPLICATE_MESSAGE,
    }
)
"""Faults that cause further work: a schedule has a budget of each, so that it can end."""

UNTIMELY = frozenset(
    {
        Fault.DELAY_5_MINUTES,
        Fault.DELAY_3_HOURS,
        Fault.DELAY_15_DAYS,
        Fault.DELAY_100_DAYS,
        Fault.CLOCK_FAR_AHEAD,
        Fault.RECORD_NEVER,
    }
)
"""Faults that break the waits or lose a record: half of all schedules have none, so that their links can be judged."""


class Faults:
    """The faults of one schedule, drawn from its seed; a quiet one has none, and one may have these `only`.

    Each schedule leaves out about a third of all faults, so that one never hides another in all of them.
    """

    def __init__(
        self, chance: random.Random, *, quiet: bool = False, only: Mapping[Fault, float] | None = None, budget: int = 0
    ) -> None:
        self.chance = chance
        self.fired: Counter[Fault] = Counter()
        self.trace: list[object] = []
        in_time = chance.random() < 0.5
        self._enabled = {
            fault: EXPECTED[fault]
            for fault in Fault
            if not quiet and chance.random() < 0.65 and not (in_time and fault in UNTIMELY) and fault in EXPECTED
        }
        self._budget = 0 if quiet else chance.choice((1, 2, 4, 4))
        if only is not None:
            self._enabled, self._budget = dict(only), budget

    def can_strike(self, *faults: Fault) -> bool:
        """Whether any of these faults can still happen in the schedule."""
        return any(fault in self._enabled and not self._is_spent(fault) for fault in faults)

    def strike(self, fault: Fault) -> bool:
        """Whether this fault happens here and now; counts it."""
        expected = self._enabled.get(fault)
        if expected is None or self.chance.random() >= expected:
            return False
        if self._is_spent(fault):
            return False
        self.fired[fault] += 1
        self.trace.append(f"    fault: {fault}")
        return True

    def _is_spent(self, fault: Fault) -> bool:
        return fault in INTERRUPTING and self.fired[fault] >= self._budget
