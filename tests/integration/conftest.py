"""The processor's environment, over an emulated AWS."""

from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws

import processor_handler
from request_lens.application import settle_batch
from tests.support.deployed_stack import DeployedLens, lens
from tests.support.emulated_aws.quick_items import quick_items
from tests.support.emulated_aws.running_stack import RunningStack, running_stack
from tests.support.processor_traffic import REGION
from tests.support.request_table import TABLE_NAME, create_request_table

__all__ = ["deployed", "lens"]

ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": REGION,
    "REQUEST_TABLE_NAME": TABLE_NAME,
    "AGENT_ROLE_NAMES": "",
    "AGENT_ROUTES": "",
    "ONE_LOOP_PER_REQUEST": "false",
    "SETTLE_DELAY_SECONDS": "0",
    "LINK_DELAY_SECONDS": "0",
    "MAX_REQUEST_SECONDS": "10",
    "MAX_AGENT_SECONDS": "60",
    "CLOCK_SKEW_MS": "250",
    "ORPHAN_AFTER_SECONDS": "900",
    "MAX_CALLS_PER_REQUEST": "0",
    "MAX_COST_PER_REQUEST": "0",
    "RETENTION_DAYS": "90",
    "READS_SPANS": "false",
    "MEMORY_SPANS": "false",
    "TOOL_NAMES": "",
}


@pytest.fixture(scope="session", autouse=True)
def items() -> Iterator[None]:
    with quick_items():
        yield


@pytest.fixture
def queued(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every settle goes through the queue, as where a batch touches more requests than are settled with it."""
    monkeypatch.setattr(settle_batch, "MAX_INLINE_SETTLES", 0)


@pytest.fixture
def deployed(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[None]:
    # Loggers live as long as the process and keep the stdout of the test that made them: each test has its own.
    monkeypatch.setenv("SERVICE_NAME", request.node.name)
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    processor_handler._processor.cache_clear()
    with mock_aws():
        create_request_table(boto3.client("dynamodb", region_name=REGION))
        queue = boto3.client("sqs", region_name=REGION).create_queue(QueueName="settle")
        monkeypatch.setenv("SETTLE_QUEUE_URL", queue["QueueUrl"])
        yield
    processor_handler._processor.cache_clear()


@pytest.fixture
def running(lens: DeployedLens, request: pytest.FixtureRequest) -> Iterator[RunningStack]:
    """The stack of the lens, whose processor runs."""
    with running_stack(lens, {**ENVIRONMENT, "SERVICE_NAME": request.node.name}) as stack:
        yield stack
