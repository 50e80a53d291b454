"""No text of a prompt, an answer or a tool leaves the processor, whatever field it stands in and however bad the line.

A canary is planted in every body field of every shape and in every field of bad lines and broken envelopes; then it is
looked for in all that the processor leaves behind: the table, the queue, what it prints, and what it raises.
"""

import base64
import gzip
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import batched

import boto3
import pytest

import processor_handler
from request_lens.adapters.system_clock import SystemClock
from request_lens.application.sweep import AGE, SLICE, slice_of
from request_lens.errors import EnvelopeError
from tests.support.processor_traffic import REGION, log_batch, messages_sent, settle_message, stream_event
from tests.support.record_shapes import ACCESS_SHAPES, FAULTY_SHAPES, INVOCATION_SHAPES, Json
from tests.support.record_strategies import paths_of, replaced
from tests.support.request_table import TABLE_NAME
from tests.support.telemetry.lambda_shapes import LAMBDA_SHAPES, UNTRACED_LAMBDA_SHAPES
from tests.support.telemetry.span_shapes import IGNORED_SPAN_SHAPES, SPAN_SHAPES

CANARY = "canary"
SENTENCE = (
    f'Is the {CANARY} singing?\n{{"_aws":{{"CloudWatchMetrics":[],"Timestamp":1}},"{CANARY}":1}}\r\n\u2028{CANARY} <&>'
)
"""A text as prompts are: words, spaces, lines, a forged metric. No id and no name is like that."""

WORD = f"{CANARY}-7f3a"
"""A text that could be an id or a name: it may stand where one is expected, and nowhere else."""

BATCH = 50
"""Lines of a log batch."""

SECONDS = timedelta(seconds=5)
"""So long after all has come it is settled."""

LEFT_OUT = ("schemaType",)
"""Fields whose value decides what a line is: another value makes it a bad line, which has a test of its own."""


@pytest.fixture(autouse=True)
def _without_waits(deployed: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every call is decided, and every request settled, seconds after it came: what whole seconds and clocks hide."""
    monkeypatch.setenv("MAX_REQUEST_SECONDS", "0")


def name(item: Mapping[str, object]) -> str:
    """The id in an item's partition key."""
    return str(item["pk"]).partition("#")[2]


def outputs(capfd: pytest.CaptureFixture[str]) -> str:
    """All that the processor left behind, settled and published: the table, the queue and what was printed."""
    sent = messages_sent()
    items = boto3.resource("dynamodb", region_name=REGION).Table(TABLE_NAME).scan()["Items"]
    calls = [("invocation", name(item)) for item in items if item["sk"] == "invocation"]
    requests = [("request", name(item)) for item in items if item["sk"] == "request"]
    ids = [*calls, *requests]
    with pytest.MonkeyPatch.context() as later:
        later.setattr(SystemClock, "now", lambda _: datetime.now(UTC) + SECONDS)
        answer = processor_handler.lambda_handler({"Records": [settle_message(*each) for each in ids] or _NOBODY}, None)
    if (stream := stream_event())["Records"]:
        processor_handler.lambda_handler(stream, None)
    moments = {str(item["by_time_sk"]).partition("#")[0] for item in items if "by_time_sk" in item}
    for begins in {slice_of(datetime.fromisoformat(each)) for each in moments}:
        processor_handler.lambda_handler({"sweep": (begins + SLICE + AGE).isoformat()}, None)
    after = boto3.resource("dynamodb", region_name=REGION).Table(TABLE_NAME).scan()["Items"]
    printed = capfd.readouterr()
    assert_lines_are_ours(printed.out)
    return "\n".join(map(str, (sent, messages_sent(), items, after, answer, printed.out, printed.err)))


_NOBODY = [settle_message("request", "nobody")]


def assert_lines_are_ours(printed: str) -> None:
    """Every line is one JSON object that we wrote: a log entry, or metrics of our namespace."""
    for line in printed.splitlines():
        document = json.loads(line)
        assert ("level" in document) != ("_aws" in document), line
        for directive in document.get("_aws", {}).get("CloudWatchMetrics", []):
            assert directive["Namespace"] == "RequestLens"


def recent(record: dict[str, Json], place: int) -> dict[str, Json]:
    """The record as of now, under an id of its own."""
    now = datetime.now(UTC) - timedelta(minutes=5)
    if "modelId" in record:
        return record | {"timestamp": f"{now:%Y-%m-%dT%H:%M:%SZ}", "requestId": f"id-{place}"}
    times = {"requestTimeEpoch": str(int(now.timestamp() * 1000)), "requestTime": f"{now:%d/%b/%Y:%H:%M:%S} +0000"}
    return record | {"requestId": f"id-{place}"} | {name: time for name, time in times.items() if name in record}


def shapes(text: str) -> list[dict[str, Json]]:
    """A record of every shape, good or not, with the text in every field that holds text."""
    made = [shape(text) for shape in (*INVOCATION_SHAPES.values(), *ACCESS_SHAPES.values(), *FAULTY_SHAPES.values())]
    return [recent(record, place) for place, record in enumerate(made)]


def spans(text: str) -> list[dict[str, Json]]:
    """A record of every shape of telemetry, with the text in every attribute, event and link that holds text."""
    of_agents = (*SPAN_SHAPES.values(), *IGNORED_SPAN_SHAPES.values())
    of_lambda = (*LAMBDA_SHAPES.values(), *UNTRACED_LAMBDA_SHAPES.values())
    return [shape(text) for shape in (*of_agents, *of_lambda)]


def each_field_planted(records: Sequence[dict[str, Json]], text: str) -> Iterator[dict[str, Json]]:
    """The records with the text in one field after the other: in place of a scalar, a list or an object.

    A field that many shapes share is planted once. Each record has an id of its own: of one id the first stored stays.
    """
    places = {path: record for record in records for path in paths_of(record) if path and path[0] not in LEFT_OUT}
    for number, (path, record) in enumerate(places.items()):
        tagged = with_tag(record, number // BATCH)
        yield replaced(tagged | {"requestId": f"id-{number}"}, path, text)


def with_tag(record: dict[str, Json], number: int) -> dict[str, Json]:
    """The record with the tag of its batch's request, if it is of a call: a settle reads all calls of a request."""
    return record | {"requestMetadata": {"api_request_id": f"tagged-{number}"}} if "modelId" in record else record


@pytest.mark.usefixtures("deployed")
@pytest.mark.parametrize("text", [SENTENCE, WORD], ids=["sentence", "word"])
def test_no_text_of_a_body_is_left_behind(text: str, capfd: pytest.CaptureFixture[str]) -> None:
    lines = [json.dumps(record) for record in (*shapes(text), *spans(text))]
    assert sum(CANARY in line for line in lines) > 0.75 * len(lines)

    processor_handler.lambda_handler(log_batch(lines), None)

    found = outputs(capfd)
    assert found.count("id-") > len(shapes(text))
    assert [name for name in ("LlmCalls", "LlmErrors", "RequestDuration", "conversation") if name not in found] == []
    assert CANARY not in found


@pytest.mark.usefixtures("deployed")
@pytest.mark.slow
def test_no_sentence_in_any_field_is_left_behind_and_no_line_of_it_is_printed(
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Each field of each shape in turn holds the sentence: as a name, an id, a number, or in place of an object."""
    records = [with_tag(record, 0) for record in shapes("")]
    lines = [json.dumps(planted) for planted in each_field_planted(records, SENTENCE)]
    lines += [json.dumps(replaced(span, path, SENTENCE)) for span in spans(SENTENCE) for path in paths_of(span) if path]
    request = recent(ACCESS_SHAPES["http"](""), 0)
    lines += [json.dumps(request | {"requestId": f"tagged-{number}"}) for number in range(len(lines) // BATCH + 1)]
    assert len(lines) > 300
    for batch in batched(lines, BATCH, strict=False):  # all the rejected records of a batch are kept
        processor_handler.lambda_handler(log_batch(batch, first_event=lines.index(batch[0])), None)

    assert CANARY not in outputs(capfd)


BAD_LINES: Sequence[str] = (
    SENTENCE,
    WORD,
    f'"{WORD}"',
    f'["{WORD}"]',
    f'{{"{WORD}": 1}}',
    f'{{"schemaType": "{WORD}"}}',
    f'{{"schemaType": "ModelInvocationLog", "{WORD}": "{WORD}"',
    f'{{"schemaType": "ModelInvocationLog", "requestId": "{WORD}", "modelId": "m", "timestamp": "{WORD}"}}',
    f'{{"schemaType": "ModelInvocationLog", "requestId": "{WORD}\\u0000", "modelId": "m"}}',
    f'{{"schemaType": "ModelInvocationLog", "requestId": "{WORD * 50}", "timestamp": "2026-01-01T00:00:00Z"}}',
    f'{{"schemaType": "ModelInvocationLog", "requestId": {"9" * 5_000}, "{WORD}": NaN}}',
    f'{{"requestId": "r", "status": "{WORD}", "routeKey": "{WORD}"}}',
    f'{{"requestId": "r", "status": "200", "requestTime": "{WORD}", "routeKey": "POST /{WORD}"}}',
    "[" * 100_000 + WORD,
    '{"a":' * 100_000 + f'"{WORD}"',
    f"{WORD}\ud83d",
    f"Permissions are correctly set for Amazon Bedrock logs. {WORD}",
)


@pytest.mark.usefixtures("deployed")
def test_no_text_of_a_bad_line_is_left_behind_and_each_is_kept_as_rejected(
    capfd: pytest.CaptureFixture[str],
) -> None:
    processor_handler.lambda_handler(log_batch(BAD_LINES), None)

    items = boto3.resource("dynamodb", region_name=REGION).Table(TABLE_NAME).scan()["Items"]
    assert [item["sk"] for item in items] == ["rejected"] * len(BAD_LINES)
    assert CANARY not in outputs(capfd)


def packed(document: object) -> str:
    return base64.b64encode(gzip.compress(json.dumps(document).encode())).decode()


BROKEN_ENVELOPES: Mapping[str, Json] = {
    "no data": {"awslogs": {WORD: WORD}},
    "data of another type": {"awslogs": {"data": [WORD]}},
    "no base64": {"awslogs": {"data": f"{WORD}!"}},
    "no gzip": {"awslogs": {"data": base64.b64encode(SENTENCE.encode()).decode()}},
    "cut off": {"awslogs": {"data": base64.b64encode(gzip.compress(SENTENCE.encode() * 50)[:-9]).decode()}},
    "no JSON": {"awslogs": {"data": base64.b64encode(gzip.compress(SENTENCE.encode())).decode()}},
    "no batch": {"awslogs": {"data": packed({WORD: WORD, "messageType": SENTENCE})}},
    "a message that is none": {
        "awslogs": {"data": packed({"messageType": "DATA_MESSAGE", "logEvents": [{"id": "1", "message": [SENTENCE]}]})}
    },
    "beyond its bound": {"awslogs": {"data": packed(f"{WORD} " * 8_000_000)}},
    "another service": {"Records": [{"eventSource": SENTENCE, WORD: WORD}]},
}


def told_with(error: BaseException) -> Iterator[BaseException]:
    """The errors that Lambda prints before this one: its causes, and its contexts where they are not suppressed."""
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before is not None:
        yield before
        yield from told_with(before)


@pytest.mark.usefixtures("deployed")
@pytest.mark.parametrize("event", BROKEN_ENVELOPES.values(), ids=BROKEN_ENVELOPES)
def test_a_broken_envelope_fails_with_an_error_that_holds_none_of_it(
    event: Json, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(EnvelopeError) as raised:
        processor_handler.lambda_handler(event, None)

    assert "\n" not in str(raised.value)
    assert CANARY not in str(raised.value)
    assert CANARY not in "".join(map(str, told_with(raised.value)))
    assert CANARY not in outputs(capfd)


@pytest.mark.usefixtures("deployed")
def test_names_of_an_envelope_that_cannot_be_are_left_out(capfd: pytest.CaptureFixture[str]) -> None:
    events = [{"id": SENTENCE, "timestamp": SENTENCE, "message": "not json"}]
    batch = {"messageType": "DATA_MESSAGE", "logGroup": SENTENCE, "logStream": SENTENCE, "logEvents": events}

    processor_handler.lambda_handler({"awslogs": {"data": packed(batch)}}, None)

    items = boto3.resource("dynamodb", region_name=REGION).Table(TABLE_NAME).scan()["Items"]
    assert [item["fact"]["reason"] for item in items] == ["not_json"]  # type: ignore[call-overload,index]
    assert CANARY not in outputs(capfd)
