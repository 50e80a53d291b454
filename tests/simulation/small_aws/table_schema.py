"""The request table as template.yaml defines it: the attributes that its keys and its indexes are made of."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

from tests.support.request_table import table_properties


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """A table or an index: its hash and range key, and which attributes it holds (None: all)."""

    keys: tuple[str, ...]
    attributes: frozenset[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """The table's own keys, and its indexes by name."""

    table: Index
    indexes: Mapping[str, Index]


@cache
def request_table_schema() -> Schema:
    """The schema of template.yaml's RequestTable."""
    properties = cast("Mapping[str, Any]", table_properties())
    table = Index(keys=_keys(properties))
    indexes = {each["IndexName"]: _index(each, table) for each in properties["GlobalSecondaryIndexes"]}
    return Schema(table=table, indexes=indexes)


def _index(definition: Mapping[str, Any], table: Index) -> Index:
    projection, keys = definition["Projection"], _keys(definition)
    if projection["ProjectionType"] == "ALL":
        return Index(keys=keys)
    return Index(keys=keys, attributes=frozenset({*table.keys, *keys, *projection.get("NonKeyAttributes", ())}))


def _keys(definition: Mapping[str, Any]) -> tuple[str, ...]:
    by_type = {each["KeyType"]: each["AttributeName"] for each in definition["KeySchema"]}
    return by_type["HASH"], by_type["RANGE"]
