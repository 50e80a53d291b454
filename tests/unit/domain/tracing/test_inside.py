"""What lies in what, told at once for all spans: the same as looking at each pair of them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from request_lens.domain.spans import Span, SpanId, SpanKind, join_spans
from request_lens.domain.tracing.inside import SpansByTime
from request_lens.domain.tracing.runs import RunsByTime, runs_of
from request_lens.domain.tracing.time_parts import time_parts
from request_lens.domain.tracing.tools import chats_elsewhere
from tests.support.telemetry.traces import made_span, request

LAST = 12

times = st.tuples(st.integers(0, LAST), st.integers(0, LAST)).map(sorted)
ids = st.integers(0, 9).map(lambda number: SpanId(f"s{number}"))


def spans_of(*kinds: SpanKind) -> st.SearchStrategy[Sequence[Span]]:
    """Up to twelve spans of these kinds in twelve milliseconds: many lie in others, or have their very times."""
    made = st.builds(
        lambda kind, at, span_id, parent_id, tool, resource: replace(
            made_span(kind, *at, tool=tool), span_id=span_id, parent_id=parent_id, resource=resource
        ),
        st.sampled_from(kinds),
        times,
        ids,
        st.none() | ids,
        st.sampled_from(["one", "other"]),
        st.sampled_from(["agent", "guard"]),
    )
    return st.lists(made, max_size=12).map(join_spans)


def _ids(spans: Sequence[Span]) -> list[SpanId]:
    return [span.span_id for span in spans]


@given(spans_of(SpanKind.TOOL), spans_of(SpanKind.TOOL))
def test_spans_inside_and_around_are_those_that_a_look_at_each_finds(
    spans: Sequence[Span], asked: Sequence[Span]
) -> None:
    by_time = SpansByTime(spans)

    for span in asked:
        inside = [other for other in spans if other.is_inside(span)]
        assert sorted(_ids(by_time.inside(span))) == sorted(_ids(inside))
        assert by_time.is_any_inside(span) == bool(inside)
        assert by_time.is_any_around(span) == any(span.is_inside(other) for other in spans)


def _above(span: Span, chats: Sequence[Span]) -> list[SpanId]:
    """The chats that a span lies in by the parents of its parents, however often they go round."""
    above = [each for each in chats if each.span_id == span.parent_id]
    for _ in chats:
        above += [each for each in chats if each.span_id in {one.parent_id for one in above} and each not in above]
    return _ids(above)


@given(spans_of(SpanKind.CHAT, SpanKind.CALL))
def test_a_chat_has_no_call_to_bedrock_as_a_look_at_each_pair_tells(spans: Sequence[Span]) -> None:
    chats = [span for span in spans if span.kind is SpanKind.CHAT]
    calls = [span for span in spans if span.kind is SpanKind.CALL]

    def is_of(call: Span, chat: Span) -> bool:
        if call.parent_id in _ids(chats):
            return chat.span_id in _above(call, chats)
        return call.resource == chat.resource and call.is_inside(chat)

    elsewhere = [chat for chat in chats if not any(is_of(call, chat) for call in calls)]
    assert _ids(chats_elsewhere(spans)) == _ids(elsewhere)


@given(spans_of(SpanKind.ENTRY, SpanKind.CALL))
def test_runs_of_one_agent_never_overlap_and_a_span_is_of_the_one_that_holds_it(spans: Sequence[Span]) -> None:
    runs = runs_of(spans)
    by_time = RunsByTime(runs)

    assert not [run for run in runs for other in runs if run != other and run.overlaps(other)]
    for span in spans:
        assert [run for run in runs if run.holds(span)] == [run for run in [by_time.run_of(span)] if run is not None]


@given(spans_of(SpanKind.CALL, SpanKind.TOOL, SpanKind.MEMORY))
def test_each_millisecond_is_of_the_first_part_that_holds_it(spans: Sequence[Span]) -> None:
    entry = replace(made_span(SpanKind.ENTRY, 0, LAST), span_id=SpanId("entry"), resource="agent")
    own = [entry, *spans]
    ran = [span for span in spans if span.resource == "agent"]
    split = time_parts(request(LAST), own, clock_skew=timedelta(0), reads_memory=True)

    def is_held(begin: int, kind: SpanKind, among: Sequence[Span]) -> bool:
        piece = made_span(SpanKind.TOOL, begin, begin + 1)
        return any(span.kind is kind and piece.is_inside(span) for span in among)

    milliseconds = range(LAST)
    llm = [at for at in milliseconds if is_held(at, SpanKind.CALL, spans)]
    tools = [at for at in milliseconds if at not in llm and is_held(at, SpanKind.TOOL, ran)]
    memory = [at for at in milliseconds if at not in llm + tools and is_held(at, SpanKind.MEMORY, ran)]
    assert split is not None
    assert (split.llm_ms, split.tools_ms, split.memory_ms) == (len(llm), len(tools), len(memory))
    assert split.agent_ms + split.outside_ms == LAST - len(llm) - len(tools) - len(memory)
