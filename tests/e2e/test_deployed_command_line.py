"""The commands against the deployed stack: what they print and write is what the table holds."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from request_lens_cli.demo.stack import DemoStack
from request_lens_cli.local_aws.environment import settings
from request_lens_cli.main import main
from tests.e2e.conftest import Played

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]


def answer(deployment: DemoStack, *arguments: str) -> str:
    """What `request-lens` prints with the settings of out/local-aws.env."""
    environment = {**settings(deployment.local.endpoint), "COLUMNS": "170", "NO_PROXY": "127.0.0.1"}
    # An empty token is one that botocore sends.
    environment.pop("AWS_SESSION_TOKEN")
    result = CliRunner(env=environment).invoke(main, arguments, prog_name="request-lens")
    assert result.exit_code == 0, result.output
    return result.stdout


def test_the_requests_of_the_last_hour_are_listed_and_each_can_be_shown(deployment: DemoStack, article: Played) -> None:
    _, report = article
    listed = json.loads(answer(deployment, "requests", "--format", "json"))["requests"]
    found = {request["request_id"]: request for request in listed}

    for state in report.requests:
        assert state.summary is not None
        assert found[state.request_id]["llm_calls"] == state.summary.totals.llm_calls
        assert state.request_id in answer(deployment, "requests")
    first = report.requests[0].request_id
    assert json.loads(answer(deployment, "show", first, "--format", "json")) == found[first]
    assert "call 2" in answer(deployment, "show", first)


def test_the_timeline_and_the_report_are_written(deployment: DemoStack, article: Played, tmp_path: Path) -> None:
    _, report = article
    for name in ("t.svg", "t.png"):
        answer(deployment, "timeline", "-o", str(tmp_path / name))
    answer(deployment, "report", "--since", "1d", "-o", str(tmp_path / "report.html"))

    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert [state.request_id for state in report.requests if state.request_id not in page] == []
    assert (tmp_path / "t.png").stat().st_size > 10_000
    assert "<svg" in (tmp_path / "t.svg").read_text(encoding="utf-8")
