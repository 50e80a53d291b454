"""The scenarios in events/ are what their scripts say, and have the shape that Bedrock and API Gateway write."""

import json
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from request_lens_cli.scenario.retiming import access_ended_at, access_started_at, invocation_logged_at
from request_lens_cli.scenario.scenario import JsonObject, Scenario, load_scenario, scenario_names
from scripts.scenarios.generate import EVENTS, scenario_files

NAMES = ("article", "chat", "overlap", "seven")


def _expected(name: str) -> dict[str, int]:
    document: dict[str, int] = json.loads((EVENTS / name / "expected.json").read_text(encoding="utf-8"))
    return document


def test_every_scenario_is_found() -> None:
    assert scenario_names(EVENTS) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_the_files_are_what_the_generator_writes(name: str) -> None:
    for file, text in scenario_files(name).items():
        assert (EVENTS / name / file).read_text(encoding="utf-8") == text, (
            f"run `python -m scripts.scenarios.generate`: {file}"
        )


def test_the_article_has_ten_requests_and_seventeen_calls() -> None:
    article = load_scenario(EVENTS / "article")
    assert (len(article.access), len(article.invocations)) == (10, 17)
    kinds = [article.labels[request_id].kind for request_id in article.request_ids()]
    assert (kinds.count("Tool Use"), kinds.count("Simple")) == (7, 3)
    assert (_expected("article")["requests"], _expected("article")["llm_calls"]) == (10, 17)


def test_the_articles_own_record_is_a_fixture() -> None:
    record = next(
        line
        for line in load_scenario(EVENTS / "article").invocations
        if line["requestId"] == "ac52319f-3608-4772-9cf5-053d2d3f8688"
    )
    text = json.dumps(record)
    assert record["timestamp"] == "2025-12-04T18:27:02Z"
    assert record["operation"] == "ConverseStream"
    assert record["modelId"] == "jp.anthropic.claude-haiku-4-5-20251001-v1:0"
    for part in ('"inputTokenCount": 1011', '"outputTokenCount": 31', '"stopReason": "end_turn"', '"latencyMs": 1509'):
        assert part in text


def test_no_line_is_tagged() -> None:
    for name in NAMES:
        assert all("requestMetadata" not in line for line in load_scenario(EVENTS / name).invocations)


def test_seven_requests_make_twelve_attempts_of_which_one_fails() -> None:
    seven = load_scenario(EVENTS / "seven")
    failed = [line for line in seven.invocations if "errorCode" in line]
    assert (len(seven.access), len(seven.invocations), len(failed)) == (7, 12, 1)
    assert not {"input", "output", "inferenceRegion"} & failed[0].keys()
    assert (_expected("seven")["llm_calls"], _expected("seven")["llm_errors"]) == (11, 1)


def test_in_a_conversation_results_come_with_the_next_request_after_seconds_minutes_and_a_time_out() -> None:
    chat = load_scenario(EVENTS / "chat")
    spans = [(access_started_at(line), access_ended_at(line)) for line in chat.access]
    pauses = [(start - end).total_seconds() for (_, end), (start, _) in pairwise(spans)]

    assert (len(chat.access), len(chat.invocations)) == (6, 8)
    assert (round(pauses[0]), round(pauses[2])) == (2, 120)
    assert [line["status"] for line in chat.access] == ["200", "200", "200", "200", "504", "200"]
    assert round(pauses[4]) == 11
    openings = [line for line in chat.invocations if any(_begins(line, start) for start, _ in spans)]
    assert [bool(_results(line)) for line in openings] == [False, True, False, True, False, True]


def _begins(line: JsonObject, started_at: datetime) -> bool:
    """Whether the call is the first of the request that began then."""
    return timedelta(0) <= invocation_logged_at(line) + timedelta(seconds=1) - started_at < timedelta(seconds=1.4)


def _results(line: JsonObject) -> list[str]:
    """The ids of the tool uses whose results the call's last message brings."""
    content = json.loads(json.dumps(line))["input"]["inputBodyJson"]["messages"][-1]["content"]
    return [part["toolResult"]["toolUseId"] for part in content if "toolResult" in part]


def _fitting(scenario: Scenario, line_number: int) -> int:
    """How many requests have the whole second of a call's timestamp, give or take a second, in their time."""
    logged_at = invocation_logged_at(scenario.invocations[line_number]).timestamp()
    spans = [(access_started_at(line).timestamp(), access_ended_at(line).timestamp()) for line in scenario.access]
    return sum(start - 1.25 <= logged_at <= end + 0.25 for start, end in spans)


@pytest.mark.parametrize("name", ["article", "seven"])
def test_requests_one_after_the_other_leave_each_call_one_request(name: str) -> None:
    scenario = load_scenario(EVENTS / name)
    assert {_fitting(scenario, number) for number in range(len(scenario.invocations))} == {1}


def test_overlapping_requests_leave_most_calls_several() -> None:
    scenario = load_scenario(EVENTS / "overlap")
    several = [number for number in range(len(scenario.invocations)) if _fitting(scenario, number) > 1]
    assert len(several) > len(scenario.invocations) / 2


@pytest.mark.parametrize("name", NAMES)
def test_a_tool_result_answers_a_tool_use_of_an_earlier_call(name: str) -> None:
    asked: set[str] = set()
    for line in load_scenario(EVENTS / name).invocations:
        text = json.dumps(line)
        assert "input" not in line or asked.issuperset(_results(line))
        if '"stopReason": "tool_use"' in text:
            message = json.loads(text)["output"]["outputBodyJson"]["output"]["message"]
            asked.add(message["content"][1]["toolUse"]["toolUseId"])


@pytest.mark.parametrize("name", NAMES)
def test_no_real_account_is_named(name: str) -> None:
    text = Path(EVENTS / name / "invocations.ndjson").read_text(encoding="utf-8")
    assert all(json.loads(line)["accountId"] == "123456789012" for line in text.splitlines())
