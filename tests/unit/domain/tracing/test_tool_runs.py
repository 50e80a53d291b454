"""A run of a tool counts once however many spans report it, and two runs at once count twice: by the ids of the calls.

What is expected is not worked out from the spans: the runs are drawn first, and then what each one's spans say.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import count, permutations
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from request_lens.domain.facts import TraceId
from request_lens.domain.spans import MAX_TRACE_SPANS, Span, SpanId, SpanKind, join_spans
from request_lens.domain.tracing.tools import tool_runs
from tests.support.telemetry.traces import Value, made_span

LAST = 40


def tool(begin: int, end: int, call_id: str | None = None, **fields: Value) -> Span:
    return made_span(SpanKind.TOOL, begin, end, **({"tool": "get_weather", "tool_call_id": call_id} | fields))


def told(*spans: Span) -> list[tuple[SpanId, bool]]:
    """The runs by their outermost spans, and whether each failed; the same in whatever order the spans are given."""
    found = {(span.span_id, span.failed) for span in tool_runs(spans)}
    for order in permutations(spans):
        assert {(span.span_id, span.failed) for span in tool_runs(order)} == found
    return sorted(found)


def test_two_runs_of_one_tool_at_once_are_two_and_the_failure_is_of_the_one_that_failed() -> None:
    first, second = tool(500, 1250, "A", span_id="a"), tool(510, 900, "B", span_id="b", failed=True)

    assert told(first, second) == [("a", False), ("b", True)]


def test_two_runs_that_fail_in_the_time_of_a_third_are_two_failures() -> None:
    inner = [tool(510, 900, "B", span_id="b", failed=True), tool(520, 950, "C", span_id="c", failed=True)]

    assert told(tool(500, 1250, "A", span_id="a"), *inner) == [("a", False), ("b", True), ("c", True)]


def test_two_runs_of_the_very_same_time_are_two() -> None:
    assert told(tool(0, 9, "A", span_id="a"), tool(0, 9, "B", span_id="b", failed=True)) == [("a", False), ("b", True)]


def test_spans_of_one_call_are_one_run_also_where_they_only_overlap() -> None:
    """Two libraries watch one run: the first to begin is the first to end."""
    assert told(tool(0, 100, "A", span_id="a"), tool(1, 101, "A", span_id="b", failed=True)) == [("a", True)]


def test_runs_one_after_the_other_are_two_whatever_their_id() -> None:
    """Some models give each use of a tool its name for an id."""
    runs = tool(0, 10, "get_weather", span_id="a"), tool(10, 20, "get_weather", span_id="b", failed=True)

    assert told(*runs) == [("a", False), ("b", True)]


def test_uses_of_two_tools_may_have_one_id() -> None:
    """An agent that is another one's tool counts the ids of its own tools from the start."""
    runs = tool(0, 100, "call_0", span_id="a"), tool(10, 20, "call_0", span_id="b", tool="get_time")

    assert told(*runs) == [("a", False), ("b", False)]


def test_spans_without_ids_are_one_run_where_one_holds_the_other() -> None:
    inner = tool(10, 90, span_id="b", failed=True), tool(20, 80, span_id="c")

    assert told(tool(0, 100, span_id="a"), *inner) == [("a", True)]


def test_spans_without_ids_that_only_overlap_are_two_runs() -> None:
    assert told(tool(0, 100, span_id="a"), tool(50, 150, span_id="b")) == [("a", False), ("b", False)]


def test_a_span_without_an_id_is_of_its_parents_run_of_two_at_once() -> None:
    runs = tool(0, 100, "A", span_id="a"), tool(10, 90, "B", span_id="b")
    inner = tool(20, 80, span_id="c", parent_id=SpanId("a"), failed=True)

    assert told(*runs, inner) == [("a", True), ("b", False)]


def test_a_span_without_an_id_whose_parent_was_not_read_is_of_the_last_run_to_begin_that_holds_it() -> None:
    runs = tool(0, 100, "A", span_id="a"), tool(10, 90, "B", span_id="b")

    assert told(*runs, tool(20, 80, span_id="c", failed=True)) == [("a", False), ("b", True)]
    assert told(*runs, tool(20, 95, span_id="c", failed=True)) == [("a", True), ("b", False)]
    assert told(*runs, tool(95, 96, span_id="c", failed=True)) == [("a", True), ("b", False)]


def test_a_run_in_the_time_of_what_another_runs_client_reports_is_no_double_of_that() -> None:
    """The client's span of the first run has no id, and holds the whole second run."""
    first = tool(0, 100, "A", span_id="a"), tool(1, 99, span_id="client of a")
    second = tool(10, 90, "B", span_id="b", failed=True), tool(11, 89, span_id="client of b", failed=True)

    assert told(*first, *second) == [("a", False), ("b", True)]


def test_a_span_without_an_id_around_one_run_is_its_outermost() -> None:
    assert told(tool(0, 100, span_id="a"), tool(10, 90, "A", span_id="b", failed=True)) == [("a", True)]


def test_a_span_without_an_id_around_two_runs_is_one_of_them() -> None:
    inner = tool(10, 50, "A", span_id="b"), tool(20, 90, "B", span_id="c", failed=True)

    assert told(tool(0, 100, span_id="a"), *inner) == [("a", False), ("c", True)]


def test_of_spans_of_the_very_same_time_the_outermost_is_the_parent_and_else_one_is_kept() -> None:
    assert told(tool(0, 9, span_id="b"), tool(0, 9, span_id="a", parent_id=SpanId("b"))) == [("b", False)]
    assert told(tool(0, 9, span_id="b"), tool(0, 9, span_id="a")) == [("a", False)]
    circle = [tool(0, 9, span_id=own, parent_id=SpanId(other)) for own, other in ("ab", "bc", "ca")]
    assert len(told(*circle)) == 1
    child = tool(0, 9, span_id="a", parent_id=SpanId("c"))
    assert told(child, tool(0, 9, span_id="b"), tool(0, 9, span_id="c")) == [("b", False)]


@pytest.mark.parametrize("call_id", [None, "A"])
def test_the_same_run_in_two_traces_is_of_each(call_id: str | None) -> None:
    other = replace(tool(10, 90, call_id), trace_id=TraceId("f" * 32))

    assert len(tool_runs([tool(0, 100, call_id), other])) == 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run as it was: how deep its reports lie in one another, which of them bears the call's id, and which failed."""

    begin: int
    length: int
    name: str
    reports: int
    failed: int | None

    def spans(self, own_id: str, *, ids: bool) -> Sequence[Span]:
        """What tells of it: each report lies in the one before, which is its parent; the outermost bears the id."""
        return [
            replace(
                tool(self.begin + depth, max(self.begin + depth, self.begin + self.length - depth), tool=self.name),
                span_id=SpanId(f"{own_id}-{depth}"),
                parent_id=SpanId(f"{own_id}-{depth - 1}") if depth else None,
                tool_call_id=own_id if ids and depth == 0 else None,
                failed=depth == self.failed,
            )
            for depth in range(min(self.reports, 1 + self.length // 2))
        ]


RUNS = st.lists(
    st.builds(
        Run,
        begin=st.integers(0, LAST),
        length=st.integers(0, LAST),
        name=st.sampled_from(["one", "other"]),
        reports=st.integers(1, 3),
        failed=st.none() | st.integers(0, 2),
    ),
    max_size=8,
)


def expected(reports: Sequence[Sequence[Span]]) -> list[tuple[SpanId, bool]]:
    return sorted((spans[0].span_id, any(span.failed for span in spans)) for spans in reports)


@given(runs=RUNS, order=st.randoms(use_true_random=False))
def test_runs_of_calls_with_ids_are_told_apart_however_they_lie_in_one_another(
    runs: Sequence[Run], order: Random
) -> None:
    reports = [run.spans(f"r{place}", ids=True) for place, run in enumerate(runs)]
    spans = [span for each in reports for span in each]
    order.shuffle(spans)

    assert sorted((span.span_id, span.failed) for span in tool_runs(spans)) == expected(reports)


@given(runs=RUNS)
def test_without_ids_runs_are_told_apart_where_none_lies_in_another(runs: Sequence[Run]) -> None:
    """Each begins, and ends, later than the one before."""
    steps, reports = count(1), []
    for place, run in enumerate(runs):
        begin = next(steps)
        reports.append(replace(run, begin=begin, length=LAST, name="one").spans(f"r{place}", ids=False))
    outermost = [spans[0] for spans in reports]

    assert [span.span_id for span in tool_runs(outermost)] == [span.span_id for span in outermost]
    found = tool_runs(join_spans(span for each in reports for span in each))
    assert [span.span_id for span in found] == [span.span_id for span in outermost]


def test_as_many_spans_as_a_trace_has_are_told_at_once() -> None:
    """Each lies in all before it: a look at each pair would be one at twelve million."""
    nested = [
        tool(place, 2 * MAX_TRACE_SPANS - place, f"c{place}" if place % 2 else None) for place in range(MAX_TRACE_SPANS)
    ]

    assert len(tool_runs(nested)) == MAX_TRACE_SPANS // 2
