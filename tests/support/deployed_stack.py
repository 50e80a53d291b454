"""A deployed stack as the command line finds it: CloudFormation's answer, and a table that holds a scenario.

moto plays DynamoDB. Its CloudFormation would need a dozen packages more, so one canned answer stands in for it.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from io import StringIO
from typing import TYPE_CHECKING, cast
from xml.sax.saxutils import escape

import boto3
import pytest
from botocore import handlers
from botocore.awsrequest import AWSRequest, AWSResponse
from click.testing import CliRunner, Result
from moto import mock_aws

from request_lens.adapters.dynamodb.fact_store import DynamoFactStore
from request_lens.adapters.memory.clock import MemoryClock
from request_lens.domain.linking.link import Link, LinkedInvocation, UnlinkedInvocation
from request_lens.domain.policy import Policy
from request_lens.domain.settling.state import RequestState
from request_lens.wire.log_record import read_record
from request_lens_cli.main import main
from request_lens_cli.replay.virtual_time import Arrival, replay
from request_lens_cli.scenario.scenario import load_scenario
from scripts.scenarios.generate import EVENTS
from tests.support.command_line.scenario_lines import as_ndjson
from tests.support.emulated_aws.aws_answer import answered
from tests.support.emulated_aws.lambda_stand_in import Handler, invoked, policy_of
from tests.support.request_table import TABLE_NAME, create_request_table
from tests.support.under_test import REGION

if TYPE_CHECKING:
    from moto.core.config import DefaultConfig
    from mypy_boto3_dynamodb import DynamoDBClient


NOW = datetime.fromisoformat("2025-12-04T18:40:00Z")
"""The moment at which the commands are run: the article's requests ended twelve minutes ago."""

XML = {"Content-Type": "text/xml"}

LIVING = timedelta(days=36_500)
"""The items of a scenario of long ago have not expired."""


@dataclass(slots=True)
class DeployedLens:
    """A stack named request-lens, whose table tests fill, and which they ask with the command line.

    `operations` are those that DynamoDB was asked for, by the tests too. `functions` are those that can be invoked,
    and `log` is what they print. `attached` are the log groups that were attached; `parameters` are every stack's.
    """

    client: "DynamoDBClient"
    stacks: dict[str, Mapping[str, str]]
    operations: list[str]
    functions: dict[str, Handler]
    log: StringIO
    attached: list[str]
    parameters: dict[str, str]
    now: datetime = NOW
    store: DynamoFactStore = field(init=False)

    def __post_init__(self) -> None:
        self.store = DynamoFactStore(
            self.client, table_name=TABLE_NAME, retention=LIVING, clock=MemoryClock(moment=self.now)
        )

    def holds(self, *states: RequestState) -> None:
        """Store these requests, with their calls and their last revision."""
        for state in states:
            if state.record is not None:
                self.store.store_requests([state.record], stored_at=state.stored_at or self.now)
            self.store.store_linked(state.invocations)
            for revision in range(1, state.revision + 1):
                assert state.summary is not None
                self.store.write_revision(state.request_id, revision=revision, summary=state.summary)

    def holds_untagged(self, *unlinked: UnlinkedInvocation) -> None:
        """Store these untagged invocations, with what was decided of them."""
        for call in unlinked:
            self.store.store_unlinked([call.invocation], stored_at=call.stored_at)
            if call.decision is not None:
                self.store.decide(call, call.decision)
            if isinstance(call.decision, Link):
                self.store.store_linked([LinkedInvocation(invocation=call.invocation, link=call.decision)])

    def plays(self, scenario: str) -> None:
        """Store what the pipeline makes of a scenario of events/, at the scenario's own time."""
        lines = as_ndjson(load_scenario(EVENTS / scenario)).splitlines()
        result = replay((Arrival(record=read_record(line)) for line in lines), Policy())
        self.holds(*result.requests)
        self.holds_untagged(*result.unattributed)

    def ask(self, *arguments: str, columns: int = 120, piped: bool = False) -> Result:
        """What `request-lens` answers at this moment: on a terminal of so many columns without styles, or in a pipe."""
        terminal = {} if piped else {"TTY_COMPATIBLE": "1", "TERM": "dumb", "LINES": "50"}
        runner = CliRunner(env={"COLUMNS": str(columns), "NO_COLOR": "1"} | terminal)
        return runner.invoke(main, arguments, obj=MemoryClock(moment=self.now), prog_name="request-lens")

    def answer(self, *arguments: str, columns: int = 120) -> str:
        """The same, of a command that must succeed: its standard output."""
        result = self.ask(*arguments, columns=columns)
        assert result.exit_code == 0, result.output
        return result.stdout

    def document(self, *arguments: str) -> dict[str, list[dict[str, object]]]:
        """The JSON that a command prints."""
        return dict(json.loads(self.answer(*arguments, "--format", "json")))


@pytest.fixture
def lens() -> Iterator[DeployedLens]:
    with deployed_lens() as deployed:
        yield deployed


@contextmanager
def deployed_lens() -> Iterator[DeployedLens]:
    """A stack without requests."""
    stacks: dict[str, Mapping[str, str]] = {"request-lens": {"RequestTableName": TABLE_NAME}}
    operations: list[str] = []
    functions: dict[str, Handler] = {}
    log = StringIO()
    attached: list[str] = []
    parameters: dict[str, str] = {}

    def cloudformation(request: AWSRequest, **_: object) -> AWSResponse:
        return _described(request, stacks, parameters)

    def invoke(request: AWSRequest, **_: object) -> AWSResponse:
        return invoked(request, functions, log=log)

    def policy(request: AWSRequest, **_: object) -> AWSResponse:
        return policy_of(request, attached)

    def dynamodb(event_name: str, **_: object) -> None:
        operations.append(event_name.rpartition(".")[2])

    answering = [
        ("before-send.cloudformation", cloudformation),
        ("before-send.lambda.Invoke", invoke),
        ("before-send.lambda.GetPolicy", policy),
        ("before-send.dynamodb", dynamodb),
    ]
    ours = {"core": {"mock_credentials": True, "passthrough": {"services": ["cloudformation", "lambda"]}}}
    with pytest.MonkeyPatch.context() as patched, mock_aws(config=cast("DefaultConfig", ours)):
        patched.setattr(handlers, "BUILTIN_HANDLERS", [*handlers.BUILTIN_HANDLERS, *answering])
        for name in ("STACK_NAME", "AWS_PROFILE", "AWS_REGION"):
            patched.delenv(name, raising=False)
        patched.setenv("AWS_DEFAULT_REGION", REGION)
        client = boto3.client("dynamodb", region_name=REGION)
        create_request_table(client)
        yield DeployedLens(
            client=client,
            stacks=stacks,
            operations=operations,
            functions=functions,
            log=log,
            attached=attached,
            parameters=parameters,
        )


def _described(
    request: AWSRequest, stacks: Mapping[str, Mapping[str, str]], parameters: Mapping[str, str]
) -> AWSResponse:
    """What CloudFormation answers to DescribeStacks of one stack by name."""
    name = _asked(request)
    if name not in stacks:
        fault = f"<Code>ValidationError</Code><Message>Stack with id {escape(name)} does not exist</Message>"
        return answered(request, 400, f"<ErrorResponse><Error><Type>Sender</Type>{fault}</Error></ErrorResponse>", XML)
    outputs = "".join(
        f"<member><OutputKey>{key}</OutputKey><OutputValue>{value}</OutputValue></member>"
        for key, value in stacks[name].items()
    )
    given = "".join(
        f"<member><ParameterKey>{key}</ParameterKey><ParameterValue>{value}</ParameterValue></member>"
        for key, value in parameters.items()
    )
    created = "<CreationTime>2025-11-01T09:00:00Z</CreationTime>"
    of_parameters = f"<Parameters>{given}</Parameters>"
    stack = f"<member><StackName>{name}</StackName>{created}<Outputs>{outputs}</Outputs>{of_parameters}</member>"
    result = f"<DescribeStacksResult><Stacks>{stack}</Stacks></DescribeStacksResult>"
    return answered(request, 200, f"<DescribeStacksResponse>{result}</DescribeStacksResponse>", XML)


def _asked(request: AWSRequest) -> str:
    """The stack's name, in the form that is the request's body."""
    return dict(pair.partition("=")[::2] for pair in (request.body or "").split("&")).get("StackName", "")
