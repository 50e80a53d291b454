"""DynamoDB's units, from the items themselves, by its documented rules.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html for sizes,
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html for rounding, and
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.html for what an index write costs.
The emulator reports capacities of its own, which ignore sizes: they are not used.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import cast

WRITE_UNIT_BYTES, READ_UNIT_BYTES = 1024, 4096

type Image = Mapping[str, Mapping[str, object]]
"""An item in DynamoDB's own notation: {"pk": {"S": "…"}, …}."""


def item_bytes(item: Image) -> int:
    """The size of an item as DynamoDB counts it."""
    return sum(len(name.encode()) + _value_bytes(value) for name, value in item.items())


def _value_bytes(value: Mapping[str, object]) -> int:
    ((kind, content),) = value.items()
    match kind:
        case "S":
            return len(str(content).encode())
        case "N":
            return _number_bytes(str(content))
        case "BOOL" | "NULL":
            return 1
        case "L":
            return 3 + sum(1 + _value_bytes(each) for each in cast("list[Mapping[str, object]]", content))
        case "M":
            nested = cast("Image", content)
            return 3 + len(nested) + item_bytes(nested)
        case _:
            raise ValueError(f"the table holds no values of the kind {kind}")


def _number_bytes(text: str) -> int:
    """A byte for two significant digits, one more, and one for a sign."""
    digits = "".join(map(str, Decimal(text).normalize().as_tuple().digits))
    return (len(digits) + 1) // 2 + 1 + text.startswith("-")


def write_units(before: Image | None, after: Image | None) -> int:
    """Of a write to the table: by the larger image, at least one. A condition that fails costs the same."""
    largest = max((item_bytes(each) for each in (before, after) if each), default=0)
    return max(1, -(-largest // WRITE_UNIT_BYTES))


def index_write_units(before: Image | None, after: Image | None, *, key: tuple[str, ...]) -> int:
    """Of what a write changes in an index, from the projected images: none where nothing projected changes."""
    old, new = (_indexed(each, key) for each in (before, after))
    if old == new:
        return 0
    if old and new and any(old[name] != new[name] for name in key):
        return write_units(old, None) + write_units(None, new)
    return write_units(old, new)


def _indexed(image: Image | None, key: tuple[str, ...]) -> Image | None:
    return image if image and all(name in image for name in key) else None


def read_units(items: Iterable[Image], *, consistent: bool) -> float:
    """Of one Query or GetItem: 4 KB of all that it reads together, at least one, half the price where it may lag."""
    total = sum(item_bytes(each) for each in items)
    return max(1, -(-total // READ_UNIT_BYTES)) * (1 if consistent else 0.5)
