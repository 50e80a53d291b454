"""What the contract suites test, and where the emulated AWS has it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from request_lens.domain.publishing.changes import Change
from request_lens.ports import FactReader, FactStore

REGION = "ap-northeast-1"
RETENTION = timedelta(days=90)


class LookedAt(FactStore, FactReader, Protocol):
    """A fact store that can be looked at, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreUnderTest:
    """A fact store, and all that its stream has told so far."""

    store: LookedAt
    changes: Callable[[], list[Change]]
