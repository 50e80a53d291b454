"""What people see of rejected records."""

from datetime import UTC, datetime

import pytest

from request_lens.domain.log_record import Rejected, RejectedReason, StoredRejected
from request_lens_cli.commands.rejected import (
    rejected_documents,
    show_rejected,
    stored_rejected_document,
)
from tests.support.command_line.screen import piped, printed

AT = datetime(2026, 11, 24, 12, 0, 15, 250_000, tzinfo=UTC)
LINE = StoredRejected(
    record=Rejected(
        reason=RejectedReason.MISSING_FIELD,
        detail="modelId: missing",
        size_bytes=2_113,
        sha256="0f" * 32,
        log_group="/aws/bedrock/model-invocations",
        log_stream="aws/bedrock/modelinvocations",
        event_id="37",
    ),
    stored_at=AT,
)


def test_a_rejected_record_says_why_and_where_its_text_lies() -> None:
    assert stored_rejected_document(LINE) == {
        "rejected_at": "2026-11-24T12:00:15.250Z",
        "reason": "missing_field",
        "detail": "modelId: missing",
        "size_bytes": 2_113,
        "sha256": "0f" * 32,
        "log_group": "/aws/bedrock/model-invocations",
        "log_stream": "aws/bedrock/modelinvocations",
        "event_id": "37",
    }


def test_the_table_shows_one_a_line_and_a_dash_for_what_is_unknown() -> None:
    too_old = Rejected(reason=RejectedReason.TOO_OLD, detail="request r1 of 2026-01-01T00:00:00+00:00")
    text = printed(lambda console: show_rejected([LINE, StoredRejected(record=too_old, stored_at=AT)], console))

    rows = [line.split() for line in text.splitlines() if ":" in line]
    assert rows[0] == [
        "11-24",
        "12:00:15",
        "missing_field",
        "modelId:",
        "missing",
        "2,113",
        "/aws/bedrock/model-invocations",
        "aws/bedrock/modelinvocations",
        "37",
    ]
    assert rows[1][-4:] == ["–", "–", "–", "–"]


@pytest.mark.parametrize(("kept", "is_cut"), [(0, False), (2, False), (3, True)])
def test_a_list_that_may_have_been_cut_says_so(kept: int, is_cut: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("request_lens_cli.commands.rejected.LIST_LIMIT", 3)
    text = printed(lambda console: show_rejected([LINE] * kept, console))

    assert ("Showing the earliest 3 rejected records; narrow the time range to see all." in text) == is_cut
    assert rejected_documents([LINE] * kept)["may_be_more"] == is_cut


def test_a_pipe_gets_plain_numbers_and_the_day_with_its_year() -> None:
    header, row = (line.split("\t") for line in piped(lambda console: show_rejected([LINE], console)).splitlines())

    assert header[:4] == ["Rejected (UTC)", "Reason", "Detail", "Bytes"]
    assert row[:4] == ["2026-11-24 12:00:15", "missing_field", "modelId: missing", "2113"]


def test_of_a_line_that_is_no_json_the_table_says_what_is_wrong_in_words_and_a_pipe_what_the_reader_said() -> None:
    detail = "json_invalid: trailing comma at line 1 column 16"
    line = StoredRejected(record=Rejected(reason=RejectedReason.NOT_JSON, detail=detail), stored_at=AT)

    shown = " ".join(printed(lambda console: show_rejected([line], console)).split())
    assert "At column 16 there is a bracket right after a comma: leave that comma out." in shown
    assert detail in piped(lambda console: show_rejected([line], console))
