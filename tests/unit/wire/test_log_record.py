"""Every log event is exactly one of fact, ignored, rejected, whatever it holds, and its text never leaves."""

import hashlib
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from request_lens.domain.facts import Invocation, Request
from request_lens.domain.log_record import Ignored, LogRecord, Rejected, RejectedReason
from request_lens.domain.spans import LambdaRun, Span
from request_lens.wire.log_record import read_record
from tests.support.record_shapes import INVOCATION_SHAPES
from tests.support.record_strategies import CANARY, any_lines, good_lines

INVOCATION: dict[str, object] = {
    "schemaType": "ModelInvocationLog",
    "timestamp": "2025-12-04T18:27:02Z",
    "requestId": "5e0b6c1a-8d5a-4b43-9d7e-0f3b2f6f1a02",
    "operation": "Converse",
    "modelId": "amazon.nova-micro-v1:0",
    "input": {"inputBodyJson": {"messages": [{"content": [{"text": CANARY}]}]}, "inputTokenCount": 3},
    "output": {"outputBodyJson": {"output": {"message": {"content": [{"text": CANARY}]}}, "stopReason": "end_turn"}},
    "requestMetadata": {"api_request_id": "abc="},
}
ACCESS_LINE: dict[str, object] = {
    "requestId": "abc=",
    "requestTimeEpoch": "1764872822417",
    "routeKey": "POST /ask",
    "status": "200",
    "responseLatency": "2140",
}


def assert_exactly_one_kind(record: LogRecord) -> None:
    kinds = (Invocation, Request, Span, LambdaRun, Rejected, Ignored)
    assert [isinstance(record, kind) for kind in kinds].count(True) == 1


@given(message=any_lines())
def test_any_line_is_exactly_one_kind_and_keeps_its_text_to_itself(message: str) -> None:
    record = read_record(message)
    assert_exactly_one_kind(record)
    assert CANARY not in repr(record)
    assert len(repr(record)) < 20_000


@given(message=good_lines(text=st.text()))
def test_a_good_line_of_any_shape_is_never_rejected(message: str) -> None:
    assert not isinstance(read_record(message), Rejected)


@pytest.mark.parametrize("name", INVOCATION_SHAPES)
def test_every_shape_of_an_invocation_is_read(name: str) -> None:
    invocation = read_record(json.dumps(INVOCATION_SHAPES[name](CANARY)))
    assert isinstance(invocation, Invocation)
    assert CANARY not in repr(invocation)


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("", RejectedReason.NOT_JSON),
        ("[ERROR] something", RejectedReason.NOT_JSON),
        (json.dumps(INVOCATION)[:-1], RejectedReason.TRUNCATED),
        (json.dumps(INVOCATION)[:200], RejectedReason.TRUNCATED),
        ('{"schemaType":', RejectedReason.TRUNCATED),
        (json.dumps(INVOCATION) + "}", RejectedReason.NOT_JSON),
        (" ", RejectedReason.NOT_JSON),
        ("-", RejectedReason.NOT_JSON),
        ("[" * 100_000, RejectedReason.NOT_JSON),
        ("[" * 100_000 + "]" * 100_000, RejectedReason.NOT_AN_OBJECT),
        ("[" * 1_000 + "]" * 1_000, RejectedReason.NOT_AN_OBJECT),
        ('{"a":' * 1_000, RejectedReason.TRUNCATED),
        ('{"a":' * 1_000 + "1" + "}" * 1_000, RejectedReason.UNKNOWN_RECORD),
        ('{"a":' * 1_000 + "1" + "}" * 1_001, RejectedReason.NOT_JSON),
        ('{"a":' * 100_000 + "1" + "}" * 100_000, RejectedReason.UNKNOWN_RECORD),
        ('{"a":' * 100_000 + "1" + "}" * 100_001, RejectedReason.NOT_JSON),
        ('{"n": ' + "9" * 5000 + "}", RejectedReason.UNKNOWN_RECORD),
        (json.dumps(INVOCATION).replace(": 3", ": NaN"), RejectedReason.INVALID_FIELD),
        ("\ud800", RejectedReason.NOT_JSON),
        ("NaN", RejectedReason.NOT_AN_OBJECT),
        ("[]", RejectedReason.NOT_AN_OBJECT),
        ('"text"', RejectedReason.NOT_AN_OBJECT),
        ("{}", RejectedReason.UNKNOWN_RECORD),
        ('{"level": "INFO", "message": "hello", "requestId": "1"}', RejectedReason.UNKNOWN_RECORD),
        ('{"schemaType": "AnotherLog", "status": 1, "requestId": "1"}', RejectedReason.UNKNOWN_RECORD),
        (json.dumps({**INVOCATION, "schemaType": "AnotherLog"}), RejectedReason.UNKNOWN_RECORD),
        ('{"modelId": "m", "requestId": "1", "timestamp": "2025-12-04T18:27:02Z"}', RejectedReason.UNKNOWN_RECORD),
        ('{"schemaType": "ModelInvocationLog"}', RejectedReason.MISSING_FIELD),
    ],
)
def test_a_line_that_cannot_be_understood_is_rejected_with_its_reason(message: str, reason: RejectedReason) -> None:
    record = read_record(message)
    assert isinstance(record, Rejected)
    assert record.reason is reason


def test_a_rejected_record_can_be_told_from_others_by_its_owner() -> None:
    message = f"é {CANARY}"
    assert read_record(message) == Rejected(
        reason=RejectedReason.NOT_JSON,
        detail="json_invalid: expected value at line 1 column 1"
        " (an access log in CLF, XML or CSV needs a JSON format instead)",
        size_bytes=len(message.encode()),
        sha256=hashlib.sha256(message.encode()).hexdigest(),
    )


@given(line=good_lines(), cut=st.integers(1, 10_000))
def test_a_line_that_was_cut_off_is_truncated(line: str, cut: int) -> None:
    record = read_record(line[: cut % len(line) or 1])
    assert isinstance(record, Rejected)
    assert record.reason is RejectedReason.TRUNCATED
    assert record.detail.startswith("json_invalid: EOF while parsing ")


_SYNTAX_DETAIL = re.compile(
    r"[A-Za-z0-9_.:(), ]*"
    r"(?:expected `[,:]`(?: or `[\]}]`)?|\(\\u0000-\\u001F\) found while parsing a string)?[a-z0-9 ]*"
)


@given(text=st.text())
def test_the_detail_of_a_syntax_error_holds_no_text(text: str) -> None:
    record = read_record(f'{{"schemaType": {text}')
    assert not isinstance(record, Rejected) or _SYNTAX_DETAIL.fullmatch(record.detail)


@pytest.mark.parametrize("name", ["timestamp", "requestId", "modelId", "operation", "errorCode", "input", "output"])
def test_the_text_of_a_rejected_line_never_leaves(name: str) -> None:
    record = read_record(json.dumps({**INVOCATION, name: {f"{CANARY}\n": [CANARY]}}))
    assert CANARY not in repr(record)


def test_bedrock_s_permission_line_is_ignored() -> None:
    assert isinstance(read_record("Permissions are correctly set for Amazon Bedrock logs.\n"), Ignored)


@pytest.mark.parametrize("half", [chr(0xD83D), chr(0xDE00)])
@pytest.mark.parametrize("is_escaped", [True, False])
def test_half_an_emoji_in_a_prompt_does_not_lose_the_call(half: str, is_escaped: bool) -> None:
    message = json.dumps(INVOCATION, ensure_ascii=is_escaped)
    cut = message.replace(CANARY, json.dumps(half)[1:-1] if is_escaped else half)
    assert read_record(cut) == read_record(message)


UNPARSED = {
    "deep lists": "[" * 500 + "]" * 500,
    "very deep lists": "[" * 10_001 + "]" * 10_001,
    "as deep as a line is long": "[" * 400_000 + "]" * 400_000,
    "very deep objects": '{"a":' * 100_000 + "1" + "}" * 100_000,
    "deep objects": '{"a":[' * 2_000 + f'"{CANARY}"' + "]}" * 2_000,
    "two of them": "[" * 500 + "]" * 500 + f', "{CANARY}": ' + '{"b":' * 500 + "{}" + "}" * 500,
    "a long number": "-" + "9" * 5_000,
    "a long number with a fraction": "9" * 5_000 + ".25e-3",
    "deep beside a long fraction": "[1." + "9" * 5_000 + ", " + "[" * 500 + "]" * 500 + "]",
    "deep beside brackets in a text": '["[[{\\\\\\"}", ' + "[" * 500 + '"]"' + "]" * 500 + "]",
    "deep, and half an emoji": "[" * 500 + "]" * 500 + ', "half": "\\ud83d"',
}
"""JSON that pydantic's parser refuses, by what is hard about it."""


@pytest.mark.parametrize("hard", UNPARSED.values(), ids=UNPARSED)
@pytest.mark.parametrize("side", ["input", "output"])
def test_what_no_parser_takes_inside_a_body_does_not_hide_the_call(side: str, hard: str) -> None:
    message = json.dumps(INVOCATION)
    body = f'"{side}BodyJson": {{'
    assert read_record(message.replace(body, f'{body}"tool": {hard}, ')) == read_record(message)


def test_a_count_of_thousands_of_digits_is_unknown() -> None:
    invocation = read_record(json.dumps(INVOCATION).replace(": 3", ": " + "9" * 5000))
    assert isinstance(invocation, Invocation)
    assert invocation.tokens.input is None


def test_a_repeated_key_counts_once() -> None:
    assert read_record(json.dumps(INVOCATION)[:-1] + ', "operation": "Converse"}') == read_record(
        json.dumps(INVOCATION)
    )
