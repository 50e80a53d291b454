"""The rows of a log widget: the part of Logs Insights' language that the dashboard and the saved queries use."""

import ast
import operator
import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from math import floor
from statistics import fmean

from scripts.dashboard.body import NotDrawnError, parsed

type Row = Mapping[str, object]
"""A log event, or a row of an answer, by its fields; a list's first element is `<name>.0`, as in the query."""

_COMMENT = re.compile(r"^\s*#.*$", re.MULTILINE)
_QUOTED = re.compile("`([^`]+)`")
_QUOTED_PREFIX = "quoted_"
"""A name in backticks, which may hold any character, is read as a word: this, and its text in hexadecimal."""

_BETWEEN_FIELDS = re.compile(r", (?![^(]*\))")
_COMPARE: Mapping[type[ast.cmpop], Callable[[float, float], bool]] = {ast.Gt: operator.gt}
_MATH: Mapping[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_AGGREGATES: Mapping[str, Callable[[Sequence[object]], object]] = {
    "avg": lambda values: fmean(map(_number, values)) if values else None,
    "sum": lambda values: sum(map(_number, values)) if values else None,
    "max": lambda values: max(map(_number, values)) if values else None,
    "latest": lambda values: values[-1] if values else None,
    "count": len,
}


def run(query: str, events: Sequence[Row]) -> list[Row]:
    """What the query answers over these events, which come in the order of their time. Raises: NotDrawnError."""
    rows = list(events)
    for command in _QUOTED.sub(_as_word, _COMMENT.sub("", query)).split("|"):
        name, _, rest = command.strip().partition(" ")
        if name == "SOURCE":
            continue
        if name not in _COMMANDS:
            raise NotDrawnError(f"the command {name} is not drawn")
        rows = _COMMANDS[name](rows, rest.strip())
    return rows


def _as_word(quoted: re.Match[str]) -> str:
    return _QUOTED_PREFIX + quoted[1].encode().hex()


def _name(word: str) -> str:
    """The name that a word of the query stands for."""
    is_quoted = word.startswith(_QUOTED_PREFIX)
    return bytes.fromhex(word.removeprefix(_QUOTED_PREFIX)).decode() if is_quoted else word


def _filter(rows: list[Row], condition: str) -> list[Row]:
    wanted = _parsed(condition)
    return [row for row in rows if _value(wanted, row)]


def _fields(rows: list[Row], fields: str) -> list[Row]:
    return [{**row, **_chosen(fields, row)} for row in rows]


def _display(rows: list[Row], fields: str) -> list[Row]:
    return [_chosen(fields, row) for row in rows]


def _chosen(fields: str, row: Row) -> Row:
    named = (field.partition(" as ") for field in _BETWEEN_FIELDS.split(fields))
    return {_name((name or field).strip()): _value(_parsed(field), row) for field, _, name in named}


def _stats(rows: list[Row], rest: str) -> list[Row]:
    figures, _, by = rest.partition(" by ")
    keys = [key.partition(" as ") for key in by.split(", ")] if by else []
    names = [_name(name or field) for field, _, name in keys]
    groups: defaultdict[tuple[object, ...], list[Row]] = defaultdict(list)
    for row in rows:
        groups[tuple(row.get(_name(field)) for field, _, _ in keys)].append(row)
    return [dict(zip(names, group, strict=True)) | _aggregated(figures, own) for group, own in groups.items()]


def _aggregated(figures: str, rows: Sequence[Row]) -> dict[str, object]:
    named = (figure.rpartition(" as ") for figure in _BETWEEN_FIELDS.split(figures.replace("(*)", "(1)")))
    return {_name(name): _over(_parsed(figure), rows) for figure, _, name in named}


def _over(node: ast.expr, rows: Sequence[Row]) -> object:
    """A figure over all of these rows, and what is reckoned with it: `floor(avg(ms) + 0.5)`."""
    match node:
        case ast.Call(func=ast.Name(id=function), args=[what]) if function in _AGGREGATES:
            values = (_value(what, row) for row in rows)
            return _AGGREGATES[function]([value for value in values if value is not None])
        case ast.Call(func=ast.Name(id=function), args=[*figures]):
            return _called(function, [_over(figure, rows) for figure in figures])
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _MATH:
            return _reckoned(op, _over(left, rows), _over(right, rows))
        case ast.Constant(value=value):
            return value
        case _:
            raise NotDrawnError(f"{ast.unparse(node)} is not drawn")


def _sort(rows: list[Row], rest: str) -> list[Row]:
    """By one field, descending; rows without it come last."""
    word, direction = rest.split()
    field = _name(word)
    if direction != "desc":
        raise NotDrawnError(f"sort {direction} is not drawn")
    known = [row for row in rows if row.get(field) is not None]
    if any(isinstance(row[field], str) for row in known):
        in_order = sorted(known, key=lambda row: str(row[field]), reverse=True)
    else:
        in_order = sorted(known, key=lambda row: _number(row[field]), reverse=True)
    return in_order + [row for row in rows if row not in known]


def _limit(rows: list[Row], rest: str) -> list[Row]:
    return rows[: int(rest)]


_COMMANDS: Mapping[str, Callable[[list[Row], str], list[Row]]] = {
    "filter": _filter,
    "fields": _fields,
    "display": _display,
    "stats": _stats,
    "sort": _sort,
    "limit": _limit,
}


def _parsed(text: str) -> ast.expr:
    """The expression as Python's own syntax reads it, fields spelled as names."""
    python = re.sub(r"\b([A-Za-z]\w*)\.0\b", r"\1__0", text.strip()).replace("@", "at__").replace(" = ", " == ")
    return parsed(python)


def _value(node: ast.expr, row: Row) -> object:
    match node:
        case ast.Constant(value=value):
            return value
        case ast.Name(id=name):
            return row.get(_name(name.replace("__0", ".0").replace("at__", "@")))
        case ast.Attribute(value=ast.Name(id=name), attr=part):
            return row.get(f"{name}.{part}")
        case ast.BoolOp(op=op, values=values):
            return (all if isinstance(op, ast.And) else any)(_value(each, row) for each in values)
        case ast.Call(func=ast.Name(id=function), args=[*fields]):
            return _called(function, [_value(field, row) for field in fields])
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _MATH:
            return _reckoned(op, _value(left, row), _value(right, row))
        case ast.Compare(left=left, ops=[ast.Eq()], comparators=[right]):
            return _value(left, row) == _value(right, row)
        case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _COMPARE:
            one, other = _value(left, row), _value(right, row)
            return one is not None and other is not None and _COMPARE[type(op)](_number(one), _number(other))
        case _:
            raise NotDrawnError(f"{ast.unparse(node)} is not drawn")


def _reckoned(op: ast.operator, one: object, other: object) -> float | None:
    return None if one is None or other is None else _MATH[type(op)](_number(one), _number(other))


def _called(function: str, values: Sequence[object]) -> object:
    match function:
        case "ispresent":
            return values[0] is not None
        case "coalesce":
            return next((value for value in values if value is not None), None)
        case "floor":
            return None if values[0] is None else floor(_number(values[0]))
        case _:
            raise NotDrawnError(f"{function}() is not drawn")


def _number(value: object) -> float:
    if not isinstance(value, int | float):
        raise NotDrawnError(f"{value!r} is no number")
    return value
