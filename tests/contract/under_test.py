"""What the contract suites test, and where the emulated AWS has it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from request_lens.domain.change import Change
from request_lens.ports import FactStore

REGION = "ap-northeast-1"
RETENTION = timedelta(days=90)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreUnderTest:
    """A fact store, and all that its stream has told so far."""

    store: FactStore
    changes: Callable[[], list[Change]]
