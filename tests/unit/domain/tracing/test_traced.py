"""What a request's spans say of it, all together: the shapes of three real traces, and where less is known."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from request_lens.domain.facts import Invocation, RequestId
from request_lens.domain.policy import Policy
from request_lens.domain.spans import Span, SpanKind, Trace
from request_lens.domain.tracing.time_parts import TimeParts
from request_lens.domain.tracing.traced import (
    MAX_MISSING,
    MAX_TOOL_NAMES,
    MAX_TOOLS,
    ToolUse,
    Traced,
    traced,
)
from tests.support.telemetry.traces import (
    REGION,
    TRACE,
    Value,
    agent_span,
    call_span,
    entry_span,
    invocation,
    made_span,
    openai_trace,
    request,
    second_turn,
    strands_trace,
)

POLICY = Policy(reads_spans=True, reads_memory=True, clock_skew=timedelta(milliseconds=250))


def said(
    spans: Sequence[Span],
    *linked: Invocation,
    duration_ms: int | None = 5345,
    region: str | None = REGION,
    named_by: Sequence[str] = ("r",),
    is_cut: bool = False,
) -> Traced | None:
    record = request(duration_ms)
    records = tuple(replace(record, request_id=RequestId(each)) for each in named_by)
    requests = tuple(each.request_id for each in records)
    trace = Trace(trace_id=TRACE, spans=tuple(spans), requests=requests, records=records, is_cut=is_cut)
    return traced(record, linked, trace, POLICY, region=region)


def known(spans: Sequence[Span], *linked: Invocation, **given: Value) -> Traced:
    found = said(spans, *linked, **given)
    assert found is not None
    return found


def test_a_real_request_tells_everything() -> None:
    """Memory and the call as added up by hand in test_time_parts; the first token: 1253 + 2657."""
    found = known(strands_trace(), invocation("call", read=21245, written=56))

    assert found == Traced(
        trace_id=TRACE,
        complete=True,
        calls=1,
        time_by=TimeParts(llm_ms=3440, memory_ms=1661, agent_ms=244),
        first_token_ms=3910,
    )


def test_the_turn_before_it_tells_everything_too() -> None:
    """The first token: 1203 + 2430."""
    found = known(second_turn(), invocation("call", read=21209, written=32), duration_ms=4652)

    assert (found.complete, found.calls, found.first_token_ms) == (True, 1, 3633)
    assert found.time_by == TimeParts(llm_ms=2833, memory_ms=1504, agent_ms=315)


def test_a_trace_of_which_not_all_was_read_proves_no_request_whole_and_misses_what_it_misses() -> None:
    assert known(strands_trace(), invocation("call", read=21245, written=56), is_cut=True).complete is None
    assert known(strands_trace(), is_cut=True).complete is False


def test_a_call_that_it_or_another_request_of_its_trace_may_have_made_proves_nothing() -> None:
    """Its run's own span is lost, or still to come."""
    linked, of_either = invocation("call", read=21245, written=56), call_span("either", 1000, 1100, resource="other")

    assert known([*strands_trace(), of_either], linked, named_by=("r", "another")).complete is None
    assert known(strands_trace(), linked, named_by=("r", "another")).complete is True


def test_failed_tools_are_counted_also_where_they_are_not_listed() -> None:
    names = [f"tool-{number}" for number in range(MAX_TOOL_NAMES + 5)]
    later = [name for place, name in enumerate(names) for _ in range(2 if place < MAX_TOOL_NAMES - 1 else 1)]
    runs = [
        made_span(SpanKind.TOOL, 10 * place, 10 * place + 5, tool=name, failed=place % 2 == 1)
        for place, name in enumerate(["mail"] * MAX_TOOLS)
    ]
    begin = 10 * len(runs)
    runs += [
        made_span(SpanKind.TOOL, begin + 10 * place, begin + 10 * place + 5, tool=name, failed=True)
        for place, name in enumerate([*later, "mail"])
    ]
    found = known([entry_span(0, 9_000), *runs], duration_ms=9_000)

    assert len(found.tools) == MAX_TOOLS
    assert len(found.failed_later) == MAX_TOOL_NAMES
    assert found.failed_later[-1] == ("other", 7)
    assert sum(found.failed_tools.values()) == MAX_TOOLS // 2 + len(later) + 1
    assert found.failed_tools["mail"] == MAX_TOOLS // 2


def test_a_real_request_to_another_vendors_model_names_its_failed_tool_and_proves_nothing() -> None:
    found = known(openai_trace(), duration_ms=16848)

    assert found.tools == (ToolUse(tool="code_interpreter", offset_ms=7718, duration_ms=114, failed=True),)
    assert (found.complete, found.calls, found.missing_calls, found.first_token_ms) == (None, 0, 0, None)
    assert found.time_by is not None
    assert found.time_by.llm_elsewhere_ms == 14052


def test_a_call_that_the_log_lost_is_missing_by_its_name_and_its_time_is_known_all_the_same() -> None:
    found = known(strands_trace())

    assert (found.complete, found.missing_calls, found.missing) == (False, 1, ("call",))
    assert found.time_by is not None
    assert found.time_by.llm_ms == 3440


def test_a_linked_call_without_a_span_leaves_unknown_where_the_time_went() -> None:
    linked = (invocation("call", read=21245, written=56), invocation("unseen"))

    assert known(strands_trace(), *linked).time_by is None


def test_the_attempts_that_one_span_holds_leave_it_known() -> None:
    """An SDK tries again within one call: its span has the id of the last attempt."""
    failed = invocation("earlier", read=None, written=None, error_code="ThrottlingException")
    found = known(strands_trace(), failed, invocation("call", read=21245, written=56))

    assert found.time_by is not None
    assert (found.complete, found.calls) == (True, 1)


def test_without_a_span_of_its_own_nothing_is_said() -> None:
    assert said([]) is None
    later = [entry_span(9000, 9500), call_span("a", 9100, 9200)]
    assert said(later, named_by=("r", "another")) is None


def test_of_a_trace_that_other_records_name_only_the_runs_in_its_time_are_its_own() -> None:
    spans = [entry_span(0, 100), call_span("a", 10, 20), entry_span(9000, 9500), call_span("b", 9100, 9200)]

    assert known(spans, invocation("a"), named_by=("r", "another")).missing_calls == 0
    assert known(spans, invocation("a")).missing == ("b",)


def test_a_call_in_another_region_is_not_missed_wherever_the_region_is_known_from() -> None:
    spans = [entry_span(0, 100), call_span("a", 10, 20), call_span("b", 30, 40, region="eu-west-1")]

    assert known(spans, invocation("a")).calls_elsewhere == 1
    assert known(spans, invocation("a"), region=None).calls_elsewhere == 1
    assert known(spans, region=None).missing_calls == 2


def test_a_tool_is_failed_where_any_span_of_the_same_run_says_so() -> None:
    outer = made_span(SpanKind.TOOL, 100, 400, tool="mail")
    inner = made_span(SpanKind.TOOL, 150, 350, tool="mail", failed=True, gateway_overhead_ms=41)
    later = made_span(SpanKind.TOOL, 500, 600, tool="mail", gateway_overhead_ms=1)
    found = known([entry_span(0, 1000), later, inner, outer])

    assert found.tools == (
        ToolUse(tool="mail", offset_ms=100, duration_ms=300, failed=True),
        ToolUse(tool="mail", offset_ms=500, duration_ms=100),
    )
    assert found.gateway_overhead_ms == 42


@pytest.mark.parametrize(
    ("sessions", "told"), [(("s", "s"), "s"), (("s", None), "s"), ((None, None), None), (("s", "t"), None)]
)
def test_the_session_is_told_where_the_runs_name_one(sessions: Sequence[str | None], told: str | None) -> None:
    runs = [entry_span(n * 100, n * 100 + 50, session_id=session) for n, session in enumerate(sessions)]

    assert known([*runs, call_span("a", 10, 20, session_id="of the call")]).session_id == told


def test_without_a_run_the_session_is_that_of_the_other_spans() -> None:
    assert known([call_span("a", 10, 20, session_id="s"), call_span("b", 30, 40)]).session_id == "s"


def test_what_is_kept_of_very_many_is_bounded_and_still_adds_up() -> None:
    tools = [
        made_span(SpanKind.TOOL, 10 * n, 10 * n + 5 + n % 2, tool=f"tool-{n % 30}" if n % 30 else None)
        for n in range(MAX_TOOLS + 20)
    ]
    calls = [call_span(f"call-{n:03}", 2000 + n, 2001 + n) for n in range(MAX_MISSING + 5)]
    found = known([entry_span(0, 3000), *tools, *calls], duration_ms=3000)

    assert (len(found.tools), len(found.missing), found.missing_calls) == (MAX_TOOLS, MAX_MISSING, MAX_MISSING + 5)
    parts = found.time_by
    assert parts is not None
    assert len(parts.tools) == MAX_TOOL_NAMES
    assert [name for name, _ in parts.tools].count("other") == 1
    assert parts.llm_ms + parts.tools_ms + (parts.memory_ms or 0) + parts.agent_ms + parts.outside_ms == 3000


def test_an_agent_that_ran_without_a_tool_or_a_call_has_none_of_either() -> None:
    found = known([entry_span(0, 100), agent_span(0, 100, read=0, written=0)])

    assert (found.complete, found.calls, found.tools, found.gateway_overhead_ms) == (None, 0, (), None)
