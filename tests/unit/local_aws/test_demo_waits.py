"""What a demo waits for: as long as anything comes, however slow the machine is, and not for ever."""

import time
from collections.abc import Iterator, Mapping
from io import StringIO
from typing import cast

import click
import pytest
from rich.console import Console

from request_lens_cli.demo import scenario_run
from request_lens_cli.demo.metrics_check import show_metrics
from request_lens_cli.demo.scenario_run import ScenarioRun, wait_for_metrics, wait_until_settled
from request_lens_cli.deployed.metrics import Metrics
from request_lens_cli.deployed.table import DeployedTable
from request_lens_cli.report.report import Report
from request_lens_cli.scenario.scenario import load_scenario
from scripts.scenarios.generate import EVENTS
from tests.support.facts import call
from tests.support.sample_states import settled

RUN = ScenarioRun(scenario=load_scenario(EVENTS / "article"), table=cast("DeployedTable", None))
METRICS = cast("Metrics", None)
SLOW_S = 100.0
"""Between two looks of the slowest machine."""

SETTLED = Report(
    requests=[settled(f"r{at}", *(call(f"{at}-{each}") for each in range(2 if at < 7 else 1))) for at in range(10)],
    unlinked=(),
)
ALL = {"Requests": 10.0, "LlmCalls": 17.0, "InputTokens": 17 * 1_011.0, "OutputTokens": 17 * 31.0}
"""What the metrics add up to in the end; there is no value of what is 0."""


@pytest.fixture(autouse=True)
def slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine on which SLOW_S pass between two looks."""
    now = [0.0]

    def sleep(_: float) -> None:
        now[0] += SLOW_S

    monkeypatch.setattr(time, "sleep", sleep)
    monkeypatch.setattr(time, "monotonic", lambda: now[0])


def reporting(monkeypatch: pytest.MonkeyPatch, *reports: Report) -> None:
    """Have the table hold this at one look after the other, then the last for good."""
    looks = _one_after_the_other(*reports)
    monkeypatch.setattr(ScenarioRun, "report", lambda _: next(looks))


def adding_up(monkeypatch: pytest.MonkeyPatch, *sums: Mapping[str, float]) -> None:
    """The same of the metrics."""
    looks = _one_after_the_other(*sums)
    monkeypatch.setattr(scenario_run, "sums_in_time_of", lambda *_: next(looks))


def _one_after_the_other[Look](*looks: Look) -> Iterator[Look]:
    yield from looks
    while True:
        yield looks[-1]


def metrics_up_to(requests: float) -> Mapping[str, float]:
    return {**ALL, "Requests": requests}


def test_metrics_are_waited_for_as_long_as_more_of_them_come(monkeypatch: pytest.MonkeyPatch) -> None:
    reporting(monkeypatch, SETTLED)
    adding_up(monkeypatch, *map(metrics_up_to, range(11)))
    said: list[str] = []

    _, sums = wait_for_metrics(RUN, METRICS, note=said.append)

    assert sums == ALL
    assert said[:2] == ["read back at 1 s: Requests 0 of 10", "read back at 1 s: Requests 1 of 10"]
    assert len(said) == 10


def test_a_request_that_becomes_certain_meanwhile_is_expected_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    unsure = settled("r0", call("0-0"), call("0-1"), possible_calls=1)
    reporting(monkeypatch, Report(requests=[unsure, *SETTLED.requests[1:]], unlinked=()), SETTLED)
    adding_up(monkeypatch, ALL)

    report, sums = wait_for_metrics(RUN, METRICS, note=lambda _: None)

    assert (report.uncertain, sums) == (0, ALL)


def test_metrics_that_come_no_more_are_said_with_what_the_table_has(monkeypatch: pytest.MonkeyPatch) -> None:
    reporting(monkeypatch, SETTLED)
    adding_up(monkeypatch, metrics_up_to(7))
    console = Console(file=StringIO(), width=200)

    with pytest.raises(click.ClickException, match=r"which has Requests 10, .*Read back at 1 s: Requests 7, .*no Llm"):
        show_metrics(RUN, metrics=METRICS, console=console)

    assert time.monotonic() == 2 * SLOW_S
    assert isinstance(console.file, StringIO)
    assert "✓" not in console.file.getvalue()


def test_what_was_read_back_stands_in_the_line_of_its_phase(monkeypatch: pytest.MonkeyPatch) -> None:
    reporting(monkeypatch, SETTLED)
    adding_up(monkeypatch, ALL)
    console = Console(file=StringIO(), width=200)

    show_metrics(RUN, metrics=METRICS, console=console)

    assert isinstance(console.file, StringIO)
    _, line = console.file.getvalue().splitlines()
    assert line.startswith(
        "✓ metrics  read back at 1 s: Requests 10, LlmCalls 17, InputTokens 17,187, OutputTokens 527; "
    )


def test_requests_are_waited_for_as_long_as_more_of_them_settle(monkeypatch: pytest.MonkeyPatch) -> None:
    reporting(monkeypatch, *(Report(requests=SETTLED.requests[:at], unlinked=()) for at in range(11)))
    said: list[str] = []

    assert wait_until_settled(RUN, note=said.append).requests == SETTLED.requests
    assert said[1].startswith("1 of 10 requests, 2 of 17 calls settled: late logs")
    assert said[-1] == "10 of 10 requests settled"


def test_requests_that_settle_no_more_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    reporting(monkeypatch, Report(requests=SETTLED.requests[:4], unlinked=()))

    with pytest.raises(
        click.ClickException, match=r"Only 4 of 10 requests, 8 of 17 calls settled, and nothing more for 120 s"
    ):
        wait_until_settled(RUN, note=lambda _: None)
