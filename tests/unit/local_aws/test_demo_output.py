"""What a demo says of its metrics and its pages."""

from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from request_lens_cli.commands.demo import write_pages
from request_lens_cli.demo.metrics_check import read_back
from request_lens_cli.demo.scenario_run import agree
from request_lens_cli.local_aws.environment import REGION
from request_lens_cli.report.report import Report
from tests.support.sample_states import settled

EXPECTED = {"Requests": 10.0, "UncertainRequests": 0.0, "LlmCalls": 17.0, "LlmErrors": 0.0}
NOTHING = Report(requests=(), unlinked=(), labels={})


@pytest.mark.parametrize(
    ("sums", "said"),
    [
        ({"Requests": 10, "LlmCalls": 17}, "Requests 10, LlmCalls 17; no UncertainRequests, no LlmErrors"),
        (
            {"Requests": 10, "UncertainRequests": 0},
            "Requests 10, UncertainRequests back to 0; no LlmCalls, no LlmErrors",
        ),
        (EXPECTED, "Requests 10, UncertainRequests back to 0, LlmCalls 17, LlmErrors back to 0"),
        ({}, "no Requests, no UncertainRequests, no LlmCalls, no LlmErrors"),
    ],
)
def test_only_what_was_read_back_has_a_number(sums: dict[str, float], said: str) -> None:
    assert read_back(sums, EXPECTED) == said


@pytest.mark.parametrize(
    ("sums", "agrees"),
    [
        ({"Requests": 10, "LlmCalls": 17}, True),
        ({"Requests": 10, "LlmCalls": 17, "UncertainRequests": 0}, True),
        ({"Requests": 10}, False),
        ({"Requests": 10, "LlmCalls": 17, "LlmErrors": 1}, False),
    ],
)
def test_a_sum_of_zero_may_have_no_value(sums: dict[str, float], agrees: bool) -> None:
    assert agree(sums, EXPECTED) is agrees


@pytest.mark.parametrize(
    ("reports", "said"),
    [
        (1, {"Report": "report.html"}),
        (2, {"Report of the untagged half": "report.html", "Report of the tagged half": "report-tagged.html"}),
    ],
)
def test_a_scenario_that_is_played_twice_has_a_page_of_each_half(
    reports: int, said: dict[str, str], tmp_path: Path
) -> None:
    console = Console(file=StringIO(), width=400)
    write_pages([NOTHING] * reports, tmp_path, console)

    assert isinstance(console.file, StringIO)
    assert console.file.getvalue().splitlines() == [
        f"{words}: {tmp_path / name}, one page to open in a browser" for words, name in said.items()
    ]
    assert {page.name for page in tmp_path.iterdir()} == set(said.values())


def test_the_pages_of_the_two_halves_say_in_title_and_heading_which_is_which(tmp_path: Path) -> None:
    write_pages([NOTHING] * 2, tmp_path, Console(file=StringIO(), width=400))

    for name, half in (("report", "calls untagged"), ("report-tagged", "calls tagged with their request")):
        page = (tmp_path / f"{name}.html").read_text(encoding="utf-8")
        assert f"<title>Request Lens: request-lens, {half}" in page
        assert f"<h1>LLM calls per API request: {half}" in page
        assert f"<li>Stack request-lens</li><li>{REGION}</li>" in page


def test_the_page_of_a_half_is_of_its_own_time_and_not_of_what_was_played_after_it(tmp_path: Path) -> None:
    half = Report(requests=[settled("first"), settled("last", start=60)], unlinked=())
    write_pages([half], tmp_path, Console(file=StringIO(), width=400))

    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "<li>2025-12-04 18:27 to 18:29 UTC</li>" in page
