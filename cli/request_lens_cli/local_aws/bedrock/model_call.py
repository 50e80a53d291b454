"""A call to a model: what was asked, by whom, and what came of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from request_lens_cli.local_aws.bedrock.scripted_model import Turn


class Operation(StrEnum):
    """The operations that Bedrock logs, by the names in its log."""

    CONVERSE = "Converse"
    CONVERSE_STREAM = "ConverseStream"
    INVOKE = "InvokeModel"
    INVOKE_STREAM = "InvokeModelWithResponseStream"

    @property
    def is_streamed(self) -> bool:
        """Whether its answer comes as a stream of events."""
        return self in {Operation.CONVERSE_STREAM, Operation.INVOKE_STREAM}

    @property
    def is_converse(self) -> bool:
        """Whether its body is the one that all models share."""
        return self in {Operation.CONVERSE, Operation.CONVERSE_STREAM}


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCall:
    """One call as it arrived; `request_id` is the id that its caller gets in `x-amzn-requestid`."""

    request_id: str
    operation: Operation
    model_id: str
    started_at: datetime
    caller_arn: str | None
    metadata: Mapping[str, str] | None
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """What a call took in all, and until its first part, in milliseconds."""

    latency_ms: int
    first_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A call that the model answered."""

    turn: Turn
    timing: Timing


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A call that failed, and how; the message is for the caller alone."""

    error_code: str
    status: int
    message: str


type Outcome = Answered | Refused
