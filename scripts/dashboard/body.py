"""The dashboard's widgets, read from dashboard.yaml; what the picture could not draw is refused, never left out."""

import ast
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from cfnlint.decode import cfn_yaml  # type: ignore[import-untyped]

CHECKOUT = Path(__file__).resolve().parents[2]

type Json = Mapping[str, object]

DASHBOARD = frozenset({"start", "periodOverride", "widgets"})
PLACE = frozenset({"type", "x", "y", "width", "height", "properties"})
PROPERTIES: Mapping[str, frozenset[str]] = {
    "alarm": frozenset({"title", "alarms"}),
    "metric": frozenset(
        {
            *("title", "region", "view", "stacked", "setPeriodToTimeRange", "period", "start", "end", "liveData"),
            *("yAxis", "metrics"),
        }
    ),
    "text": frozenset({"markdown"}),
    "custom": frozenset({"title", "endpoint", "params", "updateOn"}),
    "log": frozenset({"title", "region", "view", "query"}),
}
"""What a widget of each type may have."""

VIEWS: Mapping[str, frozenset[str]] = {
    "metric": frozenset({"timeSeries", "singleValue"}),
    "log": frozenset({"table"}),
}
OPTIONS = frozenset({"stat", "label", "id", "visible", "color", "yAxis", "expression"})
"""What a metric, or an expression, of a widget may say of itself."""

_PARAMETER = re.compile(r"\$\{([^}]+)\}")


class NotDrawnError(Exception):
    """The dashboard asks for something that the picture does not know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Widget:
    """One widget: its place in units of the grid, its type, and its properties as the body has them."""

    kind: str
    x: int
    y: int
    width: int
    height: int
    properties: Json

    @property
    def title(self) -> str:
        """What stands above it; empty for a text."""
        return str(self.properties.get("title", ""))


def dashboard_widgets(parameters: Mapping[str, str]) -> Sequence[Widget]:
    """The widgets of dashboard.yaml where its parameters have these values. Raises: NotDrawnError."""
    template = cast("Mapping[str, Mapping[str, Mapping[str, Json]]]", cfn_yaml.load(str(CHECKOUT / "dashboard.yaml")))
    body = cast("Mapping[str, str]", template["Resources"]["RequestDashboard"]["Properties"]["DashboardBody"])
    return read_widgets(_PARAMETER.sub(lambda found: parameters[found[1]], body["Fn::Sub"]))


def read_widgets(body: str) -> Sequence[Widget]:
    """The widgets of a dashboard's body, in its order. Raises: NotDrawnError."""
    dashboard = cast("Json", json.loads(body))
    _refuse(dashboard.keys() - DASHBOARD, "the dashboard")
    return [_widget(each) for each in cast("Sequence[Json]", dashboard["widgets"])]


def _widget(each: Json) -> Widget:
    kind, properties = str(each["type"]), cast("Json", each["properties"])
    if kind not in PROPERTIES:
        raise NotDrawnError(f"a widget of the type {kind} is not drawn")
    where = f"the {kind} widget at {each['x']}, {each['y']}"
    _refuse(each.keys() - PLACE, where)
    _refuse(properties.keys() - PROPERTIES[kind], where)
    if properties.get("view") not in VIEWS.get(kind, {None}):
        raise NotDrawnError(f"{where}: the view {properties.get('view')} is not drawn")
    for metric in cast("Sequence[Sequence[object]]", properties.get("metrics", ())):
        _refuse(cast("Json", metric[-1]).keys() - OPTIONS, where)
    x, y, width, height = (cast("int", each[name]) for name in ("x", "y", "width", "height"))
    return Widget(kind=kind, x=x, y=y, width=width, height=height, properties=properties)


def parsed(expression: str) -> ast.expr:
    """An expression, of metric math or a query, in Python's own syntax. Raises: NotDrawnError."""
    try:
        return ast.parse(expression, mode="eval").body
    except SyntaxError as error:
        raise NotDrawnError(f"{expression} is not drawn") from error


def _refuse(unknown: set[str], where: str) -> None:
    if unknown:
        raise NotDrawnError(f"{where}: {', '.join(sorted(unknown))} is not drawn")
