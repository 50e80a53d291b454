"""The log widgets and the saved queries read fields that the lines have."""

import json
import re

import pytest
from aws_lambda_powertools import Logger

from request_lens.adapters.emf_metric_sink import EmfMetricSink
from request_lens.adapters.memory.clock import MemoryClock
from request_lens.domain.folding.fold import fold
from request_lens.domain.linking.link import Reason, Unattributed
from request_lens.domain.policy import Policy
from request_lens.domain.pricing import NO_PRICES
from request_lens.domain.publishing.changes import InvocationDecided, RevisionWritten
from request_lens.domain.publishing.metric_names import Metric
from request_lens.domain.publishing.request_metrics import publication_of
from scripts.dashboard import log_query
from scripts.dashboard.sample_hour import sample_hour
from tests.support.facts import call, linked, request
from tests.support.telemetry.traced_states import COMPLETE, MISSING
from tests.template.dashboard_body import QUERIES, widgets

COMMANDS = (
    r"SOURCE '[^']*'|#.*|'[^']*'"
    r"|\b(fields|filter|display|sort|stats|limit|by|as|and|or|desc|ispresent|coalesce|floor|sum|avg|max|count|latest)\b"
)
QUOTED = re.compile("`[^`]*`")
"""A name of the query's own that is a heading: no field of the lines needs backticks."""


@pytest.fixture
def log_fields(capsys: pytest.CaptureFixture[str]) -> set[str]:
    """The fields of the lines of a request, uncertain, incomplete and complete, and of an unattributed call."""
    ours = [linked(call("i1", 0)), linked(call("i2", 2, error_code="ThrottlingException"))]
    record, unattributed = request(), Unattributed(reason=Reason.AMBIGUOUS, candidates=2)
    known = ((3, MISSING), (0, MISSING), (0, COMPLETE))
    summaries = [
        fold(record, ours, Policy(), NO_PRICES, possible_calls=n, possible_failed_calls=n, traced=said)
        for n, said in known
    ]
    revisions = (
        RevisionWritten(request=record, stored_at=record.started_at, revision=n, summary=summary)
        for n, summary in enumerate(summaries, 1)
    )
    lost = InvocationDecided(invocation=call("i3"), stored_at=record.started_at, decision=unattributed)
    sink = EmfMetricSink(service_name="lens", clock=MemoryClock(moment=record.started_at), logger=Logger())
    for each in [*map(publication_of, revisions), publication_of(lost)]:
        assert each is not None
        sink.publish(each)
    fields: set[str] = set()
    for line in capsys.readouterr().out.splitlines():
        for name, value in json.loads(line).items():
            inner = {f"{name}.{key}" for key in value} if isinstance(value, dict) else set()
            fields |= inner or {f"{name}.0" if isinstance(value, list) else name}
    # Which metrics a line has depends on its request; each is a list.
    return fields | {f"{metric}.0" for metric in Metric}


def fields_of(query: str) -> set[str]:
    """The fields that a query reads: its words without commands, functions, texts, comments, and names of its own."""
    own = set(re.findall(r"\bas (\w+)", query))
    words = re.sub(COMMANDS, " ", QUOTED.sub(" ", query))
    return set(re.findall(r"@?[A-Za-z_][\w.]*", words)) - own


def test_every_log_field_of_a_widget_is_in_the_lines(log_fields: set[str]) -> None:
    for each in widgets("log"):
        assert fields_of(each["properties"]["query"].replace("|", " ")) <= log_fields


def test_a_list_reads_no_heading_that_it_does_not_give() -> None:
    for query in (each["properties"]["query"] for each in widgets("log")):
        given = set(re.findall(r"\bas (`[^`]*`)", query))
        assert set(QUOTED.findall(query)) == given


def test_every_column_of_a_list_is_headed_by_words_and_a_duration_or_a_cost_by_its_unit() -> None:
    for each in widgets("log"):
        rows = log_query.run(each["properties"]["query"], sample_hour().events)
        for heading in rows[0]:
            assert re.fullmatch(r"[A-Z][A-Za-z ]+( \((ms|US cents|UTC|at most)\))?", heading), heading
            timed = re.search(r"\b(Duration|(?<!By )time)\b|Bedrock|models|^Tools|Memory|agent", heading)
            assert not timed or heading.endswith((" (ms)", " known")), heading
            assert "Cost" not in heading or heading.endswith(" (US cents)")


@pytest.mark.parametrize("query", [*(each["properties"]["query"] for each in widgets("log")), *QUERIES.values()])
def test_a_list_has_whole_numbers_but_for_cents_which_have_no_more_decimals_than_the_console_writes(query: str) -> None:
    """The console writes up to four decimals and no last 0: 0.02, 0.1 and 3 below each other, and 0 for less."""
    rows = log_query.run(query, sample_hour().events)
    numbers = [(name, value) for row in rows for name, value in row.items() if isinstance(value, float)]

    assert [(name, value) for name, value in numbers if value % 1 and "cents" not in name] == []
    assert [(name, value) for name, value in numbers if value != round(value, 4)] == []


@pytest.mark.parametrize("name", QUERIES)
def test_every_log_field_of_a_saved_query_is_in_the_lines(name: str, log_fields: set[str]) -> None:
    assert fields_of(QUERIES[name]) <= log_fields


def test_there_is_a_saved_query_for_each_question() -> None:
    assert len(QUERIES) == 10


def line(request_id: str, revision: int = 1, **fields: float | str) -> dict[str, object]:
    """A request's line; a metric by its name is a list, of which a query reads the first."""
    named = {f"{name}.0" if name[0].isupper() else name: value for name, value in fields.items()}
    return {"request_id": request_id, "Route": "POST /ask", "revision": revision, **named}


def answered(name: str, *lines: dict[str, object]) -> list[dict[str, object]]:
    return [dict(row) for row in log_query.run(QUERIES[name], lines)]


def failed_requests() -> str:
    """The query of the dashboard's list of failed requests."""
    listed = [each["properties"] for each in widgets("log")]
    return next(str(each["query"]) for each in listed if each["title"].startswith("Failed requests"))


def test_a_failed_request_says_which_calls_are_linked_and_how_many_may_be_its_own_too() -> None:
    certain = line("none", status=500, FailedRequests=1, LlmCallsPerRequest=0)
    uncertain = line("unknown", status=500, FailedRequests=1, possible_calls="unknown", possible_failed_calls="unknown")
    made = line("made", status=500, FailedRequests=1, LlmCallsPerRequest=2, LlmCalls=2, possible_failed_calls=1)

    rows = answered("FailedRequestsQuery", certain, uncertain, made)

    columns = ("calls", "more_calls", "errors", "throttles", "more_errors")
    said = {row["request_id"]: [row[name] for name in columns] for row in rows}
    assert said == {"none": [0, 0, 0, 0, 0], "unknown": [0, "unknown", 0, 0, "unknown"], "made": [2, 0, 0, 0, 1]}


def test_the_dashboards_lists_say_how_many_failed_calls_may_be_a_requests_own() -> None:
    """Throttled attempts that fit several requests stand in a lane of their own: each of these may have made them."""
    failed = {"status": 500, "FailedRequests": 1, "UncertainRequests": 1, "possible_calls": 3}
    lines = [
        line("none", status=500, FailedRequests=1, LlmCallsPerRequest=0),
        line("fits", **failed, possible_failed_calls=2),
        line("linked", **failed, LlmErrors=2, LlmThrottles=1),
        line("incomplete", status=500, FailedRequests=1, IncompleteRequests=1, missing_calls=1),
    ]

    columns = ("Failed calls", "Throttled", "Possible failed", "Missing calls")
    said = {row["Request id"]: [row[name] for name in columns] for row in log_query.run(failed_requests(), lines)}
    assert said == {
        "none": [0, 0, 0, None],
        "fits": [0, 0, 2, None],
        "linked": [2, 1, 0, None],
        "incomplete": [0, 0, 0, 1],
    }
    [unsure] = [each["properties"]["query"] for each in widgets("log") if "Uncertain or" in each["properties"]["title"]]
    possible = {row["Request id"]: row["Possible failed"] for row in log_query.run(unsure, lines)}
    assert possible == {"fits": 2, "linked": 0, "incomplete": 0}


def test_a_failed_request_is_one_row_with_what_its_later_lines_add() -> None:
    """Calls that are linked later, and what spans tell that come late, are in lines that count no failure again."""
    first = line("a", status=500, FailedRequests=1, RequestDuration=900, LlmErrors=1, UncertainRequests=1)
    linked = line("a", 2, status=500, LlmErrors=1, LlmCallsPerRequest=0, UncertainRequests=-1)
    traced = line("a", 3, status=500, Requests=0, failed_tools=2)

    [shown] = log_query.run(failed_requests(), [first, linked, traced, line("fine")])
    [saved] = answered("FailedRequestsQuery", first, linked, traced, line("fine"))

    counts = ("Failed calls", "Throttled", "Failed tools", "Duration (ms)")
    assert [shown[name] for name in counts] == [2, 0, 2, 900]
    assert [saved[name] for name in ("calls", "errors", "duration_ms")] == [0, 2, 900]


def test_the_dashboard_counts_requests_that_are_linked_by_time_and_names_them() -> None:
    certain, became = line("certain", Requests=1, LlmCalls=2), line("became", Requests=1, UncertainRequests=1)
    lines = [
        certain,
        line("about", Requests=1, LlmCalls=2, RequestDuration=800, requests_by_time=1),
        became | {"RequestDuration.0": 900},
        line("became", 2, LlmCalls=1, UncertainRequests=-1, requests_by_time=1),
        {"Route": "unattributed", "LlmCalls.0": 1},
    ]
    queries = {str(each["properties"]["title"]): str(each["properties"]["query"]) for each in widgets("log")}
    averages, slowest, costly = (
        next(log_query.run(query, lines) for title, query in queries.items() if part in title)
        for part in ("average of requests whose times", "slowest requests", "most expensive")
    )

    assert [(row["Requests"], row["By time"]) for row in averages] == [(3, 2)]
    assert {row["Request id"]: row["By time"] for row in slowest} == {"became": 1, "about": 1}
    assert {row["Request id"]: row["By time"] for row in costly} == {"certain": 0, "about": 1, "became": 1}


@pytest.mark.parametrize("part", ["slowest requests", "most expensive"])
def test_the_lists_of_the_slowest_and_the_most_expensive_requests_tell_which_are_incomplete(part: str) -> None:
    lines = [
        line(name, LlmCalls=2, RequestDuration=800, **lacking)
        for name, lacking in (("whole", {}), ("lacks", {"IncompleteRequests": 1}), ("late", {"IncompleteRequests": 1}))
    ]
    lines.append(line("late", 2, LlmCalls=1, IncompleteRequests=-1))
    [query] = [each["properties"]["query"] for each in widgets("log") if part in each["properties"]["title"]]

    listed = log_query.run(query, lines)

    assert {row["Request id"]: row["Incomplete"] for row in listed} == {"whole": 0, "lacks": 1, "late": 0}


def test_a_failed_request_has_no_failed_tool_only_where_its_spans_tell() -> None:
    unspanned, spanned = line("unspanned", status=500, FailedRequests=1), {"time_by.llm_ms": 900}
    fine = line("fine", status=500, FailedRequests=1) | spanned
    broken = line("broken", status=500, FailedRequests=1, failed_tools=2) | spanned

    rows = log_query.run(failed_requests(), [unspanned, fine, broken])

    assert {row["Request id"]: row["Failed tools"] for row in rows} == {"unspanned": None, "fine": 0, "broken": 2}


def test_a_throttled_request_counts_calls_of_every_revision_and_0_only_where_it_is_certain() -> None:
    certain = line("none", LlmThrottles=1, LlmErrors=1, LlmCallsPerRequest=0)
    uncertain = line("unknown", LlmThrottles=2, LlmErrors=2, UncertainRequests=1)
    first, later = line("later", LlmThrottles=1, LlmErrors=1, LlmCallsPerRequest=0), line("later", 2, LlmCalls=1)

    rows = answered("ThrottledRequestsQuery", certain, uncertain, first, later, line("fine", LlmCalls=1))

    said = {row["request_id"]: (row["throttles"], row["calls"]) for row in rows}
    assert said == {"unknown": (2, None), "none": (1, 0), "later": (1, 1)}


def test_a_request_of_many_calls_says_whether_it_is_uncertain_by_now() -> None:
    certain, became = line("certain", LlmCalls=6), line("became", LlmCalls=7, UncertainRequests=1)

    rows = answered("TalkativeRequestsQuery", certain, became, line("became", 2, UncertainRequests=-1))

    assert {row["request_id"]: row["uncertain"] for row in rows} == {"became": 0, "certain": 0}


def test_what_is_linked_to_an_uncertain_or_incomplete_request_is_a_number() -> None:
    uncertain, incomplete = line("u", UncertainRequests=1), line("i", IncompleteRequests=1, missing_calls=2)

    assert [row["at_least"] for row in answered("UncertainRequestsQuery", uncertain)] == [0]
    assert [row["linked"] for row in answered("IncompleteRequestsQuery", incomplete)] == [0]


def test_a_request_whose_spans_come_after_its_first_line_is_one_row_with_its_duration_and_its_newest_tool() -> None:
    first, none = line("a", RequestDuration=5_000), line("none", RequestDuration=900)
    early = line("a", 2, slowest_tool="mail", slowest_tool_ms=200)
    late = line("a", 3, slowest_tool="search", slowest_tool_ms=700, failed_tools=1)

    rows = answered("SlowestToolQuery", first, none, early, late)

    assert [[row[name] for name in ("request_id", "tool", "tool_ms", "failed", "duration_ms")] for row in rows] == [
        ["a", "search", 700, 1, 5_000]
    ]


def test_a_request_that_waits_for_memory_is_one_row_with_its_duration() -> None:
    first, none = line("a", RequestDuration=5_000), line("none", RequestDuration=900) | {"time_by.memory_ms": 0}
    early, late = ({"time_by.memory_ms": ms, "time_by.llm_ms": 900} for ms in (300, 400))

    rows = answered("MemoryQuery", first, none, line("a", 2) | early, line("a", 3) | late)

    assert [(row["request_id"], row["memory_ms"], row["llm_ms"], row["duration_ms"]) for row in rows] == [
        ("a", 400, 900, 5_000)
    ]


def test_a_request_that_is_certain_later_waits_for_slow_tools_with_its_duration() -> None:
    rows = answered("SlowToolsQuery", line("a", RequestDuration=5_000), line("a", 2, ToolTime=700, LlmTime=900))

    assert [(row["request_id"], row["tools_ms"], row["llm_ms"], row["duration_ms"]) for row in rows] == [
        ("a", 700, 900, 5_000)
    ]


def test_where_the_time_went_tells_of_requests_whose_spans_came_after_their_first_line_once_each() -> None:
    query = next(str(each["properties"]["query"]) for each in widgets("log") if "With spans" in str(each))
    names = ("llm", "llm_elsewhere", "tools", "memory", "agent", "outside")

    def parts(*values: int | None) -> dict[str, object]:
        return {f"time_by.{name}_ms": ms for name, ms in zip(names, values, strict=True) if ms is not None}

    rows = log_query.run(
        query,
        [
            line("at once", RequestDuration=3_000) | parts(1_000, 0, 500, None, 500, 1_000),
            line("late", RequestDuration=5_000),
            line("never", RequestDuration=60_000),
            line("late", 2) | parts(1_000, 0, 500, None, 2_500, 1_000),
            line("late", 3) | parts(2_000, 0, 1_500, None, 500, 1_000),
        ],
    )

    assert rows == [
        {
            "Route": "POST /ask",
            "Requests": 3,
            "With spans": 2,
            "Duration (ms)": 4_000,
            "Bedrock (ms)": 1_500,
            "Other models (ms)": 0,
            "Tools (ms)": 1_000,
            "Memory (ms)": None,
            "Rest of agent (ms)": 500,
            "Outside agent (ms)": 1_000,
        }
    ]


def test_an_incomplete_request_is_listed_with_what_its_newest_line_says_is_missing() -> None:
    first = line("a", IncompleteRequests=1, LlmCalls=2, missing_calls=1, missing="x")
    became, complete = line("b", IncompleteRequests=1, missing_calls=1), line("b", 2, IncompleteRequests=-1)

    rows = answered("IncompleteRequestsQuery", first, became, line("a", 2, missing_calls=2, missing="x, y"), complete)

    assert [(row["request_id"], row["linked"], row["missing"], row["missing_ids"]) for row in rows] == [
        ("a", 2, 2, "x, y")
    ]


def test_the_list_of_unattributed_calls_says_how_many_of_them_failed() -> None:
    lost = {"Route": "unattributed", "reason": "ambiguous", "caller_role": "agent", "candidates": 2}
    query = next(str(each["properties"]["query"]) for each in widgets("log") if "Unattributed" in str(each))

    [row] = log_query.run(query, [lost, {**lost, "LlmErrors.0": 1, "candidates": 3}])

    assert (row["Calls"], row["Failed of them"], row["Requests that one fits (at most)"]) == (2, 1, 3)
