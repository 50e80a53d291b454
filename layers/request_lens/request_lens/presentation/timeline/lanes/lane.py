"""A lane: the calls that belong to no request for one reason, how many they are, and when they ran."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from request_lens.domain.call_start import CallStart, call_start
from request_lens.domain.linking.link import Reason, Unattributed, UnlinkedInvocation
from request_lens.presentation.calls import REASONS
from request_lens.presentation.failed_attempts import attempts_words
from request_lens.presentation.formatting import UNKNOWN, duration_text, pluralize
from request_lens.presentation.timeline.layout import MarkKind
from request_lens.presentation.timeline.row import TimelineRow
from request_lens.presentation.timeline.shapes import Failures, failed_attempts


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """The calls that belong to no request for one reason, in order of their start."""

    reason: Reason
    calls: Sequence[UnlinkedInvocation]

    @property
    def why(self) -> str:
        """The reason in words, and its name, such as "fits several requests (ambiguous)"."""
        return f"{REASONS[self.reason]} ({self.reason})"

    @property
    def llm_calls(self) -> Sequence[UnlinkedInvocation]:
        """Those that succeeded."""
        return [call for call in self.calls if call.invocation.is_llm_call]

    @property
    def failures(self) -> Failures:
        """How many of them failed, by how."""
        failed = [call.invocation for call in self.calls if not call.invocation.is_llm_call]
        return failed_attempts(errors=len(failed), throttles=sum(call.is_throttled for call in failed))

    @property
    def count_words(self) -> str:
        """How many they are: "3 LLM calls, 2 failed, all throttled"."""
        llm_calls, throttled = len(self.llm_calls), dict(self.failures).get(MarkKind.THROTTLED, 0)
        return attempts_words(llm_calls, failed=len(self.calls) - llm_calls, throttled=throttled)

    @property
    def latencies(self) -> str:
        """What those of the LLM calls add up to, "≥ 2.4 s, 1 unknown"; a dash where all are unknown.

        It is not the time in which any of them ran, as LLM time is: most of their starts are known to the second only.
        """
        latencies = [call.invocation.latency_ms for call in self.llm_calls]
        known = [ms for ms in latencies if ms is not None]
        if not known:
            return UNKNOWN
        unknown = len(latencies) - len(known)
        return f"≥ {duration_text(sum(known))}, {unknown:,} unknown" if unknown else duration_text(sum(known))


_MAY_BE_OF_REQUESTS = frozenset({Reason.AMBIGUOUS, Reason.CROWDED})
"""Reasons that say that calls belong to one of several requests, only not to which."""

_OF_THESE = "of these requests"


def heading(lanes: Sequence[Lane], rows: Iterable[TimelineRow]) -> str:
    """What the lanes have, and how many: "17 LLM calls that may be of these requests", or "3 calls without a request".

    They may where each lane's reason says so, and one of the rows counts some as possible.
    """
    is_asked = any(row.is_uncertain and row.summary is not None and row.summary.counts_possible for row in rows)
    may_be_of_these = is_asked and all(lane.reason in _MAY_BE_OF_REQUESTS for lane in lanes)
    noun = "call" if any(lane.failures for lane in lanes) else "LLM call"
    made = pluralize(sum(len(lane.calls) for lane in lanes), noun)
    return f"{made} {f'that may be {_OF_THESE}' if may_be_of_these else 'without a request'}"


def briefly(words: str) -> str:
    """The heading where it has no room: "17 LLM calls that may be theirs"."""
    return words.replace(_OF_THESE, "theirs")


def lanes_by_reason(calls: Sequence[UnlinkedInvocation]) -> Sequence[Lane]:
    """Those of the calls that belong to no request, by reason; who is pending or linked is not among them."""
    by_reason: dict[Reason, list[UnlinkedInvocation]] = defaultdict(list)
    for call in sorted(calls, key=lambda call: (call.invocation.logged_at, call.invocation.invocation_id)):
        if isinstance(call.decision, Unattributed):
            by_reason[call.decision.reason].append(call)
    return [Lane(reason=reason, calls=by_reason[reason]) for reason in Reason if reason in by_reason]


def extents_of(lanes: Sequence[Lane]) -> list[tuple[datetime, datetime]]:
    """From when to when each call ran."""
    return [extent_of_call(call) for lane in lanes for call in lane.calls]


def start_of(call: UnlinkedInvocation) -> CallStart:
    """When it began: as its span says, or its tag where that lies in the logged second; else within that second."""
    if call.span is not None:
        return CallStart(earliest=call.span.started_at, precision_ms=1)
    return call_start(call.invocation, clock_skew=timedelta())


def extent_of_call(call: UnlinkedInvocation) -> tuple[datetime, datetime]:
    """From when to when the call ran."""
    begins = start_of(call).earliest
    return begins, begins + call.invocation.latency
