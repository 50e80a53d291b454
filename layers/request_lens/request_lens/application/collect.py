"""Collect: store the facts of a log batch, and send a timer for everything that they touch."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from request_lens.domain.facts import Fact, Invocation, LogRecord, Rejected, Request
from request_lens.domain.link import LinkedInvocation, UnlinkedInvocation, tag_link
from request_lens.domain.policy import Policy
from request_lens.domain.publication import Metric, PipelineMetrics
from request_lens.domain.state import Matter, SettleKey
from request_lens.domain.surroundings import due_at
from request_lens.ports import Ports

NEWEST = timedelta(hours=2)
"""How far ahead of us another clock may be: CloudWatch refuses metrics of a later time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectReport:
    """What became of a batch's log events; the five counts add up to their number.

    `ignored` are normal lines without a fact and requests on routes that are not observed, `too_old` facts that
    arrived after their retention, `too_new` those more than two hours ahead of our clock: both are dropped, and the
    metrics count them as rejected.
    """

    facts: int
    rejected: int
    ignored: int
    too_old: int
    too_new: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
    """A batch's facts by what is done with them."""

    requests: Sequence[Request]
    linked: Sequence[LinkedInvocation]
    unlinked: Sequence[Invocation]


def collect(records: Sequence[LogRecord], ports: Ports, policy: Policy) -> CollectReport:
    """Store every fact among the records and send its timer; collecting a batch twice changes nothing.

    Raises: StoreUnavailable, TimerUnavailable. Lambda then delivers the whole batch again.
    """
    now = ports.clock.now()
    found = [each for each in records if isinstance(each, Request | Invocation) and _is_observed(each, policy)]
    too_old = [each for each in found if _started_at(each) <= now - policy.retention]
    too_new = [each for each in found if _started_at(each) > now + NEWEST]
    fresh = [each for each in found if now - policy.retention < _started_at(each) <= now + NEWEST]
    facts = _sorted_out(fresh)
    ports.store.store_requests(facts.requests, stored_at=now)
    ports.store.store_unlinked(facts.unlinked, stored_at=now)
    ports.store.store_linked(facts.linked)
    ports.timer.send(_timers(facts, now, policy))
    rejected = sum(isinstance(each, Rejected) for each in records)
    _publish(fresh, rejected + len(too_old) + len(too_new), ports)
    return CollectReport(
        facts=len(fresh),
        rejected=rejected,
        ignored=len(records) - len(found) - rejected,
        too_old=len(too_old),
        too_new=len(too_new),
    )


def _is_observed(fact: Fact, policy: Policy) -> bool:
    return isinstance(fact, Invocation) or policy.observes(fact.route)


def _started_at(fact: Fact) -> datetime:
    return fact.started_at if isinstance(fact, Request) else fact.logged_at


def _sorted_out(facts: Iterable[Fact]) -> _Facts:
    requests: list[Request] = []
    linked: list[LinkedInvocation] = []
    unlinked: list[Invocation] = []
    for fact in facts:
        if isinstance(fact, Request):
            requests.append(fact)
        elif (link := tag_link(fact)) is not None:
            linked.append(LinkedInvocation(invocation=fact, link=link))
        else:
            unlinked.append(fact)
    return _Facts(requests=requests, linked=linked, unlinked=unlinked)


def _timers(facts: _Facts, now: datetime, policy: Policy) -> list[tuple[SettleKey, datetime]]:
    """One key a touched request, due at once where the batch may complete it, and one an untagged invocation."""
    due: dict[SettleKey, datetime] = {}
    for each in facts.linked:
        key = SettleKey(Matter.REQUEST, each.link.request_id)
        wait = policy.settle_delay if each.invocation.waits_for_tool else timedelta(0)
        due[key] = min(due.get(key, now + wait), now + wait)
    due |= {SettleKey(Matter.REQUEST, each.request_id): now for each in facts.requests}
    for call in facts.unlinked:
        unlinked = UnlinkedInvocation(invocation=call, stored_at=now)
        due[SettleKey(Matter.INVOCATION, call.invocation_id)] = due_at(unlinked, policy)
    return list(due.items())


def _publish(fresh: Sequence[Fact], rejected: int, ports: Ports) -> None:
    """Print how late the logs came, by fact, and how many were rejected."""
    now = ports.clock.now()
    values = {
        Metric.LOG_DELAY: tuple(max(_ms(now - _ended_at(fact)), 0) for fact in fresh),
        Metric.REJECTED_RECORDS: (rejected,) if rejected else (),
    }
    known = {metric: each for metric, each in values.items() if each}
    if known:
        ports.sink.publish_pipeline(PipelineMetrics(at=now, values=known))


def _ended_at(fact: Fact) -> datetime:
    match fact:
        case Request():
            return fact.ended_at or fact.started_at
        case Invocation():
            return fact.logged_at + timedelta(milliseconds=fact.latency_ms or 0)


def _ms(span: timedelta) -> int:
    return span // timedelta(milliseconds=1)
