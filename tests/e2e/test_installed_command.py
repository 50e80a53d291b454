"""The command, installed from its wheel without a clone, asks and operates the deployed stack."""

import json

import pytest

from request_lens_cli.demo.stack import DemoStack
from request_lens_cli.local_aws.environment import settings
from tests.e2e.conftest import Played
from tests.support.command_line.installed_command import InstalledCommand, installed

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def command(tmp_path_factory: pytest.TempPathFactory) -> InstalledCommand:
    return installed(tmp_path_factory.mktemp("installed"))


def answer(command: InstalledCommand, deployment: DemoStack, *arguments: str) -> str:
    """What it prints with the settings of out/local-aws.env."""
    finished = command.run(*arguments, **settings(deployment.local.endpoint))
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


def test_the_installed_command_reads_the_deployed_table(
    command: InstalledCommand, deployment: DemoStack, article: Played
) -> None:
    run, report = article

    listed = json.loads(answer(command, deployment, "requests", "--since", "1d", "--format", "json"))["requests"]

    by_id = {request["request_id"]: request["llm_calls"] for request in listed}
    ours = {request_id: by_id.get(request_id) for request_id in run.scenario.request_ids()}
    assert ours == {
        state.request_id: state.summary.totals.llm_calls for state in report.requests if state.summary is not None
    }


def test_the_installed_command_operates_the_stack(
    command: InstalledCommand, deployment: DemoStack, article: Played
) -> None:
    group = deployment.stack.output("AccessLogGroupName")

    found = command.run("doctor", "--format", "json", **settings(deployment.local.endpoint))
    attached = answer(command, deployment, "attach", group, "--kind", "access")
    redriven = answer(command, deployment, "redrive", "--dry-run", "--format", "json")
    sent = answer(command, deployment, "backfill", "--since", "1h", "--log-group", group, "--yes", "--format", "json")

    assert "permission" in {each["check"] for each in json.loads(found.stdout)["findings"]}
    assert f"{group} is attached" in attached
    assert "counts" in json.loads(redriven)
    assert json.loads(sent)["log_events"] >= len(article[0].scenario.access)
