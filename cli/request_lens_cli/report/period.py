"""A period of time."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """The requests that started in [first, last] are meant."""

    first: datetime
    last: datetime
