"""moto passes DynamoDB's attribute values on as it holds them, which is as they are answered.

It would look up each value of each item under ten names, in several spellings each: three quarters of the time of what
stores thousands of items.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from moto.core.model import StructureShape
from moto.core.serialize import BaseJSONSerializer, JSONSerializer

_slowly = BaseJSONSerializer._serialize_type_structure


def _as_it_is(
    self: JSONSerializer, serialized: dict[str, object], value: object, shape: StructureShape, key: str
) -> None:
    if shape.name == "AttributeValue":
        serialized[key] = value
    else:
        _slowly(self, serialized, value, shape, key)


@contextmanager
def quick_items() -> Iterator[None]:
    """As long as it lasts; a value that is no JSON fails."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(JSONSerializer, "_serialize_type_structure", _as_it_is)
        yield
