"""The filter of an event source mapping: which records of the table's stream invoke the function.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html, as far as template.yaml uses it.
"""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from tests.support.template_document import properties

type Json = Mapping[str, Any]


@cache
def stream_filters() -> Sequence[Json]:
    """The filters of template.yaml's RequestTableMapping; a record that any of them lets pass is delivered."""
    return [json.loads(each["Pattern"]) for each in properties("RequestTableMapping")["FilterCriteria"]["Filters"]]


def passes(record: Json) -> bool:
    """Whether the record is delivered."""
    return any(_matches(pattern, record) for pattern in stream_filters())


def _matches(pattern: Json, record: object) -> bool:
    """Every key of the pattern leads to one that matches."""
    return all(
        _matches(inner, _member(record, name)) if isinstance(inner, dict) else _is_one_of(inner, record, name)
        for name, inner in pattern.items()
    )


def _member(record: object, name: str) -> object:
    return record.get(name) if isinstance(record, Mapping) else None


def _is_one_of(rules: Sequence[object], record: object, name: str) -> bool:
    return any(_allows(rule, record, name) for rule in rules)


def _allows(rule: object, record: object, name: str) -> bool:
    """Whether a leaf of the record is as a rule has it: a value, `exists`, or `anything-but` of one that is there."""
    is_there = isinstance(record, Mapping) and name in record
    value = _member(record, name)
    match rule:
        case str():
            return value == rule
        case {"exists": bool(expected)}:
            return is_there is expected
        case {"anything-but": list(others)}:
            return is_there and value not in others
        case _:
            raise ValueError(f"no rule of a filter: {rule!r}")
