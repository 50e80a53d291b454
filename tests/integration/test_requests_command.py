"""`request-lens requests` over a table in an emulated DynamoDB."""

import csv
import json
import re
import time
from dataclasses import replace
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest

from request_lens.domain.facts import RequestId
from request_lens.domain.linking.link import Reason, Unattributed
from request_lens.domain.policy import Policy
from request_lens.domain.settling.runaway import Runaway
from request_lens.presentation.certainty import INEXACT
from request_lens_cli.report.documents import summary_document
from scripts.scenarios.generate import EVENTS
from tests.support.deployed_stack import DeployedLens
from tests.support.facts import MODEL, ROLE, call, link, pending
from tests.support.request_table import TABLE_NAME
from tests.support.sample_states import costing, settled

KEYS = {"request_id", "llm_calls", "estimated_cost_usd", "unpriced_calls", "invocations"}


def ids(lens: DeployedLens, *arguments: str) -> list[object]:
    return [request["request_id"] for request in lens.document("requests", *arguments)["requests"]]


def line(output: str, word: str) -> str:
    (found,) = [line for line in output.splitlines() if word in f"\n{line}"]
    return found


def test_it_lists_the_requests_of_the_last_hour_newest_last(lens: DeployedLens) -> None:
    lens.plays("article")

    document = lens.document("requests")

    expected = json.loads((EVENTS / "article" / "expected.json").read_text(encoding="utf-8"))
    assert len(document["requests"]) == expected["requests"]
    assert sum(int(str(request["llm_calls"])) for request in document["requests"]) == expected["llm_calls"]
    starts = [str(request["started_at"]) for request in document["requests"]]
    assert starts == sorted(starts)
    assert "10 requests · 17 LLM calls, all linked" in lens.answer("requests")


def test_a_request_has_the_keys_and_values_that_a_replay_gives_it(lens: DeployedLens) -> None:
    state = settled("r1", call("i1", 1), call("i2", 3))
    lens.holds(state)

    assert lens.document("requests")["requests"] == [json.loads(json.dumps(summary_document(state, Policy())))]
    assert lens.document("show", "r1") == {**lens.document("requests")["requests"][0], "possible": []}


def test_a_request_that_another_version_wrote_spoils_no_other(lens: DeployedLens) -> None:
    lens.holds(settled("r1", call("i1", 1)), settled("later", call("i2", 31), start=30))
    lens.client.update_item(
        TableName=TABLE_NAME,
        Key={"pk": {"S": "request#later"}, "sk": {"S": "request"}},
        UpdateExpression="SET summary = :other",
        ExpressionAttributeValues={":other": {"M": {"shape": {"S": "of another version"}}}},
    )

    rows = list(csv.DictReader(StringIO(lens.answer("requests", "--format", "csv"))))

    assert ids(lens) == ["r1", "later"]
    told = lens.ask("requests", "--format", "json").stderr
    assert "Left out: the item of request#later is of another version" in told
    assert [(row["request_id"], row["route"], row["state"]) for row in rows] == [
        ("r1", "POST /ask", "certain"),
        ("later", "POST /ask", "pending"),
    ]
    assert "later" in lens.answer("requests", "--route", "POST /ask")


def test_only_the_requests_of_the_period_are_listed(lens: DeployedLens) -> None:
    lens.holds(settled("early", start=-7_200), settled("late", start=0))

    assert ids(lens) == ["late"]
    assert ids(lens, "--since", "1d") == ["early", "late"]
    assert ids(lens, "--since", "2025-12-04T16:00", "--until", "2025-12-04T17:00Z") == ["early"]


def test_a_route_and_a_number_of_calls_select(lens: DeployedLens) -> None:
    lens.holds(
        settled("one", call("i1", 1)),
        settled("two", call("i2", 1), call("i3", 3)),
        settled("other", call("i4", 1), call("i5", 3), route="GET /status"),
        replace(settled("pending"), revision=0, summary=None),
    )

    assert ids(lens, "--route", "POST /ask") == ["one", "pending", "two"]
    assert ids(lens, "--min-calls", "2") == ["other", "two"]
    assert ids(lens, "--route", "POST /ask", "--route", "GET /status", "--min-calls", "1") == ["one", "other", "two"]


@pytest.mark.parametrize("options", [("--format", "table"), ("--format", "csv"), ("--sort", "calls", "--limit", "1")])
def test_a_number_of_calls_says_on_stderr_how_many_uncertain_requests_may_have_made_as_many(
    lens: DeployedLens, options: tuple[str, ...]
) -> None:
    lens.holds(settled("two", call("i2", 1), call("i3", 3)), settled("open", start=20, possible_calls=9))

    result = lens.ask("requests", "--since", "2h", "--min-calls", "2", *options, piped=True)

    assert "open" not in result.stdout
    assert result.stderr.splitlines()[-1] == (
        "1 more uncertain request may have made as many calls: --uncertain without --min-calls and --limit lists them."
    )
    assert "may have made as many" in lens.ask("timeline", "--since", "2h", "--min-calls", "2").stdout


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--status", "504"), ["timed-out"]),
        (("--status", "5xx", "--status", "200"), ["certain", "timed-out", "uncertain", "pending"]),
        (("--failed",), ["timed-out"]),
        (("--uncertain",), ["uncertain"]),
        (("--pending",), ["pending"]),
        (("--pending", "--uncertain"), ["uncertain", "pending"]),
        (("--model", "other-model"), ["uncertain"]),
        (("--runaway",), ["certain"]),
        (("--limit", "2"), ["uncertain", "pending"]),
        (("--sort", "duration", "--limit", "1"), ["certain"]),
    ],
)
def test_requests_are_selected_by_what_became_of_them(
    lens: DeployedLens, options: tuple[str, ...], expected: list[str]
) -> None:
    lens.holds(
        settled("certain", call("i1", 1), start=0, duration_ms=9_000),
        settled("timed-out", start=10, status=504),
        settled("uncertain", call("i2", 21, model_id="other-model"), start=20, possible_calls=2),
        replace(settled("pending", start=30), revision=0, summary=None),
    )
    lens.store.flag_runaway(RequestId("certain"), Runaway(llm_calls=2, estimated_cost_usd=None))

    assert ids(lens, *options) == expected


@pytest.mark.parametrize("command", ["requests", "timeline"])
def test_a_selection_that_leaves_nothing_says_which_routes_and_models_there_were(
    lens: DeployedLens, command: str
) -> None:
    lens.holds(
        settled("r1", call("i1", 1, model_id="some-model")),
        settled("r2", start=10, route="GET /status"),
    )

    assert (
        "No route is GET /none; routes of this time: GET /status, POST /ask. "
        "No model is nope; models of this time: some-model."
        in " ".join(lens.answer(command, "--model", "nope", "--route", "GET /none").split())
    )
    of_another = lens.answer(command, "--model", "some-model", "--route", "GET /status")
    both = "None of the 2 requests of this time is selected (only GET /status, only some-model)."
    assert both in " ".join(of_another.split())
    assert "is selected (only pending)." in " ".join(lens.answer(command, "--pending").split())


@pytest.mark.parametrize("status", ["5", "6xx", "5xy", "ok"])
def test_a_status_that_cannot_be_is_wrong_usage(lens: DeployedLens, status: str) -> None:
    result = lens.ask("requests", "--status", status)

    assert result.exit_code == 2
    assert "such as 504" in result.stderr


def test_ndjson_has_a_request_per_line_and_csv_its_single_values(lens: DeployedLens) -> None:
    lens.holds(settled("r1", call("i1", 1)), costing(settled("r2", start=10, possible_calls=None), None))

    lines = lens.answer("requests", "--format", "ndjson").splitlines()
    rows = list(csv.DictReader(StringIO(lens.answer("requests", "--format", "csv"))))

    assert [json.loads(line) for line in lines] == lens.document("requests")["requests"]
    assert [row["request_id"] for row in rows] == ["r1", "r2"]
    assert (rows[0]["llm_calls"], rows[0]["state"], rows[0]["runaway"]) == ("1", "certain", "false")
    assert (rows[0]["correlated_by"], rows[0]["models"]) == ("window (inferred)", MODEL)
    assert (rows[1]["possible_calls"], rows[1]["estimated_cost_usd"], rows[1]["state"]) == ("", "", "uncertain")


@pytest.mark.parametrize("option", [["--until", "20m"], ["--sort", "cost"]])
def test_what_is_followed_has_no_end_and_no_order(lens: DeployedLens, option: list[str]) -> None:
    result = lens.ask("requests", "--since", "2h", "--follow", *option)

    assert result.exit_code == 2
    assert "leave out --until and --sort" in " ".join(result.stderr.split())


@pytest.mark.parametrize("form", ["table", "ndjson"])
def test_following_lists_each_request_once_as_it_settles(
    lens: DeployedLens, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lens.holds(settled("r1"), replace(settled("r2", start=10), revision=0, summary=None))
    comes = iter([(), (settled("r2", start=10),), (settled("r3", start=20),)])

    def sleep(_seconds: float) -> None:
        states = next(comes, None)
        if states is None:
            raise KeyboardInterrupt
        lens.holds(*states)

    monkeypatch.setattr("request_lens_cli.commands.requests.time.sleep", sleep)
    lines = lens.answer("requests", "--follow", "--format", form, columns=170).splitlines()

    if form == "ndjson":
        assert [json.loads(line)["request_id"] for line in lines] == ["r1", "r2", "r3"]
    else:
        assert [line.split()[0] for line in lines] == ["Request", "r1", "r2", "r3"]


def test_local_times_say_that_they_are(lens: DeployedLens, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        lens.holds(settled("r1"))
        table = lens.answer("requests", "--local")
    finally:
        monkeypatch.delenv("TZ")
        time.tzset()

    assert "Start (local)" in table
    assert " 03:27:02 " in table


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("time", ["cheap", "dear", "unknown"]),
        ("cost", ["dear", "cheap", "unknown"]),
        ("duration", ["unknown", "cheap", "dear"]),
        ("calls", ["dear", "cheap", "unknown"]),
    ],
)
def test_a_list_can_be_sorted_greatest_first_and_unknown_last(
    lens: DeployedLens, order: str, expected: list[str]
) -> None:
    lens.holds(
        costing(settled("cheap", call("i1", 1), start=0, duration_ms=6_000), "0.001"),
        costing(settled("dear", call("i2", 12), call("i3", 13), start=10, duration_ms=5_000), "0.02"),
        costing(settled("unknown", start=20, duration_ms=9_000), None),
    )

    assert ids(lens, "--sort", order) == expected


def test_a_partial_cost_says_so_and_an_unknown_one_is_never_zero(lens: DeployedLens) -> None:
    lens.holds(
        costing(settled("priced", call("i1", 1)), "0.00123"),
        costing(settled("partial", call("i2", 1), call("i3", 2)), "0.02", unpriced=1),
        costing(settled("unpriced", call("i4", 1)), None, unpriced=1),
    )

    table = lens.answer("requests", columns=170)

    assert "$0.001230 " in line(table, "\npriced ")
    assert "$0.020000 + 1 unpriced" in line(table, "partial")
    assert "$" not in line(table, "\nunpriced ")
    assert "Estimated cost of the requests: ≈ $0.021230 + 2 unpriced" in table
    costs = [request["estimated_cost_usd"] for request in lens.document("requests")["requests"]]
    assert costs == [0.02, 0.00123, None]


def test_a_pending_request_is_shown_as_such(lens: DeployedLens) -> None:
    lens.holds(replace(settled("r1"), revision=0, summary=None))
    lens.holds_untagged(pending(call("i1", 1)))

    table = lens.answer("requests", columns=170)

    assert "pending" in line(table, "r1")
    assert "1 request: 1 pending · 1 LLM call so far, pending" in table
    printed = lens.answer("requests", "--format", "json")
    assert '"pending_requests": 1' in printed
    assert '"pending_calls": 1' in printed
    assert lens.document("requests")["requests"][0]["state"] == "pending"


def test_a_settled_runaway_is_shown_as_such(lens: DeployedLens, tmp_path: Path) -> None:
    lens.holds(settled("tame", call("i1", 1)), settled("wild", call("i2", 12), call("i3", 13), start=10))
    lens.store.flag_runaway(RequestId("wild"), Runaway(llm_calls=2, estimated_cost_usd=None))

    table = lens.answer("requests", columns=170)
    lens.answer("report", "-o", str(tmp_path / "report.html"))

    assert "2 runaway" in line(table, "wild")
    assert "runaway" not in line(table, "tame")
    assert [request["runaway"] for request in lens.document("requests")["requests"]] == [False, True]
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert '2<div class="note failed">runaway</div>' in page
    assert page.count(">runaway<") == 1


def test_unattributed_calls_are_listed_with_their_reasons_and_candidates(lens: DeployedLens) -> None:
    ambiguous = replace(pending(call("i1", 1)), decision=Unattributed(reason=Reason.AMBIGUOUS, candidates=3))
    failed = call("i2", 2, error_code="ThrottlingException")
    other = replace(pending(failed), decision=Unattributed(reason=Reason.OTHER_CALLER))
    lens.holds_untagged(ambiguous, other, pending(call("i3", 3)), replace(pending(call("i4", 4)), decision=link()))

    table = lens.answer("requests", "--unattributed", columns=200)

    for state, invocation in (("ambiguous (fits 3)", "i1"), ("other_caller", "i2"), ("pending", "i3")):
        row = line(table, f"\n{invocation} ")
        assert all(part in row for part in (state, MODEL, ROLE))
    assert "ThrottlingException" in table
    assert "1 LLM call unattributed: fits 3 requests (ambiguous)." in table
    assert "\ni4" not in table
    document = lens.document("requests", "--unattributed")
    assert [(call["invocation_id"], call["reason"]) for call in document["unattributed"]] == [
        ("i1", "ambiguous"),
        ("i2", "other_caller"),
    ]
    assert list(document) == ["unattributed", "pending"]


def test_options_about_requests_are_refused_beside_unattributed(lens: DeployedLens) -> None:
    result = lens.ask("requests", "--unattributed", "--min-calls", "2")

    assert result.exit_code == 2
    assert "leave out what selects requests" in result.stderr


def test_calls_that_are_linked_by_time_have_the_timelines_sign_in_the_list_too(lens: DeployedLens) -> None:
    lens.plays("article")

    listed = lens.answer("requests", columns=170)

    assert sum(" ≈ 2 " in line for line in listed.splitlines()) == 7
    assert f"≈ {INEXACT}." in listed
    assert sum("≈ 2 calls" in line for line in lens.answer("timeline").splitlines()) == 7


def test_a_very_short_time_without_requests_says_that_lines_take_a_while(lens: DeployedLens) -> None:
    for command in ("requests", "timeline"):
        assert "ask for a longer time, such as --since 15m." in lens.answer(command, "--since", "10s", columns=240)


@pytest.mark.parametrize("length", ["10s", "1m", "10m"])
def test_a_past_time_without_requests_is_told_to_widen_that_time(lens: DeployedLens, length: str) -> None:
    until = "2025-12-04T18:00:00Z"
    since = {"10s": "17:59:50", "1m": "17:59:00", "10m": "17:50:00"}[length]

    for command in ("requests", "timeline"):
        said = lens.answer(command, "--since", f"2025-12-04T{since}Z", "--until", until, columns=240)
        assert "Where a longer time (an earlier --since, a later --until) has none either: does the API" in said
        assert "--since 15m" not in said


def test_notes_in_a_pipe_are_one_line_each(lens: DeployedLens) -> None:
    lens.holds(settled("r1", call("i1", 1), possible_calls=4))

    notes = lens.ask("requests", piped=True, columns=60).stderr.splitlines()

    (why,) = [line for line in notes if line.startswith("1 request uncertain")]
    assert why.endswith("name the agent's role in AgentRoleNames.")
    (why,) = [line for line in lens.ask("show", "r1", piped=True).stderr.splitlines() if line.startswith("Uncertain")]
    assert why.endswith("name the agent's role in AgentRoleNames.")


@pytest.mark.parametrize(("named", "advised"), [("", True), ("agent-role", False)])
def test_where_the_stack_names_roles_nothing_advises_to_name_them(
    lens: DeployedLens, tmp_path: Path, named: str, advised: bool
) -> None:
    lens.parameters["AgentRoleNames"] = named
    lens.holds(settled("r1", call("i1", 1), possible_calls=4))
    page, picture = tmp_path / "report.html", tmp_path / "timeline.svg"

    said = [lens.answer("requests", columns=200), lens.answer("show", "r1", columns=200)]
    for command, file in (("report", page), ("timeline", picture)):
        lens.answer(command, "-o", str(file))
        said.append(" ".join(re.sub(r"<[^>]*>", " ", file.read_text(encoding="utf-8")).split()))

    assert all("tag the calls" in each for each in said)
    assert ["AgentRoleNames" in each for each in said] == [advised] * 4


def test_a_quiet_time_of_a_stack_that_works_is_first_told_to_look_at_a_longer_one(
    lens: DeployedLens, tmp_path: Path
) -> None:
    lens.plays("article")
    page, picture = tmp_path / "report.html", tmp_path / "timeline.svg"

    said = [lens.answer(command, "--since", "2m", columns=170) for command in ("requests", "timeline")]
    for command, file in (("report", page), ("timeline", picture)):
        lens.answer(command, "--since", "2m", "-o", str(file))
        said.append(file.read_text(encoding="utf-8"))

    assert all(
        "Where a longer time (--since) has none either: does the API write its access log" in each for each in said
    )


def test_nothing_found_is_an_answer(lens: DeployedLens) -> None:
    said = " ".join(lens.answer("requests").split())
    assert said.startswith(
        "No requests from 2025-12-04 17:40:00 to 18:40:00 UTC. That time is the default: --since 1d asks for a longer "
        "one."
    )
    asked = lens.answer("requests", "--since", "1h", columns=240)
    assert "No requests from 2025-12-04 17:40:00 to 18:40:00 UTC. Where a longer time (--since)" in asked
    assert lens.document("requests") == {
        "requests": [],
        "unattributed": [],
        **dict.fromkeys(("pending_requests", "pending_calls", "pending"), 0),
    }
    assert "No call of this time is without a request." in lens.answer("requests", "--unattributed")


def test_starts_of_several_days_have_their_dates(lens: DeployedLens) -> None:
    lens.holds(settled("r1"), settled("r2", start=timedelta(days=-1).total_seconds()))

    assert "12-03 18:27:02" in lens.answer("requests", "--since", "2d", columns=170)
    assert "12-04" not in lens.answer("requests", columns=170)


def test_no_text_of_a_log_can_steer_the_terminal(lens: DeployedLens) -> None:
    lens.holds(settled("r1", call("i1", 1, model_id="\x1b]0;owned\x07[bold]model"), route="GET /\x1b[2J[red]x"))

    for arguments in (("requests",), ("show", "r1"), ("timeline",)):
        output = lens.answer(*arguments, columns=200)
        assert "\x1b" not in output
        assert "\x07" not in output
    assert "[red]x" in lens.answer("requests", columns=200)


@pytest.mark.parametrize("since", ["1", "1y", "yesterday", "-5m", "1.m"])
def test_a_time_that_cannot_be_read_is_wrong_usage(lens: DeployedLens, since: str) -> None:
    result = lens.ask("requests", f"--since={since}")

    assert result.exit_code == 2
    assert "how long ago" in result.stderr


@pytest.mark.parametrize("since", ["0h", "0m", "0d", "0.0w"])
def test_a_period_that_begins_now_is_wrong_usage(lens: DeployedLens, since: str) -> None:
    result = lens.ask("requests", "--since", since)

    assert (result.exit_code, result.stdout) == (2, "")
    assert "--since is now, which leaves no time to show: say how long ago, such as 15m or 3h" in result.stderr


def test_a_period_that_ends_before_it_begins_or_lies_ahead_is_wrong_usage(lens: DeployedLens) -> None:
    assert "is before" in lens.ask("requests", "--since", "1h", "--until", "2h").stderr
    assert "future" in lens.ask("requests", "--since", "2099-01-01", "--until", "2099-02-01").stderr
    assert "--since is in the future" in lens.ask("requests", "--since", "2099-01-01").stderr


def test_a_period_the_wrong_way_round_says_how_both_ends_count(lens: DeployedLens) -> None:
    result = lens.ask("requests", "--since", "1h", "--until", "5h")

    assert result.exit_code == 2
    assert "--until is before --since: both count back from now, so --since is the longer" in result.stderr


def test_a_period_that_ends_in_the_future_ends_now_and_says_so(lens: DeployedLens) -> None:
    lens.holds(settled("r1"))

    result = lens.ask("requests", "--since", "1.5h", "--until", "2099-01-01")

    assert "r1" in result.stdout
    assert "until now" in result.stderr


def test_a_stack_that_cannot_be_read_is_a_failure_that_says_what_to_do(lens: DeployedLens) -> None:
    lens.stacks["no-lens"] = {}

    absent, foreign = (lens.ask("requests", "--stack-name", name) for name in ("absent", "no-lens"))

    assert (absent.exit_code, foreign.exit_code) == (1, 1)
    assert "--stack-name" in absent.stderr
    assert "no Request Lens stack" in foreign.stderr


def test_a_profile_that_does_not_exist_is_a_failure_that_names_it(lens: DeployedLens) -> None:
    result = lens.ask("requests", "--profile", "nobody")

    assert result.exit_code == 1
    assert "nobody" in result.stderr


def test_the_stack_and_the_region_come_from_the_environment_too(
    lens: DeployedLens, monkeypatch: pytest.MonkeyPatch
) -> None:
    lens.holds(settled("r1"))
    lens.stacks["mine"] = lens.stacks.pop("request-lens")
    monkeypatch.delenv("AWS_DEFAULT_REGION")

    assert lens.ask("requests", "--stack-name", "mine").exit_code == 1
    monkeypatch.setenv("AWS_REGION", "ap-northeast-1")
    monkeypatch.setenv("STACK_NAME", "mine")
    assert ids(lens) == ["r1"]
    assert lens.ask("requests", "--region", "eu-west-1").exit_code == 1


def test_nothing_but_the_answer_is_printed_where_nobody_watches(lens: DeployedLens) -> None:
    lens.plays("article")

    result = lens.ask("requests", "--format", "json")

    assert result.stderr == ""
    assert len(json.loads(result.stdout)["requests"]) == 10


def test_a_list_of_a_few_days_scans_nothing(lens: DeployedLens) -> None:
    lens.plays("article")
    lens.operations.clear()

    lens.answer("requests")
    lens.answer("timeline", "--since", "3d")
    lens.answer("show", "8vyhhrKPTgKzGt2=")

    assert set(lens.operations) == {"Query", "BatchGetItem"}


def test_a_list_of_ninety_days_asks_the_hours_that_hold_anything(lens: DeployedLens) -> None:
    lens.plays("article")
    lens.operations.clear()

    answer = lens.answer("requests", "--since", "90d")

    assert answer.count("POST /ask") == 10
    assert lens.operations.count("Scan") == 2  # one for the requests, one for the untagged calls
    assert len(lens.operations) < 150


def test_a_time_before_what_the_table_keeps_is_said_beside_the_list(lens: DeployedLens) -> None:
    lens.plays("article")
    words = "The table keeps 90 days (RetentionDays): nothing of before "

    for form in ("table", "json"):
        asked = lens.ask("requests", "--since", "400d", "--format", form, piped=True)
        assert asked.exit_code == 0
        assert words in asked.stderr
        assert words not in asked.stdout
    assert words not in lens.ask("requests", "--since", "90d", piped=True).stderr
    assert words in lens.ask("timeline", "--since", "400d", piped=True).stderr


@pytest.mark.parametrize("command", ["requests", "timeline", "report", "rejected"])
def test_of_a_time_that_has_expired_nothing_is_known(lens: DeployedLens, command: str) -> None:
    asked = lens.ask(command, "--since", "2020-01-01", "--until", "2020-01-02", piped=True)

    assert (asked.exit_code, asked.stdout) == (1, "")
    assert asked.stderr == (
        "Error: The table keeps 90 days (RetentionDays): nothing of before 2025-09-05 18:40:00 UTC is there, and the "
        "time asked for ends before it. The earliest is --since 90d.\n"
    )


def test_a_selection_that_leaves_nothing_says_so_in_a_sentence(lens: DeployedLens) -> None:
    lens.plays("article")

    said = " ".join(lens.answer("requests", "--failed").split())

    assert said == "None of the 10 requests of this time is selected (only 5xx)."


def test_of_one_request_the_sentence_is_about_one(lens: DeployedLens) -> None:
    lens.holds(settled("r1", call("i1", 1)))

    assert lens.answer("requests", "--failed").startswith("The only request of this time is not selected (only 5xx)")
