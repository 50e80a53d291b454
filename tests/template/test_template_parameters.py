import json
import re
import tomllib
from collections.abc import Mapping
from typing import Any

import click
import pytest

from request_lens.config import Config, ViewerConfig
from request_lens.domain.policy import Policy
from request_lens.domain.publishing.metric_names import Metric
from request_lens_cli.options.parameters import DEFAULTS, policy_with
from tests.support.template_document import (
    FUNCTION,
    OUTPUTS,
    PARAMETERS,
    RESOURCES,
    ROOT,
    TEMPLATE,
    of_type,
    properties,
    references,
    variables_of,
)

SERVICE = {"Fn::If": ["NamesService", {"Ref": "ServiceName"}, {"Ref": "AWS::StackName"}]}
WAITS = {"SettleDelaySeconds", "LinkDelaySeconds", "MaxRequestSeconds", "MaxAgentSeconds"}


def test_every_parameter_has_a_default_so_that_none_is_needed_to_deploy() -> None:
    assert [name for name, parameter in PARAMETERS.items() if "Default" not in parameter] == []


def test_every_parameter_is_described_and_validated() -> None:
    for name, parameter in PARAMETERS.items():
        assert parameter["Description"], name
        assert {"AllowedPattern", "AllowedValues", "MinValue"} & parameter.keys(), name
        assert "AllowedValues" in parameter or parameter["ConstraintDescription"], name


def test_every_parameter_stands_in_exactly_one_group() -> None:
    groups = TEMPLATE["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]

    assert sorted(name for group in groups for name in group["Parameters"]) == sorted(PARAMETERS)


def test_the_processors_environment_is_the_configs_fields() -> None:
    variables = properties("ProcessorFunction")["Environment"]["Variables"]

    assert set(variables) == {name.upper() for name in Config.model_fields}


def test_the_widgets_environment_is_its_configs_fields() -> None:
    variables = properties("TimelineWidgetFunction")["Environment"]["Variables"]
    processors = properties("ProcessorFunction")["Environment"]["Variables"]

    assert set(variables) == {name.upper() for name in ViewerConfig.model_fields}
    assert all(processors[name] == value for name, value in variables.items())


NUMBERS = [name for name, parameter in PARAMETERS.items() if parameter["Type"] == "Number" and name in DEFAULTS]


@pytest.mark.parametrize("name", NUMBERS)
def test_a_number_is_refused_outside_the_templates_bounds_and_taken_within(name: str) -> None:
    low, high = PARAMETERS[name]["MinValue"], PARAMETERS[name]["MaxValue"]

    for value in (low, high):
        assert isinstance(policy_with({name: str(value)}), Policy)
    for value in (low - 1, high + 1):
        with pytest.raises(click.BadParameter, match=f"{name}={value}"):
            policy_with({name: str(value)})


def test_the_defaults_are_a_valid_configuration() -> None:
    others = ("request_table_name", "settle_queue_url", "service_name")
    values = dict.fromkeys(others, "https://some.queue")
    values |= {name.lower(): value for name, value in variables_of("ProcessorFunction").items()}

    assert Config.model_validate(values).policy == policy_with({}) == Policy()


@pytest.mark.parametrize(
    ("parameter", "value", "allowed"),
    [
        ("AgentRoleNames", "", True),
        ("AgentRoleNames", "agent, agent-2", True),
        ("AgentRoleNames", "arn:aws:iam::123456789012:role/agent", False),
        ("AgentRoutes", "", True),
        ("AgentRoutes", "POST /ask,GET /items/{id}, $default, ANY /{proxy+}", True),
        ("AgentRoutes", "askAgent, $default,chat.v2, POST /ask", True),
        ("AgentRoutes", "orders POST /ask, a1b2c3d4e5/$default GET /items,chat $default", True),
        ("AgentRoutes", "/ask", False),
        ("AgentRoutes", "two words POST /ask", False),
        ("AgentRoutes", "POST/ask", False),
        ("AgentRoutes", "ask agent", False),
        ("ServiceName", "", True),
        ("ServiceName", 'request "lens"', False),
        ("AlarmTopicArn", "", True),
        ("AlarmTopicArn", "arn:aws-us-gov:sns:us-gov-west-1:123456789012:on-call", True),
        ("AlarmTopicArn", "on-call", False),
        ("AlarmTopicArn", "arn:aws:sns:eu-west-1:123456789012:on-call.fifo", False),
        ("InvocationLogGroupName", "", False),
        ("SpanLogGroupName", "", True),
        ("SpanLogGroupName", "aws/spans", True),
        ("SpanLogGroupName", "/aws/bedrock-agentcore/runtimes/orders-ABCDEF1234-DEFAULT", True),
        ("SpanLogGroupName", "arn:aws:logs:eu-west-1:123456789012:log-group:aws/spans", False),
        ("LambdaLogGroupName", "/aws/lambda/ask", True),
        ("LambdaLogGroupName", "/aws/lambda/ask:*", False),
        ("ToolNames", "", True),
        ("ToolNames", "get_weather, orders___find,current-time", True),
        ("ToolNames", "get weather", False),
        ("AccessLogGroupName", "", True),
        ("AccessLogGroupName", "arn:aws:logs:eu-west-1:123456789012:log-group:access", False),
    ],
)
def test_a_value_that_cannot_work_is_refused_before_anything_is_deployed(
    parameter: str, value: str, allowed: bool
) -> None:
    assert bool(re.fullmatch(PARAMETERS[parameter]["AllowedPattern"], value)) is allowed


def test_the_service_is_the_stacks_name_where_none_is_given_so_that_no_two_stacks_share_one() -> None:
    resources = TEMPLATE["Resources"]
    alarms = [each["Properties"] for each in resources.values() if each["Type"] == "AWS::CloudWatch::Alarm"]
    services = [
        dimension["Value"]
        for alarm in alarms
        for dimension in alarm.get("Dimensions", [])
        if dimension["Name"] == "Service"
    ]

    assert PARAMETERS["ServiceName"]["Default"] == ""
    assert TEMPLATE["Conditions"]["NamesService"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "ServiceName"}, ""]}]}
    assert services == [SERVICE] * 3
    assert resources["DashboardStack"]["Properties"]["Parameters"]["ServiceName"] == SERVICE
    assert resources["ProcessorFunction"]["Properties"]["Environment"]["Variables"]["SERVICE_NAME"] == SERVICE


def test_a_limit_on_requests_makes_the_alarm_on_runaways_and_no_limit_makes_none() -> None:
    alarm, limits = TEMPLATE["Resources"]["RunawayRequestAlarm"], ("MaxCallsPerRequest", "MaxCostPerRequest")

    assert alarm["Condition"] == "LimitsRequests"
    assert alarm["Properties"]["MetricName"] == Metric.RUNAWAY_REQUESTS.value
    assert alarm["Properties"]["Dimensions"] == [{"Name": "Service", "Value": SERVICE}]
    none = [{"Fn::Equals": [{"Ref": name}, str(PARAMETERS[name]["Default"])]} for name in limits]
    assert TEMPLATE["Conditions"]["LimitsRequests"] == {"Fn::Not": [{"Fn::And": none}]}


@pytest.mark.parametrize("function", sorted(of_type(FUNCTION)))
def test_the_environment_stays_below_lambdas_4_kb_at_the_longest_parameters(function: str) -> None:
    """Lambda measures the JSON of all variables, without spaces.

    https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
    """
    variables = properties(function).get("Environment", {}).get("Variables", {})
    longest = {name: "." * _longest_of(value) for name, value in variables.items()}

    assert len(json.dumps(longest, separators=(",", ":"))) <= 4 * 1024


def _longest_of(value: str | Mapping[str, Any]) -> int:
    """Bytes of a variable's longest value; the first part of a choice is the condition's name."""
    if isinstance(value, str):
        return len(value)
    return max(map(_longest_of, value["Fn::If"][1:])) if "Fn::If" in value else max(map(_longest, references(value)))


def _longest(name: str) -> int:
    """Bytes of the longest value that a parameter may have, or a name that CloudFormation makes of a stack's."""
    if name == "AWS::StackName":
        return 128
    if name not in PARAMETERS:
        queue_url = len("https://sqs.ap-northeast-1.amazonaws.com/123456789012/") + 80
        return {"AWS::DynamoDB::Table": 160, "AWS::SQS::Queue": queue_url}[RESOURCES[name]["Type"]]
    parameter = PARAMETERS[name]
    if "MaxLength" in parameter:
        return int(parameter["MaxLength"])
    if parameter["Type"] == "Number":
        return 24  # CloudFormation hands a number on as it was typed
    return max(len(str(each)) for each in parameter.get("AllowedValues", ["." * 255]))


def test_the_local_section_shortens_the_four_waits_and_nothing_else() -> None:
    samconfig = tomllib.loads((ROOT / "samconfig.toml").read_text(encoding="utf-8"))
    local, default = samconfig["local"], samconfig["default"]
    overrides = dict(each.split("=") for each in local["deploy"]["parameters"].pop("parameter_overrides"))

    assert overrides.keys() == WAITS
    assert all(int(value) < PARAMETERS[name]["Default"] for name, value in overrides.items())
    assert local["deploy"] == default["deploy"]


def test_the_prod_section_asks_before_it_changes_anything_and_tags_what_it_makes() -> None:
    samconfig = tomllib.loads((ROOT / "samconfig.toml").read_text(encoding="utf-8"))
    prod, default = samconfig["prod"], samconfig["default"]
    tags = dict(each.split("=") for each in prod["deploy"]["parameters"].pop("tags"))

    assert prod["global"] == default["global"]
    assert prod["deploy"]["parameters"] == default["deploy"]["parameters"] | {"confirm_changeset": True}
    assert tags == {"Application": "request-lens", "Environment": "prod"}


def test_no_region_is_fixed() -> None:
    samconfig = (ROOT / "samconfig.toml").read_text(encoding="utf-8")

    assert not re.search(r"^\s*region\s*=", samconfig, re.MULTILINE)


def test_the_outputs_that_scripts_depend_on_are_there() -> None:
    assert OUTPUTS.keys() >= {
        "RequestTableName",
        "InvocationLogGroupName",
        "AccessLogGroupName",
        "ProcessorLogGroupName",
        "DashboardUrl",
    }


def test_every_parameter_is_used() -> None:
    parts = [TEMPLATE["Resources"], TEMPLATE["Conditions"], TEMPLATE["Globals"]]
    used = {name for part in parts for name in references(part)}

    assert set(PARAMETERS) <= used
