"""List prices, and what a metered run costs by them, scaled to one million invocations."""

from dataclasses import dataclass

from tests.support.metering.metered_run import Usage

PRICES_AS_OF = "2026-11-24"
"""List prices of us-east-1, on demand, without free tiers, from https://aws.amazon.com/<service>/pricing/ (DynamoDB
on-demand capacity, SQS standard queue, Lambda on Arm, CloudWatch Logs standard class)."""

WRITE_UNIT, READ_UNIT = 0.625e-6, 0.125e-6
SQS_REQUEST = 0.40e-6
LAMBDA_REQUEST, LAMBDA_GB_SECOND = 0.20e-6, 0.0000133334
LOG_BYTE = 0.50e-9

MEMORY_MB, FULL_CORE_MB = 512, 1769
"""The processor's MemorySize (a test compares it with the template), and that at which Lambda gives a whole core."""

PROCESSOR_S = 0.0018
"""Processor time on a whole core, per AWS call, of all that the handler does: MEASURED on 2026-11-24, and again by each
`make benchmark`, which prints both. Stated here so that the cost is the same on every machine."""

EVENT_S = 0.001
DYNAMODB_ROUND_TRIP_S, SQS_ROUND_TRIP_S = 0.005, 0.010

ASSUMED_TIMES = (
    f"an AWS call waits {1000 * DYNAMODB_ROUND_TRIP_S:g} ms for DynamoDB and {1000 * SQS_ROUND_TRIP_S:g} ms for SQS",
    f"calls that are made in parallel wait one after the other, and each event takes {1000 * EVENT_S:g} ms more",
    f"at {MEMORY_MB} MB a function has {MEMORY_MB / FULL_CORE_MB:.0%} of a core, and a core is as fast as here",
    f"a core works {1000 * PROCESSOR_S:g} ms per AWS call, for everything",
)
"""No AWS answers here: these figures are assumptions, and go into the Lambda time only."""

MILLION = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """US dollars per million invocations, by what is billed."""

    table_writes: float
    index_writes: float
    reads: float
    queue: float
    lambda_requests: float
    lambda_time: float
    log_lines: float

    @property
    def total(self) -> float:
        """All of it: metric series and alarms are apart."""
        writes = self.table_writes + self.index_writes
        return writes + self.reads + self.queue + self.lambda_requests + self.lambda_time + self.log_lines


def cost_of(usage: Usage) -> Cost:
    """What the run cost, per million invocations."""
    meter, scale = usage.meter, MILLION / usage.invocations
    return Cost(
        table_writes=scale * meter.write_units * WRITE_UNIT,
        index_writes=scale * meter.index_write_units * WRITE_UNIT,
        reads=scale * (meter.read_units + meter.index_read_units) * READ_UNIT,
        queue=scale * queue_requests(usage) * SQS_REQUEST,
        lambda_requests=scale * usage.events.total() * LAMBDA_REQUEST,
        lambda_time=scale * lambda_gb_seconds(usage) * LAMBDA_GB_SECOND,
        log_lines=scale * log_bytes(usage) * LOG_BYTE,
    )


def queue_requests(usage: Usage) -> int:
    """Sends, and for each settle event one receive and one delete, both of up to ten messages."""
    return usage.meter.calls["SendMessageBatch"] + 2 * usage.events["settle"]


def log_bytes(usage: Usage) -> int:
    """Of the lines that the handler printed: Lambda's own are switched off below WARN."""
    return sum(len(line.encode()) for line in usage.log_lines)


def lambda_gb_seconds(usage: Usage) -> float:
    """Waiting by the assumed round trips, working by the stated processor time."""
    calls, sends = usage.meter.calls.total(), usage.meter.calls["SendMessageBatch"]
    waits = sends * SQS_ROUND_TRIP_S + (calls - sends) * DYNAMODB_ROUND_TRIP_S
    works = calls * PROCESSOR_S * FULL_CORE_MB / MEMORY_MB
    return (waits + works + usage.events.total() * EVENT_S) * MEMORY_MB / 1024


def measured_processor_s(usage: Usage) -> float:
    """Processor time of this run per AWS call, as this machine took it."""
    return sum(usage.processor_s.values()) / usage.meter.calls.total()
