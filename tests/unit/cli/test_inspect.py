"""`request-lens inspect` says of each line what was read, what is unknown and why, or why it is set aside."""

import gzip
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings

from request_lens.domain.log_record import RejectedReason
from request_lens_cli.inspection.inspection import MEANINGS, inspect_line
from request_lens_cli.main import main
from tests.support.record_shapes import ACCESS_SHAPES, INVOCATION_SHAPES
from tests.support.record_strategies import CANARY, any_lines, lambda_event
from tests.support.telemetry.lambda_shapes import RUN_ID, TRACE, report_line, start_line
from tests.support.telemetry.span_shapes import CALL_ID, TRACE_ID, bedrock_call

NO_BODY = "the record has no output body: text delivery is off, or the body was too large to log"
ON_S3 = "the output body is an object in S3, which is not read"
NO_METRICS = "no chunk of the stream carries usable amazon-bedrock-invocationMetrics"

FLATTENED = 'the record\'s keys are joined by dots, as some exports flatten them: "{}" must be an object'


def spelled(name: str) -> str:
    return json.dumps({**INVOCATION_SHAPES, **ACCESS_SHAPES}[name](CANARY))


def unknown(name: str) -> dict[str, str]:
    return dict(inspect_line(spelled(name)).unknown)


def run(*arguments: str, stdin: str = "", piped: bool = False) -> Result:
    terminal = {} if piped else {"TTY_COMPATIBLE": "1", "TERM": "dumb", "COLUMNS": "170", "NO_COLOR": "1"}
    runner = CliRunner(env=terminal)
    return runner.invoke(main, ["inspect", *arguments], input=stdin.encode("utf-8", "surrogatepass"))


def documents(*arguments: str, stdin: str = "") -> list[dict[str, Any]]:
    return [json.loads(line) for line in run("--format", "json", *arguments, stdin=stdin).stdout.splitlines()]


@pytest.mark.parametrize(
    ("name", "field", "why"),
    [
        ("invoke_anthropic", "latency_ms", "InvokeModel logs carry no latency"),
        ("bodies_off", "latency_ms", NO_BODY),
        ("bodies_off", "stop_reason", NO_BODY),
        ("bodies_on_s3", "latency_ms", ON_S3),
        ("video", "stop_reason", ON_S3),
        ("bodies_empty", "latency_ms", "the output body has no metrics.latencyMs"),
        ("bodies_number", "latency_ms", "the output body is neither an object nor a list"),
        ("stream_anthropic_guardrail", "first_byte_latency_ms", NO_METRICS),
        ("throttled", "input_tokens", "a failed call's record carries none"),
        ("embedding", "output_tokens", "the record has no outputTokenCount (embeddings, images and video have none)"),
        ("converse_guardrail", "tag", "requestMetadata is not in the record: the call is linked by its time instead"),
        ("stream_mistralai", "cache_read_input_tokens", "neither the record nor its body counts them"),
        ("flattened", "input_tokens", FLATTENED.format("input")),
        ("flattened", "output_tokens", FLATTENED.format("output")),
        ("flattened", "cache_write_input_tokens", FLATTENED.format("input")),
        ("flattened", "stop_reason", FLATTENED.format("output")),
        ("flattened", "conversation", FLATTENED.format("input")),
        ("flattened", "caller_role", FLATTENED.format("identity")),
        ("http_console", "started_at", "known to the second only: the format has no requestTimeEpoch"),
    ],
)
def test_what_is_unknown_is_explained(name: str, field: str, why: str) -> None:
    assert unknown(name)[field] == why


@pytest.mark.parametrize("name", ["http_console", "rest_console"])
def test_the_console_s_default_formats_have_no_latency_so_that_only_tags_link(name: str) -> None:
    why = (
        "the format has no responseLatency, as the console's default formats have none: only tags link to this request"
    )
    assert unknown(name)["duration_ms"] == why


@pytest.mark.parametrize("name", ["responses", "responses_events"])
def test_what_the_responses_api_tells_is_not_called_unknown(name: str) -> None:
    assert unknown(name).keys() <= {"latency_ms", "first_byte_latency_ms", "cache_write_1h_input_tokens", "tag"}


@pytest.mark.parametrize("body", [[], [7], ["When does it open?"]])
@pytest.mark.parametrize("name", ["responses", "responses_events"])
def test_an_input_whose_last_item_cannot_be_read_says_so(name: str, body: object) -> None:
    record = INVOCATION_SHAPES[name](CANARY)
    record["input"]["inputBodyJson"]["input"] = body
    assert inspect_line(json.dumps(record)).unknown["conversation"] == "the last item of the input body cannot be read"


@pytest.mark.parametrize("asked", [{"input": "What is to be embedded"}, {"input": ["What", "is", "to be embedded"]}])
def test_an_embedding_is_not_said_to_have_items(asked: object) -> None:
    record = INVOCATION_SHAPES["embedding"](CANARY)
    record["input"]["inputBodyJson"] = asked
    assert "no list of messages (an embedding" in inspect_line(json.dumps(record)).unknown["conversation"]


@pytest.mark.parametrize("name", ["converse", "http", "rest"])
def test_nothing_is_unknown_of_a_line_that_tells_everything(name: str) -> None:
    assert unknown(name) == {}


@pytest.mark.parametrize("name", INVOCATION_SHAPES)
def test_every_unknown_latency_and_stop_reason_has_its_reason(name: str) -> None:
    inspection = inspect_line(spelled(name))
    absent = {key for key in ("latency_ms", "stop_reason", "conversation", "tag") if inspection.fields[key] is None}
    assert absent <= inspection.unknown.keys()


@pytest.mark.parametrize(
    ("name", "key", "value", "field"),
    [
        ("converse", "modelId", "Tell me a secret", "model_id"),
        ("converse", "operation", "Tell me a secret", "operation"),
        ("throttled", "errorCode", "Tell me a secret", "error_code"),
        ("http", "routeKey", "Tell me a secret", "route"),
    ],
)
def test_a_name_that_cannot_be_one_says_so(name: str, key: str, value: str, field: str) -> None:
    line = json.dumps(json.loads(spelled(name)) | {key: value})
    assert "word" in inspect_line(line).unknown[field]


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ('{"requestId": $context.requestId}', "At column 15 there is no JSON value: put quotation marks around every"),
        ('{"live": tru}', "At column 13 there is a word without quotation marks: put quotation marks around every"),
        ("{'status': 200}", "At column 2 there is a key without double quotation marks: put double quotation marks"),
        ('{"status": 200,}', "At column 16 there is a bracket right after a comma: leave that comma out"),
        ('{"status": 200} {}', "At column 17 there is more text after the end of the JSON: write one JSON object"),
        ('{"status": 0200}', "At column 13 there is a number that JSON does not have"),
        ('{"path": "a\\xb"}', "At column 13 there is a character that JSON has no escape for: write"),
        ('{"way": "a" "live": true}', "At column 13 there is no comma after a value: put a comma after every value"),
        ('{"path" "a"}', "At column 9 there is no colon after a key: put a colon between each key and its value"),
        ('{"path": "a\tb"}', "At column 12 there is a tab or another control character in a text: write it as JSON"),
        ('{"path":\n "a",}', "At line 2, column 6 there is a bracket right after a comma: leave"),
        ("GET /ask 200", "The line is plain text and not JSON, from column 1 on: an access log in CLF"),
        ("true story", "The line is plain text and not JSON, from column 1 on: an access log in CLF"),
        ('{"status": 200, "path"', "The JSON ends too early at column 22: its writer or something on the way"),
        ("[200]", "The line is JSON, but no object: what is read stands in {…}, one object a line."),
    ],
)
def test_a_line_that_is_no_json_says_in_plain_words_what_is_wrong_where_and_what_to_do(line: str, what: str) -> None:
    inspection = inspect_line(line)

    assert what in inspection.why_set_aside
    assert not {"json_invalid", "expected", "ident", "model_type"} & set(re.findall(r"\w+", inspection.why_set_aside))
    assert inspection.brief == f"{inspection.fields['reason']}, {inspection.why_set_aside}"


def test_lines_with_the_same_mistake_are_one_wherever_it_stands_and_others_are_not() -> None:
    unquoted = [
        '{"a": $context.stage}',
        '{"requestId": $context.requestId}',
        '{"a": "b", "c": $context.stage}',
    ]
    words = run("-", stdin="\n".join([*unquoted, '{"a": 200,}', "GET /ask 200", "POST /ask 200"])).stdout

    whole = " ".join(words.split())
    assert "3 × set aside not_json: The line is not JSON. At column 7 of the first there is no JSON value" in whole
    assert words.count("not_json") == 3
    assert "lines 1, 2, 3\n" in words
    assert "lines 5, 6\n" in words


def test_every_reason_for_setting_a_line_aside_has_a_meaning() -> None:
    assert set(MEANINGS) == set(RejectedReason)


def test_a_line_that_lacks_a_field_names_it_and_says_what_to_add() -> None:
    line = json.loads(spelled("http"))
    del line["status"]
    fields = inspect_line(json.dumps(line)).fields
    advice = 'add "status":"$context.status" to the access log\'s format'
    assert (fields["reason"], fields["detail"]) == ("missing_field", f"status: missing ({advice})")


@settings(max_examples=30, deadline=None)  # the first example imports the command
@given(line=any_lines())
def test_no_text_of_any_line_is_ever_shown(line: str) -> None:
    for piped in (False, True):
        shown = run("-", stdin=line, piped=piped)
        assert shown.exception is None or isinstance(shown.exception, SystemExit)
        assert CANARY not in shown.output


def test_a_pipe_gets_a_field_a_line_and_counts_beside_it() -> None:
    tagged = INVOCATION_SHAPES["converse"](CANARY)
    stdin = "\n".join([json.dumps(tagged), spelled("invoke_anthropic"), "GET /ask 200", spelled("http_no_route")])
    piped = run("-", stdin=stdin, piped=True)
    header, *rows = [line.split("\t") for line in piped.stdout.splitlines()]

    assert header == ["File", "Line", "Kind", "Field", "Value", "Why"]
    assert {len(row) for row in rows} == {len(header)}
    assert ["standard input", "1", "invocation", "model_id", tagged["modelId"], "–"] in rows
    assert [row[3:] for row in rows if row[1] == "2" and row[3] == "latency_ms"] == [
        ["latency_ms", "–", "InvokeModel logs carry no latency"]
    ]
    assert [row[1:5] for row in rows if row[2] in ("rejected", "ignored")] == [
        ["3", "rejected", "reason", "not_json"],
        ["4", "ignored", "–", "–"],
    ]
    assert piped.stderr == "2 invocations, 0 requests, 1 ignored, 1 set aside\n"


def test_a_pipe_gets_the_first_of_a_run_of_lines_that_are_not_read_and_the_others_as_one() -> None:
    stdin = "".join(f"{line}\n" for line in ["plain", "text", spelled("http"), "more", "of", "it", "[not json", "of"])
    piped = run("-", stdin=stdin, piped=True)

    rows = [line.split("\t") for line in piped.stdout.splitlines()[1:]]
    assert [row[1] for row in rows if row[2] == "rejected"] == ["1", "2", "4", "5 to 6", "7", "8"]
    assert {tuple(row[2:5]) for row in rows if row[2] == "rejected"} == {("rejected", "reason", "not_json")}
    assert [row[5] for row in rows if row[1] in ("2", "5 to 6")] == ["the same as of line 1", "the same as of line 4"]
    assert {row[1] for row in rows if row[2] == "request"} == {"3"}
    assert piped.stderr == "0 invocations, 1 request, 0 ignored, 7 set aside\n"
    assert piped.exit_code == 1
    assert len(run("-", "--format", "json", stdin=stdin).stdout.splitlines()) == 8


def test_a_line_that_is_not_read_is_piped_before_another_one_comes() -> None:
    command = [sys.executable, "-c", "from request_lens_cli.entry import run; run()", "inspect", "-"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as following:
        assert following.stdin is not None
        assert following.stdout is not None
        following.stdin.write(b"plain text\n")
        following.stdin.flush()
        header, first = following.stdout.readline(), following.stdout.readline()
        rest, _ = following.communicate(b"more\nof it\n")

    assert header.startswith(b"File\t")
    assert first.split(b"\t")[:3] == [b"standard input", b"1", b"rejected"]
    assert [line.split(b"\t")[1] for line in rest.splitlines()] == [b"2 to 3"]
    assert following.returncode == 1


def test_a_file_that_says_nothing_pipes_nothing() -> None:
    assert run("-", piped=True).stdout == ""


def test_lines_are_numbered_and_shown_one_by_one() -> None:
    stdin = "\n".join([spelled("converse"), spelled("http"), "GET /ask 200", spelled("http_no_route")])
    assert [(document["line"], document["kind"]) for document in documents("-", stdin=stdin)] == [
        (1, "invocation"),
        (2, "request"),
        (3, "rejected"),
        (4, "ignored"),
    ]


def test_what_is_set_aside_for_one_reason_is_said_once_with_its_files_and_first_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    prose, log = Path("prose.txt"), Path("log.ndjson")
    prose.write_text("\n".join(["GET /ask 200", "#", "- 1", "a", *["{"] * 3]), encoding="utf-8")
    lacking = [json.loads(spelled("http")) | {"requestId": f"request-{number}"} for number in range(4)]
    for line in lacking:
        del line["status"]
    log.write_text(
        "\n".join([spelled("http"), "prose", *map(json.dumps, lacking), spelled("http_no_route")]),
        encoding="utf-8",
    )

    shown = run(str(prose), str(log)).stdout.splitlines()
    words = [" ".join(line.split()) for line in shown]

    assert [line for line in words if line in (str(prose), str(log))] == [str(log)]
    assert sum("not_json" in line for line in words) == 1
    assert f"{prose}: lines 1, 2, 3 and 1 more" in words
    assert f"{log}: line 2" in words
    assert f"{prose}: lines 5, 6, 7" in words
    assert f"{log}: lines 3, 4, 5 and 1 more" in words
    assert words[-1] == "0 invocations, 1 request, 1 ignored, 12 set aside"
    assert shown == [line.rstrip() for line in shown]


def test_a_line_set_aside_alone_says_what_tells_it_from_others() -> None:
    assert "13 bytes, sha256 " in " ".join(run("-", stdin="GET /ask 200!").stdout.split())


def test_a_line_of_json_names_its_file_and_its_number_there(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("a.ndjson", "b.ndjson")]
    for path in paths:
        path.write_text(f"{spelled('http')}\n{spelled('converse')}\n", encoding="utf-8")

    shown = documents(*map(str, paths))

    assert [(document["file"], document["line"]) for document in shown] == [
        (str(path), line) for path in paths for line in (1, 2)
    ]


def test_the_table_ends_with_what_there_was() -> None:
    shown = run("-", stdin=f"{spelled('invoke_anthropic')}\nGET /ask 200")
    assert "InvokeModel logs carry no latency" in shown.stdout
    assert shown.stdout.splitlines()[-1] == "1 invocation, 0 requests, 0 ignored, 1 set aside"


def test_spans_and_the_runs_of_a_function_are_shown_and_counted_where_there_are_any() -> None:
    lines = [json.dumps(bedrock_call()), json.dumps(start_line()), report_line().strip()]
    stdin = "\n".join(
        json.dumps({"source": source, "message": line}) for source, line in zip("sll", lines, strict=True)
    )
    span, *runs = documents("-", stdin=stdin)
    shown = run("-", stdin=stdin)

    assert (span["kind"], span["span"], span["invocation_id"]) == ("span", "call", CALL_ID)
    assert [(each["kind"], each["lambda_request_id"], each["trace_id"]) for each in runs] == [
        ("lambda", RUN_ID, TRACE)
    ] * 2
    assert shown.exit_code == 0
    assert shown.stdout.splitlines()[-1] == "0 invocations, 0 requests, 1 span, 2 Lambda runs, 0 ignored, 0 set aside"


@pytest.mark.parametrize(
    ("line", "brief"),
    [
        (bedrock_call(), f"a span (call) of trace {TRACE_ID}"),
        (start_line(), f"run {RUN_ID} of trace {TRACE}"),
    ],
)
def test_what_a_group_holds_is_told_in_a_few_words(line: object, brief: str) -> None:
    assert inspect_line(json.dumps(line)).brief == brief


def test_a_field_that_holds_nothing_is_left_out_of_the_table() -> None:
    line = json.loads(spelled("converse"))
    line["input"]["inputBodyJson"] = {"messages": [{"role": "user", "content": "Hello"}]}
    line["output"]["outputBodyJson"] = {"stopReason": "end_turn"}
    shown = run("-", stdin=f"{json.dumps(line)}\n{{}}").stdout
    assert "stop_reason" in shown
    assert [name for name in ("conversation", "detail", "first_byte") if name in shown] == []


@pytest.mark.parametrize("line", ["converse", "http_no_route"])
def test_lines_that_are_understood_or_normal_exit_with_zero(line: str) -> None:
    assert run("-", stdin=spelled(line)).exit_code == 0


def test_a_line_set_aside_exits_with_one() -> None:
    assert run("-", stdin=spelled("converse")[:-9]).exit_code == 1


def test_a_whole_lambda_event_is_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "event.json"
    path.write_text(json.dumps(lambda_event([spelled("converse"), spelled("throttled")]), indent=2), encoding="utf-8")
    assert [document["operation"] for document in documents(str(path))] == ["Converse", "ConverseStream"]


def test_a_control_message_has_no_lines() -> None:
    stdin = json.dumps({"messageType": "CONTROL_MESSAGE", "logEvents": [{"id": "", "message": "CWL CONTROL MESSAGE"}]})
    assert documents("-", stdin=stdin) == []


def test_a_broken_lambda_event_is_one_sentence() -> None:
    shown = run("-", stdin='{"awslogs": {"data": "AAAA"}}')
    assert (shown.exit_code, shown.output) == (1, "Error: awslogs.data is neither gzip nor zlib, or is damaged\n")


def test_a_file_that_is_cut_off_shows_what_it_holds_and_says_so_below(tmp_path: Path) -> None:
    path = tmp_path / "cut.gz"
    path.write_bytes(gzip.compress(f"{spelled('converse')}\n".encode() * 3)[:-8])

    shown = run(str(path))

    assert shown.exit_code == 1
    assert shown.output.splitlines()[-2].startswith("3 invocations, 0 requests")
    assert shown.output.splitlines()[-1] == (
        f"Error: {path}: it is cut off in the middle of what gzip packed: the lines after these are missing"
    )


def test_a_file_that_is_not_there_hides_none_of_the_others(tmp_path: Path) -> None:
    path = tmp_path / "there.ndjson"
    path.write_text(f"{spelled('converse')}\n", encoding="utf-8")

    shown = run("missing.ndjson", str(path), "neither.ndjson")

    assert shown.exit_code == 1
    assert [line.split(",")[0] for line in shown.output.splitlines()[-3:]] == [
        "1 invocation",
        "Error: missing.ndjson: No such file or directory",
        "neither.ndjson: No such file or directory",
    ]


def test_a_file_that_is_not_there_is_one_sentence() -> None:
    shown = run("missing.ndjson")
    assert shown.exit_code == 1
    assert shown.output.startswith("Error: missing.ndjson: ")


def _of_stage(request_id: str, **fields: str) -> str:
    line = {"requestId": request_id, "requestTimeEpoch": "1772648822000", "responseLatency": "9", "status": "200"}
    return json.dumps({**line, "routeKey": "POST /ask", **fields})


def test_a_route_of_several_stages_is_said_to_be_one_and_what_tells_them_apart() -> None:
    prod, test = ({"apiId": "a1b2c3d4e5", "stage": stage} for stage in ("prod", "test"))

    shared = run("-", stdin="\n".join((_of_stage("r1", **prod), _of_stage("r2", **test), _of_stage("r3")))).stdout
    named = run("-", stdin="\n".join((_of_stage("r1", **prod), _of_stage("r2", **test, requestLensApi="test")))).stdout
    alone = run("-", stdin="\n".join((_of_stage("r1", **prod), _of_stage("r2", **prod), _of_stage("r3")))).stdout

    assert "POST /ask is one route, of 2 stages: a1b2c3d4e5/prod, a1b2c3d4e5/test. They are added up." in shared
    assert 'add "requestLensApi":"NAME" to the access log\'s format' in shared
    assert "one route" not in named
    assert "one route" not in alone


def test_a_name_of_an_api_that_cannot_be_read_is_said_to_be_none() -> None:
    (document,) = documents("-", stdin=_of_stage("r1", requestLensApi="two words"))

    assert document["route"] == "POST /ask"
    assert document["unknown"]["requestLensApi"].startswith("it is no name of 1 to 64 letters")


@pytest.mark.parametrize("format_", ["table", "json"])
def test_files_without_a_line_are_nothing_to_inspect(tmp_path: Path, format_: str) -> None:
    empty = tmp_path / "empty.ndjson"
    empty.write_text("\n", encoding="utf-8")

    result = CliRunner().invoke(main, ["inspect", str(empty), "--format", format_])

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == f"Error: Nothing was read: there is no line in {empty}.\n"


def test_why_a_record_is_unknown_is_one_sentence() -> None:
    said = inspect_line('{"some": 1}').why_set_aside

    assert "or Lambda itself: looked for at the top of the object" in said
