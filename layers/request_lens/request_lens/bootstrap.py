"""Bootstrap: the only place where boto3 clients are built and adapters are chosen."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import boto3
from aws_lambda_powertools import Logger
from botocore.config import Config as ClientConfig

from request_lens.adapters.bedrock_inference_profiles import BedrockInferenceProfiles
from request_lens.adapters.dynamodb.fact_reader import DynamoFactReader
from request_lens.adapters.dynamodb.fact_store import DynamoFactStore
from request_lens.adapters.emf_metric_sink import EmfMetricSink
from request_lens.adapters.price_list import bedrock_prices
from request_lens.adapters.sqs_settle_timer import SqsSettleTimer
from request_lens.adapters.system_clock import SystemClock
from request_lens.application.query import ReadPorts
from request_lens.config import read_config, read_viewer_config
from request_lens.domain.log_record import RejectedReason
from request_lens.domain.policy import Policy
from request_lens.domain.publishing.metric_names import Metric
from request_lens.domain.publishing.publication import PipelineMetrics, batch_id
from request_lens.domain.settling.crowds import Crowds
from request_lens.errors import UnreadableItem
from request_lens.ports import Clock, MetricSink, Ports
from request_lens.wire.names import model_name

if TYPE_CHECKING:
    from mypy_boto3_bedrock import BedrockClient

STORE_CLIENT = ClientConfig(connect_timeout=3, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 3})
"""Seconds; three attempts end well inside the function's time-out: 3 × (3 + 5) s and the pauses between them."""


LOOKUP_CLIENT = ClientConfig(connect_timeout=1, read_timeout=2, retries={"mode": "standard", "total_max_attempts": 2})
"""For what is worth no waiting: a profile's model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Processor:
    """A configured processor: what the handler needs to serve its triggers."""

    ports: Ports
    policy: Policy
    logger: Logger


def build_processor(environment: Mapping[str, str]) -> Processor:
    """The processor that these environment variables describe.

    Raises: ConfigError, which names every variable that is missing or wrong.
    """
    config = read_config(environment)
    clock = SystemClock()
    timer = SqsSettleTimer(boto3.client("sqs", config=STORE_CLIENT), queue_url=config.settle_queue_url, clock=clock)
    logger = _logger(config.service_name)
    sink = EmfMetricSink(service_name=config.service_name, clock=clock, logger=logger)
    store = DynamoFactStore(
        boto3.client("dynamodb", config=STORE_CLIENT),
        table_name=config.request_table_name,
        retention=config.policy.retention,
        clock=clock,
        on_unreadable=_teller_of_unreadable(logger, sink, clock),
    )
    profiles = BedrockInferenceProfiles(_bedrock_client, model_name=model_name, clock=clock)
    ports = Ports(
        store=store,
        timer=timer,
        sink=sink,
        clock=clock,
        profiles=profiles,
        prices=bedrock_prices(),
        region=environment.get("AWS_REGION"),  # Lambda sets it; a log group's filter is in the log's own Region
        crowds=Crowds(),
    )
    return Processor(ports=ports, policy=config.policy, logger=logger)


def _logger(service_name: str) -> Logger:
    """A logger whose times Lambda can read: it filters by level and time, and takes what has no RFC 3339 time for INFO.

    botocore would say at each cold start where it found credentials: at INFO, which Lambda sets for all loggers.
    https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html
    """
    logging.getLogger("botocore").setLevel(logging.WARNING)
    return Logger(service=service_name, use_rfc3339=True)


def _teller_of_unreadable(logger: Logger, sink: MetricSink, clock: Clock) -> Callable[[UnreadableItem], None]:
    """What names and counts each item that cannot be read, once a container: settles around it meet it again."""
    told: set[str] = set()

    def tell(error: UnreadableItem) -> None:
        if str(error) in told:
            return
        told.add(str(error))
        logger.error("stored item cannot be read", extra={"error": str(error)})
        values = {Metric.REJECTED_RECORDS: (1,)}
        sink.publish_pipeline(
            PipelineMetrics(
                publication_id=batch_id([str(error)]),
                at=clock.now(),
                values=values,
                reason=RejectedReason.UNREADABLE_ITEM,
            )
        )

    return tell


def _bedrock_client() -> "BedrockClient":
    """Made when the first application inference profile is met: most accounts have none, and it costs a cold start."""
    return boto3.client("bedrock", config=LOOKUP_CLIENT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """What a function needs that shows the table and changes nothing."""

    ports: ReadPorts
    policy: Policy
    clock: Clock


def build_viewer(environment: Mapping[str, str]) -> Viewer:
    """The viewer that these environment variables describe.

    Raises: ConfigError, which names every variable that is missing or wrong.
    """
    config = read_viewer_config(environment)
    client = boto3.client("dynamodb", config=STORE_CLIENT)
    reader = DynamoFactReader(client, table_name=config.request_table_name)
    ports = ReadPorts(reader=reader, prices=bedrock_prices())
    return Viewer(ports=ports, policy=config.policy, clock=SystemClock())
