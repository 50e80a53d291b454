"""The agent of examples/agent without its tags: deployed, asked by HTTP five at a time, its calls told by its spans."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from request_lens.domain.linking.link import Unattributed
from request_lens.domain.tracing.time_parts import TimeParts
from request_lens.domain.tracing.traced import Traced
from request_lens_cli.agent_demo.agent_run import Way, ask_agent, links_of, tools_of, wait_until_counted
from request_lens_cli.agent_demo.example import (
    RunningAgent,
    deploy_example,
    example_prompts,
    read_spans,
    run_example,
    stop_example,
)
from request_lens_cli.demo.stack import DemoStack
from request_lens_cli.local_aws.api.deployed_api import Kind
from request_lens_cli.local_aws.deployment import deploy_built
from request_lens_cli.options.parameters import policy_with
from request_lens_cli.report.headline import headline
from request_lens_cli.report.period import Period
from request_lens_cli.report.report import Report
from tests.support.deploying.model_truth import answered_calls

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

PACE = 0.3
"""The model answers three times as fast as a real one; requests overlap all the same."""


@pytest.fixture(scope="module")
def agent(deployment: DemoStack) -> Iterator[RunningAgent]:
    stack = deploy_example(deployment.local, say=lambda _: None)
    read_spans(deployment.local, stack, say=lambda _: None)
    yield run_example(deployment.local, stack, pace=PACE, is_tagged=False)
    stop_example(deployment.local)
    deploy_built(deployment.local, say=lambda _: None)  # the other suites' stack reads no spans


@pytest.fixture(scope="module", params=[Kind.HTTP, Kind.REST])
def report(deployment: DemoStack, agent: RunningAgent, request: pytest.FixtureRequest) -> Report:
    """What the table holds of ten prompts: an HTTP API's record leads to a trace by its function's run alone."""
    way = Way(kind=request.param, at_a_time=5)
    run = ask_agent(agent, way, example_prompts(agent.local), table=deployment.table)
    return wait_until_counted(run, calls=17, note=lambda _: None, complete=True)


def traced_of(report: Report) -> list[Traced]:
    found = [state.summary.traced for state in report.requests if state.summary is not None]
    return [each for each in found if each is not None]


def added_up(time: TimeParts) -> int:
    of_models = time.llm_ms + time.llm_elsewhere_ms
    return of_models + time.tools_ms + (time.memory_ms or 0) + time.agent_ms + time.outside_ms


def test_ten_prompts_make_seventeen_calls_all_linked_by_their_trace_and_proven_to_be_all(report: Report) -> None:
    assert headline(report) == "10 requests · 17 LLM calls, all linked"
    assert links_of(report) == {("trace", "exact")}
    assert all(linked.invocation.tag is None for state in report.requests for linked in state.invocations)
    assert Counter(len(state.invocations) for state in report.requests) == {2: 7, 1: 3}
    assert [(each.complete, each.missing_calls) for each in traced_of(report)] == [(True, 0)] * 10
    assert len({each.session_id for each in traced_of(report) if each.session_id is not None}) == 10


def test_each_tool_is_named_and_the_parts_of_each_requests_time_add_up(report: Report) -> None:
    tools = {"current_time": 3, "s3_list_objects": 2, "s3_write_object": 2}
    durations = [state.record.duration_ms for state in report.requests if state.record is not None]

    assert tools_of(report) == tools
    assert [each.time_by and added_up(each.time_by) for each in traced_of(report)] == durations


def test_spans_tell_the_times_what_the_agent_waited_for_models_and_what_its_tools_took(
    deployment: DemoStack, report: Report
) -> None:
    """The way to a model and back is LLM time then, and what lies between calls beside the tools is the agent's."""
    truth = answered_calls(deployment.local)
    for state in report.requests:
        assert state.summary is not None
        assert state.summary.traced is not None
        parts = state.summary.traced.time_by
        assert parts is not None
        assert (state.summary.llm_time_ms, state.summary.tool_time_ms) == (parts.llm_ms, parts.tools_ms)
        took = [truth[str(linked.invocation.invocation_id)].latency_ms for linked in state.invocations]
        assert parts.llm_ms >= sum(took)
        assert [linked.invocation.latency_ms for linked in state.invocations] == took


@pytest.mark.usefixtures("report")
def test_no_call_is_left_unattributed(deployment: DemoStack) -> None:
    now = datetime.now(UTC)
    lately = Period(first=now - timedelta(minutes=10), last=now)
    found = deployment.table.report(lately, policy_with({"SpanLogGroupName": "aws/spans"}))

    assert [call.decision for call in found.unlinked if isinstance(call.decision, Unattributed)] == []
