"""DynamoDB's expressions, as far as the adapters write them: conditions, updates and projections, over items.

What is not known here is refused, as DynamoDB refuses a wrong expression: it never passes for true or false.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.OperatorsAndFunctions.html
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from typing import Any

type Value = Mapping[str, Any]
"""A value in DynamoDB's own notation: {"S": "…"}."""

type Item = Mapping[str, Value]
"""An item, attribute by attribute."""

_TOKEN = re.compile(r"\s*(?:([#:]?[A-Za-z_][A-Za-z0-9_]*|<>|<=|>=|[=<>(),.])|$)")


class ExpressionRefused(ValueError):
    """DynamoDB would answer ValidationException."""


@dataclass(slots=True)
class Scope:
    """What an expression is evaluated over; `used` are the names and values that the request's expressions need."""

    item: Item
    names: Mapping[str, str]
    values: Mapping[str, Value]


type Operand = Callable[[Scope], Value | None]
type Predicate = Callable[[Scope], bool]
type Assignment = tuple[str, Operand]


@dataclass(slots=True)
class Parser:
    """One expression, token by token; `placeholders` are the names and values that it needs."""

    text: str
    placeholders: set[str] = field(default_factory=set)
    _tokens: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        place = 0
        while place < len(self.text):
            match = _TOKEN.match(self.text, place)
            if match is None:
                raise ExpressionRefused(f"cannot read {self.text[place:]!r}")
            place = match.end()
            if match[1]:
                self._tokens.append(match[1])

    def condition(self) -> Predicate:
        """The whole text as a condition."""
        return self._whole(self._any_of())

    def assignments(self) -> list[Assignment]:
        """The whole text as an update, which sets attributes and does nothing else."""
        self._take("SET")
        found = [self._assignment()]
        while self._is_next(","):
            found.append(self._assignment())
        return self._whole(found)

    def paths(self) -> list[list[str]]:
        """The whole text as a projection."""
        found = [self._path()]
        while self._is_next(","):
            found.append(self._path())
        return self._whole(found)

    def _whole[Parsed](self, parsed: Parsed) -> Parsed:
        if self._tokens:
            raise ExpressionRefused(f"{self._tokens[0]!r} is too much in {self.text!r}")
        return parsed

    def _any_of(self) -> Predicate:
        parts = [self._all_of()]
        while self._is_next("OR"):
            parts.append(self._all_of())
        return parts[0] if len(parts) == 1 else lambda scope: any(part(scope) for part in parts)

    def _all_of(self) -> Predicate:
        parts = [self._one()]
        while self._is_next("AND"):
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else lambda scope: all(part(scope) for part in parts)

    def _one(self) -> Predicate:
        if self._is_next("("):
            inner = self._any_of()
            self._take(")")
            return inner
        if self._is_next("begins_with"):
            self._take("(")
            path = self._path()
            self._take(",")
            prefix = self._operand()
            self._take(")")
            return lambda scope: _begins(_found(path, scope), prefix(scope))
        for function, expected in (("attribute_exists", True), ("attribute_not_exists", False)):
            if self._is_next(function):
                self._take("(")
                path = self._path()
                self._take(")")
                return lambda scope: (_found(path, scope) is not None) is expected
        return self._comparison()

    def _comparison(self) -> Predicate:
        left = self._operand()
        if self._is_next("BETWEEN"):
            lower = self._operand()
            self._take("AND")
            upper = self._operand()
            return lambda scope: _ordered(lower(scope), left(scope)) and _ordered(left(scope), upper(scope))
        self._take("=")
        right = self._operand()
        return lambda scope: _equal(left(scope), right(scope))

    def _assignment(self) -> Assignment:
        name = self._token()
        self._take("=")
        if not self._is_next("if_not_exists"):
            return name, self._operand()
        self._take("(")
        path = self._path()
        self._take(",")
        otherwise = self._operand()
        self._take(")")
        return name, lambda scope: _found(path, scope) or otherwise(scope)

    def _operand(self) -> Operand:
        if self._tokens and self._tokens[0].startswith(":"):
            name = self._token()
            return lambda scope: scope.values[name]
        path = self._path()
        return lambda scope: _found(path, scope)

    def _path(self) -> list[str]:
        path = [self._token()]
        while self._is_next("."):
            path.append(self._token())
        return path

    def _token(self) -> str:
        if not self._tokens or not re.match(r"[#:A-Za-z_]", self._tokens[0]):
            raise ExpressionRefused(f"a name or a value is missing in {self.text!r}")
        token = self._tokens.pop(0)
        if token[0] in "#:":
            self.placeholders.add(token)
        return token

    def _is_next(self, token: str) -> bool:
        is_next = bool(self._tokens) and self._tokens[0] == token
        if is_next:
            self._tokens.pop(0)
        return is_next

    def _take(self, token: str) -> None:
        if not self._is_next(token):
            raise ExpressionRefused(f"{token!r} is missing in {self.text!r}")


@lru_cache(maxsize=512)
def condition(text: str) -> tuple[Predicate, frozenset[str]]:
    """What a condition tests, and its placeholders."""
    parser = Parser(text)
    return parser.condition(), frozenset(parser.placeholders)


@lru_cache(maxsize=512)
def partition_of(text: str) -> tuple[str, str]:
    """The name and the placeholder of the partition that a key condition begins with, as every one must name one."""
    match = re.match(r"(#?\w+) = (:\w+)(?: AND |$)", text)
    if match is None:
        raise ExpressionRefused(f"no partition in {text!r}")
    return match[1], match[2]


@lru_cache(maxsize=512)
def assignments(text: str) -> tuple[list[Assignment], frozenset[str]]:
    """The attributes that an update sets, each with its value, and the update's placeholders."""
    parser = Parser(text)
    return parser.assignments(), frozenset(parser.placeholders)


@lru_cache(maxsize=512)
def paths(text: str) -> tuple[list[list[str]], frozenset[str]]:
    """The attributes that a projection keeps, and its placeholders."""
    parser = Parser(text)
    return parser.paths(), frozenset(parser.placeholders)


def updated(assigned: list[Assignment], scope: Scope) -> dict[str, Value]:
    """The item with its attributes set; each value is made of the item as it was."""
    new = {_name(name, scope): value(scope) for name, value in assigned}
    missing = [name for name, value in new.items() if value is None]
    if missing:
        raise ExpressionRefused(f"no value for {missing}")
    return {**scope.item, **{name: value for name, value in new.items() if value is not None}}


def projected(kept: list[list[str]], scope: Scope) -> dict[str, Value]:
    """The item's attributes at these paths."""
    new: dict[str, Any] = {}
    for path in kept:
        value = _found(path, scope)
        if value is not None:
            *outer, last = (_name(part, scope) for part in path)
            place = new
            for part in outer:
                place = place.setdefault(part, {"M": {}})["M"]
            place[last] = value
    return new


def check_placeholders(used: frozenset[str], names: Mapping[str, str], values: Mapping[str, Value]) -> None:
    """Raises: ExpressionRefused where names or values are missing, or are given and needed by no expression."""
    if used != names.keys() | values.keys():
        raise ExpressionRefused(f"placeholders: {sorted(used ^ (names.keys() | values.keys()))}")


def _name(part: str, scope: Scope) -> str:
    return scope.names[part] if part.startswith("#") else part


def _found(path: list[str], scope: Scope) -> Value | None:
    value = scope.item.get(_name(path[0], scope))
    for part in path[1:]:
        value = value.get("M", {}).get(_name(part, scope)) if value is not None else None
    return value


def _equal(left: Value | None, right: Value | None) -> bool:
    if left is None or right is None:
        return False
    return left == right or (left.keys() == right.keys() == {"N"} and Decimal(left["N"]) == Decimal(right["N"]))


def _begins(text: Value | None, prefix: Value | None) -> bool:
    return text is not None and prefix is not None and str(text["S"]).startswith(str(prefix["S"]))


def _ordered(lower: Value | None, upper: Value | None) -> bool:
    """Whether two texts are in order; the adapters compare nothing else."""
    return lower is not None and upper is not None and lower["S"] <= upper["S"]
