"""Collect: store the facts of a log batch, and send a timer for everything that they touch."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
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
from request_lens.domain.settling.state import SettleKey, SettleKind, TimedKey
from request_lens.domain.times import whole_ms
from request_lens.ports import Ports

MAX_KEPT = 100
"""Rejected records that are kept of one batch. A log group of another format would be stored line by line, at more than
its logging costs; the rest of a batch is counted, and its lines are where the kept ones are."""

MAX_AHEAD = timedelta(hours=2)
"""How far ahead of us another clock may be: CloudWatch refuses metrics of a later time."""


@dataclass(slots=True, kw_only=True)
class SortedBatch:
    """A batch's records by what is done with them; each is in one of the lists, or `ignored`."""

    requests: list[Request] = field(default_factory=list)
    tagged: list[LinkedInvocation] = field(default_factory=list)
    untagged: list[Invocation] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    ignored: int = 0

    @property
    def facts(self) -> Sequence[Fact]:
        """The facts to store."""
        return [*self.requests, *(linked.invocation for linked in self.tagged), *self.untagged]


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


def collect(records: Sequence[LogRecord], ports: Ports, policy: Policy) -> CollectReport:
    """Store every fact among the records and send its timer; collecting a batch twice changes nothing.

    Raises: StoreUnavailable, TimerUnavailable. Lambda then delivers the whole batch again.
    """
    now = ports.clock.now()
    batch = sort_batch(with_models(records, ports.profiles), now, policy)
    _untag_overrun(batch, ports)
    ports.store.store_requests(batch.requests, stored_at=now)
    ports.store.store_unlinked(batch.untagged, stored_at=now)
    ports.store.store_linked(batch.tagged)
    ports.timer.send(_timers(batch, now, policy))
    kept = batch.rejected[:MAX_KEPT]
    ports.store.store_rejected(kept, stored_at=now)
    _publish(batch, ports)
    return CollectReport(facts=len(batch.facts), ignored=batch.ignored, rejected=batch.rejected, kept=len(kept))


def sort_batch(records: Iterable[LogRecord], now: datetime, policy: Policy) -> SortedBatch:
    """Tell a batch's records apart.

    Rejected are, besides what could not be read, facts that came after their retention and those more than two hours
    ahead of our clock. Ignored are normal lines without a fact and requests on routes that are not observed.
    """
    batch = SortedBatch()
    for record in records:
        match _screen(record, now, policy):
            case Rejected() as rejected:
                batch.rejected.append(rejected)
            case Request() as request:
                batch.requests.append(request)
            case Invocation() as call if (link := tag_link(call)) is not None:
                batch.tagged.append(LinkedInvocation(invocation=call, link=link))
            case Invocation() as call:
                batch.untagged.append(call)
            case None:
                batch.ignored += 1
    return batch


def _untag_overrun(batch: SortedBatch, ports: Ports) -> None:
    """Take calls as untagged whose tag names an id that is known to be no request's."""
    request_ids = {linked.link.request_id for linked in batch.tagged}
    overrun = ports.store.find_overrun(request_ids) if request_ids else ()
    if overrun:
        batch.untagged += [
            replace(linked.invocation, tag=None) for linked in batch.tagged if linked.link.request_id in overrun
        ]
        batch.tagged = [linked for linked in batch.tagged if linked.link.request_id not in overrun]


def _screen(record: LogRecord, now: datetime, policy: Policy) -> Fact | Rejected | None:
    """The record as it is to be taken; None where it is to be ignored."""
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
    """The fact, or its rejection where its time is out of bounds."""
    if moment <= now - policy.retention:
        return _out_of_bounds(fact, RejectedReason.TOO_OLD, moment)
    if moment > now + MAX_AHEAD:
        return _out_of_bounds(fact, RejectedReason.TOO_NEW, moment)
    return fact


def _out_of_bounds(fact: Fact, reason: RejectedReason, moment: datetime) -> Rejected:
    name = f"request {fact.request_id}" if isinstance(fact, Request) else f"invocation {fact.invocation_id}"
    return Rejected(reason=reason, detail=f"{name} of {moment.isoformat()}")


def _timers(batch: SortedBatch, now: datetime, policy: Policy) -> list[TimedKey]:
    """One key a touched request, due at once where the batch may complete or flag it, and one an untagged call."""
    due: dict[SettleKey, datetime] = {}
    for linked in batch.tagged:
        key = SettleKey(SettleKind.REQUEST, linked.link.request_id)
        waits = linked.invocation.waits_for_tool and not may_run_away(linked.invocation, policy)
        wait = policy.settle_delay if waits else timedelta(0)
        due[key] = min(due.get(key, now + wait), now + wait)
    due |= {SettleKey(SettleKind.REQUEST, request.request_id): now for request in batch.requests}
    for call in batch.untagged:
        unlinked = UnlinkedInvocation(invocation=call, stored_at=now)
        due[SettleKey(SettleKind.INVOCATION, call.invocation_id)] = due_at(unlinked, policy)
    return list(due.items())


def _publish(batch: SortedBatch, ports: Ports) -> None:
    """Print how late the logs came, by fact, and how many were rejected, by reason."""
    now = ports.clock.now()
    delays = tuple(max(whole_ms(now - _ended_at(fact)), 0) for fact in batch.facts)
    if delays:
        ports.sink.publish_pipeline(PipelineMetrics(at=now, values={Metric.LOG_DELAY: delays}))
    for reason, count in Counter(record.reason for record in batch.rejected).items():
        values = {Metric.REJECTED_RECORDS: (count,)}
        ports.sink.publish_pipeline(PipelineMetrics(at=now, values=values, reason=reason))


def _ended_at(fact: Fact) -> datetime:
    match fact:
        case Request():
            return fact.ended_at or fact.started_at
        case Invocation():
            return fact.logged_at + fact.latency
