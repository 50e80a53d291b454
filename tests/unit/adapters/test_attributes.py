"""Values of DynamoDB: read as boto3's own deserializer reads them, whatever their type."""

from decimal import Decimal
from typing import Any, cast

import pytest
from boto3.dynamodb.types import Binary, TypeDeserializer

from request_lens.adapters.dynamodb.attributes import from_item

TEXT, NUMBER = {"S": "r1"}, {"N": "0.00001200"}


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (TEXT, "r1"),
        (NUMBER, Decimal("0.00001200")),
        ({"N": "38"}, Decimal(38)),
        ({"BOOL": False}, False),
        ({"NULL": True}, None),
        ({"L": [TEXT, {"L": []}, {"NULL": True}]}, ["r1", [], None]),
        ({"M": {"a": NUMBER, "b": {"M": {}}}}, {"a": Decimal("0.00001200"), "b": {}}),
        ({"SS": ["a", "b"]}, {"a", "b"}),
        ({"NS": ["1", "2"]}, {Decimal(1), Decimal(2)}),
        ({"B": b"x"}, Binary(b"x")),
    ],
    ids=lambda each: "".join(each) if isinstance(each, dict) else "",
)
def test_a_value_of_any_type_is_read_as_boto3_reads_it(value: dict[str, object], read: object) -> None:
    assert from_item({"name": value}) == {"name": read} == {"name": TypeDeserializer().deserialize(cast("Any", value))}


def test_a_value_of_no_known_type_is_refused() -> None:
    with pytest.raises(TypeError, match="not supported"):
        from_item({"name": {"X": "1"}})
