"""The commands against the deployed stack: what they print and write is what the table holds."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from request_lens_cli.demo.stack import DemoStack
from request_lens_cli.local_aws.environment import settings
from request_lens_cli.main import main
from tests.e2e.conftest import Played, settled

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
    first = report.requests[0]
    shown = json.loads(answer(deployment, "show", first.request_id, "--format", "json"))
    assert shown == {**found[first.request_id], "possible": []}
    piped = answer(deployment, "show", first.request_id)
    assert all(str(call.invocation.invocation_id) in piped for call in first.invocations)


DEMO = """
from request_lens_cli.commands import demo
from request_lens_cli.demo.stack import open_demo_stack
from request_lens_cli.local_aws.deployment import deployed_stack

demo._deploy = lambda local, console: open_demo_stack(local, deployed_stack(local))
demo.demo_command(prog_name="demo")
"""
"""A demo of its own process that finds the stack built and deployed."""


def test_two_demos_at_once_after_another_run_come_one_after_the_other_and_find_what_the_article_found(
    deployment: DemoStack, article: Played
) -> None:
    """The settings that a demo writes are this deployment's own: it finds the local AWS that runs."""
    # However long ago the suites before played theirs, the last minute is not free.
    settled(deployment.play("article", with_tags=True, ago=deployment.apart("article")))
    demos = [
        subprocess.Popen([sys.executable, "-c", DEMO], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for _ in range(2)
    ]
    said = [demo.communicate(timeout=150)[0] for demo in demos]

    assert [demo.returncode for demo in demos] == [0, 0], said
    assert sorted("Another demo runs in this clone" in output for output in said) == [False, True]
    for output in said:
        assert "10 requests · 17 LLM calls, all linked" in output
        assert "Tool Use: 7 requests of ≈ 2 calls; Simple: 3 requests of ≈ 1 call (as expected)" in output
        # Where a request was uncertain for a while, the sum that is read back is 0.
        assert re.search(r"metrics  read back at 1 s: Requests 10, (UncertainRequests 0, )?LlmCalls 17", output)
        assert "The local AWS is still running" in output
    (first,) = [output for output in said if "Another demo runs in this clone" not in output]
    assert "ago: before earlier runs" in first


def test_the_timeline_and_the_report_are_written(deployment: DemoStack, article: Played, tmp_path: Path) -> None:
    _, report = article
    for name in ("t.svg", "t.png"):
        answer(deployment, "timeline", "-o", str(tmp_path / name))
    answer(deployment, "report", "--since", "1d", "-o", str(tmp_path / "report.html"))

    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert [state.request_id for state in report.requests if state.request_id not in page] == []
    assert (tmp_path / "t.png").stat().st_size > 10_000
    assert "<svg" in (tmp_path / "t.svg").read_text(encoding="utf-8")
