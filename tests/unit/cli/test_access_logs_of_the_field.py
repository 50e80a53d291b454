"""Access logs as the field has them, replayed: what a request says of itself where its format or kind is another."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from request_lens_cli.main import main
from tests.support.record_shapes import ROLE_ARN

type Json = Any

EPOCH_MS = 1_780_304_400_300
"""2026-06-01T09:00:00.300Z."""

REST = {
    "requestId": "6d0f6c2a-9a51-4f7e-8a37-0d8f2f0f6b11",
    "requestTimeEpoch": str(EPOCH_MS),
    "responseLatency": "8000",
    "status": "200",
    "httpMethod": "POST",
    "resourcePath": "/plan",
}
STREAMED = {"integrationResponseTransferMode": "STREAMED"}


def invocation(
    number: int, second: int, latency_ms: int | None = 2_000, *, calls: int = 1, tag: str | None = None, **fields: Json
) -> dict[str, Json]:
    """Call `number` of a loop of so many; one of unknown latency is an embedding."""
    asks = [{"toolUse": {"toolUseId": f"tooluse_{number}", "name": "look_up"}}]
    brings = [{"toolResult": {"toolUseId": f"tooluse_{number - 1}", "content": []}}]
    answer = {"output": {"message": {"content": asks if number < calls else []}}, "metrics": {"latencyMs": latency_ms}}
    body = {"messages": [{"role": "user", "content": brings if number > 1 else [{"text": "When?"}]}]}
    return {
        "schemaType": "ModelInvocationLog",
        "timestamp": f"2026-06-01T09:{second // 60:02}:{second % 60:02}Z",
        "requestId": f"call-{number}",
        "operation": "InvokeModel" if latency_ms is None else "ConverseStream",
        "modelId": "global.anthropic.claude-haiku-4-5-20251001-v1:0",
        "identity": {"arn": ROLE_ARN},
        "input": {"inputTokenCount": 500, "inputBodyJson": {"inputText": "x"} if latency_ms is None else body},
        "output": {"outputTokenCount": 60, "outputBodyJson": {} if latency_ms is None else answer},
        **({"requestMetadata": {"api_request_id": tag}} if tag else {}),
        **fields,
    }


def replayed(tmp_path: Path, *lines: object, settings: tuple[str, ...] = ()) -> Json:
    path = tmp_path / "lines.ndjson"
    path.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines))
    options = [option for setting in settings for option in ("--set", setting)]
    shown = CliRunner().invoke(main, ["replay", str(path), "--format", "json", *options], catch_exceptions=False)
    return json.loads(shown.stdout)


def figures(summary: Json) -> tuple[int, int | None, int | None]:
    return summary["llm_calls"], summary["possible_calls"], summary["llm_time_ms"]


def test_a_preflight_in_the_same_second_takes_no_call_from_the_request_that_follows_it(tmp_path: Path) -> None:
    preflight = REST | {
        "requestId": "4c9a2f1e-71a8-4d38-9a0c-2f6d3b1c8e20",
        "requestTimeEpoch": str(EPOCH_MS - 120),
        "httpMethod": "OPTIONS",
        "status": "204",
        "responseLatency": "6",
    }
    lines = (invocation(7, 0, None), invocation(1, 1, 1_200, calls=2), invocation(2, 3, 1_200, calls=2))

    replay = replayed(tmp_path, preflight, REST, *lines)

    assert [summary["route"] for summary in replay["requests"]] == ["POST /plan"]
    assert figures(replay["requests"][0])[:2] == (3, 0)
    assert replay["unattributed"] == []


def test_of_a_streamed_request_whose_client_left_the_calls_after_its_end_are_its_own(tmp_path: Path) -> None:
    calls = [invocation(number, second, calls=4) for number, second in ((1, 1), (2, 6), (3, 12), (4, 18))]

    replay = replayed(tmp_path, REST | STREAMED, *calls)

    assert figures(replay["requests"][0]) == (4, None, None)
    assert replay["unattributed"] == []


@pytest.mark.parametrize("fields", [STREAMED, {}])
def test_a_request_beyond_the_parameter_says_nothing_for_certain(tmp_path: Path, fields: dict[str, str]) -> None:
    calls = [invocation(number, 15 * number - 14, calls=20) for number in range(1, 21)]
    line = REST | {"responseLatency": "300000"} | fields

    assert figures(replayed(tmp_path, line, *calls)["requests"][0]) == (0, None, None)


def test_with_the_parameter_raised_a_long_request_has_its_calls(tmp_path: Path) -> None:
    calls = [invocation(number, 15 * number - 14, calls=20) for number in range(1, 21)]
    line = REST | {"responseLatency": "300000"}

    replay = replayed(tmp_path, line, *calls, settings=("MaxRequestSeconds=300",))

    assert figures(replay["requests"][0]) == (20, 0, 40_000)


def test_a_web_socket_s_message_says_nothing_for_certain_and_its_calls_are_ambiguous(tmp_path: Path) -> None:
    message = {name: value for name, value in REST.items() if name in ("requestId", "requestTimeEpoch", "status")}
    message |= {"routeKey": "askAgent", "eventType": "MESSAGE", "connectionId": "Q29ubg=", "integrationLatency": "9100"}
    opened = message | {"requestId": "T3Blbg=", "routeKey": "$connect", "eventType": "CONNECT"}

    replay = replayed(tmp_path, opened, message, *(invocation(n, 3 * n - 2, calls=3) for n in (1, 2, 3)))

    assert [summary["route"] for summary in replay["requests"]] == ["askAgent"]
    assert figures(replay["requests"][0]) == (0, None, None)
    assert [call["reason"] for call in replay["unattributed"]] == ["ambiguous"] * 3


def test_a_rest_api_in_an_http_api_s_format_is_not_lost_in_silence(tmp_path: Path) -> None:
    line = {name: value for name, value in REST.items() if name != "resourcePath"} | {"routeKey": "-"}

    replay = replayed(tmp_path, line, REST | {"requestId": "other"})

    assert [(each["reason"], each["detail"].split(":")[0]) for each in replay["rejected"]] == [
        ("missing_field", "resourcePath")
    ]
    assert len(replay["requests"]) == 1


def test_two_requests_of_one_id_are_two_and_the_second_says_that_it_may_have_made_more(tmp_path: Path) -> None:
    second = REST | {"requestTimeEpoch": str(EPOCH_MS + 120_000), "responseLatency": "4000"}
    calls = [invocation(n, second, tag=REST["requestId"], calls=n) for n, second in ((1, 1), (2, 121))]

    replay = replayed(tmp_path, REST, second, *calls)

    first, other = replay["requests"]
    assert (first["request_id"], first["llm_calls"]) == (REST["requestId"], 2)
    assert other["request_id"] == f"{REST['requestId']}:{EPOCH_MS + 120_000}"
    assert figures(other) == (0, None, None)
    assert [each["reason"] for each in replay["rejected"]] == ["conflicting_record"]
    assert other["request_id"] in replay["rejected"][0]["detail"]


def test_two_requests_to_which_a_client_gave_one_id_are_two_by_api_gateways_own(tmp_path: Path) -> None:
    first = REST | {"extendedRequestId": "AbCdEfGh1jKlMnO="}
    second = first | {
        "extendedRequestId": "PqRsTuVw2xYzAbC=",
        "requestTimeEpoch": str(EPOCH_MS + 120_000),
        "responseLatency": "4000",
    }
    ids = [line["extendedRequestId"] for line in (first, second)]
    calls = [invocation(n, after, tag=ids[n - 1], calls=1) for n, after in ((1, 1), (2, 121))]

    replay = replayed(tmp_path, first, second, *calls)

    assert [(each["request_id"], each["llm_calls"]) for each in replay["requests"]] == [(ids[0], 1), (ids[1], 1)]
    assert replay["rejected"] == []
    assert replay["unattributed"] == []


def test_a_tag_that_names_the_id_which_the_client_chose_names_no_request(tmp_path: Path) -> None:
    line = REST | {"extendedRequestId": "AbCdEfGh1jKlMnO="}

    replay = replayed(tmp_path, line, invocation(1, 1, tag=REST["requestId"], calls=1))

    assert [call["reason"] for call in replay["unattributed"]] == ["request_never_seen"]


def test_a_replay_says_which_records_conflict_and_what_helps(tmp_path: Path) -> None:
    """No line tells by itself that another has its id: `inspect` cannot."""
    second = REST | {"requestTimeEpoch": str(EPOCH_MS + 120_000), "responseLatency": "4000"}
    path = tmp_path / "lines.ndjson"
    path.write_text(f"{json.dumps(REST)}\n{json.dumps(second)}")

    result = CliRunner().invoke(main, ["replay", str(path)])

    assert result.exit_code == 1
    said = " ".join(result.output.split())
    assert f"1 conflicting record: request {REST['requestId']}" in said
    assert f"kept as {REST['requestId']}:{EPOCH_MS + 120_000}" in said
    assert "which the client of a REST API can choose: log $context.extendedRequestId, too." in said
    assert "inspect says why" not in said
