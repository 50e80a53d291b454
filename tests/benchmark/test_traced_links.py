"""Calls linked by spans: how many are exact as requests overlap, and whether each loss of the log is named."""

import random
from time import process_time

import pytest

from request_lens.domain.policy import Policy
from request_lens.domain.spans import MAX_TRACE_SPANS, Span, SpanKind, Trace, join_spans
from request_lens.domain.tracing.traced import traced
from tests.support.telemetry.traced_lines import Source
from tests.support.telemetry.traced_traffic import disturbed, traffic
from tests.support.telemetry.traced_verdict import verdict_on
from tests.support.telemetry.traces import TRACE, agent_span, call_span, entry_span, made_span, request

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(900)]

LOSSES, A_RUN, WHOLE = 10_000, 1_000, 250
"""How many requests lose a call, so many of them in a run, beside requests that lose none."""


@pytest.mark.parametrize("at_once", [1, 5, 50])
@pytest.mark.parametrize("is_http", [True, False], ids=["http", "rest"])
@pytest.mark.parametrize("has_own_group", [True, False], ids=["own group", "aws/spans"])
def test_the_share_of_exact_links(at_once: int, is_http: bool, has_own_group: bool) -> None:
    dice = random.Random(f"{at_once}/{is_http}/{has_own_group}")
    requests = traffic(dice, Source(is_http=is_http, has_own_group=has_own_group), requests=600, at_once=at_once)
    lines = [line for request in requests for line in request.lines]

    found = verdict_on(requests, disturbed(lines, dice, share=0.1, latest_ms=50_000))

    api, group = "HTTP" if is_http else "REST", "an agent's own group" if has_own_group else "aws/spans"
    print(
        f"\n{api} API, {group}, about {at_once} at once: {found.seen} calls with a span, {found.share:.2%} exact, ",
        end="",
    )
    print(f"{len(found.wrong)} wrong, {len(found.incomplete)} false alarms")
    assert found.share >= 0.99
    assert (found.wrong, found.incomplete) == ([], {})


def test_each_of_ten_thousand_losses_is_named_and_nothing_else() -> None:
    named = 0
    for seed in range(LOSSES // A_RUN):
        dice = random.Random(seed)
        is_http, has_own_group = bool(seed % 2), seed % 4 < 2
        requests = traffic(
            dice, Source(is_http=is_http, has_own_group=has_own_group), requests=A_RUN + WHOLE, at_once=5
        )
        losing = dice.sample(requests, A_RUN)
        lost = {request.request_id: dice.choice(request.call_ids) for request in losing}
        lossy = [request.without_record_of(lost.get(request.request_id, "")) for request in requests]
        found = verdict_on(requests, [line for request in lossy for line in request.lines])
        named += sum(found.incomplete.get(name) == (call_id,) for name, call_id in lost.items())
        assert found.incomplete.keys() <= lost.keys()

    print(f"\n{named} of {LOSSES} requests whose log lost a call are incomplete, and name it")
    assert named == LOSSES


def _long_trace(spans: int) -> list[Span]:
    """One run of an agent that has agents of its own, each with a call, its chat, and a tool that two spans report."""
    found = [entry_span(0, 10 * spans)]
    for begin in range(0, 10 * (spans - 5), 50):
        found += [
            agent_span(begin, begin + 45, read=1, written=1),
            made_span(SpanKind.CHAT, begin + 1, begin + 20),
            call_span(f"call-{begin}", begin + 2, begin + 19),
            made_span(SpanKind.TOOL, begin + 22, begin + 40, tool="clock"),
            made_span(SpanKind.TOOL, begin + 23, begin + 39, tool="clock"),
        ]
    return found


def _seconds(spans: int) -> float:
    """The least of three: whatever else runs here only adds to it."""
    trace, record, taken = Trace(trace_id=TRACE, spans=join_spans(_long_trace(spans))), request(10 * spans), []
    for _ in range(3):
        began = process_time()
        assert traced(record, (), trace, Policy(reads_spans=True), region=None) is not None
        taken.append(process_time() - began)
    return min(taken)


def test_what_a_trace_says_of_a_request_takes_time_in_proportion_to_its_spans() -> None:
    few, many = _seconds(MAX_TRACE_SPANS // 10), _seconds(MAX_TRACE_SPANS)

    print(f"\n{MAX_TRACE_SPANS // 10} spans: {1000 * few:.1f} ms; {MAX_TRACE_SPANS}: {1000 * many:.1f} ms")
    assert many < 40 * few  # in proportion it is 10, by pairs 100
