"""A stack that works: logs are written, and its table holds what they tell."""

import json
from collections.abc import Iterator, Mapping
from datetime import timedelta

import pytest

from request_lens.domain.facts import Invocation
from request_lens.domain.linking.link import Decision
from request_lens.domain.settling.state import RequestState
from tests.support.facts import call
from tests.support.operating.facts_of_lately import FactsOfLately
from tests.support.operating.operated_stack import ACCESS, INVOCATIONS, PROCESSOR_LOG, OperatedStack, operated_stack
from tests.support.sample_states import settled

ROUTE, ROLE = "POST /ask", "AgentRole"

ACCESS_LINE: Mapping[str, str] = {
    "requestId": "JKJaXmPLvHcESHA=",
    "requestTimeEpoch": "1764872822000",
    "responseLatency": "4312",
    "status": "200",
    "routeKey": ROUTE,
}


SWEPT_LINE = json.dumps({"level": "INFO", "message": "facts swept", "begins": "2025-12-04T16:29:00+00:00"})


def invocation_line(role: str | None = ROLE) -> str:
    """A line of Bedrock's log: a call by a role, or by a user."""
    caller = f"assumed-role/{role}/session" if role else "user/somebody"
    service = "sts" if role else "iam"
    return json.dumps(
        {
            "schemaType": "ModelInvocationLog",
            "schemaVersion": "1.0",
            "timestamp": "2025-12-04T18:27:02Z",
            "requestId": "5e0b6c1a-8d5a-4b43-9d7e-0f3b2f6f1a02",
            "operation": "Converse",
            "modelId": "eu.anthropic.claude-haiku-4-5-20251001-v1:0",
            "identity": {"arn": f"arn:aws:{service}::123456789012:{caller}"},
            "input": {"inputTokenCount": 3},
            "output": {"outputTokenCount": 5},
        }
    )


class HealthyStack:
    """The stack, and its table, whose facts are of some minutes ago."""

    def __init__(self, aws: OperatedStack) -> None:
        self.aws = aws
        table = aws.outputs["RequestTableName"]
        self.table = FactsOfLately(aws.session.client("dynamodb"), table_name=table, now=aws.now)

    def holds(self, state: RequestState) -> None:
        """Store a request, with its last revision, as if it had begun some minutes ago."""
        self.table.holds(state)

    def holds_call(self, decision: Decision, *, number: int = 0, invocation: Invocation | None = None) -> None:
        """Store an untagged call of some minutes ago, and what was decided of it."""
        self.table.holds_call(decision, number=number, invocation=invocation)

    def writes(self, group: str, *lines: str) -> None:
        """Write lines, which are the newest."""
        self.aws.write(group, *lines, ago=timedelta(seconds=5))


@pytest.fixture
def healthy() -> Iterator[HealthyStack]:
    with operated_stack(AgentRoleNames=ROLE) as aws:
        stack = HealthyStack(aws)
        stack.aws.write(INVOCATIONS, invocation_line())
        stack.aws.write(ACCESS, json.dumps(ACCESS_LINE))
        stack.aws.write(PROCESSOR_LOG, SWEPT_LINE)
        stack.holds(settled("JKJaXmPLvHcESHA=", call("i1", 1)))
        yield stack
