"""What the table holds at a schedule's end, read by the product's own reader over a table where nothing goes wrong."""

import random
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, cast

from request_lens.adapters.dynamodb.fact_reader import DynamoFactReader
from request_lens.adapters.dynamodb.items import linked_key
from request_lens.adapters.memory.clock import MemoryClock
from request_lens.domain.facts import InvocationId, RequestId
from request_lens.domain.linking.link import UnlinkedInvocation
from request_lens.domain.settling.state import RequestState
from tests.simulation.drawing.faults import Faults
from tests.simulation.small_aws.calls import Calls
from tests.simulation.small_aws.dynamodb import SmallDynamo
from tests.simulation.small_aws.expressions import Item
from tests.simulation.small_aws.items import Items
from tests.simulation.step import Step
from tests.support.facts import START

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def _refuse(_before: Item | None, after: Item) -> None:
    raise AssertionError(f"a judge wrote {after}")


class TableView:
    """The facts of these ids, as they stand."""

    def __init__(self, items: Items) -> None:
        quiet = Calls(Step(Faults(random.Random(0), quiet=True)))
        client = SmallDynamo(quiet, MemoryClock(START), on_write=_refuse, items=items)
        self._items = items
        self._reader = DynamoFactReader(cast("DynamoDBClient", client), table_name="requests")

    def requests(self, request_ids: Iterable[RequestId]) -> Sequence[RequestState]:
        """Those of the requests whose record came, by start, then id."""
        found = [(state.record.started_at, state) for state in self.states(request_ids) if state.record]
        return [state for _, state in sorted(found, key=lambda each: (each[0], each[1].request_id))]

    def states(self, request_ids: Iterable[RequestId]) -> Sequence[RequestState]:
        """The requests, whether or not their records came."""
        return [self._reader.load_request(each) for each in request_ids]

    def unlinked(self, invocation_ids: Iterable[InvocationId]) -> Sequence[UnlinkedInvocation]:
        """Those of the calls that have an item of their own, by timestamp, then id."""
        found = [one for each in invocation_ids if (one := self._reader.load_unlinked(each)) is not None]
        return sorted(found, key=lambda each: (each.invocation.logged_at, each.invocation.invocation_id))

    def first_stored(
        self, request_ids: Iterable[RequestId], unlinked: Iterable[UnlinkedInvocation]
    ) -> dict[str, datetime]:
        """When each fact was stored first: a tagged call under its request, others as they say."""
        found: dict[str, datetime] = {}
        for state in self.states(request_ids):
            if state.stored_at is not None:
                found[state.request_id] = state.stored_at
            for each in state.invocations:
                key = linked_key(each)
                found[each.invocation.invocation_id] = self._items.first_written[str(key["pk"]), str(key["sk"])]
        own = {each.invocation.invocation_id: each.stored_at for each in unlinked if each.invocation.tag is None}
        return found | own
