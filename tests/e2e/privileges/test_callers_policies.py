"""The policies of docs/permissions.md suffice: for each command its row alone, for `sam deploy` deploy.json."""

import subprocess
from collections.abc import Iterator, Mapping

import pytest
from click.testing import Result

from request_lens_cli.demo.stack import DemoStack
from request_lens_cli.local_aws.aws_clients import local_session
from request_lens_cli.local_aws.sam_settings import CONFIG_ENV
from tests.e2e.conftest import Played
from tests.support.deploying.asked_command import ask
from tests.support.deploying.callers import caller, policy, statements_of, without_bucket_policies

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

GROUP = "/of-somebody-else"
COMMANDS: Mapping[str, tuple[str, ...]] = {
    "requests": ("requests", "--since", "3h"),
    "show": ("show", "ID"),
    "timeline": ("timeline", "--since", "3h"),
    "report": ("report", "--since", "3h", "-o", "FILE"),
    "rejected": ("rejected", "--since", "3h"),
    "doctor": ("doctor", "--format", "json"),
    "attach": ("attach", "--yes", GROUP, "--kind", "access"),
    "detach": ("detach", GROUP),
    "attach-api": ("attach-api", "API", "--yes"),
    "backfill": ("backfill", "--since", "1m", "--yes"),
    "redrive": ("redrive",),
}
"""Each command of a deployed stack, in an order in which one finds what it needs."""

FIND_THE_STACK = "cloudformation:DescribeStacks"


@pytest.fixture(scope="module", autouse=True)
def over_http(deployment: DemoStack) -> Iterator[None]:
    with without_bucket_policies(deployment.local.endpoint):
        yield


@pytest.fixture(scope="module")
def words(deployment: DemoStack, article: Played, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """What stands for the words in capitals: a request, a file, and an API that has no access log."""
    session, endpoint = local_session(deployment.local.endpoint), deployment.local.endpoint
    session.client("logs", endpoint_url=endpoint).create_log_group(logGroupName=GROUP)
    apis = session.client("apigatewayv2", endpoint_url=endpoint)
    api = apis.create_api(Name="shop", ProtocolType="HTTP")["ApiId"]
    apis.create_stage(ApiId=api, StageName="$default")
    page = tmp_path_factory.mktemp("page") / "report.html"
    return {"ID": article[1].requests[0].request_id, "FILE": str(page), "API": api}


def asked(deployment: DemoStack, command: str, words: Mapping[str, str], keys: Mapping[str, str]) -> Result:
    arguments = (words.get(each, each) for each in COMMANDS[command])
    return ask(deployment.local.endpoint, *arguments, keys=keys)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_runs_under_its_row_of_the_page_alone(
    deployment: DemoStack, words: Mapping[str, str], command: str
) -> None:
    statements = statements_of(command)
    assert 1 < len(statements) < len(policy("operate"))

    with caller(deployment.local.endpoint, f"runs-{command}", statements) as keys:
        result = asked(deployment, command, words, keys)

    assert result.exit_code == 0, result.output
    assert "may not" not in result.output


@pytest.mark.parametrize("command", COMMANDS)
def test_who_may_nothing_is_told_the_first_action_that_lacks(
    deployment: DemoStack, words: Mapping[str, str], command: str
) -> None:
    with caller(deployment.local.endpoint, f"no-{command}", []) as keys:
        result = asked(deployment, command, words, keys)

    assert result.exit_code in (1, 3)
    assert f"may not {FIND_THE_STACK}" in result.output
    assert "Traceback" not in result.output


def test_a_week_is_the_same_list_with_and_without_the_right_to_scan(deployment: DemoStack) -> None:
    asks = ("requests", "--since", "7d", "--format", "csv")
    reads = [
        {"Effect": "Allow", "Action": [FIND_THE_STACK, "dynamodb:Query", "dynamodb:BatchGetItem"], "Resource": "*"}
    ]
    with caller(deployment.local.endpoint, "reader", reads) as reader:
        asked_hour_by_hour = ask(deployment.local.endpoint, *asks, keys=reader)
    with caller(deployment.local.endpoint, "operator", policy("operate")) as operator:
        scanned = ask(deployment.local.endpoint, *asks, keys=operator)

    assert asked_hour_by_hour.exit_code == scanned.exit_code == 0
    assert asked_hour_by_hour.stdout == scanned.stdout
    assert "POST /ask" in scanned.stdout


def test_a_change_is_deployed_under_the_deployers_policy_alone(deployment: DemoStack) -> None:
    before = _retention(deployment)
    with caller(deployment.local.endpoint, "deployer", policy("deploy")) as keys:
        deployed(deployment, keys, "RetentionDays=89")

    assert (before, _retention(deployment)) == ("90", "89")


def deployed(deployment: DemoStack, keys: Mapping[str, str], *overrides: str) -> None:
    """Run `sam deploy` of what was built with these parameters."""
    local = deployment.local
    template = local.paths.build / "build" / "template.yaml"
    command = [str(local.paths.sam), "deploy", "--template-file", str(template), "--config-env", CONFIG_ENV]
    command += ["--config-file", str(local.paths.samconfig), "--resolve-s3", "--no-progressbar"]
    command += ["--parameter-overrides", *overrides]
    ran = subprocess.run(command, env={**local.environment(), **keys}, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def _retention(deployment: DemoStack) -> str:
    endpoint = deployment.local.endpoint
    stacks = local_session(endpoint).client("cloudformation", endpoint_url=endpoint)
    (stack,) = stacks.describe_stacks(StackName=deployment.stack.name)["Stacks"]
    return next(each["ParameterValue"] for each in stack["Parameters"] if each["ParameterKey"] == "RetentionDays")
