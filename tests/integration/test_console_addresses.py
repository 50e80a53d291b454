"""`--web`: where AWS's console shows the same; and where each output says that it shows the trace."""

import csv
import json
from collections.abc import Mapping
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest

from request_lens.domain.facts import TraceId
from tests.support.deployed_stack import DeployedLens
from tests.support.facts import call
from tests.support.sample_states import settled
from tests.support.telemetry.traced_states import COMPLETE, traced_state

CONSOLE = "https://ap-northeast-1.console.aws.amazon.com/cloudwatch/home?region=ap-northeast-1"


@pytest.fixture(autouse=True)
def outputs(lens: DeployedLens) -> Mapping[str, str]:
    lens.stacks["request-lens"] = {
        **lens.stacks["request-lens"],
        "DashboardUrl": f"{CONSOLE}#dashboards/dashboard/request-lens",
        "ProcessorLogGroupName": "/request-lens/request-lens/processor",
    }
    return lens.stacks["request-lens"]


def test_of_a_request_it_is_the_dashboard_and_its_lines_of_the_log(lens: DeployedLens) -> None:
    lens.holds(settled('r"1', call("i1", 1)))

    dashboard, insights = lens.answer("show", 'r"1', "--web", columns=80).splitlines()

    assert dashboard == f"Dashboard: {CONSOLE}#dashboards/dashboard/request-lens"
    assert insights == (
        f"Logs Insights: {CONSOLE}#logsV2:logs-insights$3FqueryDetail$3D~("
        "end~'2025-12-04T18*3a40*3a00.000Z~start~'2025-12-04T18*3a27*3a17.000Z~timeType~'ABSOLUTE~tz~'UTC"
        "~editorString~'filter*20request_id*20*3d*20*22r*5c*221*22*0a*7c*20sort*20*40timestamp*20asc"
        "~source~(~'*2frequest-lens*2frequest-lens*2fprocessor))"
    )


def test_of_a_request_that_names_its_trace_it_is_that_too(lens: DeployedLens) -> None:
    state = settled("r1", call("i1", 1))
    assert state.record is not None
    lens.holds(replace(state, record=replace(state.record, trace_id=TRACE_ID)))

    *_, trace = lens.answer("show", "r1", "--web").splitlines()

    assert trace == f"Trace: {TRACE_URL}"


TRACE_ID = TraceId("6930d2f6a1b2c3d4e5f60718293a4b5c")
TRACE_URL = f"{CONSOLE}#xray:traces/1-6930d2f6-a1b2c3d4e5f60718293a4b5c"


def held_with_spans(lens: DeployedLens) -> None:
    lens.holds(traced_state("r1", replace(COMPLETE, trace_id=TRACE_ID)))


def shown(lens: DeployedLens) -> dict[str, object]:
    """The request as JSON."""
    document: dict[str, object] = json.loads(lens.answer("show", "r1", "--format", "json"))
    return document


def test_each_output_of_a_request_has_where_its_trace_is_to_be_seen(lens: DeployedLens, tmp_path: Path) -> None:
    held_with_spans(lens)

    assert f"\nIts trace: {TRACE_URL}\n" in lens.answer("show", "r1", columns=80)
    assert lens.ask("show", "r1", piped=True).stderr == f"Its trace: {TRACE_URL}\n"
    assert shown(lens)["trace_url"] == TRACE_URL
    assert lens.document("requests")["requests"][0]["trace_url"] == TRACE_URL
    assert json.loads(lens.answer("requests", "--format", "ndjson"))["trace_url"] == TRACE_URL
    (row,) = csv.DictReader(StringIO(lens.answer("requests", "--format", "csv")))
    assert row["trace_url"] == TRACE_URL
    lens.answer("report", "-o", str(tmp_path / "report.html"))
    assert f'href="{TRACE_URL}"' in (tmp_path / "report.html").read_text("utf-8")


@pytest.mark.parametrize("is_local", [True, False], ids=["local", "without a dashboard"])
def test_where_there_is_no_console_the_trace_is_an_id(
    lens: DeployedLens, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, is_local: bool
) -> None:
    held_with_spans(lens)
    if is_local:
        monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", "http://127.0.0.1:4566")
    else:
        outputs = lens.stacks["request-lens"]
        lens.stacks["request-lens"] = {name: each for name, each in outputs.items() if name != "DashboardUrl"}

    words = lens.answer("show", "r1")
    assert f"Trace {TRACE_ID}" in words
    assert "xray" not in words
    assert (shown(lens)["trace_id"], shown(lens)["trace_url"]) == (TRACE_ID, None)
    assert lens.document("requests")["requests"][0]["trace_url"] is None
    lens.answer("report", "-o", str(tmp_path / "report.html"))
    assert f'trace <span class="trace">{TRACE_ID}<' in (tmp_path / "report.html").read_text("utf-8")


def test_of_a_list_it_is_the_same_period(lens: DeployedLens) -> None:
    dashboard, insights = lens.answer("requests", "--since", "15m", "--web").splitlines()

    assert dashboard.startswith(f"Dashboard: {CONSOLE}#")
    assert "end~'2025-12-04T18*3a40*3a00.000Z~start~'2025-12-04T18*3a25*3a00.000Z~" in insights
    assert "filter*20ispresent*28request_id*29" in insights


@pytest.mark.parametrize("command", [["requests", "--web"], ["show", "r1", "--web"]])
def test_a_stack_of_the_local_aws_has_no_console(
    lens: DeployedLens, command: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lens.holds(settled("r1", call("i1", 1)))
    monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", "http://127.0.0.1:4566")

    refused = lens.ask(*command)

    assert refused.exit_code == 1
    assert "on the local AWS at http://127.0.0.1:4566, which has no console" in refused.stderr
    assert refused.stdout == ""


def test_addresses_come_instead_of_a_list(lens: DeployedLens) -> None:
    refused = lens.ask("requests", "--web", "--format", "csv")

    assert refused.exit_code == 2
    assert "--web prints addresses instead of the list" in refused.output


def test_a_request_that_is_unknown_has_none(lens: DeployedLens) -> None:
    assert lens.ask("show", "nobody", "--web").exit_code == 1
