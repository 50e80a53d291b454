"""The deployed stack, end to end: log lines in, table items, EMF lines and 1-second metrics out."""

import json
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import request_lens
from request_lens.domain.linking.link import Reason, Unattributed
from request_lens.domain.policy import Policy
from request_lens.domain.settling.state import RequestState
from request_lens.wire.log_record import read_record
from request_lens_cli.demo.scenario_run import agree, published_totals, wait_for_metrics
from request_lens_cli.demo.stack import DemoStack
from request_lens_cli.deployed.metrics import Metrics
from request_lens_cli.local_aws.aws_clients import local_client, local_session
from request_lens_cli.local_aws.emf.schema import EmfDocument
from request_lens_cli.local_aws.sam_settings import read_sam_settings
from request_lens_cli.options.parameters import DEFAULTS, policy_with
from request_lens_cli.replay.virtual_time import Arrival, Replay, replay
from request_lens_cli.report.documents import summary_document
from request_lens_cli.report.figures import calls_by_label
from request_lens_cli.report.headline import headline
from request_lens_cli.report.request_schema import Document
from request_lens_cli.scenario.scenario import Scenario
from tests.e2e.conftest import Played, processor_messages, settled
from tests.support.command_line.scenario_lines import as_ndjson

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]


def local_policy(deployment: DemoStack) -> Policy:
    """The policy that the stack was deployed with: the template's defaults and the shortened waits."""
    overrides = read_sam_settings(deployment.local.paths.samconfig).parameter_overrides()
    return policy_with({name: value for name, value in overrides.items() if name in DEFAULTS})


def replayed(scenario: Scenario, policy: Policy) -> Replay:
    return replay((Arrival(record=read_record(line)) for line in as_ndjson(scenario).splitlines()), policy)


def expected(deployment: DemoStack, scenario: str) -> dict[str, object]:
    text = (deployment.local.paths.events / scenario / "expected.json").read_text(encoding="utf-8")
    return dict(json.loads(text))


def emf_lines(deployment: DemoStack) -> Iterator[dict[str, object]]:
    for message in processor_messages(deployment):
        if message.startswith("{") and '"_aws"' in message:
            yield json.loads(message)


WHICH_REVISION = ("revision", "certain_since")
"""Which revision is the first certain one depends on how busy the machine is, what it says does not."""


def documents(states: Iterable[RequestState], policy: Policy) -> list[Document]:
    return [
        {key: value for key, value in summary_document(state, policy).items() if key not in WHICH_REVISION}
        for state in states
    ]


def samples_of(deployment: DemoStack, metric: str) -> list[tuple[str, object]]:
    """Each value of a request's own metric that was published, with its publication's id."""
    return [(str(line["publication_id"]), line[metric]) for line in emf_lines(deployment) if metric in line]


def test_ten_requests_made_seventeen_llm_calls(article: Played) -> None:
    _, report = article
    assert headline(report) == "10 requests · 17 LLM calls, all linked"
    assert calls_by_label(report) == "Tool Use: 7 requests of ≈ 2 calls; Simple: 3 requests of ≈ 1 call"


@pytest.mark.parametrize("scenario", ["article", "seven", "chat"])
def test_the_table_holds_what_the_scenario_says(
    deployment: DemoStack, scenario: str, request: pytest.FixtureRequest
) -> None:
    _, report = request.getfixturevalue(scenario)
    wanted = expected(deployment, scenario)
    totals = published_totals(report)
    assert totals["Requests"] == wanted["requests"]
    assert totals["LlmCalls"] == wanted["llm_calls"]
    assert totals["LlmErrors"] == wanted["llm_errors"]
    assert totals["InputTokens"] == wanted["input_tokens"]
    assert totals["OutputTokens"] == wanted["output_tokens"]
    assert report.unattributed == 0


@pytest.mark.parametrize("scenario", ["article", "seven", "chat"])
def test_a_replay_of_the_same_records_gives_the_same_numbers_field_by_field(
    deployment: DemoStack, scenario: str, request: pytest.FixtureRequest
) -> None:
    experiment, report = request.getfixturevalue(scenario)
    policy = local_policy(deployment)
    result = replayed(experiment.scenario, policy)
    assert documents(report.requests, policy) == documents(result.requests, policy)
    assert list(result.unattributed) == []


@pytest.mark.parametrize("scenario", ["article", "seven", "chat"])
def test_the_templates_own_waits_give_the_same_result_as_the_shortened_ones(
    deployment: DemoStack, scenario: str, request: pytest.FixtureRequest
) -> None:
    experiment, report = request.getfixturevalue(scenario)
    result = replayed(experiment.scenario, policy_with({}))
    assert documents(report.requests, policy_with({})) == documents(result.requests, policy_with({}))


@pytest.mark.parametrize("scenario", ["article", "seven", "chat"])
def test_the_metrics_read_back_at_one_second_are_what_the_table_says(
    deployment: DemoStack, scenario: str, request: pytest.FixtureRequest
) -> None:
    experiment, report = request.getfixturevalue(scenario)
    _, sums = wait_for_metrics(experiment, deployment.metrics, note=lambda _: None)
    assert agree(sums, published_totals(report))


def test_each_requests_calls_are_a_point_at_the_second_of_its_end(deployment: DemoStack, article: Played) -> None:
    experiment, report = article
    wait_for_metrics(experiment, deployment.metrics, note=lambda _: None)
    ends = {
        state.record.ended_at.replace(microsecond=0): float(state.summary.totals.llm_calls)
        for state in report.requests
        if state.record is not None and state.record.ended_at is not None and state.summary is not None
    }
    assert {moment: _calls_of_second(deployment.metrics, moment) for moment in ends} == ends


def _calls_of_second(metrics: Metrics, moment: datetime) -> float | None:
    sums = metrics.sums(["LlmCallsPerRequest"], first=moment, end=moment + timedelta(seconds=1))
    return sums.get("LlmCallsPerRequest")


def test_every_published_line_is_emf_at_one_second(deployment: DemoStack, article: Played) -> None:
    lines = list(emf_lines(deployment))
    assert lines
    for line in lines:
        document = EmfDocument.model_validate(line)
        for directive in document.metadata.directives:
            assert directive.namespace == "RequestLens"
            assert {metric.storage_resolution for metric in directive.metrics} == {1}


@pytest.mark.parametrize("scenario", ["article", "seven", "chat"])
def test_each_request_has_one_sample_which_its_first_certain_revision_publishes(
    deployment: DemoStack, scenario: str, request: pytest.FixtureRequest
) -> None:
    experiment, report = request.getfixturevalue(scenario)
    wait_for_metrics(experiment, deployment.metrics, note=lambda _: None)
    summaries = {state.request.request_id: state.summary for state in report.requests if state.summary is not None}
    wanted = [(f"{name}#{each.certain_since}", [each.totals.llm_calls]) for name, each in summaries.items()]
    samples = samples_of(deployment, "LlmCallsPerRequest")
    assert len(wanted) == len(experiment.scenario.access)
    assert sorted(sample for sample in samples if sample[0].partition("#")[0] in summaries) == sorted(wanted)


def test_the_functions_modules_came_from_the_layers_own_files(deployment: DemoStack, article: Played) -> None:
    starts = [json.loads(line) for line in processor_messages(deployment) if '"processor started"' in line]
    assert starts
    own_environment = str(deployment.local.paths.emulator_python.parents[1])
    for start in starts:
        assert (start["message"], start["version"]) == ("processor started", request_lens.__version__)
        for module, path in start["loaded_from"].items():
            assert not path.startswith(own_environment), module
            assert "site-packages" not in Path(path).parts, module


def test_bedrocks_logging_is_switched_on_to_our_log_group(deployment: DemoStack) -> None:
    session = local_session(deployment.local.endpoint)
    bedrock = session.client("bedrock", endpoint_url=deployment.local.endpoint)
    found = bedrock.get_model_invocation_logging_configuration()["loggingConfig"]
    assert found["cloudWatchConfig"]["logGroupName"] == deployment.stack.output("InvocationLogGroupName")
    assert found["textDataDeliveryEnabled"] is True
    assert found["imageDataDeliveryEnabled"] is False


def test_a_bad_line_is_counted_and_its_neighbours_are_processed(deployment: DemoStack) -> None:
    logs = local_client("logs", endpoint=deployment.local.endpoint)
    now = datetime.now(UTC)
    record = {
        "schemaType": "ModelInvocationLog",
        "timestamp": (now - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "requestId": f"neighbour-{now.timestamp()}",
        "operation": "Converse",
        "modelId": "amazon.nova-lite-v1:0",
    }
    messages = ['not JSON at all, says "ModelInvocationLog"', json.dumps(record)]
    logs.put_log_events(
        logGroupName=deployment.stack.output("InvocationLogGroupName"),
        logStreamName="aws/bedrock/modelinvocations",
        logEvents=[{"timestamp": round(now.timestamp() * 1000), "message": message} for message in messages],
    )
    found = _awaited(lambda: deployment.table.unlinked([record["requestId"]]))
    assert [call.invocation.invocation_id for call in found] == [record["requestId"]]
    assert any("RejectedRecords" in line for line in emf_lines(deployment))


def _awaited[Found](look: Callable[[], list[Found]]) -> list[Found]:
    """What `look` finds, as soon as it finds anything."""
    deadline = time.monotonic() + 30
    while not (found := look()) and time.monotonic() < deadline:
        time.sleep(0.2)
    return found


def test_overlapping_requests_are_ambiguous_untagged_and_exact_tagged(deployment: DemoStack) -> None:
    _, untagged = settled(deployment.play("overlap"))
    _, tagged = settled(deployment.play("overlap", with_tags=True))
    decisions = [call.decision for call in untagged.unlinked if isinstance(call.decision, Unattributed)]
    ambiguous = [decision for decision in decisions if decision.reason is Reason.AMBIGUOUS]
    assert len(ambiguous) > untagged.totals.llm_calls
    assert untagged.uncertain == 10
    assert headline(untagged).startswith("10 requests: 10 uncertain · ")
    assert headline(tagged) == "10 requests · 17 LLM calls, all linked"
    links = [call.link for state in tagged.requests for call in state.invocations]
    assert {(link.method, link.confidence) for link in links} == {("tag", "exact")}
    assert all(state.summary is not None and state.summary.tool_time_ms is not None for state in tagged.requests)
