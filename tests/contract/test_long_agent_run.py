"""An agent run of thousands of calls, by the real use cases over both fact stores: stored, settled and told whole."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import batched

import pytest

from request_lens.adapters.memory.clock import MemoryClock
from request_lens.adapters.memory.inference_profiles import MemoryInferenceProfiles
from request_lens.adapters.memory.metric_sink import MemoryMetricSink
from request_lens.adapters.memory.settle_timer import MemorySettleTimer
from request_lens.application.collect import collect
from request_lens.application.settle import settle
from request_lens.domain.facts import Conversation, Invocation, RequestId, Tag
from request_lens.domain.log_record import LogRecord
from request_lens.domain.policy import Policy
from request_lens.domain.pricing import NO_PRICES
from request_lens.domain.publishing.changes import RevisionWritten
from request_lens.domain.settling.state import SettleKey, SettleKind
from request_lens.ports import Ports
from tests.support.stored_facts import NOON, call_at, request_at
from tests.support.under_test import StoreUnderTest

CALLS = 5_000
ID = RequestId("request-1")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MS = timedelta(milliseconds=1)
STEP = timedelta(seconds=2)
BATCH = 500


def call_of_run(place: int) -> Invocation:
    """The run's calls, one every two seconds; each but the last asks for a tool, whose result the next returns."""
    began, is_last = NOON + place * STEP, place == CALLS - 1
    tag = Tag(request_id=ID, call_index=place + 1, call_started_ms=(began - EPOCH) // MS)
    conversation = Conversation(
        returned=(f"tool-{place - 1}",) if place else (), produced=() if is_last else (f"tool-{place}",)
    )
    call = call_at(began, invocation_id=f"call-{place:04}", tag=tag)
    return replace(call, conversation=conversation, stop_reason="end_turn" if is_last else "tool_use")


@pytest.mark.timeout(300)  # moto takes seconds to answer with 5,000 items
@pytest.mark.slow
def test_an_agent_run_of_5_000_calls_is_settled_whole_on_however_many_pages_its_calls_are(
    tested: StoreUnderTest,
) -> None:
    run = [call_of_run(place) for place in range(CALLS)]
    record = replace(request_at(), duration_ms=CALLS * STEP // MS)
    lines: list[LogRecord] = [*run, record]
    ports = Ports(
        store=tested.store,
        timer=MemorySettleTimer(),
        sink=MemoryMetricSink(),
        clock=MemoryClock(moment=NOON + CALLS * STEP + timedelta(seconds=10)),
        profiles=MemoryInferenceProfiles(),
        prices=NO_PRICES,
    )
    for batch in batched(lines, BATCH, strict=False):
        collect(batch, ports, Policy())

    settle(SettleKey(SettleKind.REQUEST, ID), ports, Policy())

    assert tested.store.find_unsettled([ID]) == []
    assert [linked.invocation for linked in tested.store.load_request(ID).invocations] == run
    [written] = tested.changes()
    assert isinstance(written, RevisionWritten)
    assert (written.request, written.revision, written.summary.totals.llm_calls) == (record, 1, CALLS)
    assert (written.summary.llm_time_ms, written.summary.tool_time_ms) == (CALLS * 1509, (CALLS - 1) * (2_000 - 1509))
