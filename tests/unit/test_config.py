"""Configuration: read once, and every fault named at once."""

from datetime import timedelta
from decimal import Decimal

import pytest

from request_lens.config import Config, read_config
from request_lens.domain.policy import Policy
from request_lens.errors import ConfigError

ENVIRONMENT = {
    "REQUEST_TABLE_NAME": "requests",
    "SETTLE_QUEUE_URL": "https://sqs.example/settle",
    "SERVICE_NAME": "shop",
    "AGENT_ROLE_NAMES": "",
    "AGENT_ROUTES": "",
    "ONE_LOOP_PER_REQUEST": "false",
    "SETTLE_DELAY_SECONDS": "30",
    "LINK_DELAY_SECONDS": "60",
    "MAX_REQUEST_SECONDS": "30",
    "MAX_AGENT_SECONDS": "60",
    "CLOCK_SKEW_MS": "250",
    "ORPHAN_AFTER_SECONDS": "900",
    "MAX_CALLS_PER_REQUEST": "0",
    "MAX_COST_PER_REQUEST": "0",
    "RETENTION_DAYS": "90",
    "READS_SPANS": "false",
    "MEMORY_SPANS": "false",
    "TOOL_NAMES": "",
    "PATH": "/usr/bin",
}


def test_the_policy_of_the_templates_values_is_the_policys_own_default() -> None:
    assert read_config(ENVIRONMENT).policy == Policy()


def test_each_variable_reaches_the_policy() -> None:
    seconds = {name: str(n) for n, name in enumerate((n for n in ENVIRONMENT if n.endswith("_SECONDS")), start=1)}
    spans = {"READS_SPANS": "true", "MEMORY_SPANS": "true", "TOOL_NAMES": "search, get_weather"}
    limits = {"MAX_CALLS_PER_REQUEST": "9", "MAX_COST_PER_REQUEST": "0.05"}
    others = {"CLOCK_SKEW_MS": "7", "RETENTION_DAYS": "8"}
    policy = read_config({**ENVIRONMENT, **seconds, **limits, **spans, **others}).policy

    assert policy == Policy(
        settle_delay=timedelta(seconds=1),
        link_delay=timedelta(seconds=2),
        max_request=timedelta(seconds=3),
        max_agent=timedelta(seconds=4),
        orphan_after=timedelta(seconds=5),
        clock_skew=timedelta(milliseconds=7),
        retention=timedelta(days=8),
        max_calls_per_request=9,
        max_cost_per_request=Decimal("0.05"),
        reads_spans=True,
        reads_memory=True,
        tool_names=frozenset({"search", "get_weather"}),
    )


def test_lists_are_split_at_commas_and_trimmed() -> None:
    config = read_config({**ENVIRONMENT, "AGENT_ROLE_NAMES": " agent-role, ,other ", "AGENT_ROUTES": "POST /ask"})

    assert config.policy.agent_role_names == {"agent-role", "other"}
    assert config.policy.observes("POST /ask")
    assert not config.policy.observes("GET /health")


def test_a_route_means_those_of_all_apis_or_that_of_one() -> None:
    both = read_config({**ENVIRONMENT, "AGENT_ROUTES": "POST /ask, $default"}).policy
    one = read_config({**ENVIRONMENT, "AGENT_ROUTES": "orders POST /ask, orders/test $default"}).policy

    assert [both.observes(route) for route in ("orders POST /ask", "orders/test $default")] == [True, True]
    assert [one.observes(route) for route in ("orders POST /ask", "orders/test $default")] == [True, True]
    for route in ("POST /ask", "$default", "booking POST /ask", "orders GET /ask"):
        assert not one.observes(route)
    assert not both.observes("orders GET /ask")


def test_without_routes_every_route_is_observed() -> None:
    assert read_config(ENVIRONMENT).policy.observes("GET /health")


def test_an_empty_environment_names_every_variable() -> None:
    with pytest.raises(ConfigError) as failure:
        read_config({})

    assert [name for name in Config.model_fields if name.upper() not in str(failure.value)] == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SETTLE_DELAY_SECONDS", "901"),
        ("LINK_DELAY_SECONDS", "-1"),
        ("MAX_REQUEST_SECONDS", "half a minute"),
        ("CLOCK_SKEW_MS", ""),
        ("RETENTION_DAYS", "0"),
        ("MAX_CALLS_PER_REQUEST", "0.5"),
        ("MAX_COST_PER_REQUEST", "-1"),
        ("MAX_COST_PER_REQUEST", "NaN"),
        ("REQUEST_TABLE_NAME", ""),
        ("SETTLE_QUEUE_URL", ""),
        ("SERVICE_NAME", ""),
    ],
)
def test_each_wrong_variable_is_named_with_the_others_that_are_wrong(name: str, value: str) -> None:
    environment = {**ENVIRONMENT, "ORPHAN_AFTER_SECONDS": "never", name: value}

    with pytest.raises(ConfigError) as failure:
        read_config(environment)

    assert name in str(failure.value)
    assert "ORPHAN_AFTER_SECONDS" in str(failure.value)
    assert "AGENT_ROUTES" not in str(failure.value)
