"""Lists: no id and no number is ever cut, columns give way in a fixed order, a pipe gets them tab-separated."""

import re
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.text import Text

from request_lens.domain.linking.link import Reason, Unattributed
from request_lens.domain.policy import Policy
from request_lens_cli.report.documents import csv_row, summary_document
from request_lens_cli.report.report import Report
from request_lens_cli.terminal.console import open_console, stderr_console
from request_lens_cli.terminal.listing import Column, print_list, shorten_middle
from request_lens_cli.terminal.report_view import show_unlinked
from request_lens_cli.terminal.requests_table import print_requests
from request_lens_cli.terminal.unlinked_table import print_unlinked
from tests.support.command_line.screen import piped, printed
from tests.support.facts import call, pending
from tests.support.sample_states import costing, settled

LONG = "POST /api/v2/organisations/{organisationId}/conversations/{conversationId}/answers/{answerId}/regenerate"
UUID = "97288171-079e-4b27-9d0c-54f7015b28a2"
REPORT = Report(
    requests=[
        costing(settled(UUID, call("i1", 1), route=LONG, possible_calls=2), "0.0021"),
        costing(settled("r2", call("i2", 1), call("i3", 3), start=30, status=500), "12.5"),
    ],
    unlinked=[],
)


def listed(width: int, report: Report = REPORT) -> str:
    return printed(lambda console: print_requests(report, console), width=width)


@pytest.mark.parametrize("width", [40, 60, 80, 100, 132, 400])
def test_ids_and_numbers_are_whole_at_every_width(width: int) -> None:
    text = listed(width)

    for part in (UUID, "r2", "5.00 s", "≥ 1"):
        assert part in text
    assert "Start (UTC)" in text.partition("No room for")[2] or {"18:27:02", "18:27:32"} <= set(text.split())
    assert "500" in text
    assert max(map(len, text.splitlines())) <= width


def test_columns_leave_in_a_fixed_order_and_are_named() -> None:
    absent = [listed(width).partition("No room for: ")[2] for width in (400, 170, 130, 100, 80)]
    columns = [{name.partition(" (")[0] for name in " ".join(names.split()).strip(".").split(", ")} for names in absent]
    columns[0].discard("")

    assert all(fewer <= more for fewer, more in pairwise(columns))
    assert columns[-1] >= {"Correlated by", "Tokens in/out", "Other time"}


def test_what_people_ask_for_stays_longest() -> None:
    several = [settled("97288171-079e-4b27-9d0c-54f7015b28a2", call("i1", 1)), settled("r2", route="GET /files")]
    headers = [listed(width, Report(requests=several, unlinked=[])).splitlines()[0].split() for width in (84, 82, 74)]

    assert [" ".join(header) for header in headers] == [
        "Request Start (UTC) Duration LLM calls Est. cost",
        "Request Start UTC Duration LLM calls Est. cost",
        "Request Duration LLM calls Est. cost",
    ]


def test_when_a_request_began_stays_beside_its_status_and_what_is_possible_at_80_columns() -> None:
    failed = [settled(f"8vyhhrKPTgKzGt{at}=", possible_calls=8, status=500 + at, route=f"GET /{at}") for at in range(2)]
    header, first, *_ = listed(80, Report(requests=failed, unlinked=[])).splitlines()

    assert " ".join(header.split()) == "Request Status Start UTC Duration LLM calls More calls Est. cost"
    assert " ".join(first.split()) == "8vyhhrKPTgKzGt0= 500 18:27:02 5.00 s ≥ 0 8 possible –"


def test_calls_without_a_request_are_a_table_at_80_columns_with_ids_and_reasons_whole() -> None:
    fitting = replace(pending(call(UUID, 1)), decision=Unattributed(reason=Reason.AMBIGUOUS, candidates=12))
    never = replace(pending(call(UUID, 1)), decision=Unattributed(reason=Reason.REQUEST_NEVER_SEEN))
    lines = printed(
        lambda console: print_unlinked([fitting, never, pending(call(UUID, 1))], console), width=80
    ).splitlines()

    assert " ".join(lines[0].split()).startswith("Invocation Logged (UTC) Latency Why")
    assert [line.split()[0] for line in lines[1:4]] == [UUID] * 3
    for line, reason in zip(lines[1:4], ("ambiguous (fits 12)", "request_never_seen", "pending"), strict=True):
        assert reason in line


def test_a_column_that_knows_nothing_leaves_before_others_but_the_cost() -> None:
    states = [settled(f"r{at}".ljust(16, "="), possible_calls=2, start=at) for at in range(2)]

    assert re.search(
        "Start .*LLM calls +More calls +Est. cost$", listed(80, Report(requests=states, unlinked=[])).splitlines()[0]
    )


def test_a_route_that_all_requests_have_leaves_before_cost_and_time() -> None:
    alike = Report(requests=[settled("r1", call("i1", 1)), settled("r2", start=30)], unlinked=[])
    header = listed(64, alike).splitlines()[0]

    assert "Route" not in header
    assert "LLM time" in header


def test_a_route_that_there_is_no_room_for_is_named_where_it_is_the_same_for_all() -> None:
    alike = Report(requests=[settled("r1", call("i1", 1)), settled("r2", start=30)], unlinked=[])

    assert "Route (POST /ask)" in " ".join(listed(62, alike).split())


def test_routes_that_differ_lose_more_of_their_middle_before_they_leave() -> None:
    routes = [
        "POST /api/v2/organisations/{organisationId}/questions",
        "GET /api/v2/organisations/{organisationId}/files",
    ]
    states = [settled(f"8vyhhrKPTgKzGt{at}=", call(f"i{at}", 1), route=route) for at, route in enumerate(routes)]
    narrow = listed(80, Report(requests=states, unlinked=[]))

    assert re.search("Route .* Start .* LLM calls +Est. cost$", narrow.splitlines()[0])
    assert re.search(r"POST /\S*…\S*estions", narrow)
    assert re.search(r"GET /\S*…\S*files", narrow)
    assert max(map(len, narrow.splitlines())) <= 80


def test_a_long_route_loses_its_middle() -> None:
    (line,) = [line for line in listed(150).splitlines() if UUID in line]

    assert "POST /api/v2/org…" in line
    assert "Id}/regenerate" in line


def test_a_terminal_too_narrow_for_a_line_gets_a_card_with_everything() -> None:
    text = listed(50)

    assert text.splitlines()[0] == UUID
    for part in (LONG.partition("/conv")[0], "Duration 5.00 s", "More calls 2 possible", "Est. cost ≥ $0.002100"):
        assert part.replace(" ", "") in text.replace("\n", "").replace(" ", "")


def test_a_pipe_gets_every_column_whole_and_nothing_else() -> None:
    lines = piped(lambda console: print_requests(REPORT, console)).splitlines()

    header, *rows = [line.split("\t") for line in lines]
    assert header[:4] == ["Request", "Route", "Status", "Start (UTC)"]
    assert [row[:3] for row in rows] == [[UUID, LONG, "200"], ["r2", "POST /ask", "500"]]
    assert all(len(row) == len(header) for row in rows)
    assert piped(lambda console: print_requests(REPORT, console)).count("\n") == 3


SIGNS = Report(
    requests=[
        costing(settled("sure", start=-30), "0.0021"),
        costing(settled("unsure", call("i1", 1), route=LONG, possible_calls=2), "0.0021"),
        settled("about", call("i2", 1), call("i3", 3, error_code="ThrottlingException"), start=30),
        replace(settled("pending", start=50), revision=0, summary=None),
        settled("cut", start=60, possible_calls=1000),
        settled("open", start=70, possible_calls=None, duration_ms=None),
    ],
    unlinked=[],
)
WORDS = {"Request", "Route", "Start (UTC)", "Correlated by", "Complete", "Calls are", "Uncertain because", "Runaway"}


def test_a_pipe_gets_plain_numbers_and_a_column_for_each_sign() -> None:
    header, *rows = [line.split("\t") for line in piped(lambda console: print_requests(SIGNS, console)).splitlines()]
    cells = [dict(zip(header, row, strict=True)) for row in rows]

    assert header.index("Calls are") == 14  # docs/queries.md counts it
    assert header[4:13] == [
        *("Duration (s)", "LLM calls", "More calls", "LLM time (s)", "Other time (s)"),
        *("Tokens in", "Tokens out", "Est. cost (USD)", "Correlated by"),
    ]
    assert [each["LLM calls"] for each in cells] == ["0", "1", "1", "–", "0", "0"]
    assert [each["More calls"] for each in cells] == ["0", "2", "0", "–", "1000", "–"]
    assert [each["Calls are"] for each in cells] == ["exact", "at least", "about", "pending", "at least", "at least"]
    documents = [summary_document(state, Policy()) for state in SIGNS.requests]
    assert [each["calls_are"] for each in documents] == [each["Calls are"].replace(" ", "_") for each in cells]
    assert [csv_row(state, Policy())["calls_are"] for state in SIGNS.requests] == [d["calls_are"] for d in documents]
    assert [each["Failed calls"] for each in cells] == ["0", "0", "1", "–", "0", "–"]
    assert [each["Unpriced calls"] for each in cells] == ["0", "–", "1", "–", "–", "–"]
    assert cells[5]["Uncertain because"] == "their end is unknown"
    numbers = [value for each in cells for name, value in each.items() if name not in WORDS]
    assert [value for value in numbers if value != "–" and not re.fullmatch(r"\d+(\.\d+)?", value)] == []


def test_calls_without_a_request_are_plain_numbers_in_a_pipe_too() -> None:
    header, row = [
        line.split("\t")
        for line in piped(lambda console: print_unlinked([pending(call("i1", 1))], console)).splitlines()
    ]

    assert header[:6] == ["Invocation", "Logged (UTC)", "Latency (s)", "Why", "Tokens in", "Tokens out"]
    assert row[:2] == ["i1", "2025-12-04 18:27:03"]
    assert all(re.fullmatch(r"\d+(\.\d+)?", row[at]) for at in (2, 4, 5))


@given(st.text(max_size=60), st.integers(3, 40))
def test_a_shortened_text_is_no_wider_and_keeps_both_ends(text: str, width: int) -> None:
    shortened = shorten_middle(Text(text), width)

    assert shortened.cell_len <= max(width, 0)
    if shortened.plain != text:
        begin, _, end = shortened.plain.partition("…")
        assert Text(text).plain.startswith(begin) or not begin
        assert len(shortened.plain) < len(text) or shortened.cell_len < Text(text).cell_len
        assert Text(text).plain.endswith(end) or not end


@pytest.mark.parametrize(("no_color", "styled"), [("", True), ("1", False)])
def test_without_colours_nothing_is_bold_or_dim_either(
    no_color: str, *, styled: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("NO_COLOR", no_color)
    for console in (open_console(), stderr_console()):
        with console.capture() as captured:
            console.print("10 requests", style="bold", highlight=False)

        assert ("\x1b[" in captured.get()) is styled


def test_an_empty_list_has_its_header_alone() -> None:
    columns = (Column[str](header="Name", cell=Text),)

    assert printed(lambda console: print_list(columns, [], console)) == "Name\n"


def test_what_is_one_word_in_all_rows_is_said_where_its_column_has_no_room() -> None:
    columns = [
        Column[str](header="Id", cell=lambda row: row),
        Column[str](header="Tokens", cell=lambda _: "1,000,000", numeric=True, leaves=1),
        Column[str](header="Link", cell=lambda _: "–", leaves=2),
        Column[str](header="Model", cell=lambda _: "anthropic.claude", leaves=3),
    ]

    text = printed(lambda console: print_list(columns, ["a" * 60, "b" * 60], console), width=66)
    assert " ".join(text.split()).endswith("No room for: Tokens, Link, Model (anthropic.claude).")


def test_an_empty_line_stands_before_the_sums_of_calls_without_a_request_and_none_in_a_pipe() -> None:
    report = Report(requests=[], unlinked=[pending(call(UUID, 1))])

    lines = printed(lambda console: show_unlinked(report, console)).splitlines()

    assert lines[2:4] == ["", "0 unattributed, 1 pending"]
    assert "" not in piped(lambda console: show_unlinked(report, console)).splitlines()
