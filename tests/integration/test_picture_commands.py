"""`request-lens timeline` and `request-lens report` over a table in an emulated DynamoDB."""

from dataclasses import replace
from pathlib import Path

import pytest

from request_lens.domain.linking.link import Reason, Unattributed
from tests.support.command_line.page_text import rows
from tests.support.deployed_stack import DeployedLens
from tests.support.facts import at, call, pending
from tests.support.sample_states import settled


def test_without_a_file_the_timeline_is_bars_in_the_terminal(lens: DeployedLens) -> None:
    lens.plays("article")

    output = lens.answer("timeline")

    assert sum(" call" in line and "POST /ask" in line for line in output.splitlines()) == 10


def test_each_bar_has_an_id_that_show_takes(lens: DeployedLens) -> None:
    lens.plays("article")

    (first,) = [line for line in lens.answer("timeline", columns=80).splitlines() if line.startswith("18:26:59")]

    assert lens.answer("show", first.split()[1]).startswith("8vyhhrKPTgKzGt2=  POST /ask")


@pytest.mark.parametrize(("order", "first"), [("time", "18:27:49"), ("duration", "18:27:49"), ("cost", "18:27:49")])
def test_the_timeline_is_sorted_and_says_what_stands_below(
    lens: DeployedLens, tmp_path: Path, order: str, first: str
) -> None:
    lens.plays("article")
    target = tmp_path / "timeline.svg"

    output = lens.answer("timeline", "--sort", order, "--rows", "3")
    lens.answer("timeline", "--sort", order, "--rows", "3", "-o", str(target))

    rows = [line for line in output.splitlines() if "POST /ask" in line]
    assert (len(rows), rows[0].startswith(first)) == (3, True)
    assert ("7 more requests of this time stand below these in that order." in output) == (order != "time")
    drawn = target.read_text(encoding="utf-8")
    assert drawn.rindex(rows[0].split()[0]) < drawn.rindex(rows[-1].split()[0])


@pytest.mark.parametrize(("suffix", "beginning"), [(".svg", b"<svg"), (".png", b"\x89PNG")])
def test_the_timeline_is_drawn_to_a_file(lens: DeployedLens, tmp_path: Path, suffix: str, beginning: bytes) -> None:
    lens.plays("article")
    target = tmp_path / f"timeline{suffix}"

    output = lens.answer("timeline", "-o", str(target))

    assert target.read_bytes().startswith(beginning)
    assert output.startswith("10 requests · 17 LLM calls, all linked\n")


def test_it_draws_the_newest_rows_and_says_how_many_more_there_are(lens: DeployedLens, tmp_path: Path) -> None:
    lens.plays("article")
    target = tmp_path / "timeline.svg"

    output = lens.answer("timeline", "--rows", "3", "--min-calls", "2", "-o", str(target))

    assert "4 earlier requests are not shown." in output
    drawn = target.read_text(encoding="utf-8")
    assert drawn.count('class="rl-row"') == 3
    assert "18:28:03" in drawn
    assert "4 earlier requests are not shown" in drawn


def drawn_empty(lens: DeployedLens, target: Path, *options: str) -> str:
    lens.answer("timeline", *options, "-o", str(target))
    return target.read_text(encoding="utf-8")


def test_an_empty_picture_says_what_was_asked_and_why_nothing_is_drawn(lens: DeployedLens, tmp_path: Path) -> None:
    target = tmp_path / "timeline.svg"
    assert "No requests from 2025-12-04 17:40:00 to 18:40:00 UTC" in drawn_empty(lens, target)

    lens.plays("article")

    drawn = drawn_empty(lens, target, "--route", "GET /none")
    assert "No request is selected" in drawn
    assert "No route is GET /none; routes of this time: POST /ask." in drawn
    lens.holds(settled("open", start=20, possible_calls=9))
    told = " ".join(lens.answer("timeline", "--min-calls", "3").split())
    assert told.endswith("may have made as many calls: --uncertain without --min-calls lists them.")


def test_an_empty_report_says_that_the_selection_is_why(lens: DeployedLens, tmp_path: Path) -> None:
    lens.plays("article")
    target = tmp_path / "report.html"

    lens.answer("report", "--route", "GET /none", "-o", str(target))

    assert "No request of this time is selected: only GET /none." in target.read_text(encoding="utf-8")


def test_a_report_until_now_does_not_say_that_its_time_ends_in_the_future(lens: DeployedLens, tmp_path: Path) -> None:
    lens.plays("article")
    lens.now = at(600.5)

    lens.answer("report", "--since", "30m", "-o", str(tmp_path / "report.html"))

    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "<li>2025-12-04 18:07:02 to 18:37:02 UTC</li><li>as of 2025-12-04 18:37:02 UTC</li>" in page


def test_a_report_says_at_least_of_every_model_where_not_all_calls_were_read_alone(
    lens: DeployedLens, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = replace(pending(call("u", 2, model_id="b")), decision=Unattributed(reason=Reason.AMBIGUOUS, candidates=1))
    lens.holds(settled("open", call("i", 1, model_id="a"), possible_calls=1))
    lens.holds_untagged(left)
    target = tmp_path / "report.html"

    def first_model(*period: str) -> tuple[str, bool]:
        lens.answer("report", *period, "-o", str(target))
        page = target.read_text(encoding="utf-8")
        not_read = "≥ stands at every model: calls that were not read may be of any." in page
        return rows(page, "By model")[0][1], not_read

    assert first_model("--since", "1d") == ("≈ 1", False)
    assert first_model("--since", "1d", "--until", f"{at(1):%Y-%m-%dT%H:%M:%S}") == ("≈ 1", False)
    assert first_model("--since", f"{at(0):%Y-%m-%dT%H:%M:%S}") == ("≈ 1", False)
    monkeypatch.setattr("request_lens_cli.deployed.table.MAX_UNTAGGED", 1)
    assert first_model("--since", "1d") == ("≥ 1", True)


def test_a_file_of_another_kind_is_wrong_usage(lens: DeployedLens) -> None:
    assert lens.ask("timeline", "-o", "timeline.gif").exit_code == 2


@pytest.mark.parametrize(("command", "name"), [("timeline", "x.svg"), ("timeline", "x.png"), ("report", "x.html")])
def test_a_file_that_cannot_be_written_is_a_failure(
    lens: DeployedLens, tmp_path: Path, command: str, name: str
) -> None:
    result = lens.ask(command, "-o", str(tmp_path / f"{300 * 'x'}{name}"))

    assert result.exit_code == 1
    assert "cannot be written: File name too long" in result.stderr


@pytest.mark.parametrize(("command", "name"), [("timeline", "x.svg"), ("report", "x.html")])
def test_a_folder_that_is_not_there_is_wrong_usage_before_anything_is_read(
    lens: DeployedLens, tmp_path: Path, command: str, name: str
) -> None:
    result = lens.ask(command, "--stack-name", "nobodys", "-o", str(tmp_path / "absent" / name))

    assert result.exit_code == 2
    assert f"there is no folder {tmp_path / 'absent'}" in result.stderr


def test_a_pending_call_is_drawn_provisionally(lens: DeployedLens, tmp_path: Path) -> None:
    lens.holds(replace(settled("r1"), revision=0, summary=None))
    lens.holds_untagged(pending(call("i1", 1)))

    lens.answer("timeline", "-o", str(tmp_path / "timeline.svg"))

    assert "provisional" in (tmp_path / "timeline.svg").read_text(encoding="utf-8")


def test_the_report_is_one_page_of_the_selected_requests(lens: DeployedLens, tmp_path: Path) -> None:
    lens.plays("article")
    target = tmp_path / "report.html"

    output = lens.answer("report", "--min-calls", "2", "-o", str(target))

    page = target.read_text(encoding="utf-8")
    assert output.startswith("7 requests · ≈ 14 LLM calls ·")
    assert page.startswith("<!doctype html>")
    assert "at least 2 LLM calls" in page
    assert "8vyhhrKPTgKzGt2=" in page
    assert "iiTSdLdkINhkvlB=" not in page
    assert "2025-12-03 18:40 to 2025-12-04 18:40 UTC" in page


def test_the_timeline_of_a_report_begins_each_request_when_it_did(lens: DeployedLens, tmp_path: Path) -> None:
    lens.plays("article")
    target, own = tmp_path / "report.html", "since each request&#x27;s own start"

    lens.answer("report", "-o", str(target))
    assert own in target.read_text(encoding="utf-8")
    lens.answer("report", "--axis", "clock", "-o", str(target))
    assert own not in target.read_text(encoding="utf-8")
