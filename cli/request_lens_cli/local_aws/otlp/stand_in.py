"""A stand-in for the endpoint of agents' telemetry, for the local AWS only: spans come into `aws/spans` as records.

python -m request_lens_cli.local_aws.otlp.stand_in --port PORT --endpoint URL
"""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING

import click
from botocore.exceptions import BotoCoreError, ClientError

from request_lens_cli.local_aws.aws_clients import local_client
from request_lens_cli.local_aws.otlp.server import otlp_server
from request_lens_cli.scenario.batching import Batches
from request_lens_cli.scenario.playing import put_events

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mypy_boto3_logs.client import CloudWatchLogsClient
    from mypy_boto3_logs.type_defs import InputLogEventTypeDef

    from request_lens_cli.local_aws.otlp.span_records import SpanRecord

SPAN_GROUP = "aws/spans"
SPAN_STREAM = "default"


def write_spans(exports: Sequence[Iterable[SpanRecord]], *, logs: CloudWatchLogsClient) -> None:
    """Write spans, each at its end, into their group, which is made where it is not there; a failure is said."""
    spans = sorted((span for export in exports for span in export), key=lambda span: span.ended_ms)
    events: list[InputLogEventTypeDef] = [
        {"timestamp": span.ended_ms, "message": json.dumps(dict(span.content), ensure_ascii=False)} for span in spans
    ]
    try:
        with contextlib.suppress(logs.exceptions.ResourceAlreadyExistsException):
            logs.create_log_group(logGroupName=SPAN_GROUP)
        put_events(events, SPAN_GROUP, SPAN_STREAM, logs=logs)
    except (BotoCoreError, ClientError) as error:
        click.echo(f"OTLP stand-in: {len(events)} spans were lost: {type(error).__name__}: {error}", err=True)


@click.command()
@click.option("--port", required=True, type=int, help="The loopback port to serve on.")
@click.option("--endpoint", required=True, help="The local AWS, on loopback.")
@click.option("--log-delay", default=1.0, help="Seconds from an export to its records.")
def main(port: int, endpoint: str, log_delay: float) -> None:
    """Stand in for the endpoint of agents' telemetry until it is stopped."""
    logs = local_client("logs", endpoint=endpoint)
    exports: Batches[Iterable[SpanRecord]] = Batches(lambda some: write_spans(some, logs=logs), delay_s=log_delay)
    otlp_server(exports.add, port=port).serve_forever()


if __name__ == "__main__":
    main()
