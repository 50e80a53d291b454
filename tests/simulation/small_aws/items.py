"""The table's items with their latest versions: as they stand, and as a read that lags behind may show them."""

import random
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from tests.simulation.small_aws.expressions import Item
from tests.simulation.snapshots import MAX_LAG

type Key = tuple[str, ...]
"""The values of an item's key attributes."""


class Version(NamedTuple):
    """An item after a write, with the write's number and time; None before the first."""

    number: int
    at: datetime
    item: Item | None


class Items:
    """Every item as it stands, and what it was within the last seconds."""

    def __init__(self) -> None:
        self.standing: dict[Key, Item] = {}
        self.first_written: dict[Key, datetime] = {}
        self._recent: dict[Key, list[Version]] = {}
        self._writes = 0

    def write(self, key: Key, item: Item, *, at: datetime) -> Item | None:
        """Put an item in the place of the one that stands; answers with that."""
        before = self.standing.get(key)
        self._writes += 1
        self._forget(at)
        versions = self._recent.setdefault(key, [Version(0, datetime.min.replace(tzinfo=at.tzinfo), before)])
        versions.append(Version(self._writes, at, item))
        self.standing[key] = item
        self.first_written.setdefault(key, at)
        return before

    def behind(self, now: datetime, chance: random.Random) -> Mapping[Key, Item]:
        """The items as a read may show them that is up to `MAX_LAG` behind: all at one moment, or each at its own."""
        self._forget(now)
        oldest = min((versions[1].number for versions in self._recent.values()), default=self._writes) - 1
        if chance.random() < 0.5:
            cut = chance.randint(oldest, self._writes)
            return self._seen(lambda: cut)
        return self._seen(lambda: chance.randint(oldest, self._writes))

    def _seen(self, cut_of: Callable[[], int]) -> Mapping[Key, Item]:
        seen = dict(self.standing)
        for key, versions in self._recent.items():
            cut = cut_of()
            item = next(each.item for each in reversed(versions) if each.number <= cut or each is versions[0])
            if item is None:
                del seen[key]
            else:
                seen[key] = item
        return seen

    @property
    def recently_written(self) -> bool:
        """Whether a read that lags behind can differ from one that does not."""
        return bool(self._recent)

    def _forget(self, now: datetime) -> None:
        """Drop versions that every read knows to be past: all that a later one had replaced `MAX_LAG` ago."""
        for key in list(self._recent):
            versions = self._recent[key]
            while len(versions) > 1 and versions[1].at <= now - MAX_LAG:
                del versions[0]
            if len(versions) == 1:
                del self._recent[key]


def in_order(items: Iterable[Item], keys: tuple[str, ...], *, backwards: bool) -> list[Item]:
    """Items by the values of these attributes, which are texts."""
    return sorted(items, key=lambda item: key_of(item, keys), reverse=backwards)


def key_of(item: Item, attributes: tuple[str, ...]) -> Key:
    """The values of an item's key attributes. Raises: KeyError where one is missing or no text."""
    return tuple(item[name]["S"] for name in attributes)
