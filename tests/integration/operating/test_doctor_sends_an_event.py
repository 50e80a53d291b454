"""`request-lens doctor --send-test-event`: a request of its own, through the processor itself."""

import io
import json
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

import processor_handler
from request_lens.wire.subscription import read_batch
from request_lens_cli.deployed.stack import read_stack
from request_lens_cli.diagnosis.examined import Examined
from request_lens_cli.diagnosis.finding import Finding
from request_lens_cli.diagnosis.sent_event import PATIENCE, STREAM, SentEvent
from request_lens_cli.options.stack_choice import StackChoice
from tests.integration.conftest import ENVIRONMENT
from tests.support.operating.operated_stack import ACCESS, INVOCATIONS, PROCESSOR_LOG, OperatedStack, operated

__all__ = ["operated"]

pytestmark = pytest.mark.slow  # each deploys a stack and examines all of it


@dataclass
class RunningProcessor:
    """The processor's handler, which gets what the log groups and the stream deliver, but for what is `deaf`."""

    stack: OperatedStack
    deaf: set[str] = field(default_factory=set)

    def __call__(self, event: dict[str, object]) -> str:
        printed = io.StringIO()
        if not self._is_deaf_to(event):
            with redirect_stdout(printed):
                processor_handler.lambda_handler(event, None)
        lines = [line for line in printed.getvalue().splitlines() if line.strip()]
        if lines:
            self.stack.write(PROCESSOR_LOG, *lines, ago=timedelta(0))
        return "{}"

    def _is_deaf_to(self, event: dict[str, object]) -> bool:
        if "awslogs" not in event:
            return "stream" in self.deaf
        group = read_batch(event).log_group
        return group in self.deaf


@pytest.fixture
def running(operated: OperatedStack, monkeypatch: pytest.MonkeyPatch) -> RunningProcessor:
    own = {
        "REQUEST_TABLE_NAME": operated.outputs["RequestTableName"],
        "SETTLE_QUEUE_URL": operated.outputs["SettleQueueUrl"],
        "SERVICE_NAME": "request-lens",
        "AGENT_ROUTES": "POST /ask",
    }
    for name, value in (ENVIRONMENT | own).items():
        monkeypatch.setenv(name, value)
    processor_handler._processor.cache_clear()
    operated.processor = RunningProcessor(operated)
    return operated.processor


@dataclass
class PassingClock:
    """A clock that goes on while somebody waits."""

    moment: datetime
    waited: timedelta = timedelta(0)

    def now(self) -> datetime:
        return self.moment + self.waited

    def pause(self, seconds: float) -> None:
        self.waited += timedelta(seconds=seconds)


def sent(stack: OperatedStack) -> tuple[list[Finding], timedelta]:
    """What comes of a test event, and how long it was waited for."""
    clock = PassingClock(stack.now)
    examined = Examined(stack=read_stack(StackChoice()), now=stack.now)
    return list(SentEvent(examined=examined, clock=clock, pause=clock.pause).send()), clock.waited


def emf_services(stack: OperatedStack) -> set[str]:
    events = stack.logs.filter_log_events(logGroupName=PROCESSOR_LOG)["events"]
    lines = [json.loads(event["message"]) for event in events]
    return {line["Service"] for line in lines if "_aws" in line}


def test_its_summary_comes_and_it_is_published_for_the_doctors_service(running: RunningProcessor) -> None:
    findings, waited = sent(running.stack)

    assert [finding.outcome for finding in findings] == ["fine", "fine"], findings
    assert "has its summary after" in findings[0].text
    assert waited == timedelta(0)
    assert emf_services(running.stack) == {"doctor"}
    assert json.loads(running.stack.answer("requests", "--format", "json"))["requests"] == []


def test_its_lines_stand_in_a_stream_of_their_own(running: RunningProcessor) -> None:
    sent(running.stack)

    for group in (ACCESS, INVOCATIONS):
        streams = running.stack.logs.describe_log_streams(logGroupName=group)["logStreams"]
        assert [stream["logStreamName"] for stream in streams] == [STREAM]


def test_a_stack_without_traffic_is_tried_before_the_traffic_is_missed(running: RunningProcessor) -> None:
    result = running.stack.ask("doctor", "--send-test-event", "--format", "json")

    findings = json.loads(result.stdout)["findings"]
    assert [each["outcome"] for each in findings if each["check"] == "test event"] == ["fine", "fine"], result.stdout
    names = [each["check"] for each in findings]
    assert names.index("test event") < names.index("logged calls")
    assert findings[names.index("logged calls")]["outcome"] == "note"
    assert (findings[-1]["check"], result.exit_code) == ("spans", 0)


@pytest.mark.parametrize(
    ("deaf", "text"),
    [
        (ACCESS, "The line in the access log group did not reach the table within"),
        (INVOCATIONS, "The request reached the table, but no summary with its call came within"),
        ("stream", "The summary is in the table, but its metrics were not published within"),
    ],
)
def test_what_does_not_come_is_said_after_some_patience(running: RunningProcessor, deaf: str, text: str) -> None:
    running.deaf.add(deaf)

    findings, waited = sent(running.stack)

    assert findings[-1].outcome == "fault"
    assert findings[-1].text.startswith(text)
    assert PROCESSOR_LOG in findings[-1].remedy
    assert waited >= PATIENCE


def test_its_call_is_not_sent_while_its_request_is_unknown(running: RunningProcessor) -> None:
    running.deaf.add(ACCESS)

    sent(running.stack)

    assert running.stack.logs.filter_log_events(logGroupName=INVOCATIONS)["events"] == []


def test_who_may_not_write_is_told_the_action(running: RunningProcessor) -> None:
    running.stack.deny("cloudwatch-logs.PutLogEvents")

    result = running.stack.ask("doctor", "--send-test-event", "--format", "json")

    findings = {each["check"]: each for each in json.loads(result.stdout)["findings"]}
    assert findings["test event"]["text"] == "Your credentials may not logs:PutLogEvents: allow them that action."
