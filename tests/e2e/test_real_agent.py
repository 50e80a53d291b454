"""The agent of examples/agent for real: deployed, asked by HTTP, its calls told from what it sent."""

import json
import os
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from operator import itemgetter
from typing import Any

import pytest
from botocore.awsrequest import AWSRequest

from request_lens.domain.facts import Invocation
from request_lens.domain.settling.state import RequestState
from request_lens.domain.spans import Span, SpanKind
from request_lens.wire.spans.span import read_span
from request_lens_cli.agent_demo.agent_run import AgentRun, Way, ask_agent, links_of, wait_until_counted
from request_lens_cli.agent_demo.asking import ask
from request_lens_cli.agent_demo.example import (
    RunningAgent,
    deploy_example,
    example_prompts,
    run_example,
    runtime_arn,
    stop_example,
)
from request_lens_cli.demo.stack import DemoStack
from request_lens_cli.local_aws.api.deployed_api import Kind
from request_lens_cli.local_aws.aws_clients import local_client, local_session
from request_lens_cli.local_aws.environment import AGENTCORE_ENDPOINT
from request_lens_cli.local_aws.otlp.stand_in import SPAN_GROUP
from request_lens_cli.report.headline import headline
from request_lens_cli.report.report import Report
from request_tag.agentcore import REQUEST_HEADER
from tests.support.deploying.model_truth import answered_calls
from tests.support.telemetry.published_keys import PUBLISHED, keys_by_kind

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

HEADINGS = ("Prompt", "Type", "LLM calls", "Duration", "LLM time", "Tool time", "Est. cost")

PACE = 0.1
"""The model answers ten times as fast as a real one: the links are by tag, so nothing depends on it."""


@pytest.fixture(scope="module")
def agent(deployment: DemoStack) -> Iterator[RunningAgent]:
    stack = deploy_example(deployment.local, say=lambda _: None)
    yield run_example(deployment.local, stack, pace=PACE)
    stop_example(deployment.local)


@pytest.fixture(scope="module", params=[1, 5], ids=["one-after-the-other", "five-at-a-time"])
def asked(deployment: DemoStack, agent: RunningAgent, request: pytest.FixtureRequest) -> tuple[AgentRun, Report]:
    way = Way(kind=Kind.HTTP, at_a_time=request.param)
    run = ask_agent(agent, way, example_prompts(agent.local), table=deployment.table)
    return run, wait_until_counted(run, calls=17, note=lambda _: None)


def test_ten_prompts_make_seventeen_calls_all_linked_by_their_tag(
    asked: tuple[AgentRun, Report],
) -> None:
    _, report = asked
    assert headline(report) == "10 requests · 17 LLM calls, all linked"
    assert links_of(report) == {("tag", "exact")}
    assert Counter(len(state.invocations) for state in report.requests) == {2: 7, 1: 3}


def started(state: RequestState) -> list[tuple[int, Invocation]]:
    """The request's calls in the order of their starts in epoch milliseconds, as their tags say."""
    calls = [(linked.invocation.tag, linked.invocation) for linked in state.invocations]
    said = [(tag.call_started_ms, call) for tag, call in calls if tag is not None and tag.call_started_ms is not None]
    assert len(said) == len(calls)
    return sorted(said, key=itemgetter(0))


def test_the_stack_reads_no_spans_so_the_log_tells_all_times(
    deployment: DemoStack, asked: tuple[AgentRun, Report]
) -> None:
    """Also where it has read them before, for another suite."""
    logs = local_client("logs", endpoint=deployment.local.endpoint)
    assert logs.describe_subscription_filters(logGroupName=SPAN_GROUP)["subscriptionFilters"] == []
    assert [state.summary.traced for state in asked[1].requests if state.summary is not None] == [None] * 10


def test_the_llm_time_of_each_request_is_the_sum_of_what_the_model_took_to_the_millisecond(
    deployment: DemoStack, asked: tuple[AgentRun, Report]
) -> None:
    truth = answered_calls(deployment.local)
    for state in asked[1].requests:
        calls = [truth[str(linked.invocation.invocation_id)] for linked in state.invocations]
        assert state.summary is not None
        assert state.summary.llm_time_ms == sum(call.latency_ms for call in calls)
        assert [linked.invocation.latency_ms for linked in state.invocations] == [call.latency_ms for call in calls]


def test_the_tool_time_of_each_request_lies_between_its_calls_to_the_millisecond(
    deployment: DemoStack, asked: tuple[AgentRun, Report]
) -> None:
    """A tag's start is the caller's, so it is before the one that the model's stand-in knows."""
    truth = answered_calls(deployment.local)
    for state in asked[1].requests:
        said = started(state)
        calls = [truth[str(call.invocation_id)] for _, call in said]
        ends = [began + call.latency_ms for (began, _), call in zip(said, calls, strict=True)]
        assert state.summary is not None
        assert state.summary.tool_time_ms == (0 if len(calls) == 1 else said[1][0] - ends[0])
        assert all(began <= call.started_ms for (began, _), call in zip(said, calls, strict=True))
        assert all(began <= call.started_ms for began, call in zip(ends, calls[1:], strict=False))


def test_each_call_names_its_session_on_agentcore_and_the_trace_of_its_request(
    deployment: DemoStack, agent: RunningAgent, asked: tuple[AgentRun, Report]
) -> None:
    """AgentCore's context has both, and the agent's entry point takes none: its decorator asks for it."""
    runs = lambda_traces(deployment, agent)
    traces = {str(state.request.request_id): runs[str(state.request.lambda_request_id)] for state in asked[1].requests}
    said = [record["requestMetadata"] for record in model_records(deployment, asked[0])]
    sessions = {metadata["api_request_id"]: metadata["session_id"] for metadata in said}

    assert len(said) == 17
    assert len(set(sessions.values())) == 10
    assert all(len(session) == 36 for session in sessions.values())
    for metadata in said:
        assert metadata["session_id"] == sessions[metadata["api_request_id"]]
        assert metadata["trace_id"] == traces[metadata["api_request_id"]].removeprefix("1-").replace("-", "")


def test_the_tools_wrote_their_files_by_the_agents_own_role(
    agent: RunningAgent, asked: tuple[AgentRun, Report]
) -> None:
    assert set(agent.files()) == {"clouds.txt", "hello.txt"}
    answers = {each.prompt: each.answer for each in asked[0].asked}
    assert "Wrote 11 bytes to hello.txt" in answers["Write hello world to S3"]


def test_the_script_asks_the_ten_prompts_and_prints_the_articles_table(
    deployment: DemoStack, agent: RunningAgent
) -> None:
    script = deployment.local.paths.checkout / "examples" / "agent" / "ask.py"
    command = [sys.executable, str(script), "--url", agent.urls[Kind.REST], "--at-a-time", "5"]
    environment = {**os.environ, **deployment.local.environment()}
    said = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout

    answers, _, table = said.partition("\n\n")
    assert len(answers.splitlines()) == 10
    headings, *rows, _, total, by_kind = table.splitlines()
    assert re.split(" {2,}", headings) == list(HEADINGS)
    prompts = example_prompts(agent.local)
    assert [tuple(re.split(" {2,}", row)[:3]) for row in rows] == [
        (prompt, kind, "2" if kind == "Tool Use" else "1") for prompt, kind in prompts.items()
    ]
    times = [re.split(" {2,}", row)[3:6] for row in rows]
    assert all(re.fullmatch(r"\d+\.\d\d s", each) for row in times for each in row)
    assert (total, by_kind) == ("10 requests, 17 LLM calls", "Tool Use 7 × 2, Simple 3 × 1")


def messages(deployment: DemoStack, group: str) -> list[str]:
    """All lines of a log group; none where it is not there yet."""
    logs = local_client("logs", endpoint=deployment.local.endpoint)
    try:
        pages = list(logs.get_paginator("filter_log_events").paginate(logGroupName=group))
    except logs.exceptions.ResourceNotFoundException:
        return []
    return [event["message"] for page in pages for event in page["events"]]


def model_records(deployment: DemoStack, run: AgentRun) -> list[dict[str, Any]]:
    """The invocation log's records of the run's requests."""
    ids = {each.request_id for each in run.asked}
    lines = messages(deployment, deployment.stack.output("InvocationLogGroupName"))
    records = (json.loads(line) for line in lines if line.startswith("{"))
    return [record for record in records if record.get("requestMetadata", {}).get("api_request_id") in ids]


def test_each_record_names_the_agents_own_role(deployment: DemoStack, asked: tuple[AgentRun, Report]) -> None:
    callers = {record["identity"]["arn"].split("/")[1] for record in model_records(deployment, asked[0])}
    assert len(callers) == 1
    assert {linked.invocation.caller_role for state in asked[1].requests for linked in state.invocations} == callers


def test_each_call_has_a_span_under_the_id_that_its_record_has(
    deployment: DemoStack, asked: tuple[AgentRun, Report]
) -> None:
    wanted = {record["requestId"] for record in model_records(deployment, asked[0])}
    deadline = time.monotonic() + 30  # an exporter sends its spans every five seconds
    while not wanted <= calls_with_spans(deployment) and time.monotonic() < deadline:
        time.sleep(0.5)
    assert len(wanted) == 17
    assert wanted <= calls_with_spans(deployment)


@pytest.mark.usefixtures("asked")
def test_each_kind_of_span_has_the_keys_of_published_ones(deployment: DemoStack) -> None:
    deadline = time.monotonic() + 30
    while len(found := keys_by_kind(messages(deployment, SPAN_GROUP))) < len(PUBLISHED) and time.monotonic() < deadline:
        time.sleep(0.5)
    assert found.keys() >= PUBLISHED.keys()
    for kind, published in PUBLISHED.items():
        assert found[kind] == published.here(), kind


def calls_with_spans(deployment: DemoStack) -> set[str]:
    spans = (read_span(line.encode()) for line in messages(deployment, SPAN_GROUP))
    return {str(span.invocation_id) for span in spans if isinstance(span, Span) and span.kind is SpanKind.CALL}


def lambda_traces(deployment: DemoStack, agent: RunningAgent) -> Mapping[str, str]:
    """The trace of each run of the API's function, by the run's id, as Lambda's own lines tell."""
    lines = messages(deployment, f"/aws/lambda/{agent.stack.name}-entry")
    said = [json.loads(line) for line in lines if line.startswith('{"time"')]
    starts = [line["record"] for line in said if line["type"] == "platform.start"]
    return {each["requestId"]: each["tracing"]["value"].split(";")[0].removeprefix("Root=") for each in starts}


def test_each_run_of_the_function_names_a_trace_that_the_agents_spans_are_of(
    deployment: DemoStack, agent: RunningAgent, asked: tuple[AgentRun, Report]
) -> None:
    runs = lambda_traces(deployment, agent)
    own = {runs[str(state.request.lambda_request_id)] for state in asked[1].requests}
    assert len(own) == len(asked[0].asked)
    spans = (read_span(line.encode()) for line in messages(deployment, SPAN_GROUP))
    traced = {str(span.trace_id) for span in spans if isinstance(span, Span) and span.kind is SpanKind.CALL}
    assert {trace.removeprefix("1-").replace("-", "") for trace in own} <= traced


def test_a_rest_apis_record_names_the_trace_of_its_own_calls(deployment: DemoStack, agent: RunningAgent) -> None:
    run = ask_agent(agent, Way(kind=Kind.REST, at_a_time=1), {"What is 2+2?": "Simple"}, table=deployment.table)
    report = wait_until_counted(run, calls=1, note=lambda _: None)
    record = report.requests[0].record
    assert record is not None
    assert record.route == "POST /ask"
    assert record.trace_id in {
        trace.removeprefix("1-").replace("-", "") for trace in lambda_traces(deployment, agent).values()
    }
    assert links_of(report) == {("tag", "exact")}


def test_an_agent_that_learns_of_the_request_by_its_header_tags_its_calls_and_numbers_none(
    deployment: DemoStack, agent: RunningAgent
) -> None:
    """As a caller sends it that cannot change the payload."""
    local = deployment.local
    agentcore: Any = local_session(local.endpoint).client(
        "bedrock-agentcore", endpoint_url=local.service_endpoints[AGENTCORE_ENDPOINT]
    )

    def add(request: AWSRequest, **_: object) -> None:
        request.headers[REQUEST_HEADER] = "by-the-header"

    agentcore.meta.events.register("before-sign.bedrock-agentcore.InvokeAgentRuntime", add)
    arn, session = runtime_arn(local), "s" * 33
    payload = json.dumps({"prompt": "What is 2+2?"}).encode()
    answer = agentcore.invoke_agent_runtime(agentRuntimeArn=arn, runtimeSessionId=session, payload=payload)
    assert json.loads(answer["response"].read())["answer"]

    (metadata,) = metadata_of(deployment, "by-the-header")
    assert {"api_request_id", "call_started_ms", "session_id"} <= metadata.keys()
    assert metadata["session_id"] == session
    assert "call_index" not in metadata


def metadata_of(deployment: DemoStack, request_id: str) -> list[dict[str, str]]:
    """The metadata of a request's calls, once the invocation log has some."""
    group = deployment.stack.output("InvocationLogGroupName")
    deadline = time.monotonic() + 30
    found: list[dict[str, str]] = []
    while not found and time.monotonic() < deadline:
        time.sleep(0.25)
        records = (json.loads(line) for line in messages(deployment, group) if line.startswith("{"))
        every = [record.get("requestMetadata", {}) for record in records]
        found = [each for each in every if each.get("api_request_id") == request_id]
    return found


def test_a_tool_may_do_nothing_without_the_agents_own_policy(deployment: DemoStack, agent: RunningAgent) -> None:
    """The local AWS enforces IAM, and the agent has no other rights than its role's."""
    endpoint = deployment.local.endpoint
    iam = local_session(endpoint).client("iam", endpoint_url=endpoint)
    role = agent.stack.output("AgentRoleName")
    (policy,) = iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
    iam.detach_role_policy(RoleName=role, PolicyArn=policy["PolicyArn"])
    try:
        refused = ask("List files in S3", agent.urls[Kind.HTTP]).answer
    finally:
        iam.attach_role_policy(RoleName=role, PolicyArn=policy["PolicyArn"])

    assert "AccessDenied" in refused
    assert "AccessDenied" not in ask("List files in S3", agent.urls[Kind.HTTP]).answer
