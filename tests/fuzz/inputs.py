"""Fuzzed inputs: whole Lambda events, each a function of the seed and its number."""

import base64
import gzip
import json
import random
import re
import zlib
from collections.abc import Mapping, Sequence

from tests.fuzz.json_mutation import mutated_json
from tests.fuzz.mutation import mutated
from tests.support.record_shapes import ACCESS_SHAPES, FAULTY_SHAPES, INVOCATION_SHAPES, MODEL_IDS
from tests.support.telemetry.lambda_shapes import LAMBDA_SHAPES, UNTRACED_LAMBDA_SHAPES, report_line
from tests.support.telemetry.span_shapes import IGNORED_SPAN_SHAPES, SPAN_SHAPES

type Event = Mapping[str, object]

TEXT = "Ça va? \U0001f600 \u2028 </canary>"
"""The text of every prompt and answer: what is not ASCII is where encodings break."""

CORPUS: Sequence[bytes] = tuple(
    json.dumps(document, ensure_ascii=ensure_ascii).encode()
    for ensure_ascii in (True, False)
    for document in (
        *(shape(TEXT) for shape in INVOCATION_SHAPES.values()),
        *(INVOCATION_SHAPES["converse"](TEXT) | {"modelId": model_id} for model_id in MODEL_IDS),
        *(shape(TEXT) for shape in (*ACCESS_SHAPES.values(), *FAULTY_SHAPES.values())),
        *(shape(TEXT) for shape in (*SPAN_SHAPES.values(), *IGNORED_SPAN_SHAPES.values())),
        *(shape(TEXT) for shape in (*LAMBDA_SHAPES.values(), *UNTRACED_LAMBDA_SHAPES.values())),
    )
)
"""A good line of every shape that is JSON."""

_ENVELOPE = {
    "messageType": "DATA_MESSAGE",
    "owner": "123456789012",
    "logGroup": "/aws/bedrock/model-invocations",
    "logStream": "aws/bedrock/modelinvocations",
    "subscriptionFilters": ["to-request-lens"],
}


def fuzzed_event(seed: int, number: int) -> Event:
    """The input of this number: most are whole envelopes of up to four good and mutated lines."""
    dice = random.Random(f"{seed}/{number}")
    envelope = _envelope([_line(dice) for _ in range(dice.choice((1, 1, 2, 4)))], dice)
    where = dice.random()
    if where < 0.12:
        envelope = mutated(envelope, dice)
    packed = gzip.compress(envelope, compresslevel=1) if dice.random() < 0.5 else zlib.compress(envelope, level=1)
    if 0.12 <= where < 0.16:
        packed = mutated(packed, dice)
    data = base64.b64encode(packed)
    if 0.16 <= where < 0.18:
        data = mutated(data, dice)
    if where < 0.19:
        return _event(data.decode("latin-1"), dice)
    return {"awslogs": {"data": data.decode()}}


def _line(dice: random.Random) -> str:
    line, kind = dice.choice(CORPUS), dice.random()
    if kind < 0.1:
        return line.decode()
    if kind < 0.12:
        return mutated(report_line().encode(), dice).decode("utf-8", "surrogateescape")
    if kind < 0.6:
        return mutated_json(json.loads(line), dice)
    if kind < 0.65:
        return unquoted(line.decode(), dice)
    if kind < 0.7:
        line = line[: dice.randint(0, len(line))] + dice.choice(CORPUS)
    return mutated(line, dice).decode("utf-8", "surrogateescape")


def unquoted(line: str, dice: random.Random) -> str:
    """A line whose format puts quotation marks around some of its values twice, or not at all."""
    members = re.compile(r'(?<=: )"([^"\\]*)"(?=[,}])')
    spellings = (r'"\1"', r'"\1"', r"\1", r'""\1""')
    return members.sub(lambda value: value.expand(dice.choice(spellings)), line)


def _envelope(lines: Sequence[str], dice: random.Random) -> bytes:
    """The batch as JSON; what was no UTF-8 comes as lone surrogates, escaped or as the bytes that nobody reads."""
    events = [
        {"id": f"{dice.getrandbits(160):056d}", "timestamp": 1_772_648_822_000 + place, "message": line}
        for place, line in enumerate(lines)
    ]
    text = json.dumps({**_ENVELOPE, "logEvents": events}, ensure_ascii=dice.random() < 0.7)
    return text.encode("utf-8", "surrogatepass")


def _event(data: str, dice: random.Random) -> Event:
    """The Lambda event, sometimes of another shape."""
    shapes: Sequence[Event] = (
        {"awslogs": {"data": data}},
        {"awslogs": {"data": data, "more": [data]}, "more": data},
        {"awslogs": {"data": dice.choice((None, 7, [data], {"data": data}, "", data * 2))}},
        {"awslogs": dice.choice((None, data, [], {}))},
    )
    return dice.choice(shapes)
