"""Screening: a batch's log events by what becomes of them, so that each becomes exactly one thing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from request_lens.domain.facts import Fact, Invocation, LogRecord, Rejected, RejectedReason, Request
from request_lens.domain.policy import Policy

NEWEST = timedelta(hours=2)
"""How far ahead of us another clock may be: CloudWatch refuses metrics of a later time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Screened:
    """The facts to store, the records to set aside, and how many are normal and carry no fact."""

    facts: Sequence[Fact]
    rejected: Sequence[Rejected]
    ignored: int


def screen(records: Iterable[LogRecord], now: datetime, policy: Policy) -> Screened:
    """Tell a batch's records apart.

    Rejected are, besides what could not be read, facts that came after their retention and those more than two hours
    ahead of our clock. Ignored are normal lines without a fact and requests on routes that are not observed.
    """
    facts: list[Fact] = []
    rejected: list[Rejected] = []
    ignored = 0
    for record in records:
        match _screened(record, now, policy):
            case Rejected() as found:
                rejected.append(found)
            case None:
                ignored += 1
            case fact:
                facts.append(fact)
    return Screened(facts=facts, rejected=rejected, ignored=ignored)


def _screened(record: LogRecord, now: datetime, policy: Policy) -> Fact | Rejected | None:
    match record:
        case Rejected():
            return record
        case Request() if policy.observes(record.route):
            return _timely(record, record.started_at, now, policy)
        case Invocation():
            return _timely(record, record.logged_at, now, policy)
        case _:
            return None


def _timely(fact: Fact, moment: datetime, now: datetime, policy: Policy) -> Fact | Rejected:
    if moment <= now - policy.retention:
        return _out_of_bounds(fact, RejectedReason.TOO_OLD, moment)
    if moment > now + NEWEST:
        return _out_of_bounds(fact, RejectedReason.TOO_NEW, moment)
    return fact


def _out_of_bounds(fact: Fact, reason: RejectedReason, moment: datetime) -> Rejected:
    name = f"request {fact.request_id}" if isinstance(fact, Request) else f"invocation {fact.invocation_id}"
    return Rejected(reason=reason, detail=f"{name} of {moment.isoformat()}")
