import json
import re
from datetime import timedelta

import pytest

from request_lens.adapters.dynamodb.items import INVOCATION_SK, REQUEST_SK, ItemState
from request_lens.application.sweep import SLICE
from tests.support.template_document import FUNCTION, ROOT, TEMPLATE, Node, of_type, properties, references

FUNCTIONS = sorted(of_type(FUNCTION))
EVENT_SOURCES = of_type("AWS::Lambda::EventSourceMapping")


@pytest.fixture(params=FUNCTIONS)
def function(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_every_handler_exists(function: str) -> None:
    module, name = properties(function)["Handler"].split(".")
    source = ROOT / properties(function)["CodeUri"] / f"{module}.py"

    assert f"def {name}(" in source.read_text(encoding="utf-8")


def test_every_function_has_a_log_group_with_retention(function: str) -> None:
    groups = {name for name, group in of_type("AWS::Logs::LogGroup").items() if function in _functions_of(group)}
    named = set(references(properties(function).get("LoggingConfig", {})))

    assert groups | named
    assert all("RetentionInDays" in properties(name) for name in groups | named)


def test_no_log_level_drops_the_emf_lines_which_name_none() -> None:
    """Lambda takes such a line for INFO:
    https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html"""
    assert properties("ProcessorFunction")["LoggingConfig"] | {"LogGroup": ""} == {
        "LogGroup": "",
        "LogFormat": "JSON",
        "ApplicationLogLevel": "INFO",
        "SystemLogLevel": "WARN",
    }


def test_every_function_has_a_failure_destination(function: str) -> None:
    on_failure = properties(function)["EventInvokeConfig"]["DestinationConfig"]["OnFailure"]

    assert list(references(on_failure)) == ["FailureBucket"]


def test_every_function_has_an_alarm_on_its_errors(function: str) -> None:
    watched = {
        name
        for alarm in of_type("AWS::CloudWatch::Alarm").values()
        if alarm["Properties"]["MetricName"] == "Errors"
        for name in references(alarm["Properties"]["Dimensions"])
    }

    assert function in watched


def test_both_log_groups_invoke_the_processor_and_the_permission_line_does_not() -> None:
    events = properties("ProcessorFunction")["Events"]

    assert {name for name, event in events.items() if event["Type"] == "CloudWatchLogs"} == {
        "ModelInvocations",
        "AccessLog",
    }
    assert events["ModelInvocations"]["Properties"]["FilterPattern"] == '"ModelInvocationLog"'
    assert events["AccessLog"]["Properties"]["FilterPattern"] == ""


def test_the_sweep_comes_once_for_each_slice_of_time_and_says_the_time_it_is_for() -> None:
    schedule = properties("ProcessorFunction")["Events"]["Sweep"]

    assert schedule["Type"] == "ScheduleV2"
    assert schedule["Properties"]["ScheduleExpression"] == "cron(* * * * ? *)"
    assert timedelta(minutes=1) == SLICE
    assert json.loads(schedule["Properties"]["Input"]) == {"sweep": "<aws.scheduler.scheduled-time>"}


def test_two_stacks_have_a_schedule_each() -> None:
    assert properties("ProcessorFunction")["Events"]["Sweep"]["Properties"]["OmitName"] is True


def test_a_settle_message_stays_invisible_for_six_timeouts() -> None:
    assert properties("SettleQueue")["VisibilityTimeout"] == 6 * properties("ProcessorFunction")["Timeout"]


def test_settle_batches_answer_with_what_failed() -> None:
    assert EVENT_SOURCES["SettleQueueMapping"]["Properties"]["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_the_stream_is_read_from_its_start_for_a_day_and_split_at_a_failing_record() -> None:
    mapping = properties("RequestTableMapping")

    assert mapping["StartingPosition"] == "TRIM_HORIZON"
    assert mapping["MaximumRecordAgeInSeconds"] == 23 * 60 * 60
    assert mapping["MaximumRetryAttempts"] == 10
    assert mapping["BisectBatchOnFunctionError"] is True
    assert list(references(mapping["DestinationConfig"])) == ["FailureBucket"]


def test_the_stream_invokes_the_processor_for_news_alone() -> None:
    news, runaways = properties("RequestTableMapping")["FilterCriteria"]["Filters"]

    assert json.loads(news["Pattern"])["dynamodb"] == {
        "Keys": {"sk": {"S": [REQUEST_SK, INVOCATION_SK]}},
        "NewImage": {"state": {"S": [{"anything-but": [ItemState.PENDING.value]}]}},
    }
    assert json.loads(runaways["Pattern"])["dynamodb"] == {
        "Keys": {"sk": {"S": [REQUEST_SK]}},
        "NewImage": {"runaway": {"M": {"llm_calls": {"N": [{"exists": True}]}}}},
    }


def test_only_actions_that_know_no_resource_are_allowed_on_every_resource() -> None:
    anywhere = {
        action
        for resource in TEMPLATE["Resources"].values()
        for statement in _statements(resource.get("Properties", {}))
        if statement["Effect"] == "Allow" and statement.get("Resource") == "*"
        for action in statement["Action"]
    }

    assert anywhere == {f"bedrock:{verb}ModelInvocationLoggingConfiguration" for verb in ("Get", "Put", "Delete")}


def test_the_widget_can_read_the_table_and_its_index_and_nothing_else() -> None:
    (allowed,) = _statements(properties("TimelineWidgetFunction"))

    assert allowed["Effect"] == "Allow"
    assert sorted(allowed["Action"]) == ["dynamodb:BatchGetItem", "dynamodb:Query"]
    assert allowed["Resource"] == [
        {"Fn::GetAtt": ["RequestTable", "Arn"]},
        {"Fn::Sub": "${RequestTable.Arn}/index/by_time"},
    ]


def test_the_processor_can_do_with_the_table_what_its_store_does_and_nothing_else() -> None:
    (of_table,) = (
        each
        for each in _statements(properties("ProcessorFunction"))
        if any(str(action).startswith("dynamodb:") for action in each["Action"])
    )
    source = (ROOT / "layers/request_lens/request_lens/adapters/dynamodb/table.py").read_text(encoding="utf-8")
    calls = {*re.findall(r"_client\.([a-z]+_[a-z_]+)\(", source), *re.findall(r'get_paginator\("(\w+)"\)', source)}
    calls.remove("get_paginator")

    assert sorted(of_table["Action"]) == sorted(f"dynamodb:{each.title().replace('_', '')}" for each in calls)


def test_bedrock_alone_may_assume_the_logging_role_and_only_for_this_account() -> None:
    (trust,) = properties("BedrockLoggingRole")["AssumeRolePolicyDocument"]["Statement"]
    (allowed,) = _statements({"Policies": properties("BedrockLoggingRole")["Policies"]})

    assert trust["Principal"] == {"Service": "bedrock.amazonaws.com"}
    assert trust["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    assert trust["Condition"]["ArnLike"]["aws:SourceArn"]["Fn::Sub"].startswith("arn:${AWS::Partition}:bedrock:")
    assert sorted(allowed["Action"]) == ["logs:CreateLogStream", "logs:PutLogEvents"]
    assert allowed["Resource"]["Fn::Sub"].endswith(":log-stream:aws/bedrock/modelinvocations")


def test_the_processor_may_ask_for_this_accounts_application_inference_profiles_only() -> None:
    asks = [each for each in _statements(properties("ProcessorFunction")) if "bedrock" in json.dumps(each)]

    assert [(each["Effect"], each["Action"]) for each in asks] == [("Allow", "bedrock:GetInferenceProfile")]
    assert asks[0]["Resource"]["Fn::Sub"].endswith(
        ":bedrock:${AWS::Region}:${AWS::AccountId}:application-inference-profile/*"
    )


def test_the_logging_switch_is_never_run_twice_and_ends_before_cloudformation_stops_waiting() -> None:
    function = properties("LoggingConfigurationFunction")

    assert function["EventInvokeConfig"]["MaximumRetryAttempts"] == 0
    assert function["Timeout"] < properties("BedrockLogging")["ServiceTimeout"] == 300


def _functions_of(group: Node) -> set[str]:
    name = group["Properties"]["LogGroupName"]
    text = name.get("Fn::Sub", "") if isinstance(name, dict) else name
    return {function for function in FUNCTIONS if "${" + function + "}" in text}


def _statements(resource: Node) -> list[Node]:
    policies = [policy.get("PolicyDocument", policy) for policy in resource.get("Policies", [])]
    return [statement for policy in policies for statement in policy.get("Statement", [])]
