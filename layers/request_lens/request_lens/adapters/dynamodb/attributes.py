"""Values as DynamoDB keeps them: items to and from plain Python values, and typed reading of the latter.

Times are ISO 8601 texts in UTC with milliseconds, which sort as the times do. An unknown value is left out.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Never, cast

from boto3.dynamodb.types import DYNAMODB_CONTEXT, TypeDeserializer, TypeSerializer

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef


type Plain = bool | str | int | Decimal | Sequence[Plain] | Mapping[str, Plain] | None
"""A value as it is written: what boto3's serializer takes. Numbers are read as Decimal; None stands in lists only."""

type PlainMap = Mapping[str, Plain]
"""A map or a whole item, attribute by attribute."""

type Item = dict[str, AttributeValueTypeDef]
"""An item as the DynamoDB client takes and gives it."""


_SERIALIZER, _DESERIALIZER = TypeSerializer(), TypeDeserializer()


def to_item(values: PlainMap) -> Item:
    """The values in DynamoDB's own notation."""
    return {name: _SERIALIZER.serialize(value) for name, value in values.items()}


def from_item(item: Mapping[str, object]) -> PlainMap:
    """The plain values of an item, or of one image in a record of the table's stream."""
    return {name: _plain(cast("Mapping[str, Any]", value)) for name, value in item.items()}


def _plain(value: Mapping[str, Any]) -> Plain:
    """One value as boto3's deserializer reads it, in half the time for the four types that most are of."""
    for kind, held in value.items():
        if kind == "S":
            return cast("str", held)
        if kind == "M":
            return {name: _plain(each) for name, each in held.items()}
        if kind == "N":
            return DYNAMODB_CONTEXT.create_decimal(held)
        if kind == "L":
            return [_plain(each) for each in held]
    return cast("Plain", _DESERIALIZER.deserialize(cast("AttributeValueTypeDef", value)))


def iso(moment: datetime) -> str:
    """A moment as text: 2025-12-04T18:27:02.000Z. What is finer than a millisecond is cut off."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def moment(value: Plain) -> datetime:
    """The time that `iso` wrote. Raises: TypeError, ValueError."""
    return datetime.fromisoformat(text(value))


def text(value: Plain) -> str:
    """The value as a text. Raises: TypeError."""
    return value if isinstance(value, str) else _refuse(value, "text")


def number(value: Plain) -> Decimal:
    """The value as a number, as DynamoDB gives it. Raises: TypeError."""
    return value if isinstance(value, Decimal) else _refuse(value, "number")


def integer(value: Plain) -> int:
    """The value as a whole number. Raises: TypeError."""
    return int(value) if isinstance(value, Decimal) else _refuse(value, "number")


def flag(value: Plain) -> bool:
    """The value as true or false. Raises: TypeError."""
    return value if isinstance(value, bool) else _refuse(value, "true or false")


def mapping(value: Plain) -> PlainMap:
    """The value as a map. Raises: TypeError."""
    return value if isinstance(value, dict) else _refuse(value, "map")


def sequence(value: Plain) -> Sequence[Plain]:
    """The value as a list. Raises: TypeError."""
    return value if isinstance(value, list) else _refuse(value, "list")


def _refuse(value: Plain, expected: str) -> Never:
    raise TypeError(f"{expected} expected, found {type(value).__name__}")
