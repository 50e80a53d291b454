"""The deployed processor, called as CloudWatch Logs and the table's stream would call it."""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.config import Config
from pydantic import ValidationError

from request_lens.wire.field_types import ForeignModel
from request_lens_cli.deployed.stack import DeployedStackView

if TYPE_CHECKING:
    from mypy_boto3_lambda.client import LambdaClient

SENDERS = 4
"""How many events are sent at once: what is operated must leave concurrency to the functions that serve."""

READ_TIMEOUT_S = 315
"""Longer than the processor may run: a call that is given up before is made again while the first one still runs."""

_CLIENT = Config(
    connect_timeout=5,
    read_timeout=READ_TIMEOUT_S,
    tcp_keepalive=True,  # routers forget a connection that is silent for minutes
    retries={"mode": "standard", "total_max_attempts": 6},  # a throttled call waits up to 20 s before the last one
    max_pool_connections=SENDERS,
)


class ProcessorFailedError(Exception):
    """The processor took an event and failed; the message has its error's type and text."""


class _Failure(ForeignModel):
    """What Lambda answers for a function that raised an exception, ran out of time or of memory."""

    error_type: str = "Unhandled"
    error_message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployedProcessor:
    """The processor of a stack. To send it an event twice is safe: facts and revisions are written once."""

    client: "LambdaClient"
    function_name: str

    def send(self, event: object) -> None:
        """Have the processor serve one event, and wait for it.

        Raises: ProcessorFailedError; ClientError and BotoCoreError where Lambda does not take the event.
        """
        answer = self.client.invoke(
            FunctionName=self.function_name, InvocationType="RequestResponse", Payload=json.dumps(event).encode()
        )
        if "FunctionError" in answer:
            raise ProcessorFailedError(_told(answer["Payload"].read()))


def _told(payload: bytes) -> str:
    try:
        failure = _Failure.model_validate_json(payload)
    except ValidationError:
        return "Unhandled"
    return f"{failure.error_type}: {failure.error_message}" if failure.error_message else failure.error_type


def open_processor(stack: DeployedStackView) -> DeployedProcessor:
    """The processor of a stack. Raises: click.ClickException where the stack names none."""
    client = stack.session.client("lambda", config=_CLIENT)
    return DeployedProcessor(client=client, function_name=stack.output("ProcessorFunctionName"))
