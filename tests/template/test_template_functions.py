import json
from datetime import timedelta

import pytest

from logging_configuration_handler import CustomResource
from request_lens.adapters.dynamodb.items import INVOCATION_SK, REQUEST_SK, ItemState
from request_lens.application.settle_batch import MESSAGES_BUDGET
from request_lens.application.sweep import SLICE
from request_lens_cli.operating.invoked_processor import READ_TIMEOUT_S
from tests.support.template_document import FUNCTION, RESOURCES, ROOT, Node, of_type, properties, references

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
    (group,) = set(references(properties(function)["LoggingConfig"]))

    assert properties(group)["RetentionInDays"] == {"Ref": "LogRetentionDays"}


def test_no_log_level_drops_the_emf_lines_which_name_none() -> None:
    """Lambda takes such a line for INFO:
    https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html"""
    assert properties("ProcessorFunction")["LoggingConfig"] | {"LogGroup": ""} == {
        "LogGroup": "",
        "LogFormat": "JSON",
        "ApplicationLogLevel": "INFO",
        "SystemLogLevel": "WARN",
    }


@pytest.mark.parametrize("function", ["ProcessorFunction", "LoggingConfigurationFunction"])
def test_a_function_that_is_called_without_waiting_has_a_failure_destination(function: str) -> None:
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


def test_a_command_that_calls_the_processor_waits_for_as_long_as_it_may_run() -> None:
    """botocore makes a call again that got no answer in time, up to six at once of one event."""
    assert properties("ProcessorFunction")["Timeout"] < READ_TIMEOUT_S


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


def test_a_settle_message_stays_invisible_while_the_function_may_run_and_far_longer_than_settles_begin() -> None:
    window = properties("SettleQueueMapping")["MaximumBatchingWindowInSeconds"]
    invisible_s = properties("SettleQueue")["VisibilityTimeout"]

    assert invisible_s > properties("ProcessorFunction")["Timeout"] + window
    assert invisible_s >= 6 * MESSAGES_BUDGET.total_seconds() + window


def test_settling_leaves_the_accounts_concurrency_to_the_functions_that_are_observed() -> None:
    assert properties("SettleQueueMapping")["ScalingConfig"] == {"MaximumConcurrency": 5}
    assert not any("ReservedConcurrentExecutions" in properties(name) for name in FUNCTIONS)


def test_a_key_that_is_sent_again_is_no_loop_to_lambda() -> None:
    assert properties("ProcessorFunction")["RecursiveLoop"] == "Allow"


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


def test_the_custom_resources_are_never_made_twice_and_answered_before_cloudformation_stops_waiting() -> None:
    function = properties("LoggingConfigurationFunction")
    made = [each["Properties"] for each in RESOURCES.values() if each["Type"].startswith("Custom::")]

    assert len(made) == 4
    assert function["EventInvokeConfig"]["MaximumRetryAttempts"] == 0
    assert {each["ServiceToken"]["Fn::GetAtt"][0] for each in made} == {"LoggingConfigurationFunction"}
    assert all(function["Timeout"] < each["ServiceTimeout"] <= 300 for each in made)


def test_logging_is_switched_only_while_lambda_knows_that_no_run_comes_again(expanded: Node) -> None:
    """Without it CloudFormation would make both at a time, and delete the configuration first."""
    configured = "LoggingConfigurationFunctionEventInvokeConfig"

    assert expanded["Resources"][configured]["Properties"]["MaximumRetryAttempts"] == 0
    assert expanded["Resources"]["BedrockLogging"]["DependsOn"] == configured


def test_the_types_of_the_custom_resources_are_those_that_the_function_knows() -> None:
    types = {each["Type"] for each in RESOURCES.values() if each["Type"].startswith("Custom::")}

    assert types == {each.value for each in CustomResource}
