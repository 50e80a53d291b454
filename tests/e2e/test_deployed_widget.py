"""The deployed timeline widget: invoked as a dashboard invokes it, with its own role."""

import json
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from statistics import quantiles

import pytest

from request_lens.adapters.dynamodb.fact_store import DynamoFactStore
from request_lens.adapters.system_clock import SystemClock
from request_lens.domain.policy import Policy
from request_lens_cli.demo.stack import DemoStack
from request_lens_cli.local_aws.aws_clients import local_client, local_session
from tests.e2e.conftest import Played
from tests.support.widget_traffic import store_settled

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

NOW = datetime.now(UTC).replace(microsecond=0)


def asked(deployment: DemoStack, **event: object) -> str:
    """What the widget answers."""
    endpoint = deployment.local.endpoint
    answer = (
        local_session(endpoint)
        .client("lambda", endpoint_url=endpoint)
        .invoke(FunctionName=deployment.stack.output("TimelineWidgetFunctionName"), Payload=json.dumps(event).encode())
    )
    payload = answer["Payload"].read()
    assert answer.get("FunctionError") is None, payload
    return str(json.loads(payload))


def context(first: datetime, last: datetime) -> dict[str, object]:
    bounds = {name: round(moment.timestamp() * 1000) for name, moment in (("start", first), ("end", last))}
    return {"timeRange": {"mode": "absolute", **bounds}, "theme": "dark", "width": 900, "height": 600}


def test_the_widget_shows_the_requests_of_the_dashboards_time_range(deployment: DemoStack, article: Played) -> None:
    experiment, _ = article
    page = asked(deployment, widgetContext=context(NOW - timedelta(minutes=10), datetime.now(UTC)))

    assert all(
        json.dumps({"request_id": request_id})[1:-1].replace('"', "&quot;") in page
        for request_id in experiment.scenario.request_ids()
    )
    assert page.count("<cwdb-action ") >= 10
    function = deployment.stack.output("TimelineWidgetFunctionName")
    assert f'endpoint="arn:aws:lambda:ap-northeast-1:123456789012:function:{function}' in page


def test_a_click_shows_a_requests_calls(deployment: DemoStack, article: Played) -> None:
    experiment, report = article
    request_id = experiment.scenario.request_ids()[0]
    (state,) = [state for state in report.requests if state.request_id == request_id]

    page = asked(deployment, request_id=request_id, widgetContext=context(NOW, NOW))

    assert page.count("<tr") == 1 + len(state.invocations)
    assert all(call.invocation.model_id in page for call in state.invocations)


def test_the_widget_documents_itself(deployment: DemoStack) -> None:
    assert asked(deployment, describe=True).startswith("## Request Lens")


def test_two_hundred_requests_are_drawn_and_the_time_is_recorded(
    deployment: DemoStack, record_testsuite_property: Callable[[str, object], None], capsys: pytest.CaptureFixture[str]
) -> None:
    began = NOW - timedelta(hours=6)
    store = DynamoFactStore(
        local_client("dynamodb", endpoint=deployment.local.endpoint),
        table_name=deployment.stack.output("RequestTableName"),
        retention=Policy().retention,
        clock=SystemClock(),
    )
    store_settled(store, 220, began=began, prefix="two-hundred")
    page, seconds = "", list[float]()
    for _ in range(20):
        started = time.perf_counter()
        page = asked(deployment, widgetContext=context(began, began + timedelta(minutes=30)))
        seconds.append(time.perf_counter() - started)
    p95_s = quantiles(seconds, n=20)[-1]
    record_testsuite_property("widget_200_requests_p95_ms", round(p95_s * 1000))
    with capsys.disabled():
        sys.stdout.write(f"\nwidget, 200 requests, 20 calls: p95 {p95_s * 1000:.0f} ms\n")

    assert page.count("<cwdb-action ") == 200
    assert "20 earlier requests are not shown" in page
