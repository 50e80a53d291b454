"""Collect: store the facts of a log batch, and send a timer for everything that they touch."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from request_lens.application.inference_profiles import with_models
from request_lens.domain.facts import Fact, Invocation, Request
from request_lens.domain.linking.link import LinkedInvocation, UnlinkedInvocation, tag_link
from request_lens.domain.linking.neighbourhood import due_at
from request_lens.domain.log_record import LogRecord, Rejected, RejectedReason
from request_lens.domain.policy import Policy
from request_lens.domain.publishing.metric_names import Metric
from request_lens.domain.publishing.publication import PipelineMetrics
from request_lens.domain.settling.runaway import may_run_away
from request_lens.domain.settling.state import SettleKey, SettleKind
from request_lens.ports import Ports

MAX_KEPT = 100
"""Rejected records that are kept of one batch. A log group of another format would be stored line by line, at more than
its logging costs; the rest of a batch is counted, and its lines are where the kept ones are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectReport:
    """What became of a batch's log events: `facts`, `ignored` and the rejected ones add up to their number.

    `ignored` are normal lines without a fact and requests on routes that are not observed. `kept` is how many of the
    rejected records, from the first on, were stored.
    """

    facts: int
    ignored: int
    rejected: Sequence[Rejected]
    kept: int


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
    screened = screen(records, now, policy)
    facts = _sorted_out(with_models(screened.facts, ports.profiles))
    ports.store.store_requests(facts.requests, stored_at=now)
    ports.store.store_unlinked(facts.unlinked, stored_at=now)
    ports.store.store_linked(facts.linked)
    ports.timer.send(_timers(facts, now, policy))
    kept = screened.rejected[:MAX_KEPT]
    ports.store.store_rejected(kept, stored_at=now)
    _publish(screened.facts, screened.rejected, ports)
    return CollectReport(
        facts=len(screened.facts), ignored=screened.ignored, rejected=screened.rejected, kept=len(kept)
    )


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
    """One key a touched request, due at once where the batch may complete or flag it, and one an untagged call."""
    due: dict[SettleKey, datetime] = {}
    for each in facts.linked:
        key = SettleKey(SettleKind.REQUEST, each.link.request_id)
        waits = each.invocation.waits_for_tool and not may_run_away(each.invocation, policy)
        wait = policy.settle_delay if waits else timedelta(0)
        due[key] = min(due.get(key, now + wait), now + wait)
    due |= {SettleKey(SettleKind.REQUEST, each.request_id): now for each in facts.requests}
    for call in facts.unlinked:
        unlinked = UnlinkedInvocation(invocation=call, stored_at=now)
        due[SettleKey(SettleKind.INVOCATION, call.invocation_id)] = due_at(unlinked, policy)
    return list(due.items())


def _publish(facts: Sequence[Fact], rejected: Sequence[Rejected], ports: Ports) -> None:
    """Print how late the logs came, by fact, and how many were rejected, by reason."""
    now = ports.clock.now()
    delays = tuple(max(_ms(now - _ended_at(fact)), 0) for fact in facts)
    if delays:
        ports.sink.publish_pipeline(PipelineMetrics(at=now, values={Metric.LOG_DELAY: delays}))
    for reason, count in Counter(each.reason for each in rejected).items():
        values = {Metric.REJECTED_RECORDS: (count,)}
        ports.sink.publish_pipeline(PipelineMetrics(at=now, values=values, reason=reason))


def _ended_at(fact: Fact) -> datetime:
    match fact:
        case Request():
            return fact.ended_at or fact.started_at
        case Invocation():
            return fact.logged_at + timedelta(milliseconds=fact.latency_ms or 0)


def _ms(span: timedelta) -> int:
    return span // timedelta(milliseconds=1)


MAX_AHEAD = timedelta(hours=2)
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
    if moment > now + MAX_AHEAD:
        return _out_of_bounds(fact, RejectedReason.TOO_NEW, moment)
    return fact


def _out_of_bounds(fact: Fact, reason: RejectedReason, moment: datetime) -> Rejected:
    name = f"request {fact.request_id}" if isinstance(fact, Request) else f"invocation {fact.invocation_id}"
    return Rejected(reason=reason, detail=f"{name} of {moment.isoformat()}")
