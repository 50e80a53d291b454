"""The path of a deployment is one page, and names only what the template, the command line and the stack have."""

import json
import re
import shlex
from pathlib import Path

import click
import jmespath  # type: ignore[import-untyped]  # boto3's own, without types
import pytest
from botocore.session import get_session
from botocore.validate import ParamValidator

from request_lens_cli.diagnosis.checks.requests import NOTHING_CAME
from request_lens_cli.diagnosis.finding import note
from request_lens_cli.diagnosis.finding_view import verdict
from request_lens_cli.main import main
from tests.support.template_document import TEMPLATE

CHECKOUT = Path(__file__).parents[3]
PAGE = (CHECKOUT / "docs" / "deploying.md").read_text(encoding="utf-8")
DOCUMENTS = sorted([CHECKOUT / "README.md", *CHECKOUT.glob("docs/*.md")])
ORDER = (
    *("Before you begin", "1. Rights", "2. What is there already", "3. Build and deploy", "4. Attach your API"),
    *("5. Check that it works", "6. Name your agent's role", "7. Alarms and protection", "Further APIs and logs"),
    *("Update", "Roll back", "Remove", "When a deployment fails"),
)


def commands(text: str) -> list[str]:
    """The commands of this project that a page types, in blocks and in its sentences."""
    typed = re.findall(r"^ *\$ (?:\.venv/bin/)?request-lens (.+)$", text, re.MULTILINE)
    return typed + re.findall(r"`request-lens ([a-z][^`…|]*)`", text.replace("\n", " "))


def test_the_steps_stand_in_their_order() -> None:
    assert re.findall(r"^## (.+)$", PAGE, re.MULTILINE) == list(ORDER)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_parameter_that_is_deployed_with_is_one_of_the_template(document: Path) -> None:
    typed = re.findall(r"--parameter-overrides (?:'([^']*)'|(\S+))", document.read_text(encoding="utf-8"))
    named = {name for quoted, plain in typed for name in re.findall(r"\b([A-Z]\w+)=", quoted or plain)}

    assert named - TEMPLATE["Parameters"].keys() - {"Name"} == set()


def test_every_output_that_is_named_is_one_of_the_template() -> None:
    named = re.findall(r"output `(\w+)`", PAGE.replace("\n", " "))

    assert named
    assert set(named) - TEMPLATE["Outputs"].keys() == set()


@pytest.mark.parametrize("document", [CHECKOUT / "docs" / "deploying.md", CHECKOUT / "README.md"], ids=lambda p: p.name)
def test_every_command_and_option_is_there(document: Path) -> None:
    typed = commands(document.read_text(encoding="utf-8"))
    context = click.Context(main)

    assert typed
    for line in typed:
        name, *words = shlex.split(line)
        command = main.get_command(context, name)
        assert command is not None, line
        options = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} - options == set(), line


def test_the_times_of_steps_say_where_they_stand_that_they_are_the_local_awss() -> None:
    (times,) = re.findall(r"^### (How long .*?)^## ", PAGE, re.MULTILINE | re.DOTALL)

    assert "local AWS" in times.partition("\n")[0]
    assert "None of these is of a real account" in times.partition("| step |")[0]
    assert "| step | seconds, local AWS |" in times


def test_what_a_failed_deployment_says_is_what_the_logging_switch_says() -> None:
    said = (CHECKOUT / "functions/logging_configuration/logging_switch.py").read_text(encoding="utf-8")

    for words in ("model invocation logging is already on", "Add a log group to its setting"):
        assert words in said
        assert words in PAGE
    assert "To read the log group in use, deploy with InvocationLogGroupName=" in said
    assert "To read the log group in use, deploy with InvocationLogGroupName=" in PAGE


def test_what_doctor_says_where_nobody_has_called_a_model_is_what_the_page_says() -> None:
    check = (CHECKOUT / "cli/request_lens_cli/diagnosis/checks/bedrock.py").read_text(encoding="utf-8")
    said = " ".join(PAGE.partition("i logged calls")[2].partition("…")[0].split())

    for words in ("No model was called in", "nor did an API log a request.", "a request that calls a model."):
        assert words in check
        assert words in said
    assert verdict([note("table", NOTHING_CAME)]) in PAGE


def test_the_readme_leads_to_the_path_before_its_first_command() -> None:
    deploying = (CHECKOUT / "README.md").read_text(encoding="utf-8").partition("\n## Deploy to AWS\n")[2]

    assert "(docs/deploying.md)" in deploying.partition("```console")[0]


def test_a_log_group_is_added_to_a_setting_of_s3_alone_and_what_was_there_stays() -> None:
    found = {"s3Config": {"bucketName": "my-logs", "keyPrefix": "bedrock"}, "imageDataDeliveryEnabled": False}
    (query,) = re.findall(r"get-model-invocation-logging-configuration --query '(merge.*?)'", PAGE, re.DOTALL)

    setting = jmespath.search(query, {"loggingConfig": found})
    shape = get_session().get_service_model("bedrock").operation_model("PutModelInvocationLoggingConfiguration")
    assert shape.input_shape is not None
    assert not ParamValidator().validate({"loggingConfig": setting}, shape.input_shape).has_errors()
    role = "arn:aws:iam::ACCOUNT:role/bedrock-logging"
    assert setting == {**found, "cloudWatchConfig": {"logGroupName": "GROUP", "roleArn": role}}


def test_the_role_for_it_may_do_what_the_stacks_own_role_may() -> None:
    trust, allowed = (json.loads(text) for text in re.findall(r"-policy-document '(\{.*?\})'", PAGE, re.DOTALL))
    properties = json.loads(json.dumps(TEMPLATE["Resources"]["BedrockLoggingRole"]["Properties"]))

    (own_trust,) = properties["AssumeRolePolicyDocument"]["Statement"]
    (own,) = properties["Policies"][0]["PolicyDocument"]["Statement"]
    assert (trust["Statement"][0]["Principal"], trust["Statement"][0]["Action"]) == (
        own_trust["Principal"],
        own_trust["Action"],
    )
    assert allowed["Statement"][0]["Action"] == own["Action"]
    assert allowed["Statement"][0]["Resource"].endswith(":log-stream:aws/bedrock/modelinvocations")
