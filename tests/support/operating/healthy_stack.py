"""A stack that works: logs are written, and its table holds what they tell."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest

from request_lens.adapters.dynamodb.fact_store import DynamoFactStore
from request_lens.adapters.memory.clock import MemoryClock
from request_lens.domain.facts import Invocation, InvocationId
from request_lens.domain.linking.link import Decision, UnlinkedInvocation
from request_lens.domain.settling.state import RequestState
from tests.support.facts import START, call
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


@dataclass
class HealthyStack:
    """The stack, and its table, whose facts are of some minutes ago."""

    aws: OperatedStack

    def __post_init__(self) -> None:
        clock = MemoryClock(moment=self.aws.now)
        self.store = DynamoFactStore(
            self.aws.session.client("dynamodb"),
            table_name=self.aws.outputs["RequestTableName"],
            retention=timedelta(days=90),
            clock=clock,
        )

    def holds(self, state: RequestState) -> None:
        """Store a request, with its last revision, as if it had begun some minutes ago."""
        assert state.record is not None
        assert state.summary is not None
        record = replace(state.record, started_at=self._lately(state))
        self.store.store_requests([record], stored_at=record.started_at + timedelta(seconds=6))
        self.store.write_revision(record.request_id, revision=1, summary=state.summary)

    def holds_call(self, decision: Decision, *, number: int = 0, invocation: Invocation | None = None) -> None:
        """Store an untagged call of some minutes ago, and what was decided of it."""
        lately = self.aws.now - timedelta(minutes=5)
        observed = replace(invocation or call(), logged_at=lately, invocation_id=InvocationId(f"call-{number}"))
        unlinked = UnlinkedInvocation(invocation=observed, stored_at=lately + timedelta(seconds=5))
        self.store.store_unlinked([observed], stored_at=unlinked.stored_at)
        self.store.decide(unlinked, decision)

    def writes(self, group: str, *lines: str) -> None:
        """Write lines, which are the newest."""
        self.aws.write(group, *lines, ago=timedelta(seconds=5))

    def _lately(self, state: RequestState) -> datetime:
        assert state.record is not None
        return self.aws.now - timedelta(minutes=5) + (state.record.started_at - START)


@pytest.fixture
def healthy() -> Iterator[HealthyStack]:
    with operated_stack(AgentRoleNames=ROLE) as aws:
        stack = HealthyStack(aws)
        stack.aws.write(INVOCATIONS, invocation_line())
        stack.aws.write(ACCESS, json.dumps(ACCESS_LINE))
        stack.aws.write(PROCESSOR_LOG, SWEPT_LINE)
        stack.holds(settled("JKJaXmPLvHcESHA=", call("i1", 1)))
        yield stack
