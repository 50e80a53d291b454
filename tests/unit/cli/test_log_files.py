"""Files that people have lying around become lines, in order, and nothing is lost on the way."""

import gzip
import io
import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from request_lens_cli.replay.log_files import LogFileError, read_log_files
from request_lens_cli.replay.log_lines import SourceLine

RECORD = {"schemaType": "ModelInvocationLog", "requestId": "call-1", "output": {"text": 'a "quoted", text\nof lines'}}
ACCESS = {"requestId": "request-1", "status": "200"}
AT = datetime(2025, 12, 4, 18, 27, 12, 500_000, tzinfo=UTC)
AT_MS = 1_764_872_832_500

type Save = Callable[..., str]


@pytest.fixture
def save(tmp_path: Path) -> Save:
    """Saves text or bytes and answers with the path."""

    def saved(content: str | bytes, name: str = "records.json") -> str:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return str(path)

    return saved


def read(*paths: str) -> list[SourceLine]:
    return list(read_log_files(paths))


def bodies(*paths: str) -> list[object]:
    return [json.loads(line.message) for line in read(*paths)]


def plain(message: str) -> SourceLine:
    return SourceLine(source=None, at=None, message=message)


def ndjson(*values: object) -> str:
    return "".join(f"{json.dumps(value)}\n" for value in values)


def test_raw_records_keep_their_own_spelling(save: Save) -> None:
    spelled = '{"requestId":   "call-1"}'
    assert read(save(f"{spelled}\n\n{json.dumps(ACCESS)}")) == [plain(spelled), plain(json.dumps(ACCESS))]


def test_an_annotated_line_says_its_source_and_when_it_arrived(save: Save) -> None:
    path = save(
        ndjson(
            {"source": "invocation", "at": "2025-12-04T18:27:12.500Z", "message": RECORD},
            {"source": "access", "at": "2025-12-05T03:27:12.500+09:00", "message": json.dumps(ACCESS)},
            {"source": "span", "message": {"spanId": "00"}},
            {"source": "lambda", "at": AT_MS, "message": "REPORT"},
            {"source": "elsewhere", "at": "later", "message": "text"},
        )
    )
    assert read(path) == [
        SourceLine(source="invocation", at=AT, message=json.dumps(RECORD)),
        SourceLine(source="access", at=AT, message=json.dumps(ACCESS)),
        SourceLine(source="span", at=None, message='{"spanId": "00"}'),
        SourceLine(source="lambda", at=AT, message="REPORT"),
        plain("text"),
    ]


@pytest.mark.parametrize("indent", [None, 2])
def test_the_output_of_filter_log_events_is_read(save: Save, indent: int | None) -> None:
    event = {
        "logStreamName": "s",
        "timestamp": 1,
        "message": json.dumps(RECORD),
        "ingestionTime": AT_MS,
        "eventId": "3",
    }
    path = save(json.dumps({"events": [event, event], "searchedLogStreams": []}, indent=indent))
    assert read(path) == [SourceLine(source=None, at=AT, message=json.dumps(RECORD))] * 2


def test_events_one_a_line_are_read_too(save: Save) -> None:
    path = save(ndjson({"timestamp": 1, "message": "text", "ingestionTime": AT_MS}))
    assert read(path) == [SourceLine(source=None, at=AT, message="text")]


EVENT = {"timestamp": 1, "message": "text"}


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize(
    "document",
    [
        {"events": [EVENT, 7, {"name": "other"}], "nextForwardToken": "f", "nextBackwardToken": "b"},
        {"events": [EVENT, 7, {"name": "other"}], "searchedLogStreams": [], "ResponseMetadata": {"RequestId": "1"}},
        {"messageType": "DATA_MESSAGE", "owner": "1", "logEvents": [EVENT, 7, {"name": "other"}]},
    ],
)
def test_a_row_that_is_no_log_event_stays_a_line_beside_its_neighbours(
    save: Save, document: object, indent: int | None
) -> None:
    assert read(save(json.dumps(document, indent=indent))) == [plain("text"), plain("7"), plain('{"name": "other"}')]


def test_log_events_are_read_whatever_somebody_put_beside_them(save: Save) -> None:
    assert read(save(json.dumps({"comment": "of Monday", "events": [EVENT]}))) == [plain("text")]


@pytest.mark.parametrize(
    "record",
    [
        {"comment": "of Monday", "events": []},
        {"comment": "of Monday", "events": [EVENT, 7]},
        {"requestId": "1", "events": [EVENT]},
        {"traceId": "1", "spanId": "2", "logEvents": [EVENT], "messageType": "CONTROL_MESSAGE"},
        {"schemaType": "ModelInvocationLog", "results": [[{"field": "@message", "value": "text"}]]},
        {"startTimeUnixNano": 1, "awslogs": {"data": ""}},
    ],
)
def test_an_object_with_a_list_that_is_no_container_stays_a_line(save: Save, record: object) -> None:
    assert read(save(ndjson(record))) == [plain(json.dumps(record))]
    assert read(save(json.dumps([record], indent=2))) == [plain(json.dumps(record))]


@pytest.mark.parametrize("indent", [None, 4])
def test_the_output_of_get_query_results_is_read(save: Save, indent: int | None) -> None:
    row = [
        {"field": "@ingestionTime", "value": "2025-12-04 18:27:12.500"},
        {"field": "@message", "value": json.dumps(RECORD)},
        {"field": "@ptr", "value": "x"},
    ]
    path = save(json.dumps({"results": [row], "statistics": {}, "status": "Complete"}, indent=indent))
    assert read(path) == [SourceLine(source=None, at=AT, message=json.dumps(RECORD))]


@pytest.mark.parametrize("message", [RECORD, json.dumps(RECORD)])
def test_the_console_s_json_export_is_read(save: Save, message: object) -> None:
    path = save(json.dumps([{"@timestamp": "2025-12-04 18:27:02.000", "@message": message}]))
    assert bodies(path) == [RECORD]


def test_the_console_s_csv_export_is_read(save: Save) -> None:
    quoted = json.dumps(RECORD).replace('"', '""')
    path = save(f'@ingestionTime,@message\n2025-12-04 18:27:12.500,"{quoted}"\n,"two\nlines"\n', "export.csv")
    assert read(path) == [SourceLine(source=None, at=AT, message=json.dumps(RECORD)), plain("two\nlines")]


def test_a_csv_cell_may_be_as_long_as_a_log_event(save: Save) -> None:
    long = "x" * 1_000_000
    assert read(save(f"@timestamp,@message\n1,{long}\n", "export.txt")) == [plain(long)]


def test_a_csv_without_messages_says_so(save: Save) -> None:
    path = save("@timestamp,@logStream\n1,2\n", "export.csv")
    with pytest.raises(LogFileError, match=r"export\.csv: no column message or @message, which holds the log events"):
        read(path)


@pytest.mark.parametrize("name", ["log-events-viewer-result.csv", "events", "events.csv.gz"])
def test_the_console_s_export_of_log_events_is_read(save: Save, name: str) -> None:
    quoted = json.dumps(RECORD).replace('"', '""')
    content = f'timestamp,message\n1764872832500,"{quoted}"\n1764872832500,"two\nlines"\n'.encode()
    path = save(gzip.compress(content) if name.endswith(".gz") else content, name)
    assert read(path) == [plain(json.dumps(RECORD)), plain("two\nlines")]


def test_a_csv_of_messages_among_other_columns_is_read(save: Save) -> None:
    path = save("at,source,message,ingestionTime\n1,access,text,1764872832500\n", "export.csv")
    assert read(path) == [SourceLine(source=None, at=AT, message="text")]


@pytest.mark.parametrize("indent", [None, 1])
def test_an_array_of_records_is_read(save: Save, indent: int | None) -> None:
    assert bodies(save(json.dumps([RECORD, ACCESS], indent=indent))) == [RECORD, ACCESS]


def test_records_of_many_lines_one_after_the_other_are_read(save: Save) -> None:
    path = save(json.dumps(RECORD, indent=2) + "\n" + json.dumps(ACCESS, indent=2) + "\n")
    assert bodies(path) == [RECORD, ACCESS]


def test_gzipped_files_are_known_by_their_content(save: Save) -> None:
    packed = gzip.compress(ndjson(RECORD, ACCESS).encode())
    assert bodies(save(packed, "a.json.gz"), save(packed, "b")) == [RECORD, ACCESS] * 2


BATCHES = [
    {"messageType": "CONTROL_MESSAGE", "logEvents": [{"id": "0", "timestamp": 1, "message": "healthy"}]},
    {
        "messageType": "DATA_MESSAGE",
        "logGroup": "/aws/api",
        "logEvents": [
            {"id": str(n), "timestamp": n, "message": json.dumps(value)} for n, value in enumerate((ACCESS, 1))
        ],
    },
    {"messageType": "DATA_MESSAGE", "logEvents": [{"id": "2", "timestamp": 3, "message": json.dumps(RECORD)}]},
]
JOINED = "".join(map(json.dumps, BATCHES)).encode()
MEMBERS = b"".join(gzip.compress(json.dumps(batch).encode()) for batch in BATCHES)


@pytest.mark.parametrize("content", [JOINED, MEMBERS, gzip.compress(JOINED), gzip.compress(MEMBERS)])
def test_what_firehose_puts_one_after_the_other_is_read(save: Save, content: bytes) -> None:
    assert bodies(save(content)) == [ACCESS, 1, RECORD]


def test_records_without_a_separator_keep_their_own_spelling(save: Save) -> None:
    spelled = [json.dumps(ACCESS), '{"requestId":   "2"}', json.dumps(RECORD)]
    assert read(save(" ".join(spelled) + "\n" + "".join(spelled))) == [plain(line) for line in spelled * 2]


def test_a_bad_object_among_others_without_a_separator_stays_alone(save: Save) -> None:
    for bad in ('{"cut": ', '{"cut": "}', "text}", "{,}", '{"a": {"b"}'):
        line = f"{json.dumps(ACCESS)}{bad}{json.dumps(RECORD)}"
        lines = read(save(line))
        assert plain(json.dumps(ACCESS)) in lines
        assert "".join(found.message for found in lines) == line


def test_two_objects_in_a_text_are_a_text(save: Save) -> None:
    lines = ['{"a": "}{"}', 'text "}{"']
    assert read(save("\n".join(lines)))[0] == plain(lines[0])


TAILED = "2025-12-04T18:27:02+00:00 aws/bedrock/modelinvocations"


@pytest.mark.parametrize(
    "content",
    [
        f"2025-12-04T18:27:02.000Z {json.dumps(RECORD)}\n2025-12-04T18:27:03.120Z text\n",
        f"2025-12-04T18:27:02 {json.dumps(RECORD)}\n2025-12-04T18:27:03 text\n",
        f"{TAILED} {json.dumps(RECORD)}\n{TAILED} text\n",
        f"2025-12-04T18:27:02.125000+00:00 s {json.dumps(RECORD)}\n\n2025-12-04T18:27:03.120000+00:00 s text",
        f"{TAILED} \n{json.dumps(RECORD, indent=4)}\n{TAILED} text\n",
        f"\x1b[32m2025-12-04T18:27:02+00:00\x1b[0m \x1b[36ms\x1b[0m {json.dumps(RECORD)}\n{TAILED} text\n",
    ],
)
def test_events_that_a_time_was_written_before_are_read(save: Save, content: str) -> None:
    for packed in (content.encode(), gzip.compress(content.encode())):
        record, text = read(save(packed, "000000.gz"))
        assert (json.loads(record.message), text) == (RECORD, plain("text"))


def test_an_event_of_many_lines_is_one_and_one_without_a_message_none(save: Save) -> None:
    content = "2025-12-04T18:27:02.000Z one\n two\n\n2025-12-04T18:27:02.000Z \n2025-12-04T18:27:03.000Z three\n"
    assert read(save(content)) == [plain("one\n two"), plain("three")]


def test_a_line_that_only_begins_like_a_time_is_a_line(save: Save) -> None:
    lines = ["2025-12-04T18:27:02.000Zulu {}", "2025-12-04 18:27:02 {}"]
    assert read(save("\n".join(lines))) == [plain(line) for line in lines]


def test_bad_lines_stay_lines_between_their_neighbours(save: Save) -> None:
    lines = ["text", '{"cut', "[]", "[1, 2]", "[" * 100_000, "7", "NaN", json.dumps(ACCESS), '{"cut": [']
    assert read(save("\n".join(lines))) == [plain(line) for line in lines]


def test_what_only_looks_like_a_document_is_read_line_by_line(save: Save) -> None:
    assert read(save('{"cut": [\n{"requestId": "1"}\n')) == [plain('{"cut": ['), plain('{"requestId": "1"}')]


def test_bytes_that_are_no_utf8_spoil_their_own_line_alone(save: Save) -> None:
    assert read(save(b'\xef\xbb\xbf{"a": 1}\n\xff\n{"b": 2}')) == [
        plain('{"a": 1}'),
        plain("\ufffd"),
        plain('{"b": 2}'),
    ]


def test_line_separators_inside_a_text_do_not_split_it(save: Save) -> None:
    line = json.dumps({"a": "b\u2028c\x85d"}, ensure_ascii=False)
    assert read(save(line + "\r\n" + line)) == [plain(line)] * 2


@pytest.mark.parametrize("content", ["", "\n \n", '{"events": []}'])
def test_a_file_without_records_has_no_lines(save: Save, content: str) -> None:
    assert read(save(content)) == []


def test_a_record_with_a_message_of_its_own_stays_whole(save: Save) -> None:
    line = json.dumps({"level": "INFO", "message": "hello", "requestId": "1"})
    assert read(save(line)) == [plain(line)]


@pytest.mark.parametrize("content", [ndjson(RECORD).encode(), gzip.compress(ndjson(RECORD).encode())])
def test_a_dash_is_standard_input(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    stdin = io.TextIOWrapper(io.BytesIO(content))
    monkeypatch.setattr(sys, "stdin", stdin)
    assert bodies("-") == [RECORD]
    assert not stdin.buffer.closed


def test_files_come_in_the_order_given(save: Save) -> None:
    assert bodies(save(ndjson(ACCESS), "b"), save(ndjson(RECORD), "a")) == [ACCESS, RECORD]


def test_ndjson_is_not_read_ahead(save: Save) -> None:
    path = save(gzip.compress(ndjson(ACCESS).encode() * 100_000)[:-8])
    assert next(read_log_files([path])) == plain(json.dumps(ACCESS))


@pytest.mark.parametrize("mark", [b"\xff\xfe", b"\xfe\xff"], ids=["little", "big"])
def test_a_file_in_utf_16_is_read_as_one(save: Save, mark: bytes) -> None:
    order = "utf-16-le" if mark == b"\xff\xfe" else "utf-16-be"

    assert bodies(save(mark + (json.dumps(RECORD) + "\r\n").encode(order))) == [RECORD]


@pytest.mark.parametrize(
    "content",
    [b"\x89PNG\r\n\x1a\n\x00\x00", b"\r\x00\r", gzip.compress(b"\x00\x01")],
    ids=["picture", "return", "packed"],
)
def test_a_file_that_holds_no_text_is_named(save: Save, content: bytes) -> None:
    with pytest.raises(LogFileError, match=r"garbage.bin: holds no text: a log file, or one packed by gzip, is read"):
        read(save(content, "garbage.bin"))


def test_a_line_with_a_carriage_return_within_is_no_error_of_csv(save: Save) -> None:
    assert len(read(save("what is\rthis\n"))) == 1


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(LogFileError, match=r"nowhere\.json: No such file or directory"):
        read(str(tmp_path / "nowhere.json"))


def test_a_directory_is_no_log_file(tmp_path: Path) -> None:
    with pytest.raises(LogFileError, match="it is a folder: name the files in it"):
        read(str(tmp_path))


@pytest.mark.parametrize("damage", [lambda packed: packed[:-12], lambda packed: packed[:12] + b"\xff" * 20])
def test_a_damaged_gzip_file_is_named(save: Save, damage: Callable[[bytes], bytes]) -> None:
    path = save(damage(gzip.compress(ndjson(RECORD).encode())), "a.json.gz")
    with pytest.raises(LogFileError, match=r"a\.json\.gz: "):
        read(path)
