"""A period of time."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from request_lens.domain.settling.state import RequestState


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """The requests that started in [first, last] are meant; `is_default` where nobody said since when.

    It `is_past` where it ended before now, as whoever asks for it said.
    """

    first: datetime
    last: datetime
    is_default: bool = False
    is_past: bool = False


def period_of_starts(requests: Iterable[RequestState]) -> Period | None:
    """The period from the first start of some requests to the last: of no time in which others began."""
    starts = [state.request.started_at for state in requests]
    return Period(first=min(starts), last=max(starts)) if starts else None
