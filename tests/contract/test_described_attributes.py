"""docs/table.md describes every attribute that the store writes, with its type, and no other."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from types import NoneType
from typing import TYPE_CHECKING, NewType, cast, get_args, get_origin, get_type_hints

import pytest

from request_lens.adapters.dynamodb.fact_store import DynamoFactStore
from request_lens.domain.facts import Invocation, InvocationId, Request, RequestId
from request_lens.domain.folding.summary import Summary
from request_lens.domain.linking.link import Link, LinkedInvocation, Unattributed, UnlinkedInvocation
from request_lens.domain.log_record import Rejected
from request_lens.domain.settling.runaway import Runaway
from request_lens.domain.settling.state import OrphanPass
from request_lens.domain.spans import LambdaRun, Span, SpanKind
from tests.support.request_table import TABLE_NAME, table_properties
from tests.support.stored_facts import NOON, STORED_AT

if TYPE_CHECKING:
    from _typeshed import DataclassInstance
    from mypy_boto3_dynamodb import DynamoDBClient

PAGE = Path(__file__).parents[2] / "docs" / "table.md"

SECTIONS = {
    ("request#", "request"): ["A request", "The record of a request"],
    ("request#", "invocation#"): ["A linked call", "The fact of a call"],
    ("invocation#", "invocation"): ["An untagged call", "The fact of a call"],
    ("trace#", "spans#"): ["Spans of a trace"],
    ("trace#", "request#"): ["A request of a trace", "The record of a request"],
    ("lambda#", "bridge"): ["A bridge", "The record of a request"],
    ("rejected#", "rejected"): ["A rejected record"],
}
"""By how its keys begin: the sections that describe an item."""

type Types = Mapping[str, set[str]]
"""The types of each attribute, by its path."""

_VALUES: Mapping[object, object] = {str: "a", int: 7, bool: True, Decimal: Decimal("0.5"), datetime: NOON}


def filled[Kind: "DataclassInstance"](kind: type[Kind]) -> Kind:
    """An instance of a dataclass of which no field has its default, so that each is stored."""
    hints = get_type_hints(kind)
    return kind(**{field.name: _value(hints[field.name]) for field in fields(kind)})


def _value(hint: object) -> object:
    if isinstance(hint, NewType):
        return _value(hint.__supertype__)
    if NoneType in get_args(hint):
        return _value(get_args(hint)[0])
    if get_origin(hint) is tuple:
        return _tuple(get_args(hint))
    if get_origin(hint) is frozenset:
        return frozenset({_value(get_args(hint)[0])})
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return next(iter(hint))
    if isinstance(hint, type) and is_dataclass(hint):
        return filled(hint)
    return _VALUES[hint]


def _tuple(arguments: Sequence[object]) -> tuple[object, ...]:
    if arguments[-1] is Ellipsis:
        return (_value(arguments[0]),)
    return tuple(_value(each) for each in arguments)


@pytest.fixture
def written(dynamo_store: DynamoFactStore, dynamo_client: "DynamoDBClient") -> Mapping[tuple[str, str], Types]:
    """The attributes of all kinds of items, all of whose facts say all that they can."""
    call, link, certain = filled(Invocation), filled(Link), filled(Summary)
    unsure = (replace(certain, possible_calls=None), replace(certain, possible_failed_calls=None))
    for number, summary in enumerate((certain, *unsure)):
        record = replace(filled(Request), request_id=RequestId(f"possible {number}"))
        dynamo_store.store_requests([record], stored_at=STORED_AT)
        assert dynamo_store.write_revision(record.request_id, revision=1, summary=summary)
    dynamo_store.flag_runaway(RequestId("runaway"), filled(Runaway))
    dynamo_store.mark_orphaned(RequestId("orphan"), filled(OrphanPass))
    dynamo_store.mark_watched(RequestId("watched"), until=NOON)
    dynamo_store.mark_overrun(RequestId("overrun"))
    dynamo_store.store_linked([LinkedInvocation(invocation=call, link=link)])
    for decision in (link, filled(Unattributed)):
        untagged = replace(call, invocation_id=InvocationId(type(decision).__name__))
        dynamo_store.decide(UnlinkedInvocation(invocation=untagged, stored_at=STORED_AT), decision)
        dynamo_store.store_spans([replace(filled(Span), invocation_id=untagged.invocation_id)], stored_at=STORED_AT)
    # The record comes first: one that finds the trace of its run needs no place at their bridge.
    dynamo_store.join_runs([], [filled(Request)])
    dynamo_store.name_traces(dynamo_store.join_runs([filled(LambdaRun)], []))
    dynamo_store.store_rejected([filled(Rejected)], stored_at=STORED_AT)
    return _by_kind(dynamo_client)


def _by_kind(client: "DynamoDBClient") -> Mapping[tuple[str, str], Types]:
    found: dict[tuple[str, str], dict[str, set[str]]] = {kind: {} for kind in SECTIONS}
    for item in client.scan(TableName=TABLE_NAME)["Items"]:
        keys = (str(item["pk"]["S"]), str(item["sk"]["S"]))
        (kind,) = [kind for kind in SECTIONS if all(map(str.startswith, keys, kind))]
        for path, type_ in _attributes(item):
            found[kind].setdefault(path, set()).add(type_)
    return found


def _attributes(item: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Each attribute's path and type, those of maps too; what lists hold has no name."""
    for name, typed in item.items():
        ((type_, value),) = cast("Mapping[str, object]", typed).items()
        yield f"{prefix}{name}", type_
        if type_ == "M":
            yield from _attributes(cast("Mapping[str, object]", value), f"{prefix}{name}.")


def _described(kind: tuple[str, str]) -> Types:
    """The attributes of an item by the tables of the page."""
    found: dict[str, set[str]] = {}
    for title in SECTIONS[kind]:
        (section,) = re.findall(
            rf"^## {title}\n(.*?)(?=^## )", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
        )
        for names, types in re.findall(r"^\| (`[^|]*`) \| ([^|]+) \|", section, re.MULTILINE):
            found |= {name: set(types.split(" or ")) for name in re.findall(r"`([^`]+)`", names)}
    return found


@pytest.mark.parametrize("kind", SECTIONS, ids=lambda kind: SECTIONS[kind][0])
def test_the_page_describes_what_is_written_and_nothing_else(
    written: Mapping[tuple[str, str], Types], kind: tuple[str, str]
) -> None:
    assert _described(kind) == written[kind]


def test_the_page_names_what_a_stored_span_holds() -> None:
    (row,) = re.findall(r"^\| `spans` \| L \| (.*) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)

    names, kinds = {field.name for field in fields(Span)}, set(SpanKind)
    assert set(re.findall(r"`(\w+)`", row)) == names | kinds


def test_the_page_names_what_the_index_holds() -> None:
    (index,) = cast("Sequence[Mapping[str, Mapping[str, Sequence[str]]]]", table_properties()["GlobalSecondaryIndexes"])
    (named,) = re.findall(
        r"^The index `by_time` has the keys and ([^.]*)\.", PAGE.read_text(encoding="utf-8"), re.MULTILINE
    )

    assert re.findall(r"`(\w+)`", named) == index["Projection"]["NonKeyAttributes"]


def test_the_athena_table_has_only_attributes_of_the_page() -> None:
    (columns,) = re.findall(r"item (struct<.*>)\n\)", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    found = dict(_columns(columns))

    described = _described(("request#", "request"))
    assert {path: types for path, types in found.items() if not types <= described[path]} == {}
    assert len(found) > 10


def _columns(struct: str, prefix: str = "") -> Iterator[tuple[str, set[str]]]:
    """The paths and types of a Hive struct of typed values: `a: struct<m: struct<b: struct<n: string>>>`."""
    for name, typed in _parts(struct):
        kinds = dict(_parts(typed))
        yield f"{prefix}{name}", {kind.upper() for kind in kinds}
        if "m" in kinds:
            yield from _columns(kinds["m"], f"{prefix}{name}.")


def _parts(struct: str) -> Iterator[tuple[str, str]]:
    """The fields of a struct, and the type of each."""
    inner, depth, part = struct.strip().removeprefix("struct<").removesuffix(">"), 0, ""
    for sign in f"{inner},":
        depth += {"<": 1, ">": -1}.get(sign, 0)
        if sign == "," and depth == 0:
            name, _, typed = part.partition(":")
            yield name.strip(), typed.strip()
            part = ""
        else:
            part += sign
