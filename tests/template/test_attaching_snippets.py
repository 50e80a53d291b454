"""The lines of docs/attaching.md for templates of others: CloudFormation takes them, and they do what is said."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from request_lens_cli.attaching.kinds import FILTER_PATTERNS, Kind
from tests.support.template_document import OUTPUTS, ROOT, Node, read_template

PAGE = (ROOT / "docs" / "attaching.md").read_text(encoding="utf-8")
SNIPPETS = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)

AROUND = """AWSTemplateFormatVersion: "2010-09-09"
Transform: AWS::Serverless-2016-10-31
Parameters:
{parameters}
Resources:
{snippet}
{others}
"""

FUNCTION = """  Function:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.13
      Handler: index.handler
      InlineCode: ""
      Events:
        Ask: {{ Type: {event}, Properties: {{ {api}: !Ref Api, Path: /ask, Method: post }} }}
"""
LOG_GROUP = "  OrdersAccessLog: { Type: AWS::Logs::LogGroup, Properties: { RetentionInDays: 30 } }\n"

CASES = {
    "AWS::Serverless::HttpApi": FUNCTION.format(event="HttpApi", api="ApiId"),
    "AWS::Serverless::Api": FUNCTION.format(event="Api", api="RestApiId"),
    "AWS::Lambda::Permission": LOG_GROUP,
}
"""The type of each snippet's first resource, and what stands around it."""


def template_of(kind: str) -> str:
    """A template with the snippet of this type, and a parameter for each that it names."""
    (snippet,) = [each for each in SNIPPETS if f"Type: {kind}\n" in each]
    names = {name for pair in re.findall(r"!Ref (\w+Name|AccessLogFormat)\b|\$\{(\w+Name)\}", snippet) for name in pair}
    parameters = "\n".join(f"  {name}: {{ Type: String }}" for name in sorted(names - {""}))
    return AROUND.format(parameters=parameters, snippet=snippet, others=CASES[kind])


def resources_of(kind: str) -> Node:
    found: Node = read_template(template_of(kind))["Resources"]
    return found


def test_each_snippet_is_tried() -> None:
    assert len(SNIPPETS) == len(CASES)


def test_cloudformation_takes_the_lines(tmp_path: Path) -> None:
    """One start of cfn-lint, which takes seconds, for all; it names the file of what it finds."""
    templates = [tmp_path / f"{kind.replace('::', '-')}.yaml" for kind in CASES]
    for kind, template in zip(CASES, templates, strict=True):
        template.write_text(template_of(kind), encoding="utf-8")

    run = subprocess.run(
        [str(Path(sys.executable).with_name("cfn-lint")), *map(str, templates)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (run.returncode, run.stdout) == (0, "")


@pytest.mark.parametrize(
    ("kind", "setting", "output"),
    [
        ("AWS::Serverless::HttpApi", "AccessLogSettings", "AccessLogFormatHttpApi"),
        ("AWS::Serverless::Api", "AccessLogSetting", "AccessLogFormatRestApi"),
    ],
)
def test_an_api_logs_to_the_stacks_group_in_the_format_of_its_kind(kind: str, setting: str, output: str) -> None:
    given = resources_of(kind)["Api"]["Properties"][setting]
    (snippet,) = [each for each in SNIPPETS if f"Type: {kind}\n" in each]

    assert given["DestinationArn"]["Fn::Sub"].endswith(":log-group:${AccessLogGroupName}")
    assert given["Format"] == {"Ref": "AccessLogFormat"}
    assert f"the output {output} of the Request Lens stack" in snippet
    assert {output, "AccessLogGroupName"} <= OUTPUTS.keys()


def test_a_group_of_another_template_invokes_the_processor_as_attach_has_it() -> None:
    resources = resources_of("AWS::Lambda::Permission")
    permission, subscription = (resources[f"OrdersAccessLog{part}"] for part in ("Permission", "Filter"))

    assert permission["Properties"] == {
        "Action": "lambda:InvokeFunction",
        "FunctionName": {"Ref": "ProcessorFunctionName"},
        "Principal": "logs.amazonaws.com",
        "SourceAccount": {"Ref": "AWS::AccountId"},
        "SourceArn": {"Fn::GetAtt": ["OrdersAccessLog", "Arn"]},
    }
    assert subscription["DependsOn"] == "OrdersAccessLogPermission"
    assert subscription["Properties"]["FilterPattern"] == FILTER_PATTERNS[Kind.ACCESS]
    assert subscription["Properties"]["DestinationArn"]["Fn::Sub"].endswith(":function:${ProcessorFunctionName}")
    assert "ProcessorFunctionName" in OUTPUTS


def test_the_pattern_for_invocations_is_that_of_attach() -> None:
    (pattern,) = re.findall(r'FilterPattern: "" # of invocations: (.*)', PAGE)

    assert yaml.safe_load(pattern) == FILTER_PATTERNS[Kind.INVOCATIONS]
