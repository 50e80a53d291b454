"""The model stand-in's HTTP server: Bedrock's runtime API on this machine's loopback."""

from __future__ import annotations

import json
import math
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import ThreadingHTTPServer
from urllib.parse import unquote

from pydantic import BaseModel, Field, ValidationError

from request_lens_cli.local_aws.bedrock.callers import Caller, Callers
from request_lens_cli.local_aws.bedrock.dialects import dialect_of
from request_lens_cli.local_aws.bedrock.event_stream import CONTENT_TYPE, encoded_event
from request_lens_cli.local_aws.bedrock.model_call import Answered, ModelCall, Operation, Outcome, Refused, Timing
from request_lens_cli.local_aws.bedrock.request_metadata import HEADER, read_metadata
from request_lens_cli.local_aws.bedrock.scripted_model import Turn, answer
from request_lens_cli.local_aws.bedrock.throttling import THROTTLED, Throttle
from request_lens_cli.local_aws.serving.post_handler import PostHandler, loopback_server

OPERATIONS = {
    "converse": Operation.CONVERSE,
    "converse-stream": Operation.CONVERSE_STREAM,
    "invoke": Operation.INVOKE,
    "invoke-with-response-stream": Operation.INVOKE_STREAM,
}
"""By the last part of the path `/model/{modelId}/…`."""

THROTTLE_PATH = "/stand-in/throttle"
"""Not Bedrock's: takes `{"calls": n}` and refuses the next n calls."""

CALLERS_PATH = "/stand-in/callers"
"""Not Bedrock's: takes a Caller, whose ARN the records of its calls have from then on."""


CALLS_PATH = "/stand-in/calls"
"""Not Bedrock's: tells when each call that was answered began, which its record does not, and how long it took."""


class _Demand(BaseModel):
    calls: int = Field(ge=0)


class AnsweredCall(BaseModel):
    """What the stand-in knows of a call: its start in epoch milliseconds, and how long it took in milliseconds."""

    request_id: str
    started_ms: int
    latency_ms: int


class AnsweredCalls(BaseModel):
    """The calls that were answered, in the order of their answers."""

    calls: list[AnsweredCall]


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """What the server serves: how fast, who is told of each call, whose calls are known, and those that were answered.

    `pace` multiplies the model's latency; 0 answers at once.
    """

    record: Callable[[ModelCall, Outcome], None]
    pace: float = 1.0
    callers: Callers = field(default_factory=Callers)
    throttle: Throttle = field(default_factory=Throttle)
    answered: list[AnsweredCall] = field(default_factory=list)


def model_server(model: Model, *, port: int) -> ThreadingHTTPServer:
    """A server on loopback that serves the model; port 0 is a free one."""
    return loopback_server(ModelHandler, port=port, model=model)


class ModelHandler(PostHandler):
    """Answers one connection's requests."""

    model: Model

    def serve(self, body: bytes) -> None:
        """Answer a call to the model."""
        if self.path == THROTTLE_PATH:
            self.model.throttle.demand(_Demand.model_validate_json(body).calls)
            self._send(200, b"{}", request_id=None)
            return
        if self.path == CALLERS_PATH:
            self.model.callers.introduce(Caller.model_validate_json(body))
            self._send(200, b"{}", request_id=None)
            return
        if self.path == CALLS_PATH:
            self._send(200, AnsweredCalls(calls=self.model.answered).model_dump_json().encode(), request_id=None)
            return
        match self.path.split("/"):
            case ["", "model", model_id, verb] if verb in OPERATIONS:
                self._answer(OPERATIONS[verb], unquote(model_id), body)
            case _:
                self._refuse(Refused(error_code="UnknownOperationException", status=404, message=self.path), None)

    def _answer(self, operation: Operation, model_id: str, body: bytes) -> None:
        """Answer, and have the call recorded before its caller knows; what validation refuses is not logged."""
        started_at, begun = datetime.now(UTC), time.monotonic()
        try:
            metadata = read_metadata(operation, body, self.headers.get(HEADER))
            turn = answer(dialect_of(operation).conversation_of(body))
        except (ValueError, ValidationError) as error:
            self._refuse(Refused(error_code="ValidationException", status=400, message=str(error)), str(uuid.uuid4()))
            return
        call = ModelCall(
            request_id=str(uuid.uuid4()),
            operation=operation,
            model_id=model_id,
            started_at=started_at,
            caller_arn=self.model.callers.arn_of(self.headers.get("Authorization")),
            metadata=metadata,
            body=body,
        )
        if self.model.throttle.refuses_next():
            self.model.record(call, THROTTLED)
            self._refuse(THROTTLED, call.request_id)
        elif operation.is_streamed:
            self._stream(call, turn, begun)
        else:
            self._respond(call, turn, begun)

    def _respond(self, call: ModelCall, turn: Turn, begun: float) -> None:
        time.sleep(turn.latency_s * self.model.pace)
        timing = Timing(latency_ms=_milliseconds_since(begun), first_ms=_milliseconds_since(begun))
        self._record(call, turn, timing)
        self._send(200, json.dumps(dict(dialect_of(call.operation).whole(turn, timing))).encode(), call.request_id)

    def _stream(self, call: ModelCall, turn: Turn, begun: float) -> None:
        """Stream the answer: its first part after two fifths of the time, the others evenly over the rest."""
        dialect = dialect_of(call.operation)
        events = list(dialect.parts(turn))
        self._begin_stream(call.request_id)
        first_ms = 0
        for event, pause_s in zip(events, _pauses(turn.latency_s * self.model.pace, len(events)), strict=True):
            time.sleep(pause_s)
            first_ms = first_ms or _milliseconds_since(begun)
            self._chunk(encoded_event(event))
        timing = Timing(latency_ms=_milliseconds_since(begun), first_ms=first_ms)
        self._record(call, turn, timing)
        self._chunk(encoded_event(dialect.last_part(turn, timing)))
        self._chunk(b"")

    def _record(self, call: ModelCall, turn: Turn, timing: Timing) -> None:
        started_ms = math.floor(call.started_at.timestamp() * 1000)
        known = AnsweredCall(request_id=call.request_id, started_ms=started_ms, latency_ms=timing.latency_ms)
        self.model.answered.append(known)
        self.model.record(call, Answered(turn=turn, timing=timing))

    def _begin_stream(self, request_id: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", CONTENT_TYPE)
        self.send_header("Transfer-Encoding", "chunked")
        self.send_header("x-amzn-RequestId", request_id)
        self.end_headers()

    def _chunk(self, data: bytes) -> None:
        """Send a chunk; an empty one ends the stream."""
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    def _refuse(self, refused: Refused, request_id: str | None) -> None:
        text = json.dumps({"message": refused.message}).encode()
        self._send(refused.status, text, request_id, error=refused.error_code)

    def _send(self, status: int, content: bytes, request_id: str | None, *, error: str | None = None) -> None:
        self.answer(status, content, {"x-amzn-RequestId": request_id, "x-amzn-ErrorType": error})


def _pauses(latency_s: float, parts: int) -> Iterator[float]:
    """The pause before each part of a stream."""
    yield latency_s * 0.4
    for _ in range(parts - 1):
        yield latency_s * 0.6 / (parts - 1)


def _milliseconds_since(begun: float) -> int:
    return round((time.monotonic() - begun) * 1000)
