"""The alarms: that they can fire, and that somebody can be told."""

import re

import pytest

from tests.support.template_document import OUTPUTS, TEMPLATE, of_type, properties

ALARMS = sorted(of_type("AWS::CloudWatch::Alarm"))


@pytest.mark.parametrize("alarm", ALARMS)
def test_every_alarm_notifies_the_topic_where_one_is_named(alarm: str) -> None:
    assert properties(alarm)["AlarmActions"] == {
        "Fn::If": ["NotifiesAboutAlarms", [{"Ref": "AlarmTopicArn"}], {"Ref": "AWS::NoValue"}]
    }


def test_every_alarm_has_a_name_of_words_behind_that_of_its_stack() -> None:
    names = [properties(alarm)["AlarmName"]["Fn::Sub"] for alarm in ALARMS]

    assert len(set(names)) == len(names)
    assert [name for name in names if not re.fullmatch(r"\$\{AWS::StackName\}(-[a-z]+){2,4}", name)] == []
    assert max(len(name.partition("-")[2]) for name in names) <= 20  # what a tile of the dashboard has room for


def test_no_topic_is_needed() -> None:
    assert TEMPLATE["Conditions"]["NotifiesAboutAlarms"] == {
        "Fn::Not": [{"Fn::Equals": [{"Ref": "AlarmTopicArn"}, ""]}]
    }


def test_a_runaway_whose_line_becomes_a_metric_within_a_minute_is_still_looked_at() -> None:
    """CloudWatch evaluates the last periods alone: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/
    CloudWatch_Embedded_Metric_Format_Alarms.html"""
    alarm = properties("RunawayRequestAlarm")

    assert (alarm["Period"] * alarm["EvaluationPeriods"], alarm["DatapointsToAlarm"]) == (60, 1)


def test_a_settle_queue_that_nobody_reads_is_told_before_sqs_would_leave_its_messages_out() -> None:
    """From its third receive a message is not in the metric: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/
    SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html"""
    longest_delay, visibility = 900, properties("SettleQueue")["VisibilityTimeout"]

    assert longest_delay + visibility < properties("SettleAgeAlarm")["Threshold"] < longest_delay + 2 * visibility


def test_a_processor_that_is_throttled_is_told() -> None:
    alarm = properties("ProcessorThrottlesAlarm")

    assert alarm["MetricName"] == "Throttles"
    assert alarm["Dimensions"] == [{"Name": "FunctionName", "Value": {"Ref": "ProcessorFunction"}}]


def test_the_dashboards_url_is_that_of_the_partitions_console() -> None:
    url, values = OUTPUTS["DashboardUrl"]["Value"]["Fn::Sub"]

    assert url.startswith("https://${AWS::Region}.${Console}/cloudwatch/home")
    assert values["Console"] == {"Fn::If": ["InGovCloud", "console.amazonaws-us-gov.com", "console.aws.amazon.com"]}
