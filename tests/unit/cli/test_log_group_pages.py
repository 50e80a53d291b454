"""A log group that is busy: FilterLogEvents answers with page after page without what is looked for."""

from datetime import UTC, datetime

import boto3
from botocore.stub import Stubber

from request_lens_cli.deployed.log_group import has_line


def test_a_line_behind_many_empty_pages_is_found() -> None:
    logs = boto3.client("logs", region_name="eu-west-1", aws_access_key_id="none", aws_secret_access_key="none")
    with Stubber(logs) as stubbed:
        for number in range(25):
            stubbed.add_response("filter_log_events", {"events": [], "nextToken": f"{number}"})
        stubbed.add_response("filter_log_events", {"events": [{"message": "doctor-1"}]})

        assert has_line(logs, "group", since=datetime(2025, 12, 4, tzinfo=UTC), pattern='"doctor-1"')
