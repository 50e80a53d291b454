"""The functions' own lines, as Lambda's log levels read them."""

import json
import logging
from datetime import datetime

import pytest

from request_lens.bootstrap import build_processor
from tests.support.template_document import variables_of

ENVIRONMENT = {
    "REQUEST_TABLE_NAME": "requests",
    "SETTLE_QUEUE_URL": "https://some.queue",
    **variables_of("ProcessorFunction"),
    # Powertools keeps the logger of a service, and with it the output of the test that made it.
    "SERVICE_NAME": "lines-of-a-function",
}


@pytest.fixture(autouse=True)
def region(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "ap-northeast-1")


def test_a_lines_time_is_rfc_3339_without_which_lambda_takes_every_line_for_info(
    capsys: pytest.CaptureFixture[str],
) -> None:
    build_processor(ENVIRONMENT).logger.warning("records rejected")
    line = json.loads(capsys.readouterr().out)

    assert line["level"] == "WARNING"
    assert "T" in line["timestamp"]
    assert datetime.fromisoformat(line["timestamp"]).tzinfo is not None


def test_botocore_says_nothing_at_a_cold_start_at_the_level_that_lambda_sets() -> None:
    root = logging.getLogger()
    before = root.level
    root.setLevel(logging.INFO)
    try:
        build_processor(ENVIRONMENT)
        assert not logging.getLogger("botocore.credentials").isEnabledFor(logging.INFO)
    finally:
        root.setLevel(before)
