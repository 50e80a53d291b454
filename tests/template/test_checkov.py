"""What checkov finds in the templates: nothing but what is excused here, one by one, with a reason."""

import json
import os
import subprocess

import pytest

from tests.support.template_document import ROOT

CHECKOV = ROOT / ".tools" / "checkov" / "bin" / "checkov"
FUNCTIONS = (
    "AWS::Serverless::Function.ProcessorFunction",
    "AWS::Serverless::Function.LoggingConfigurationFunction",
    "AWS::Serverless::Function.TimelineWidgetFunction",
)
WITH_VARIABLES = ("AWS::Serverless::Function.ProcessorFunction", "AWS::Serverless::Function.TimelineWidgetFunction")
EXAMPLE = "AWS::Serverless::Function.EntryFunction"
FILES = ("AWS::S3::Bucket.FilesBucket",)
LOG_GROUPS = (
    "AWS::Logs::LogGroup.LoggingConfigurationLogGroup",
    "AWS::Logs::LogGroup.TimelineWidgetLogGroup",
    "AWS::Logs::LogGroup.EntryLogGroup",
)

EXCUSED = {
    "CKV_AWS_119": (
        ("AWS::DynamoDB::Table.RequestTable",),
        "encrypted with the account's key aws/dynamodb: a key of its own costs 1 USD a month and holds no prompt",
    ),
    "CKV_AWS_27": (
        ("AWS::SQS::Queue.SettleQueue", "AWS::SQS::Queue.SettleDeadLetterQueue"),
        "encrypted with SQS's own keys, which this check does not know; a message is a key of an item",
    ),
    "CKV_AWS_18": (
        ("AWS::S3::Bucket.FailureBucket", *FILES),
        "functions alone write to them, and CloudTrail tells who reads; a log bucket would need one of its own",
    ),
    "CKV_AWS_21": (
        ("AWS::S3::Bucket.FailureBucket", *FILES),
        "each failure has a name of its own; versions would keep prompts beyond 14 days; the example's are for trial",
    ),
    "CKV_AWS_116": (
        (*FUNCTIONS, EXAMPLE),
        "what Lambda gives up on goes to the failure bucket; the widget and the example are called and waited for",
    ),
    "CKV_AWS_117": (
        (*FUNCTIONS, EXAMPLE),
        "they call AWS's own endpoints alone: a VPC would add a NAT gateway and protect nothing",
    ),
    "CKV_AWS_115": (
        (*FUNCTIONS, EXAMPLE),
        "reserved concurrency cannot be deployed where an account has 10; the queue's mapping has its bound",
    ),
    "CKV_AWS_173": (
        (*WITH_VARIABLES, EXAMPLE),
        "encrypted with Lambda's own key; the variables are names and numbers, no secret",
    ),
    "CKV_AWS_158": (LOG_GROUPS, "encrypted with CloudWatch Logs' own key; the lines name no prompt and no person"),
}
"""Check to the resources it finds, and why that is right."""


@pytest.mark.slow
def test_checkov_finds_nothing_that_is_not_excused_and_every_excuse_is_needed() -> None:
    command = [str(CHECKOV), "--framework", "cloudformation", "--skip-download", "--soft-fail", "--output", "json"]
    run = subprocess.run(
        [
            *command,
            "--file",
            "template.yaml",
            "dashboard.yaml",
            "layers/request_tag/template.yaml",
            "examples/agent/template.yaml",
        ],
        cwd=ROOT,
        env={**os.environ, "LOG_LEVEL": "ERROR"},
        capture_output=True,
        text=True,
        check=True,
    )
    results = json.loads(run.stdout)["results"]
    found = {(each["check_id"], each["resource"]) for each in results["failed_checks"]}

    assert results["parsing_errors"] == []
    assert len(results["passed_checks"]) > 40
    assert found == {(check, resource) for check, (resources, _) in EXCUSED.items() for resource in resources}
