"""What an invocation's record looks like where the reader found nothing: the grounds on which a field is unknown.

The reader in the pipeline keeps what it finds and nothing about what it did not; this looks at the same line again, for
one person at a time. It never keeps a text.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from request_lens.wire.access.repair import with_mended_values

type Json = object

_STREAM_METRICS = "no chunk of the stream carries usable amazon-bedrock-invocationMetrics"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordShape:
    """A record, and its bodies as the JSON that they are or hold; a body that is not there is None."""

    record: Mapping[str, Json]
    request_body: Json
    response_body: Json

    def has(self, *path: str) -> bool:
        """Whether the record has a value at the path, null not being one."""
        return _at(self.record, path) is not None

    def flattened(self, part: str) -> str | None:
        """What is wrong where an export joined the part's keys by dots, so that the part is not there; or None."""
        if part in self.record or not any(key.startswith(f"{part}.") for key in self.record):
            return None
        return f'the record\'s keys are joined by dots, as some exports flatten them: "{part}" must be an object'

    def no_latency(self, operation: str) -> str:
        """Why the call's latency is unknown."""
        match self.response_body:
            case list():
                return _STREAM_METRICS
            case {"metrics": {"latencyMs": _}}:
                return "metrics.latencyMs of the output body is no number of milliseconds"
            case {} if operation == "InvokeModel":
                return "InvokeModel logs carry no latency"
            case {}:
                return "the output body has no metrics.latencyMs"
            case _:
                return self._no_body("output")

    def no_stop_reason(self) -> str:
        """Why the stop reason is unknown."""
        if isinstance(self.response_body, dict | list):
            return "the output body names none (embeddings, most images and streams that broke off have none)"
        return self._no_body("output")

    def no_conversation(self) -> str:
        """Why no tool-use ids are known, so that the call is in no chain."""
        match self.request_body:
            case {"messages": list()}:
                return "the last message of the input body cannot be read"
            case {"input": list()} if self._is_answered_in_items():
                return "the last item of the input body cannot be read"
            case {}:
                return "the input body has no list of messages (an embedding, an image, or a prompt in one text)"
            case list():
                return "the input body is a list of events, which holds no conversation (speech)"
            case _:
                return self._no_body("input")

    def _is_answered_in_items(self) -> bool:
        """Whether the answer is one of OpenAI's Responses API, whose conversations are lists of items."""
        match self.response_body:
            case {"output": list()} | [{"response": {}}, *_]:
                return True
            case _:
                return False

    def _no_body(self, side: str) -> str:
        if flattened := self.flattened(side):
            return flattened
        if self.has(side, f"{side}BodyS3Path") or self.has(side, "outputVideoS3Path"):
            return f"the {side} body is an object in S3, which is not read"
        if self.has(side, f"{side}BodyJson"):
            return f"the {side} body is neither an object nor a list"
        return f"the record has no {side} body: text delivery is off, or the body was too large to log"


def record_shape(message: str) -> RecordShape:
    """The shape of a line that was read as an invocation."""
    record = _parsed(message)
    if not isinstance(record, dict):
        return RecordShape(record={}, request_body=None, response_body=None)
    return RecordShape(record=record, request_body=_body(record, "input"), response_body=_body(record, "output"))


def read_line(message: str) -> Mapping[str, Json]:
    """The JSON object of an access log's line, mended as the reader mends it; empty where there is none."""
    mended = with_mended_values(message.encode("utf-8", "surrogatepass"))
    line = _parsed(message if mended is None else mended.decode("utf-8", "surrogatepass"))
    return line if isinstance(line, dict) else {}


def _body(record: Mapping[str, Json], side: str) -> Json:
    body = _at(record, (side, f"{side}BodyJson"))
    return _parsed(body) if isinstance(body, str) else body


def _at(value: Json, path: tuple[str, ...]) -> Json:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _parsed(text: str) -> Json:
    try:
        parsed: Json = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return parsed
