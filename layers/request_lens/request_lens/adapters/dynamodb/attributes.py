"""Values as DynamoDB keeps them: items to and from plain Python values, and typed reading of the latter.

Times are ISO 8601 texts in UTC with milliseconds, which sort as the times do. An unknown value is left out.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, cast

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef


type Plain = bool | str | int | Decimal | Sequence[Plain] | Mapping[str, Plain] | None
"""A value as it is written: what boto3's serializer takes. Numbers are read as Decimal; None stands in lists only."""

type PlainMap = Mapping[str, Plain]
"""A map or a whole item, attribute by attribute."""

type Item = dict[str, AttributeValueTypeDef]
"""An item as the DynamoDB client takes and gives it."""


def to_item(values: PlainMap) -> Item:
    """The values in DynamoDB's own notation."""
    serializer = TypeSerializer()
    return {name: serializer.serialize(value) for name, value in values.items()}


def from_item(item: Mapping[str, object]) -> PlainMap:
    """The plain values of an item, or of one image in a record of the table's stream."""
    deserializer = TypeDeserializer()
    return {name: deserializer.deserialize(cast("AttributeValueTypeDef", value)) for name, value in item.items()}


def known(values: PlainMap) -> dict[str, Plain]:
    """The values without the unknown ones."""
    return {name: value for name, value in values.items() if value is not None}


def iso(moment: datetime) -> str:
    """A moment as text: 2025-12-04T18:27:02.000Z. What is finer than a millisecond is cut off."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def moment_of(values: PlainMap, name: str) -> datetime:
    """The moment under this name. Raises: KeyError, TypeError, ValueError."""
    return datetime.fromisoformat(text(values, name))


def text(values: PlainMap, name: str) -> str:
    """The text under this name. Raises: KeyError, TypeError."""
    return _typed(values[name], str)


def optional_text(values: PlainMap, name: str) -> str | None:
    """The text under this name, None where it is absent. Raises: TypeError."""
    return text(values, name) if name in values else None


def number(values: PlainMap, name: str) -> Decimal:
    """The number under this name, as DynamoDB gives it. Raises: KeyError, TypeError."""
    return _typed(values[name], Decimal)


def optional_number(values: PlainMap, name: str) -> Decimal | None:
    """The number under this name, None where it is absent. Raises: TypeError."""
    return number(values, name) if name in values else None


def integer(values: PlainMap, name: str) -> int:
    """The whole number under this name. Raises: KeyError, TypeError."""
    return int(number(values, name))


def optional_integer(values: PlainMap, name: str) -> int | None:
    """The whole number under this name, None where it is absent. Raises: TypeError."""
    return integer(values, name) if name in values else None


def mapping(values: PlainMap, name: str) -> PlainMap:
    """The map under this name. Raises: KeyError, TypeError."""
    return _typed(values[name], dict)


def sequence(values: PlainMap, name: str) -> Sequence[Plain]:
    """The list under this name, empty where it is absent. Raises: TypeError."""
    return _typed(values.get(name, []), list)


def texts(values: PlainMap, name: str) -> tuple[str, ...]:
    """The texts in the list under this name. Raises: TypeError."""
    return tuple(_typed(each, str) for each in sequence(values, name))


def _typed[T](value: object, kind: type[T]) -> T:
    if not isinstance(value, kind):
        raise TypeError(f"{kind.__name__} expected, found {type(value).__name__}")
    return value
