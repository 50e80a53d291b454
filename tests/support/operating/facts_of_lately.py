"""Facts that lie in a stack's table as if they were of some minutes ago, as the processor would have left them."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from request_lens.adapters.dynamodb.fact_store import DynamoFactStore
from request_lens.adapters.memory.clock import MemoryClock
from request_lens.domain.facts import Invocation, InvocationId
from request_lens.domain.linking.link import Decision, UnlinkedInvocation
from request_lens.domain.settling.state import RequestState
from tests.support.facts import START, call

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

AGO = timedelta(minutes=5)


class FactsOfLately:
    """Writes them into a table, as of one moment."""

    def __init__(self, client: "DynamoDBClient", *, table_name: str, now: datetime) -> None:
        clock = MemoryClock(moment=now)
        self._store = DynamoFactStore(client, table_name=table_name, retention=timedelta(days=90), clock=clock)
        self._lately = now - AGO

    def holds(self, state: RequestState) -> None:
        """Store a request, with its last revision."""
        assert state.record is not None
        assert state.summary is not None
        record = replace(state.record, started_at=self._lately + (state.record.started_at - START))
        self._store.store_requests([record], stored_at=record.started_at + timedelta(seconds=6))
        self._store.write_revision(record.request_id, revision=1, summary=state.summary)

    def holds_call(self, decision: Decision, *, number: int = 0, invocation: Invocation | None = None) -> None:
        """Store an untagged call, and what was decided of it."""
        observed = replace(invocation or call(), logged_at=self._lately, invocation_id=InvocationId(f"call-{number}"))
        unlinked = UnlinkedInvocation(invocation=observed, stored_at=self._lately + timedelta(seconds=5))
        self._store.store_unlinked([observed], stored_at=unlinked.stored_at)
        self._store.decide(unlinked, decision)
