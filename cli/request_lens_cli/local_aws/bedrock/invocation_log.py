"""Writing the invocation log of the local AWS, where and as its logging setting says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from botocore.exceptions import BotoCoreError, ClientError

from request_lens_cli.local_aws.bedrock.invocation_record import as_line, floored, invocation_record
from request_lens_cli.scenario.batching import Batches
from request_lens_cli.scenario.playing import BEDROCK_LOG_STREAM, put_events

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mypy_boto3_bedrock.client import BedrockClient
    from mypy_boto3_logs.client import CloudWatchLogsClient
    from mypy_boto3_logs.type_defs import InputLogEventTypeDef

    from request_lens_cli.local_aws.bedrock.model_call import ModelCall, Outcome


class InvocationLog:
    """The invocation log: records come in batches, up to `delay_s` seconds after their calls, as Bedrock's do."""

    def __init__(self, *, bedrock: BedrockClient, logs: CloudWatchLogsClient, delay_s: float) -> None:
        self._bedrock = bedrock
        self._logs = logs
        self._batches: Batches[tuple[ModelCall, Outcome]] = Batches(self.write, delay_s=delay_s)

    def write_later(self, call: ModelCall, outcome: Outcome) -> None:
        """Write the call's record with those of the calls soon after it."""
        self._batches.add((call, outcome))

    def write(self, calls: Sequence[tuple[ModelCall, Outcome]]) -> None:
        """Write the records, or nothing where logging is off; a failure is said, for nobody waits for this."""
        try:
            setting = self._bedrock.get_model_invocation_logging_configuration().get("loggingConfig", {})
            group = setting.get("cloudWatchConfig", {}).get("logGroupName")
            if group is None:
                return
            with_texts = setting.get("textDataDeliveryEnabled", True)
            in_order = sorted(calls, key=lambda each: each[0].started_at)
            events = [_event(call, outcome, with_texts=with_texts) for call, outcome in in_order]
            put_events(events, group, BEDROCK_LOG_STREAM, logs=self._logs)
        except (BotoCoreError, ClientError) as error:
            click.echo(f"model stand-in: {len(calls)} records were lost: {type(error).__name__}: {error}", err=True)


def _event(call: ModelCall, outcome: Outcome, *, with_texts: bool) -> InputLogEventTypeDef:
    line = as_line(invocation_record(call, outcome, with_texts=with_texts))
    return {"timestamp": round(floored(call.started_at).timestamp() * 1000), "message": line}
