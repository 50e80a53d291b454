import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from tests.template.template_document import RESOURCES, of_type, properties

from request_lens.domain.publication import Metric

type Widget = Mapping[str, Any]


def widgets() -> list[Widget]:
    body = properties("RequestDashboard")["DashboardBody"]["Fn::Sub"]
    return list(json.loads(re.sub(r"\$\{([^}]+)\}", r"\1", body))["widgets"])


def series() -> Iterator[tuple[str, ...]]:
    for widget in widgets():
        for metric in widget["properties"].get("metrics", []):
            if isinstance(metric[0], str):
                yield tuple(part for part in metric if isinstance(part, str))


def test_the_first_row_is_the_four_key_figures() -> None:
    first = [widget["properties"] for widget in widgets() if widget["y"] == 0]

    assert [each["metrics"][0][1] for each in first] == ["Requests", "LlmCalls", "LlmErrors", "LlmCallsPerRequest"]
    assert {each["view"] for each in first} == {"singleValue"}


def test_every_series_is_a_metric_that_is_published() -> None:
    for namespace, name, *dimensions in series():
        assert namespace == "RequestLens"
        assert Metric(name)
        assert dimensions == ["Service", "ServiceName"]


def test_every_metric_is_drawn_at_one_second() -> None:
    assert {widget["properties"]["period"] for widget in widgets() if widget["type"] == "metric"} == {1}


def test_no_widget_overlaps_another() -> None:
    cells = [
        (x, y)
        for each in widgets()
        for x in range(each["x"], each["x"] + each["width"])
        for y in range(each["y"], each["y"] + each["height"])
    ]

    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24


def test_every_alarm_of_the_pipeline_is_shown() -> None:
    (shown,) = (each["properties"]["alarms"] for each in widgets() if each["type"] == "alarm")
    always = {name for name in of_type("AWS::CloudWatch::Alarm") if "Condition" not in RESOURCES[name]}

    assert {arn.removesuffix(".Arn") for arn in shown} == always
