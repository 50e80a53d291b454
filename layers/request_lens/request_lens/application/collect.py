"""Collect: store the facts of a log batch, and name the keys of everything that they touch."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from request_lens.application.collecting.sorted_batch import SortedBatch, name_of, sort_batch
from request_lens.application.collecting.trace_facts import store_trace_facts, traces_to_settle
from request_lens.application.inference_profiles import with_models
from request_lens.domain.doctor import is_doctors
from request_lens.domain.facts import Fact, Invocation, Request, RequestId, TraceId
from request_lens.domain.linking.link import UnlinkedInvocation
from request_lens.domain.linking.neighbourhood import due_at
from request_lens.domain.log_record import LogRecord, Rejected, RejectedReason
from request_lens.domain.policy import Policy
from request_lens.domain.publishing.metric_names import Metric
from request_lens.domain.publishing.publication import PipelineMetrics, batch_id
from request_lens.domain.settling.runaway import may_run_away
from request_lens.domain.settling.state import SettleKey, SettleKind, TimedKey
from request_lens.domain.times import EPOCH, whole_ms
from request_lens.ports import Ports

MAX_KEPT = 100
"""Rejected records that are kept of one batch. A log group of another format would be stored line by line, at more than
its logging costs; the rest of a batch is counted, and its lines are where the kept ones are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectReport:
    """What became of a batch's log events: `facts`, `ignored` and the rejected ones add up to their number.

    `facts` are requests' records and calls, and where spans are read, these and runs of functions; `ignored` are normal
    lines without one and requests on routes that are not observed. `kept` is how many of the rejected records, from the
    first on, were stored. `keys` are to be settled, each at its time.
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
    named = store_trace_facts(batch, ports, stored_at=now) if policy.reads_spans else ()
    spans = ports.store.store_unlinked(batch.untagged, stored_at=now)
    ports.store.store_linked(batch.tagged)
    kept = batch.rejected[:MAX_KEPT]
    ports.store.store_rejected(kept, stored_at=now)
    _publish(batch, batch_id(map(name_of, records)), ports)
    traces = traces_to_settle(named, batch, spans.values(), ports) if policy.reads_spans else ()
    return CollectReport(
        keys=_keys(batch, traces, now, policy),
        facts=len(batch.facts) + len(batch.spans) + len(batch.runs),
        ignored=batch.ignored,
        rejected=batch.rejected,
        kept=len(kept),
    )


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
    detail = f"{name_of(record)} (another has this id: kept as {rival.request_id})"
    return Rejected(reason=RejectedReason.CONFLICTING_RECORD, detail=detail)


def _keys(batch: SortedBatch, traces: Collection[TraceId], now: datetime, policy: Policy) -> list[TimedKey]:
    """One key a touched request, due at once where the batch may complete or flag it, and one an untagged call.

    Before them one a trace that tells whose its calls are, due at once: requests are settled with the calls they have.
    """
    due = {SettleKey(SettleKind.TRACE, trace_id): now for trace_id in sorted(traces)}
    for linked in batch.tagged:
        key = SettleKey(SettleKind.REQUEST, linked.link.request_id)
        waits = linked.invocation.waits_for_tool and not may_run_away(linked.invocation, policy)
        wait = policy.settle_delay if waits else timedelta(0)
        due[key] = min(due.get(key, now + wait), now + wait)
    due |= {SettleKey(SettleKind.REQUEST, record.request_id): now for record in batch.records}
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
