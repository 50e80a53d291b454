"""A request's time splits into parts that add up to its duration, by the spans of its traces."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from request_lens.domain.spans import Span, SpanId, SpanKind
from request_lens.domain.tracing.time_parts import TimeParts, time_parts
from tests.support.telemetry.traces import (
    SKEW,
    Value,
    call_span,
    entry_span,
    made_span,
    openai_trace,
    request,
    second_turn,
    strands_trace,
)


def parts(*spans: Span, duration_ms: int | None = 1000, reads_memory: bool = True) -> TimeParts | None:
    return time_parts(request(duration_ms), spans, clock_skew=SKEW, reads_memory=reads_memory)


def chat(begin: int, end: int, **fields: Value) -> Span:
    return made_span(SpanKind.CHAT, begin, end, **fields)


def tool(begin: int, end: int, name: str | None, **fields: Value) -> Span:
    return made_span(SpanKind.TOOL, begin, end, tool=name, **fields)


REAL = pytest.mark.parametrize(
    ("spans", "run_ms", "by_hand"),
    [
        (strands_trace(), 5345, TimeParts(llm_ms=3440, memory_ms=1661, agent_ms=244)),
        (second_turn(), 4652, TimeParts(llm_ms=2833, memory_ms=1504, agent_ms=315)),
        (
            openai_trace(),
            16848,
            TimeParts(llm_elsewhere_ms=14052, tools=(("code_interpreter", 114),), memory_ms=2305, agent_ms=377),
        ),
    ],
    ids=["Strands", "Strands, the turn before", "Strands and OpenAI"],
)
"""Real traces, how long their agents' runs were, and what of this is whose, added up by hand.

Strands: the call 4695 - 1255; memory 88 + 71 + 178 + 144 + 63 + 136 + 260 + 187 + 133 + 53 + 141 + 70 + 137. The turn
before: 4038 - 1205; 78 + 135 + 104 + 145 + 60 + 132 + 169 + 194 + 95 + 44 + 125 + 76 + 147. OpenAI: chats 6198 + 7854;
tool 7832 - 7718; memory 87 + 82 + 58 + 144 + 77 + 134 + 202 + 210, then 126 + 74 + 138, 149 + 69 + 134, and 131 + 68 +
161 + 72 + 189: 994 + 338 + 352 + 621.
"""

LEADS_MS = (481, 545, 599, 846, 1039)
"""How long AgentCore had a request, in five real ones, before the agent's server began: no API's record is shorter."""


def _named_ms(split: TimeParts) -> int:
    return split.llm_ms + split.llm_elsewhere_ms + split.tools_ms + (split.memory_ms or 0)


@REAL
def test_real_runs_spend_their_time_as_added_up_by_hand_and_at_least_92_percent_of_it_has_a_name(
    spans: Sequence[Span], run_ms: int, by_hand: TimeParts
) -> None:
    """The traces came without a record of an API: the request is the run, as where the agent is asked directly."""
    assert parts(*spans, duration_ms=run_ms) == by_hand
    assert _named_ms(by_hand) + by_hand.agent_ms == run_ms
    assert _named_ms(by_hand) / run_ms >= 0.92


@REAL
@pytest.mark.parametrize("lead_ms", LEADS_MS)
def test_behind_an_api_what_agentcore_took_before_a_real_run_is_outside(
    spans: Sequence[Span], run_ms: int, by_hand: TimeParts, lead_ms: int
) -> None:
    record = request(lead_ms + run_ms, begin=-lead_ms)

    split = time_parts(record, spans, clock_skew=SKEW, reads_memory=True)

    assert split == replace(by_hand, outside_ms=lead_ms)


def test_of_requests_behind_an_api_less_has_a_name_than_of_the_runs() -> None:
    """As docs/correlation.md says of the two that call Bedrock: 88 and 84 % at best, 80 and 76 % at worst."""
    named = [(5101, 5345), (4337, 4652)]
    shares = [[round(100 * ms / (run_ms + lead_ms)) for ms, run_ms in named] for lead_ms in LEADS_MS]

    assert (shares[0], shares[-1]) == ([88, 84], [80, 76])


def test_memory_that_is_not_read_is_the_agents_time_and_unknown_itself() -> None:
    split = parts(*strands_trace(), duration_ms=5345, reads_memory=False)

    assert split == TimeParts(llm_ms=3440, memory_ms=None, agent_ms=1905)


def test_of_overlapping_parts_the_model_comes_first_then_the_tool_that_began_first() -> None:
    split = parts(entry_span(0, 1000), call_span("c", 100, 300), tool(200, 600, "slow"), tool(400, 700, "late"))

    assert split == TimeParts(llm_ms=200, tools=(("slow", 300), ("late", 100)), memory_ms=0, agent_ms=400)


def test_a_tool_that_two_spans_report_is_one_tool() -> None:
    split = parts(entry_span(0, 1000), tool(100, 400, "mail"), tool(120, 380, "mail", resource="gateway"))

    assert split == TimeParts(tools=(("mail", 300),), memory_ms=0, agent_ms=700)


def test_a_tool_without_a_name_is_another() -> None:
    split = parts(entry_span(0, 1000), tool(0, 400, None))

    assert split is not None
    assert split.tools == (("other", 400),)


def test_what_a_framework_reports_around_a_call_to_bedrock_is_no_second_call() -> None:
    around = chat(100, 320, span_id="chat")
    by_parent = call_span("c", 110, 300, parent_id=SpanId("chat"))
    by_time = replace(by_parent, parent_id=SpanId("a span that was not read"))

    assert parts(entry_span(0, 1000), around, by_parent) == parts(entry_span(0, 1000), around, by_time)
    assert parts(entry_span(0, 1000), around, by_parent) == TimeParts(llm_ms=190, memory_ms=0, agent_ms=810)


def test_a_call_to_another_model_beside_one_to_bedrock_is_told_apart_by_its_parent() -> None:
    spans = (chat(100, 900, span_id="else"), chat(100, 320, span_id="chat"))
    split = parts(entry_span(0, 1000), *spans, call_span("c", 110, 300, parent_id=SpanId("chat")))

    assert split == TimeParts(llm_ms=190, llm_elsewhere_ms=610, memory_ms=0, agent_ms=200)


def test_what_lies_before_between_and_after_the_runs_is_outside() -> None:
    split = parts(entry_span(100, 300), entry_span(500, 600), call_span("c", 520, 580))

    assert split == TimeParts(llm_ms=60, memory_ms=0, agent_ms=240, outside_ms=700)


def test_a_tool_of_another_resource_than_any_entrys_is_not_the_agents() -> None:
    split = parts(entry_span(0, 1000), tool(0, 400, "mail", resource="lambda"))

    assert split == TimeParts(memory_ms=0, agent_ms=1000)


def test_a_call_outside_of_every_run_that_was_read_is_one_to_bedrock_all_the_same() -> None:
    of_lambda = call_span("c", 0, 100, resource="lambda")
    split = parts(entry_span(200, 1000), of_lambda, call_span("d", 150, 300))

    assert split == TimeParts(llm_ms=250, memory_ms=0, agent_ms=700, outside_ms=50)


@pytest.mark.parametrize(
    ("duration_ms", "spans"),
    [
        (None, [entry_span(0, 1000)]),
        (1000, []),
        (1000, [call_span("c", 0, 100)]),
        (1000, [entry_span(0, 2001)]),
        (1000, [entry_span(-1001, 500)]),
    ],
    ids=["no duration", "no spans", "no entry", "ends later", "begins earlier"],
)
def test_where_it_cannot_be_said_it_is_unknown(duration_ms: int | None, spans: list[Span]) -> None:
    assert parts(*spans, duration_ms=duration_ms) is None


def test_a_run_that_sticks_out_by_no_more_than_the_skew_is_cut_to_the_request() -> None:
    split = parts(entry_span(-500, 1500), call_span("c", -400, 1200))

    assert split == TimeParts(llm_ms=1000, memory_ms=0)


_KINDS = st.sampled_from([SpanKind.CALL, SpanKind.CHAT, SpanKind.TOOL, SpanKind.MEMORY, SpanKind.AGENT])
_SPANS = st.builds(
    lambda kind, begin, length, name: made_span(kind, begin, begin + length, tool=name),
    _KINDS,
    st.integers(-300, 1300),
    st.integers(0, 900),
    st.sampled_from(["a", "b", None]),
)


@given(spans=st.lists(_SPANS, max_size=12), reads_memory=st.booleans())
def test_the_parts_add_up_to_the_duration_in_any_order(spans: list[Span], reads_memory: bool) -> None:
    split = parts(entry_span(50, 900), *spans, reads_memory=reads_memory)

    assert split is not None
    known = (split.llm_ms, split.llm_elsewhere_ms, split.tools_ms, split.memory_ms or 0, split.agent_ms)
    assert sum(known) + split.outside_ms == 1000
    assert min(known) >= 0
    assert parts(*reversed(spans), entry_span(50, 900), reads_memory=reads_memory) == split
    later = request(1000, begin=2000)
    moved = [replace(span, started_at=span.started_at + _LATER, ended_at=span.ended_at + _LATER) for span in spans]
    own = [entry_span(2050, 2900), *moved]
    assert time_parts(later, own, clock_skew=SKEW, reads_memory=reads_memory) == split


_LATER = timedelta(seconds=2)
