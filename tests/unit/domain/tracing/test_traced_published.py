"""What spans add to the metrics: each value once, totals as differences, tools by a bounded set of names."""

import json
from collections.abc import Collection, Mapping
from dataclasses import replace

import pytest

from request_lens.domain.facts import InvocationId
from request_lens.domain.folding.samples import taking_samples
from request_lens.domain.folding.summary import Summary
from request_lens.domain.publishing.changes import RevisionWritten
from request_lens.domain.publishing.metric_names import Metric
from request_lens.domain.publishing.publication import Publication, Values
from request_lens.domain.publishing.request_metrics import publication_of
from request_lens.domain.publishing.traced_metrics import MAX_RUNS, MAX_TIMED
from request_lens.domain.tracing.traced import MAX_TOOL_NAMES, ToolUse, Traced
from tests.support.facts import at
from tests.support.telemetry.traced_states import (
    COMPLETE,
    MISSING,
    PARTS,
    SESSION,
    TOOLS,
    TRACE_ID,
    UNPROVEN,
    traced_state,
)

STATE = traced_state("r1")
NO_REQUEST_MORE = {Metric.REQUESTS: (0,)}
"""What a line has that only tells news: it counts nothing again."""

OF_SPANS = {Metric.MEMORY_TIME, Metric.TIME_TO_FIRST_TOKEN, Metric.INCOMPLETE_REQUESTS, Metric.TOOL_ERRORS}
SAMPLED = {Metric.MEMORY_TIME, Metric.TIME_TO_FIRST_TOKEN, Metric.LLM_CALLS_PER_REQUEST}


def summary(said: Traced | None, *, possible_calls: int | None = 0, certain_since: int | None = 1) -> Summary:
    assert STATE.summary is not None
    return replace(STATE.summary, traced=said, possible_calls=possible_calls, certain_since=certain_since)


def published(now: Summary, before: Summary | None = None, *, names: Collection[str] = ()) -> Publication:
    """What a revision publishes; the one before is taken for the first."""
    before = None if before is None else taking_samples(before, None)
    return of_revisions(taking_samples(now, before), before, names=names)


def of_revisions(now: Summary, before: Summary | None, *, names: Collection[str] = ()) -> Publication:
    """The same of summaries that say what they have sampled."""
    revision = 1 if before is None else 2
    found = publication_of(
        RevisionWritten(request=STATE.request, stored_at=at(9), revision=revision, summary=now, previous=before),
        tool_names=names,
    )
    assert found is not None
    return found


def of_spans(publication: Publication) -> Values:
    return {metric: values for metric, values in publication.values.items() if metric in OF_SPANS}


def by_tool(publication: Publication) -> Mapping[str, Values]:
    return {each.tool: each.values for each in publication.by_tool}


def test_a_certain_request_has_one_value_of_each_that_its_spans_tell() -> None:
    assert of_spans(published(summary(COMPLETE))) == {
        Metric.MEMORY_TIME: (380,),
        Metric.TIME_TO_FIRST_TOKEN: (3_510,),
        Metric.TOOL_ERRORS: (1,),
    }


def test_an_uncertain_request_has_them_once_it_is_certain_and_not_again() -> None:
    first = summary(COMPLETE, possible_calls=1, certain_since=None)
    then = summary(COMPLETE, certain_since=2)

    assert of_spans(published(first)) == {Metric.TOOL_ERRORS: (1,)}
    assert of_spans(published(then, first)) == {Metric.MEMORY_TIME: (380,), Metric.TIME_TO_FIRST_TOKEN: (3_510,)}
    assert of_spans(published(summary(COMPLETE), summary(COMPLETE))) == {}


def test_each_value_is_sampled_by_the_first_revision_that_knows_it_and_never_again() -> None:
    """A tagged request settles before its spans come, and may lose them to another record that names its trace."""
    without, with_spans = summary(None), summary(COMPLETE)
    said = [without, summary(replace(COMPLETE, time_by=None)), with_spans, without, with_spans]
    before: Summary | None = None
    found: list[Values] = []
    tools: list[Mapping[str, Values]] = []
    for each in said:
        now = taking_samples(each, before)
        publication = of_revisions(now, before, names={"get_weather"})
        found.append({metric: values for metric, values in publication.values.items() if metric in SAMPLED})
        tools.append({tool: values for tool, values in by_tool(publication).items() if Metric.TOOL_TIME in values})
        before = now

    assert found == [
        {Metric.LLM_CALLS_PER_REQUEST: (2,)},
        {Metric.TIME_TO_FIRST_TOKEN: (3_510,)},
        {Metric.MEMORY_TIME: (380,)},
        {},
        {},
    ]
    assert [bool(each) for each in tools] == [False, False, True, False, False]


def test_a_request_whose_missing_call_comes_has_its_number_of_calls_sampled_then() -> None:
    found = published(summary(COMPLETE), summary(MISSING))

    assert found.values[Metric.LLM_CALLS_PER_REQUEST] == (2,)


def test_what_spans_do_not_tell_is_absent() -> None:
    unread = replace(COMPLETE, time_by=None, first_token_ms=None, tools=())

    assert of_spans(published(summary(unread))) == {}
    assert of_spans(published(summary(None))) == {}


def test_a_request_with_missing_calls_is_incomplete_until_they_come_and_its_number_of_calls_is_unknown() -> None:
    early, late = summary(MISSING), summary(COMPLETE)

    assert published(early).values[Metric.INCOMPLETE_REQUESTS] == (1,)
    assert Metric.LLM_CALLS_PER_REQUEST not in published(early).values
    assert published(late, early).values[Metric.INCOMPLETE_REQUESTS] == (-1,)
    assert Metric.INCOMPLETE_REQUESTS not in published(early, early).values
    assert Metric.INCOMPLETE_REQUESTS not in published(late).values
    assert Metric.INCOMPLETE_REQUESTS not in published(summary(replace(COMPLETE, complete=None))).values
    assert Metric.INCOMPLETE_REQUESTS not in published(summary(UNPROVEN)).values


def test_tools_are_told_of_by_the_names_of_the_parameter_and_the_others_together() -> None:
    assert by_tool(published(summary(COMPLETE), names={"get_weather"})) == {
        "get_weather": {Metric.TOOL_TIME: (420,)},
        "other": {Metric.TOOL_TIME: (300,), Metric.TOOL_ERRORS: (1,)},
    }
    assert by_tool(published(summary(COMPLETE))) == {}


def test_the_tools_times_add_up_to_the_requests() -> None:
    times = [
        values[Metric.TOOL_TIME][0] for values in by_tool(published(summary(COMPLETE), names={"send_mail"})).values()
    ]

    assert COMPLETE.time_by is not None
    assert sum(times) == COMPLETE.time_by.tools_ms


@pytest.mark.parametrize(("before", "now"), [(False, True), (True, False)])
def test_a_later_revision_adds_the_difference_of_failed_tools(before: bool, now: bool) -> None:
    def failing(failed: bool) -> Summary:
        return summary(replace(COMPLETE, tools=(replace(TOOLS[0], failed=failed),)))

    found = published(failing(now), failing(before), names={"get_weather"})

    assert found.values == {Metric.TOOL_ERRORS: (now - before,)}
    assert by_tool(found) == {"get_weather": {Metric.TOOL_ERRORS: (now - before,)}}
    assert published(failing(now), failing(now), names={"get_weather"}).values == {}


@pytest.mark.parametrize(
    ("before", "now"),
    [
        (replace(COMPLETE, complete=None), COMPLETE),
        (MISSING, replace(MISSING, missing_calls=2)),
        (MISSING, replace(MISSING, missing=(InvocationId("another"),))),
        (COMPLETE, replace(COMPLETE, first_token_ms=3_400)),
        (COMPLETE, replace(COMPLETE, tools=TOOLS[::-1])),
    ],
    ids=["proven", "one more missing", "another missing", "first token", "order of tools"],
)
def test_what_a_later_revision_says_anew_is_news_though_no_metric_differs(before: Traced, now: Traced) -> None:
    found = published(summary(now), summary(before))

    assert found.values == NO_REQUEST_MORE


def test_calls_that_may_be_a_requests_are_news_when_they_are_fewer() -> None:
    before, now = (summary(None, possible_calls=calls, certain_since=None) for calls in (2, 1))

    assert published(now, before).values == NO_REQUEST_MORE


def test_a_first_revision_and_one_that_says_the_same_have_no_news_beside_their_metrics() -> None:
    said = summary(COMPLETE)

    assert published(said).values[Metric.REQUESTS] == (1,)
    assert published(replace(said, llm_time_ms=1), said).values == {}


def test_the_line_says_what_queries_look_for() -> None:
    properties = published(summary(replace(MISSING, missing=(InvocationId("a"), InvocationId("b"))))).properties

    assert {name: properties[name] for name in ("trace_id", "session_id", "complete", "missing_calls", "missing")} == {
        "trace_id": TRACE_ID,
        "session_id": SESSION,
        "complete": "no",
        "missing_calls": 1,
        "missing": "a, b",
    }
    assert (properties["slowest_tool"], properties["slowest_tool_ms"]) == ("get_weather", 420)
    assert properties["failed_tools"] == 1
    assert properties["time_by"] == {
        "llm_ms": 2_960,
        "llm_elsewhere_ms": 0,
        "tools_ms": 720,
        "memory_ms": 380,
        "agent_ms": 640,
        "outside_ms": 300,
    }


@pytest.mark.parametrize("possible_calls", [0, 1, None], ids=["certain", "uncertain", "unknown"])
def test_a_requests_own_line_has_its_first_token_its_time_by_tool_and_its_tools(possible_calls: int | None) -> None:
    """Whether it is certain or not: an uncertain one has no metric TimeToFirstToken."""
    certain_since = None if possible_calls != 0 else 1
    found = published(summary(COMPLETE, possible_calls=possible_calls, certain_since=certain_since))

    assert found.details == {
        "first_token_ms": 3_510,
        "time_by_tool": {"get_weather": 420, "send_mail": 300},
        "tools": "get_weather at 1250 ms for 420 ms; send_mail at 1700 ms for 300 ms failed",
    }
    assert found.details.keys().isdisjoint(found.properties)


def test_what_spans_do_not_tell_is_in_no_line() -> None:
    assert published(summary(None)).details == {}
    assert published(summary(replace(COMPLETE, time_by=None, first_token_ms=None, tools=()))).details == {}


def test_the_runs_and_names_in_a_line_are_bounded() -> None:
    """So that a line stays far from the 256 KB that Lambda writes as one, and from Logs Insights' 200 fields."""
    names = [f"{n:x<128}" for n in range(MAX_TOOL_NAMES)]
    runs = tuple(ToolUse(tool=name, offset_ms=900_000, duration_ms=900_000, failed=True) for name in names * 5)
    parts = replace(PARTS, tools=tuple((name, 900_000) for name in names))

    details = published(summary(replace(COMPLETE, tools=runs, time_by=parts))).details

    assert str(details["tools"]).count(" failed") == MAX_RUNS
    assert str(details["tools"]).endswith("; 90 more")
    assert details["time_by_tool"] == dict(parts.tools[:MAX_TIMED])
    assert len(json.dumps(details)) < 5_000


def test_a_line_of_a_request_without_spans_has_none_of_it() -> None:
    assert set(published(summary(None)).properties) == set(published(summary(COMPLETE)).properties) - {
        *("trace_id", "session_id", "complete", "slowest_tool", "slowest_tool_ms", "failed_tools", "time_by")
    }
