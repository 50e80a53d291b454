"""Lists, timelines and reports whose time begins or ends among the calls of requests that overlap."""

import re
from datetime import datetime
from pathlib import Path

import pytest

from tests.support.command_line.page_text import card
from tests.support.deployed_stack import DeployedLens

EDGES = [
    pytest.param((), 17, id="the whole time"),
    pytest.param(("--since", "2025-12-04T19:02:20.000"), 8, id="since a whole second"),
    pytest.param(("--since", "2025-12-04T19:02:20.200"), 8, id="since within the second of calls"),
    pytest.param(("--since", "2025-12-04T19:02:21"), 8, id="since the second after their log"),
    pytest.param(("--until", "2025-12-04T19:02:12.500"), 9, id="until before calls of the requests"),
]


@pytest.fixture(autouse=True)
def overlapping(lens: DeployedLens) -> None:
    """Five requests at once, and eight seconds later five more: each call fits several of them."""
    lens.now = datetime.fromisoformat("2025-12-04T19:10:00Z")
    lens.plays("overlap")


def most_possible(listed: str) -> int:
    """The largest number of a row, or of a bar."""
    return max(int(count) for count in re.findall(r"(\d+) (?:calls )?possible", listed))


@pytest.mark.parametrize(("period", "calls"), EDGES)
def test_the_line_below_a_list_counts_all_calls_that_are_possible_in_it(
    lens: DeployedLens, period: tuple[str, ...], calls: int
) -> None:
    listed, document = lens.answer("requests", *period), lens.document("requests", *period)

    assert f"{calls} LLM calls, all unattributed" in listed
    assert most_possible(listed) <= calls == len(document["unattributed"])
    assert f"\n{calls} unattributed, 0 pending\n" in lens.answer("requests", "--unattributed", *period)


@pytest.mark.parametrize(("period", "calls"), EDGES)
def test_a_timeline_has_them_in_its_lane(
    lens: DeployedLens, tmp_path: Path, period: tuple[str, ...], calls: int
) -> None:
    target = tmp_path / "timeline.svg"
    drawn = lens.answer("timeline", *period)
    lens.answer("timeline", *period, "-o", str(target))

    assert most_possible(drawn) <= calls
    assert f" · {calls} calls" in drawn
    assert f"{calls} LLM calls that may be " in drawn
    assert f"{calls} LLM calls, all unattributed" in target.read_text(encoding="utf-8")


@pytest.mark.parametrize(("period", "calls"), EDGES)
def test_a_report_counts_them_in_its_cards(
    lens: DeployedLens, tmp_path: Path, period: tuple[str, ...], calls: int
) -> None:
    target = tmp_path / "report.html"
    said = lens.answer("report", *period, "-o", str(target))
    page = target.read_text(encoding="utf-8")

    assert f"{calls} LLM calls, all unattributed" in said
    assert card(page, "Unattributed") == ["100.0%", f"{calls} of {calls} calls without a request", "see why"]
    assert most_possible(page) <= calls


def test_a_picture_of_one_row_has_the_calls_that_are_possible_in_it(lens: DeployedLens, tmp_path: Path) -> None:
    target = tmp_path / "timeline.svg"
    drawn = lens.answer("timeline", "--rows", "1")
    said = lens.answer("timeline", "--rows", "1", "-o", str(target))

    assert (most_possible(drawn), " · 8 calls" in drawn) == (7, True)
    assert said.startswith("1 of 10 requests: 1 uncertain · 8 LLM calls, all unattributed\n")
