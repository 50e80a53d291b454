"""`--web`: where AWS's console shows the same."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from request_lens.domain.facts import TraceId
from tests.support.deployed_stack import DeployedLens
from tests.support.facts import call
from tests.support.sample_states import settled

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
    lens.holds(replace(state, record=replace(state.record, trace_id=TraceId("6930d2f6a1b2c3d4e5f60718293a4b5c"))))

    *_, trace = lens.answer("show", "r1", "--web").splitlines()

    assert trace == f"Trace: {CONSOLE}#xray:traces/1-6930d2f6-a1b2c3d4e5f60718293a4b5c"


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
