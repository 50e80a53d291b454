"""The command, installed from its wheel without a clone, asks the deployed stack."""

import json
from pathlib import Path

import pytest

from request_lens_cli.demo.stack import DemoStack
from request_lens_cli.local_aws.environment import settings
from tests.e2e.conftest import Played
from tests.support.command_line.installed_command import installed

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]


def test_the_installed_command_reads_the_deployed_table(deployment: DemoStack, article: Played, tmp_path: Path) -> None:
    command, (run, report) = installed(tmp_path), article

    listed = command.run("requests", "--since", "1d", "--format", "json", **settings(deployment.local.endpoint))

    assert listed.returncode == 0, listed.stderr
    by_id = {request["request_id"]: request["llm_calls"] for request in json.loads(listed.stdout)["requests"]}
    ours = {request_id: by_id.get(request_id) for request_id in run.scenario.request_ids()}
    assert ours == {
        state.request_id: state.summary.totals.llm_calls for state in report.requests if state.summary is not None
    }
