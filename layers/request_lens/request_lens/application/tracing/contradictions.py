"""Contradictions: links by time that spans speak against are not made."""

from collections.abc import Collection, Mapping, Set

from request_lens.application.tracing.views import read_trace
from request_lens.domain.facts import InvocationId, RequestId, TraceId
from request_lens.domain.linking.assumptions import violation_without_request
from request_lens.domain.linking.link import (
    Decision,
    Link,
    Method,
    Reason,
    Unattributed,
    UnlinkedInvocation,
)
from request_lens.domain.linking.traces import BearingRecords
from request_lens.domain.policy import Policy
from request_lens.errors import UnreadableItem
from request_lens.ports import Ports


def unless_traced(
    made: Mapping[InvocationId, Decision], together: Collection[InvocationId], ports: Ports, policy: Policy
) -> Mapping[InvocationId, Decision]:
    """What time decides of calls that belong together, without links to a request that spans show to be another's.

    Where one of all that belong together, decided or not, has a span, and its trace left it to time, no record that
    names the trace bears on it. So they are of no request whose trace has spans: that is another one, or that request
    began after the call.
    """
    linked = {decision.request_id for decision in made.values() if isinstance(decision, Link)}
    if not linked or not policy.reads_spans:
        return made
    if not any(_is_left_to_time(call, ports, policy) for call in ports.store.load_all_unlinked(sorted(together))):
        return made
    refused = _traced_among(linked, ports)
    return {
        call_id: _nobodys(decision, policy)
        if isinstance(decision, Link) and decision.request_id in refused
        else decision
        for call_id, decision in made.items()
    }


def _is_left_to_time(call: UnlinkedInvocation, ports: Ports, policy: Policy) -> bool:
    """Whether a call has a span, and no record that names its trace bears on it: of several it may be ambiguous."""
    if call.span is None or (isinstance(call.decision, Link) and call.decision.method is Method.TRACE):
        return False
    try:
        trace = read_trace(call.span.trace_id, ports)
    except UnreadableItem:  # what another version wrote tells nothing
        return True
    return not BearingRecords(trace, policy).on(call.span)


def _traced_among(request_ids: Collection[RequestId], ports: Ports) -> Set[RequestId]:
    """Those of the requests whose records name a trace of which a span has come."""
    heads = ports.store.load_heads(sorted(request_ids), is_consistent=True)
    records = [head.record for head in heads if head.record is not None]
    named = zip(records, ports.store.traces_of(records) if records else (), strict=True)
    return {record.request_id for record, trace_id in named if trace_id is not None and _has_spans(trace_id, ports)}


def _has_spans(trace_id: TraceId, ports: Ports) -> bool:
    try:
        return bool(read_trace(trace_id, ports).spans)
    except UnreadableItem:  # spans of another version are spans
        return True


def _nobodys(link: Link, policy: Policy) -> Unattributed:
    return Unattributed(reason=Reason.NO_REQUEST, violates=link.violates or violation_without_request(policy))
