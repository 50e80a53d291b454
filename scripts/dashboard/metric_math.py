"""The series of a metric widget: its metrics, and the expressions of metric math that it has."""

import ast
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import cast

from scripts.dashboard.body import Json, NotDrawnError, parsed
from scripts.dashboard.metric_store import MetricStore, Points

_SEARCH = re.compile(r'\{(\w+),([\w,]+)\} MetricName="(\w+)" Service="([^"]+)"')
_OPERATORS: Mapping[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One line of a chart, or one figure."""

    label: str
    points: Points
    color: str = ""
    right: bool = False


type Value = float | Points | list[Series]
"""What an expression comes to: a number, the points of one series, or all that a search found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What an expression is about: where the values are, the span and period, the other metrics by id."""

    store: MetricStore
    span: tuple[datetime, datetime]
    period: int
    ids: Mapping[str, Points]

    def grid(self) -> Sequence[int]:
        """The beginnings of all periods, in epoch seconds."""
        first, last = (int(moment.timestamp()) for moment in self.span)
        return range(first, last, self.period)


def series_of(properties: Json, store: MetricStore, span: tuple[datetime, datetime]) -> Sequence[Series]:
    """What a widget shows, in its order. Raises: NotDrawnError for math that is not known."""
    metrics = cast("Sequence[Sequence[object]]", properties["metrics"])
    scope = Scope(store=store, span=span, period=period_of(properties, span), ids={})
    points = {id(metric): _points(metric, scope) for metric in metrics if isinstance(metric[0], str)}
    named = {str(cast("Json", metric[-1]).get("id")): points[id(metric)] for metric in metrics if id(metric) in points}
    scope = replace(scope, ids=named)
    found: list[Series] = []
    for metric in metrics:
        options = cast("Json", metric[-1])
        if options.get("visible", True):
            found += _shown(options, points.get(id(metric)), scope)
    return found


def period_of(properties: Json, span: tuple[datetime, datetime]) -> int:
    """The period in seconds: the whole span, or the widget's own, as `auto` leaves it at an hour."""
    if properties.get("setPeriodToTimeRange"):
        return max(int((span[1] - span[0]) / timedelta(seconds=1)), 1)
    return cast("int", properties["period"])


def _points(metric: Sequence[object], scope: Scope) -> Points:
    namespace, name, *pairs = (part for part in metric if isinstance(part, str))
    dimensions = tuple(sorted(zip(pairs[::2], pairs[1::2], strict=True)))
    stat = str(cast("Json", metric[-1])["stat"])
    return scope.store.points((namespace, name, dimensions), stat=stat, span=scope.span, period=scope.period)


def _shown(options: Json, points: Points | None, scope: Scope) -> list[Series]:
    label = str(options.get("label", ""))
    value = points if points is not None else evaluate(str(options["expression"]), scope)
    if isinstance(value, list):
        return [replace(each, label=f"{label} {each.label}".strip()) for each in value]
    if not isinstance(value, Mapping):
        raise NotDrawnError(f"{options['expression']} is no series")
    right = options.get("yAxis") == "right"
    return [Series(label=label, points=value, color=str(options.get("color", "")), right=right)]


def evaluate(expression: str, scope: Scope) -> Value:
    """What the expression comes to. Raises: NotDrawnError."""
    return _value(parsed(expression), scope)


def _value(node: ast.expr, scope: Scope) -> Value:
    match node:
        case ast.Constant(value=int() | float() as number):
            return float(number)
        case ast.Name(id=name) if name in scope.ids:
            return scope.ids[name]
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            return _combined(_OPERATORS[type(op)], _value(left, scope), _value(right, scope))
        case ast.Call(func=ast.Name(id="FILL"), args=[filled, ast.Constant(value=int() as number)]):
            points = _value(filled, scope)
            if isinstance(points, Mapping):
                return dict.fromkeys(scope.grid(), float(number)) | dict(points)
        case ast.Call(func=ast.Name(id="SEARCH"), args=[ast.Constant(value=str() as what), ast.Constant(value=stat)]):
            return _search(what, str(stat), scope)
        case _:
            pass
    raise NotDrawnError(f"{ast.unparse(node)} is not drawn")


def _combined(combine: Callable[[float, float], float], left: Value, right: Value) -> Value:
    """Both, point by point: a point that one of the two lacks is none, nor is a division by 0."""
    if isinstance(left, list) and isinstance(right, float):
        scaled = ((each, _combined(combine, each.points, right)) for each in left)
        return [replace(each, points=points) for each, points in scaled if isinstance(points, Mapping)]
    if isinstance(left, list) or isinstance(right, list):
        raise NotDrawnError("math between a search and a series is not drawn")
    if isinstance(left, float) and isinstance(right, float):
        return combine(left, right)
    moments = [each.keys() for each in (left, right) if isinstance(each, Mapping)]
    points: dict[int, float] = {}
    for at in sorted(set.intersection(*map(set, moments))):
        operands = tuple(each[at] if isinstance(each, Mapping) else each for each in (left, right))
        if operands[1] or combine is not operator.truediv:
            points[at] = combine(*operands)
    return points


def _search(what: str, stat: str, scope: Scope) -> list[Series]:
    """One series for each value that the other dimension has, under its own name."""
    found = _SEARCH.fullmatch(what)
    if found is None:
        raise NotDrawnError(f"the search {what} is not drawn")
    namespace, names, metric, service = found.groups()
    series: list[Series] = []
    for dimensions in scope.store.dimensions(namespace, metric, frozenset(names.split(","))):
        if ("Service", service) in dimensions:
            own = " ".join(value for name, value in dimensions if name != "Service")
            points = scope.store.points(
                (namespace, metric, dimensions), stat=stat, span=scope.span, period=scope.period
            )
            series += [Series(label=own, points=points)] if points else []
    return series
