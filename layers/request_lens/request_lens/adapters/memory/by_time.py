"""Facts in memory by their times."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from datetime import datetime
from operator import itemgetter


def between[Id: str](by_time: Sequence[tuple[datetime, Id]], first: datetime, last: datetime) -> list[Id]:
    """The ids in [first, last], in order of time."""
    begin = bisect_left(by_time, first, key=itemgetter(0))
    end = bisect_right(by_time, last, key=itemgetter(0))
    return [fact_id for _, fact_id in by_time[begin:end]]
