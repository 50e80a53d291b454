"""Answers: what the settles of one batch have read and done, for those that come after them in it.

Whoever is settled in a batch has been sent, or collected, before its first read. So a later settle of the same batch
need not look again at what an earlier one saw, but for two things: time has gone on; and what a writer rests on is read
anew before it writes, as another worker may have written by more than was known then.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from request_lens.domain.facts import InvocationId, RequestId, TraceId
from request_lens.domain.linking.link import LinkedInvocation, UnlinkedInvocation
from request_lens.domain.settling.state import RequestState
from request_lens.domain.spans import Trace


@dataclass(frozen=True, slots=True, kw_only=True)
class SettledTrace:
    """What a trace told of its calls: those that are decided by now, as they stand, and when others will be.

    `untold` were due and stayed undecided: it tells nothing of them.
    """

    decided: dict[InvocationId, UnlinkedInvocation] = field(default_factory=dict)
    waiting: dict[InvocationId, datetime] = field(default_factory=dict)
    untold: frozenset[InvocationId] = frozenset()

    def tells_of(self, call_id: InvocationId) -> bool:
        """Whether it holds for a call that is due, so that asking again would tell nothing else."""
        return call_id in self.decided or call_id in self.waiting or call_id in self.untold


@dataclass(slots=True, kw_only=True)
class BatchAnswers:
    """What one batch knows by now: `traces` and requests' `heads` as read, `settled` traces, and what was made of them.

    `states` are requests as they were acted on, `trace_ids` the traces that requests' records name, `untraced` those
    that named none when a neighbour asked, which who writes them does not rest on. `told` are requests as their spans
    tell of them to neighbours, by how many calls they had then; `came_at` is when records came.
    """

    traces: dict[TraceId, Trace] = field(default_factory=dict)
    settled: dict[TraceId, SettledTrace] = field(default_factory=dict)
    heads: dict[RequestId, RequestState] = field(default_factory=dict)
    states: dict[RequestId, RequestState] = field(default_factory=dict)
    trace_ids: dict[RequestId, TraceId] = field(default_factory=dict)
    untraced: set[RequestId] = field(default_factory=set)
    told: dict[tuple[RequestId, int], RequestState] = field(default_factory=dict)
    came_at: dict[RequestId, datetime] = field(default_factory=dict)


class Unrevised(NamedTuple):
    """Linked invocations that are `missing` under their requests, and the requests that need a revision for any.

    These have none at all, or are without one of the invocations, or hold more of them than their last one counts.
    """

    missing: Sequence[LinkedInvocation]
    request_ids: Collection[RequestId]
