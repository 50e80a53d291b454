"""Writing the invocation log of the local AWS, where and as its logging setting says."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import click
from botocore.exceptions import BotoCoreError, ClientError

from request_lens_cli.local_aws.bedrock.invocation_record import as_line, floored, invocation_record
from request_lens_cli.scenario.playing import BEDROCK_LOG_STREAM, put_events

if TYPE_CHECKING:
    from mypy_boto3_bedrock.client import BedrockClient
    from mypy_boto3_logs.client import CloudWatchLogsClient

    from request_lens_cli.local_aws.bedrock.model_call import ModelCall, Outcome


class InvocationLog:
    """The invocation log; a record comes into it `delay_s` seconds after its call has ended, as Bedrock's do."""

    def __init__(self, *, bedrock: BedrockClient, logs: CloudWatchLogsClient, delay_s: float) -> None:
        self._bedrock = bedrock
        self._logs = logs
        self._delay_s = delay_s

    def write_later(self, call: ModelCall, outcome: Outcome) -> None:
        """Write the call's record once the delay is over."""
        timer = threading.Timer(self._delay_s, self.write, (call, outcome))
        timer.daemon = True
        timer.start()

    def write(self, call: ModelCall, outcome: Outcome) -> None:
        """Write the record, or nothing where logging is off; a failure is said, for nobody waits for this."""
        try:
            setting = self._bedrock.get_model_invocation_logging_configuration().get("loggingConfig", {})
            group = setting.get("cloudWatchConfig", {}).get("logGroupName")
            if group is None:
                return
            with_texts = setting.get("textDataDeliveryEnabled", True)
            line = as_line(invocation_record(call, outcome, with_texts=with_texts))
            at = round(floored(call.started_at).timestamp() * 1000)
            put_events([{"timestamp": at, "message": line}], group, BEDROCK_LOG_STREAM, logs=self._logs)
        except (BotoCoreError, ClientError) as error:
            click.echo(f"model stand-in: a record was lost: {type(error).__name__}: {error}", err=True)
