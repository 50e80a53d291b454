"""Facts, links and decisions as maps of plain values, which the table's items hold, and back, field by field.

An attribute bears its field's name; a field that is None or equals its default is left out. A time is a text, a word of
a closed vocabulary its value, a tuple a list, a dataclass a map. The constants name the fields that differ from that:
stored items and the queries of others know an attribute by its name, so that it outlives the renaming of its field.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, fields
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from functools import cache, partial
from types import NoneType
from typing import TYPE_CHECKING, Any, NewType, cast, get_args, get_origin, get_type_hints

from request_lens.adapters.dynamodb.attributes import Plain, flag, integer, iso, mapping, moment, number, sequence, text
from request_lens.domain.facts import Invocation
from request_lens.domain.linking.link import Link, Unattributed
from request_lens.domain.log_record import Rejected

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_ATTRIBUTES = {(Link, "violates"): "breaks", (Unattributed, "violates"): "breaks"}
"""Attributes that are not named as their fields."""

_ALWAYS = {
    (Invocation, "tokens"),
    (Unattributed, "candidates"),
    (Rejected, "log_group"),
    (Rejected, "log_stream"),
    (Rejected, "event_id"),
}
"""Fields that are stored though they equal their defaults, as readers of an earlier version ask for them."""

_INLINE = {(Unattributed, "quote")}
"""Fields without an attribute: the attributes of their maps lie beside those of the others."""


def encode(fact: "DataclassInstance") -> dict[str, Plain]:
    """A dataclass as a map, without what is unknown."""
    values: dict[str, Plain] = {}
    for field in _stored_fields(type(fact)):
        value = getattr(fact, field.name)
        if value is None or value == field.default:
            continue
        if field.attribute is None:
            values |= encode(value)
        else:
            values[field.attribute] = field.write(value)
    return values


def decode[Kind: "DataclassInstance"](kind: type[Kind], stored: Plain) -> Kind:
    """The dataclass that a map holds. Raises: TypeError or ValueError where it is not one that this package wrote."""
    values = mapping(stored)
    arguments: dict[str, object] = {}
    for field in _stored_fields(kind):
        if field.attribute is None:
            arguments[field.name] = field.read(values)
        elif field.attribute in values:
            arguments[field.name] = field.read(values[field.attribute])
        elif field.default is None:
            arguments[field.name] = None
    return kind(**arguments)


type _Write = Callable[[Any], Plain]
type _Read = Callable[[Plain], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class _StoredField:
    """How one field of a dataclass is stored; its `attribute` is None where it is inline."""

    name: str
    attribute: str | None
    default: object
    write: _Write
    read: _Read


@cache
def _stored_fields(kind: "type[DataclassInstance]") -> tuple[_StoredField, ...]:
    """Worked out once a class: type hints are far slower to read than a map."""
    hints = get_type_hints(kind)
    return tuple(_stored_field(kind, field, hints[field.name]) for field in fields(kind))


def _stored_field(kind: type, field: Field[Any], hint: object) -> _StoredField:
    place, alternatives = (kind, field.name), get_args(hint)
    default = field.default_factory() if field.default_factory is not MISSING else field.default
    if NoneType in alternatives:  # read as None where it is absent, even if the class has no default for it
        hint, default = alternatives[0], None
    write, read = _converters(hint)
    return _StoredField(
        name=field.name,
        attribute=None if place in _INLINE else _ATTRIBUTES.get(place, field.name),
        default=MISSING if place in _ALWAYS else default,
        write=write,
        read=read,
    )


def _converters(hint: object) -> tuple[_Write, _Read]:
    """What writes and what reads the values of a type."""
    if isinstance(hint, NewType):
        return _converters(hint.__supertype__)
    if get_origin(hint) is tuple:
        return _tuple_converters(get_args(hint))
    if hint in _CONVERTERS:
        return _CONVERTERS[hint]
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return str, hint
    return encode, partial(decode, cast("type[DataclassInstance]", hint))


def _tuple_converters(hints: Sequence[object]) -> tuple[_Write, _Read]:
    """A tuple as a list: of one type throughout, or of one for each of its places."""
    if hints[-1] is Ellipsis:
        write, read = _converters(hints[0])
        return lambda values: [write(value) for value in values], lambda stored: tuple(map(read, sequence(stored)))
    writes, reads = zip(*map(_converters, hints), strict=True)

    def write_each(values: Sequence[object]) -> Plain:
        return [write(value) for write, value in zip(writes, values, strict=True)]

    def read_each(stored: Plain) -> object:
        return tuple(read(value) for read, value in zip(reads, sequence(stored), strict=True))

    return write_each, read_each


def _as_it_is(value: Plain) -> Plain:
    return value


def _in_fewest_digits(value: Decimal) -> Decimal:
    """The number as DynamoDB keeps it: without zeros at its end, which only emulators give back."""
    return Decimal(f"{value.normalize():f}")


_CONVERTERS: Mapping[object, tuple[_Write, _Read]] = {
    str: (_as_it_is, text),
    int: (_as_it_is, integer),
    bool: (_as_it_is, flag),
    Decimal: (_in_fewest_digits, number),
    datetime: (iso, moment),
}
