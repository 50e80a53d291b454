"""Sweep: make lost settle messages good, a minute of facts at a time, two hours after they began.

It sends again what the table shows to be missing, and nothing else: a request without a revision, with more calls than
its last one counts, or where spans are read, with other spans than that one knew; an untagged call without a decision;
a call whose link was decided by a settle that never came to count it; and where spans are read, an unattributed call
whose span's trace a request's record names.

What the index by time does not list, it does not make good: a tagged call whose request's record never came, and a fact
that was stored after its time was swept. The index holds no tagged calls: an index write for each would cost more than
the rest of its storing. The messages of these wait in the dead-letter queue, if that is where they were lost.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import batched

from request_lens.domain.facts import Request, RequestId, TraceId
from request_lens.domain.linking.link import Link, LinkedInvocation, Unattributed, UnlinkedInvocation
from request_lens.domain.linking.neighbourhood import due_at
from request_lens.domain.policy import Policy
from request_lens.domain.settling.state import SettleKey, SettleKind, TimedKey
from request_lens.domain.times import EPOCH
from request_lens.domain.tracing.runs import own_spans
from request_lens.ports import Ports

AGE = timedelta(hours=2)
"""How old facts are when they are swept: those that come in time have long been settled."""

SLICE = timedelta(minutes=1)
"""The time that one sweep is for. A Query a request takes some 4 ms of the function's processor: 1,200 requests a
second are about as many as its time-out allows."""

PAGE = 500
"""Facts that are held at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepReport:
    """What a slice of time held and what was sent again for it.

    `begins` is its beginning, `requests` and `invocations` (untagged) are what it held. Sent again were `unsettled`
    requests, `undecided` calls, and `uncounted` ones: linked, but not stored under their request; and for `traced`
    ones, unattributed though their trace has a request, that trace.
    """

    begins: datetime
    requests: int = 0
    invocations: int = 0
    unsettled: int = 0
    undecided: int = 0
    uncounted: int = 0
    traced: int = 0


def sweep(ports: Ports, policy: Policy, *, moment: datetime | None = None) -> SweepReport:
    """Send a key for everything that was left undone in the last slice that ended `AGE` before `moment` (else now).

    To sweep a slice again, or at the same time as another does, sends more messages and changes nothing else. It
    holds one page of facts at a time, and sends a page's keys before it reads the next. Raises: StoreUnavailable,
    TimerUnavailable; Lambda then sweeps the slice again, as it does where that holds more than the function's
    time-out allows.
    """
    now = ports.clock.now()
    begins = slice_of((moment or now) - AGE) - SLICE
    requests, unsettled = _sweep_requests(begins, now, ports, policy)
    return replace(_sweep_invocations(begins, ports, policy), requests=requests, unsettled=unsettled)


def slice_of(moment: datetime) -> datetime:
    """The beginning of the slice that a moment lies in."""
    return moment - (moment - EPOCH) % SLICE


def _last_of(begins: datetime) -> datetime:
    return begins + SLICE - timedelta(microseconds=1)


def _sweep_requests(begins: datetime, now: datetime, ports: Ports, policy: Policy) -> tuple[int, int]:
    """How many requests the slice held, and for how many a key was sent."""
    held = sent = 0
    for page in batched(ports.store.iter_requests(begins, _last_of(begins)), PAGE, strict=False):
        unsettled = ports.store.find_unsettled([request.request_id for request in page])
        settled = [request for request in page if request.request_id not in set(unsettled)]
        unsettled = [*unsettled, *(_untold(settled, ports, policy) if policy.reads_spans else ())]
        _send([(SettleKey(SettleKind.REQUEST, request_id), now) for request_id in unsettled], ports)
        held, sent = held + len(page), sent + len(unsettled)
    return held, sent


def _untold(settled: Sequence[Request], ports: Ports, policy: Policy) -> Iterator[RequestId]:
    """Those of settled requests whose trace has other spans than their last revision knew: its message was lost."""
    heads = zip(settled, ports.store.load_heads([request.request_id for request in settled]), strict=True)
    told = [(request, head.summary.traced) for request, head in heads if head.summary is not None]
    silent = [request for request, said in told if said is None]
    of_silent = dict(zip(silent, ports.store.traces_of(silent) if silent else (), strict=True))
    named = [(request, said, said.trace_id if said else of_silent[request]) for request, said in told]
    trace_ids = sorted({trace_id for _, _, trace_id in named if trace_id is not None})
    traces = {trace.trace_id: trace for trace in (ports.store.load_traces(trace_ids) if trace_ids else ())}
    for request, said, trace_id in named:
        if trace_id in traces and len(own_spans(request, traces[trace_id], policy)) != (said.spans if said else 0):
            yield request.request_id


def _sweep_invocations(begins: datetime, ports: Ports, policy: Policy) -> SweepReport:
    """How many untagged calls the slice held, and for how many a key was sent."""
    report = SweepReport(begins=begins)
    for page in batched(ports.store.iter_unlinked(begins, _last_of(begins)), PAGE, strict=False):
        waiting = [call for call in page if call.decision is None]
        missing, traced = _uncounted(page, ports), _traced(page, ports, policy)
        _send([_timed(call, policy) for call in [*waiting, *missing]], ports)
        _send([(SettleKey(SettleKind.TRACE, each), ports.clock.now()) for each in sorted(set(traced))], ports)
        report = replace(
            report,
            invocations=report.invocations + len(page),
            undecided=report.undecided + len(waiting),
            uncounted=report.uncounted + len(missing),
            traced=report.traced + len(traced),
        )
    return report


def _traced(page: Sequence[UnlinkedInvocation], ports: Ports, policy: Policy) -> list[TraceId]:
    """The traces of the unattributed calls whose trace a record names: whoever came last of the two died then."""
    untagged = (call for call in page if call.invocation.tag is None)
    unattributed = [call.invocation.invocation_id for call in untagged if isinstance(call.decision, Unattributed)]
    if not policy.reads_spans or not unattributed:
        return []
    trace_ids = [span.trace_id for span in ports.store.load_call_spans(unattributed).values()]
    named = ports.store.find_named(sorted(set(trace_ids))) if trace_ids else ()
    return [trace_id for trace_id in trace_ids if trace_id in named]


def _uncounted(page: Sequence[UnlinkedInvocation], ports: Ports) -> list[UnlinkedInvocation]:
    """Those that are linked and not stored under their request: to settle one again counts it."""
    linked = {
        call.invocation.invocation_id: (call, LinkedInvocation(invocation=call.invocation, link=call.decision))
        for call in page
        if isinstance(call.decision, Link)
    }
    missing = ports.store.find_uncounted([copy for _, copy in linked.values()])
    return [linked[call.invocation.invocation_id][0] for call in missing]


def _timed(unlinked: UnlinkedInvocation, policy: Policy) -> TimedKey:
    """The invocation's key, for when it is due: a backfilled one may not be yet, and its message is still to come."""
    return SettleKey(SettleKind.INVOCATION, unlinked.invocation.invocation_id), due_at(unlinked, policy)


def _send(keys: Sequence[TimedKey], ports: Ports) -> None:
    if keys:
        ports.timer.send(keys)
