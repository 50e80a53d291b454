"""Collect: store the facts of a log batch, and name the keys of everything that they touch."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from request_lens.application.inference_profiles import with_models
from request_lens.domain.doctor import is_doctors
from request_lens.domain.facts import Fact, Invocation, Request, RequestId
from request_lens.domain.linking.link import LinkedInvocation, UnlinkedInvocation, tag_link
from request_lens.domain.linking.neighbourhood import due_at
from request_lens.domain.log_record import Ignored, LogRecord, Rejected, RejectedReason
from request_lens.domain.policy import Policy
from request_lens.domain.publishing.metric_names import Metric
from request_lens.domain.publishing.publication import PipelineMetrics, batch_id
from request_lens.domain.settling.runaway import may_run_away
from request_lens.domain.settling.state import SettleKey, SettleKind, TimedKey
from request_lens.domain.spans import LambdaRun, Span
from request_lens.domain.times import EPOCH, whole_ms
from request_lens.ports import Ports

MAX_KEPT = 100
"""Rejected records that are kept of one batch. A log group of another format would be stored line by line, at more than
its logging costs; the rest of a batch is counted, and its lines are where the kept ones are."""

MAX_AHEAD = timedelta(hours=2)
"""How far ahead of us another clock may be: CloudWatch refuses metrics of a later time."""


@dataclass(slots=True, kw_only=True)
class SortedBatch:
    """A batch's records by what is done with them; each is in one of the lists, or `ignored`.

    Of the rejected ones, those that conflict with another request's record are `rivals`, too.
    """

    requests: list[Request] = field(default_factory=list)
    tagged: list[LinkedInvocation] = field(default_factory=list)
    untagged: list[Invocation] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    rivals: list[Request] = field(default_factory=list)
    ignored: int = 0

    @property
    def facts(self) -> Sequence[Fact]:
        """The facts to store."""
        return [*self.requests, *(linked.invocation for linked in self.tagged), *self.untagged]


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectReport:
    """What became of a batch's log events: `facts`, `ignored` and the rejected ones add up to their number.

    `ignored` are normal lines without a fact and requests on routes that are not observed. `kept` is how many of the
    rejected records, from the first on, were stored. `keys` are to be settled, each at its time.
    """

    keys: Sequence[TimedKey]
    facts: int
    ignored: int
    rejected: Sequence[Rejected]
    kept: int


def collect(records: Sequence[LogRecord], ports: Ports, policy: Policy) -> CollectReport:
    """Store every fact among the records; collecting a batch twice changes nothing.

    Raises: StoreUnavailable. Lambda then delivers the whole batch again.
    """
    now = ports.clock.now()
    batch = sort_batch(with_models(records, ports.profiles), now, policy)
    _untag_overrun(batch, ports)
    if conflicting := ports.store.store_requests(batch.requests, stored_at=now):
        _set_apart(conflicting, batch)
        ports.store.store_requests(batch.rivals, stored_at=now)
    ports.store.store_unlinked(batch.untagged, stored_at=now)
    ports.store.store_linked(batch.tagged)
    kept = batch.rejected[:MAX_KEPT]
    ports.store.store_rejected(kept, stored_at=now)
    _publish(batch, batch_id(map(_name_of, records)), ports)
    return CollectReport(
        keys=_keys(batch, now, policy),
        facts=len(batch.facts),
        ignored=batch.ignored,
        rejected=batch.rejected,
        kept=len(kept),
    )


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
    recorded = {request.request_id for request in batch.requests}
    request_ids = {linked.link.request_id for linked in batch.tagged} - recorded
    overrun = ports.store.find_overrun(request_ids) if request_ids else ()
    if overrun:
        batch.untagged += [
            replace(linked.invocation, tag=None) for linked in batch.tagged if linked.link.request_id in overrun
        ]
        batch.tagged = [linked for linked in batch.tagged if linked.link.request_id not in overrun]


def _set_apart(conflicting: Sequence[Request], batch: SortedBatch) -> None:
    """Reject records whose id another request has, and take them as requests with an id of their own.

    So calls that they made are linked to nobody else by their time. The same record always has the same id.
    """
    refused = frozenset(conflicting)
    rivals = {record: _with_own_id(record) for record in batch.requests if record in refused}
    batch.requests = [record for record in batch.requests if record not in refused]
    batch.rejected += [_conflict(record, rivals[record]) for record in conflicting]
    batch.rivals = list(rivals.values())


def _with_own_id(record: Request) -> Request:
    own_id = RequestId(f"{record.request_id}:{whole_ms(record.started_at - EPOCH)}")
    return replace(record, request_id=own_id, claimed_id=record.request_id)


def _conflict(record: Request, rival: Request) -> Rejected:
    detail = f"{_name_of(record)} (another has this id: kept as {rival.request_id})"
    return Rejected(reason=RejectedReason.CONFLICTING_RECORD, detail=detail)


def _screen(record: LogRecord, now: datetime, policy: Policy) -> Fact | Rejected | None:
    """The record as it is to be taken; None where it is to be ignored."""
    match record:
        case Rejected():
            return record
        case Request() if policy.observes(record.route) or is_doctors(record.request_id):
            return _timely(record, record.started_at, now, policy)
        case Invocation():
            return _timely(record, record.logged_at, now, policy)
        case _:
            return None


def _timely(fact: Fact, moment: datetime, now: datetime, policy: Policy) -> Fact | Rejected:
    """The fact, or its rejection where its time is out of bounds."""
    if moment <= now - policy.retention:
        return Rejected(reason=RejectedReason.TOO_OLD, detail=_name_of(fact))
    if moment > now + MAX_AHEAD:
        return Rejected(reason=RejectedReason.TOO_NEW, detail=_name_of(fact))
    return fact


def _name_of(record: LogRecord) -> str:
    """What tells a record from all others, and names a fact."""
    match record:
        case Request():
            return f"request {record.request_id} of {record.started_at.isoformat()}"
        case Invocation():
            return f"invocation {record.invocation_id} of {record.logged_at.isoformat()}"
        case Span():
            return f"span {record.span_id} of {record.trace_id}"
        case LambdaRun():
            return f"run {record.lambda_request_id} of {record.at.isoformat()}"
        case Rejected():
            return record.key
        case Ignored():
            return record.why


def _keys(batch: SortedBatch, now: datetime, policy: Policy) -> list[TimedKey]:
    """One key a touched request, due at once where the batch may complete or flag it, and one an untagged call."""
    due: dict[SettleKey, datetime] = {}
    for linked in batch.tagged:
        key = SettleKey(SettleKind.REQUEST, linked.link.request_id)
        waits = linked.invocation.waits_for_tool and not may_run_away(linked.invocation, policy)
        wait = policy.settle_delay if waits else timedelta(0)
        due[key] = min(due.get(key, now + wait), now + wait)
    records = [*batch.requests, *batch.rivals]
    due |= {SettleKey(SettleKind.REQUEST, request.request_id): now for request in records}
    for call in batch.untagged:
        unlinked = UnlinkedInvocation(invocation=call, stored_at=now)
        due[SettleKey(SettleKind.INVOCATION, call.invocation_id)] = due_at(unlinked, policy)
    return list(due.items())


def _publish(batch: SortedBatch, publication_id: str, ports: Ports) -> None:
    """Print how late the logs came, by fact, and how many were rejected, by reason."""
    now = ports.clock.now()
    delays = tuple(max(whole_ms(now - _ended_at(fact)), 0) for fact in batch.facts if not _is_doctors(fact))
    if delays:
        ports.sink.publish_pipeline(
            PipelineMetrics(publication_id=publication_id, at=now, values={Metric.LOG_DELAY: delays})
        )
    for reason, count in Counter(record.reason for record in batch.rejected).items():
        values = {Metric.REJECTED_RECORDS: (count,)}
        ports.sink.publish_pipeline(
            PipelineMetrics(publication_id=f"{publication_id}/{reason}", at=now, values=values, reason=reason)
        )


def _is_doctors(fact: Fact) -> bool:
    match fact:
        case Request():
            return is_doctors(fact.request_id)
        case Invocation():
            return fact.tag is not None and is_doctors(fact.tag.request_id)


def _ended_at(fact: Fact) -> datetime:
    match fact:
        case Request():
            return fact.ended_at or fact.started_at
        case Invocation():
            return fact.logged_at + fact.latency
