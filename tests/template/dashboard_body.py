"""The dashboard and the saved queries of dashboard.yaml as data, where each parameter is its own name."""

import json
import re
from collections.abc import Mapping
from typing import Any

from tests.support.template_document import DASHBOARD

type Widget = Mapping[str, Any]
"""A widget as the body has it: its place, its type and its properties."""

QUERIES: Mapping[str, str] = {
    name: str(each["Properties"]["QueryString"])
    for name, each in DASHBOARD["Resources"].items()
    if each["Type"] == "AWS::Logs::QueryDefinition"
}
"""The saved queries by their logical ids."""


def body() -> Mapping[str, Any]:
    """The dashboard's body."""
    text = DASHBOARD["Resources"]["RequestDashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    found: Mapping[str, Any] = json.loads(re.sub(r"\$\{([^}]+)\}", r"\1", text))
    return found


def widgets(*kinds: str) -> list[Widget]:
    """The widgets of these types, or all of them, in the body's order."""
    return [each for each in body()["widgets"] if not kinds or each["type"] in kinds]
