"""Shared reads: what one settle read by time serves the others of its batch, whose keys are of about the same time."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from request_lens.domain.facts import InvocationId, Request
from request_lens.domain.linking.link import Decision, UnlinkedInvocation
from request_lens.domain.settling.crowds import Crowds
from request_lens.ports import Neighbourhood

SLACK = timedelta(seconds=10)
"""So much more is read at either end: what is due half a minute ahead comes in slots of ten seconds, so the keys of a
batch are hardly further apart."""


_MOMENT = timedelta(microseconds=1)


class SharedReads:
    """Facts by time, each span read once for all; what was decided since it was read, it is told.

    Of a span that holds `limit` facts or more, which nobody takes for the whole, it gives some: not the earliest ones.
    Beside `crowds` it reads what is asked for, as far as that is not known, and nothing more.
    """

    def __init__(self, store: Neighbourhood, crowds: Crowds | None = None) -> None:
        self._requests = _Reads(store.requests_between, at=lambda request: request.started_at)
        self._unlinked = _Reads(store.unlinked_between, at=lambda call: call.invocation.logged_at, crowds=crowds)
        self._decided: dict[InvocationId, Decision] = {}

    def requests_between(self, first: datetime, last: datetime, *, limit: int) -> Sequence[Request]:
        """See `ports.Neighbourhood`."""
        return self._requests.between(first, last, limit)

    def unlinked_between(self, first: datetime, last: datetime, *, limit: int) -> Sequence[UnlinkedInvocation]:
        """See `ports.Neighbourhood`."""
        calls = self._unlinked.between(first, last, limit)
        return [self._as_it_stands(call) for call in calls] if self._decided else calls

    def tell_decision(self, invocation_id: InvocationId, decision: Decision) -> None:
        """Let later reads know of a decision."""
        self._decided[invocation_id] = decision

    def _as_it_stands(self, call: UnlinkedInvocation) -> UnlinkedInvocation:
        decision = self._decided.get(call.invocation.invocation_id)
        return call if decision is None else replace(call, decision=decision)


class _Read[Fact](Protocol):
    """One of the store's readings by time."""

    def __call__(self, first: datetime, last: datetime, *, limit: int) -> Sequence[Fact]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class _Span[Fact]:
    """What was read from `first` to `last`: all there is."""

    first: datetime
    last: datetime
    facts: Sequence[Fact]


class _Reads[Fact]:
    """The spans of one kind of facts that were read."""

    def __init__(self, read: _Read[Fact], *, at: Callable[[Fact], datetime], crowds: Crowds | None = None) -> None:
        self._read = read
        self._at = at
        self._crowds = crowds
        self._whole: list[_Span[Fact]] = []
        self._dense: list[_Span[Fact]] = []

    def between(self, first: datetime, last: datetime, limit: int) -> Sequence[Fact]:
        """The facts of a span, at most `limit`."""
        for span in self._whole:
            if span.first <= first and last <= span.last:
                return self._cut(span.facts, first, last)[:limit]
        for span in self._dense:
            if first <= span.first and span.last <= last and len(span.facts) >= limit:
                return span.facts[:limit]
        if self._crowds is not None and self._crowds.touches(first - SLACK, last + SLACK):
            return self._read_rest(first, last, limit)
        if not self._dense:  # more than is asked for, for the others; where facts lie dense it would be too much
            wide = self._read_span(first - SLACK, last + SLACK, limit)
            if len(wide) < limit:
                return self._cut(wide, first, last)
        return self._read_span(first, last, limit)

    def _read_rest(self, first: datetime, last: datetime, limit: int) -> Sequence[Fact]:
        """The facts of a span of which a part may be known: only what lies behind that, or before it, is read."""
        for place, span in enumerate(self._whole):
            if span.first <= first <= span.last:
                rest = self._read(span.last + _MOMENT, last, limit=limit)
                joined = [*span.facts, *rest]
            elif span.first <= last <= span.last:
                rest = self._read(first, span.first - _MOMENT, limit=limit)
                joined = [*rest, *span.facts]
            else:
                continue
            if len(rest) >= limit:
                self._dense.append(_Span(first=self._at(rest[0]), last=self._at(rest[-1]), facts=rest))
                return rest
            self._whole[place] = _Span(first=min(first, span.first), last=max(last, span.last), facts=joined)
            return self._cut(joined, first, last)[:limit]
        return self._read_span(first, last, limit)

    def _read_span(self, first: datetime, last: datetime, limit: int) -> Sequence[Fact]:
        facts = self._read(first, last, limit=limit)
        if len(facts) < limit:
            self._whole.append(_Span(first=first, last=last, facts=facts))
        else:
            self._dense.append(_Span(first=self._at(facts[0]), last=self._at(facts[-1]), facts=facts))
        return facts

    def _cut(self, facts: Sequence[Fact], first: datetime, last: datetime) -> Sequence[Fact]:
        return facts[bisect_left(facts, first, key=self._at) : bisect_right(facts, last, key=self._at)]
