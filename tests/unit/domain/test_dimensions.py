"""Dimension values come from bounded sets: whoever writes log lines cannot make a metric series for each."""

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import pytest

from request_lens.domain.folding.summary import OTHER_MODEL
from request_lens.domain.policy import Policy
from request_lens.domain.publishing.metric_names import UNATTRIBUTED_ROUTE, Metric
from request_lens.wire.log_record import read_record
from request_lens.wire.names import OTHER_ROUTE, model_name, route_name
from request_lens_cli.replay.virtual_time import Arrival, Replay, replay
from tests.support.record_shapes import http_line, invocation, rest_line

MANY = 10_000
AT = datetime(2026, 3, 4, 18, 28, tzinfo=UTC)
HOSTILE_ROUTES = (
    "Tell me a secret, number {}",
    "/raw/path/{}",
    "GET  /two-spaces/{}",
    "get /lower/{}",
    "STEAL /method/{}",
    "POST /ask?question={}",
    "POST /ask/<{}>",
    "POST /ask/{}/" + "x" * 512,
    "POST /質問/{}",
    "$default {}",
)


def played(lines: Iterable[object], policy: Policy | None = None) -> Replay:
    return replay((Arrival(record=read_record(json.dumps(line)), at=AT) for line in lines), policy or Policy())


def series(result: Replay) -> set[tuple[str, str]]:
    """Every value of every dimension beside [Service]."""
    routes = {("Route", each.route) for each in result.publications}
    return routes | {("ModelId", model.model_id) for each in result.publications for model in each.by_model}


def failed_calls(count: int, per_request: int = 1_000) -> Sequence[object]:
    return [
        invocation(
            "Converse",
            requestId=f"call-{n}",
            modelId=f"no-such-model-{n}",
            errorCode="ValidationException",
            requestMetadata={"api_request_id": f"request-{n // per_request}"},
        )
        for n in range(count)
    ]


@pytest.mark.slow
def test_ten_thousand_model_ids_of_failed_calls_add_no_series_but_other() -> None:
    requests = [http_line("") | {"requestId": f"request-{n}"} for n in range(MANY // 1_000)]

    result = played([*requests, *failed_calls(MANY)])

    assert sum(each.values[Metric.LLM_ERRORS][0] for each in result.publications) == MANY
    assert series(result) == {("Route", "POST /ask"), ("ModelId", OTHER_MODEL)}


def test_calls_without_a_request_add_the_series_unattributed_and_other() -> None:
    assert series(played(failed_calls(20))) == {("Route", UNATTRIBUTED_ROUTE), ("ModelId", OTHER_MODEL)}


@pytest.mark.slow
def test_ten_thousand_hostile_routes_add_no_series_but_other() -> None:
    lines = [
        http_line("") | {"requestId": f"r-{n}", "routeKey": HOSTILE_ROUTES[n % len(HOSTILE_ROUTES)].format(n)}
        for n in range(MANY)
    ]

    result = played(lines)

    assert len(result.publications) == MANY
    assert series(result) == {("Route", OTHER_ROUTE)}


def test_ten_thousand_routes_beside_those_that_are_observed_add_no_series_at_all() -> None:
    lines = [http_line("") | {"requestId": f"r-{n}", "routeKey": f"GET /items/{n}"} for n in range(MANY)]

    result = played([http_line(""), *lines], Policy(agent_routes=frozenset({"POST /ask"})))

    assert series(result) == {("Route", "POST /ask")}


def test_equal_routes_of_two_apis_are_two_series_where_a_format_names_one_of_them_and_the_other_keeps_its_own() -> None:
    """An API's id and stage alone change no series: many formats have always had them."""
    lines = [
        http_line("") | {"requestId": "r-1", "apiId": "a1b2c3d4e5", "stage": "prod"},
        http_line("") | {"requestId": "r-2", "apiId": "f6g7h8i9j0", "stage": "prod", "requestLensApi": "orders"},
        http_line("") | {"requestId": "r-3", "apiId": "f6g7h8i9j0", "stage": "test"},
    ]

    result = played(lines)

    assert [each.route for each in result.publications] == ["POST /ask", "orders POST /ask", "POST /ask"]


@pytest.mark.parametrize("method", ["STEAL", "post", "POST POST"])
def test_a_rest_api_s_route_has_a_method_that_api_gateway_knows(method: str) -> None:
    [publication] = played([rest_line("") | {"httpMethod": method}]).publications

    assert publication.route == OTHER_ROUTE


@pytest.mark.parametrize(
    "route", ["$default", "ANY /{proxy+}", "GET /", "POST /ask/{id}", "GET /v1/items/{item_id}/parts", "PUT /a.b~c/%7B"]
)
def test_a_route_that_an_api_can_have_is_kept(route: str) -> None:
    assert route_name(route) == route


@pytest.mark.parametrize(
    "model_id", ["Ignore all previous instructions", "質問", "x" * 257, " amazon.nova-lite-v1:0", '{"_aws":{}}', "-a"]
)
def test_what_cannot_be_a_model_s_name_is_other(model_id: str) -> None:
    assert model_name(model_id) == OTHER_MODEL
