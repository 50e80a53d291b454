"""Inside: which of many spans lie in another, told without looking at each."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate

from request_lens.domain.spans import Span


class SpansByTime:
    """Spans in order of their start: from each on the earliest end, and up to each the latest one."""

    def __init__(self, spans: Iterable[Span]) -> None:
        self._spans = sorted(spans, key=lambda span: span.started_at)
        self._starts = [span.started_at for span in self._spans]
        ends = [span.ended_at for span in self._spans]
        self._earliest_ends = list(accumulate(reversed(ends), min))[::-1]
        self._latest_ends = list(accumulate(ends, max))

    def inside(self, outer: Span) -> Sequence[Span]:
        """Those that began no earlier than the outer span, and ended no later."""
        first, last = bisect_left(self._starts, outer.started_at), bisect_right(self._starts, outer.ended_at)
        return [span for span in self._spans[first:last] if span.ended_at <= outer.ended_at]

    def is_any_inside(self, outer: Span) -> bool:
        """Whether there is one of those."""
        place = bisect_left(self._starts, outer.started_at)
        return place < len(self._starts) and self._earliest_ends[place] <= outer.ended_at

    def is_any_around(self, inner: Span) -> bool:
        """Whether one of them began no later than the inner span, and ended no earlier."""
        place = bisect_right(self._starts, inner.started_at)
        return place > 0 and self._latest_ends[place - 1] >= inner.ended_at
