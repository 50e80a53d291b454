"""Hypothesis strategies: log lines of every shape, mutations of them, and whole Lambda events.

Every prompt, answer and tool text of a line is the `text` that is given, so that a test can plant a canary in all of
them and look for it in what comes out.
"""

import base64
import gzip
import json
from collections.abc import Sequence

from hypothesis import strategies as st

from tests.support.record_shapes import ACCESS_SHAPES, INVOCATION_SHAPES, MODEL_IDS, Json
from tests.support.telemetry.lambda_shapes import LAMBDA_SHAPES, UNTRACED_LAMBDA_SHAPES
from tests.support.telemetry.span_shapes import SPAN_SHAPES

CANARY = "canary-7f3a"
"""A text that must never leave the reader: no id, name or count holds it."""

JSON_VALUES: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(max_size=10), children, max_size=4),
    max_leaves=8,
)
"""Any JSON value, NaN and infinities too, as Python's own parser reads them."""

HOSTILE_TEXTS = (
    "",
    "\x00",
    "a\nb",
    "\u2028",
    "\ud83d",
    "x" * 10_000,
    '{"_aws": {}}',
    "9" * 5_000,
    "[" * 100_000,
    '{"a":' * 100_000 + "1" + "}" * 100_000,
    "Permissions are correctly set for Amazon Bedrock logs.",
)
"""Lines and values that parsers stumble over."""

type Path = tuple[str | int, ...]


def paths_of(value: Json, path: Path = ()) -> list[Path]:
    """Every place inside a JSON value."""
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(each for key, child in children for each in paths_of(child, (*path, key)))]


def replaced(value: Json, path: Path, new: Json) -> Json:
    """A copy of a JSON value with another one at the path."""
    if not path:
        return new
    first, rest = path[0], path[1:]
    if isinstance(value, dict):
        return {key: replaced(child, rest, new) if key == first else child for key, child in value.items()}
    return [replaced(child, rest, new) if at == first else child for at, child in enumerate(value)]


@st.composite
def invocation_records(draw: st.DrawFn, *, text: st.SearchStrategy[str] | None = None) -> dict[str, Json]:
    """A good ModelInvocationLog record of any shape, with any model id and its keys in any order."""
    shape = INVOCATION_SHAPES[draw(st.sampled_from(sorted(INVOCATION_SHAPES)))]
    record = shape(draw(text if text is not None else st.just(CANARY))) | {
        "modelId": draw(st.sampled_from(MODEL_IDS)),
        "requestId": str(draw(st.uuids())),
    }
    return {key: record[key] for key in draw(st.permutations(sorted(record)))}


@st.composite
def access_lines(draw: st.DrawFn, *, text: st.SearchStrategy[str] | None = None) -> dict[str, Json]:
    """A good access-log line of any shape, with its keys in any order."""
    shape = ACCESS_SHAPES[draw(st.sampled_from(sorted(ACCESS_SHAPES)))]
    line = shape(draw(text if text is not None else st.just(CANARY))) | {"requestId": str(draw(st.uuids()))}
    return {key: line[key] for key in draw(st.permutations(sorted(line)))}


@st.composite
def span_records(draw: st.DrawFn, *, text: st.SearchStrategy[str] | None = None) -> dict[str, Json]:
    """A good record of an agent's telemetry, or a line of Lambda's, with its keys in any order."""
    shapes = {**SPAN_SHAPES, **LAMBDA_SHAPES, **UNTRACED_LAMBDA_SHAPES}
    record = shapes[draw(st.sampled_from(sorted(shapes)))](draw(text if text is not None else st.just(CANARY)))
    return {key: record[key] for key in draw(st.permutations(sorted(record)))}


def good_lines(*, text: st.SearchStrategy[str] | None = None) -> st.SearchStrategy[str]:
    """Lines that are read or ignored, never rejected."""
    return (invocation_records(text=text) | access_lines(text=text) | span_records(text=text)).map(json.dumps)


@st.composite
def mutated_lines(draw: st.DrawFn, *, text: st.SearchStrategy[str] | None = None) -> str:
    """A line with up to three values replaced, and perhaps cut off, or with something put in between."""
    record: Json = draw(invocation_records(text=text) | access_lines(text=text) | span_records(text=text))
    for _ in range(draw(st.integers(1, 3))):
        new = draw(JSON_VALUES | st.sampled_from(HOSTILE_TEXTS))
        record = replaced(record, draw(st.sampled_from(paths_of(record))), new)
    line = json.dumps(record, ensure_ascii=draw(st.booleans()))
    cut = draw(st.integers(0, len(line)))
    return draw(st.sampled_from([line, line[:cut], line[cut:], line[:cut] + draw(st.text(max_size=3)) + line[cut:]]))


def any_lines(*, text: st.SearchStrategy[str] | None = None) -> st.SearchStrategy[str]:
    """Whatever a log group may hold: good lines, mutated ones, any JSON, any text."""
    foreign = st.text() | JSON_VALUES.map(json.dumps) | st.sampled_from(HOSTILE_TEXTS)
    return good_lines(text=text) | mutated_lines(text=text) | foreign


def lambda_event(messages: Sequence[str], *, log_group: str = "/aws/bedrock/model-invocations") -> dict[str, Json]:
    """The Lambda event that delivers these messages."""
    envelope = {
        "messageType": "DATA_MESSAGE",
        "owner": "123456789012",
        "logGroup": log_group,
        "logStream": "aws/bedrock/modelinvocations",
        "subscriptionFilters": ["to-request-lens"],
        "logEvents": [
            {"id": str(position), "timestamp": 1_772_648_822_000, "message": message}
            for position, message in enumerate(messages)
        ],
    }
    return {"awslogs": {"data": base64.b64encode(gzip.compress(json.dumps(envelope).encode())).decode()}}


def lambda_events(*, text: st.SearchStrategy[str] | None = None) -> st.SearchStrategy[dict[str, Json]]:
    """Lambda events with up to eight lines of any kind."""
    return st.lists(any_lines(text=text), max_size=8).map(lambda_event)
