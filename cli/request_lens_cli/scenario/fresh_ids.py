"""A scenario with ids of its own, so that it can be played into one table many times."""

import base64
import hashlib
import re
import uuid
from collections.abc import Iterator
from dataclasses import replace

from pydantic import JsonValue

from request_lens_cli.scenario.scenario import JsonObject, RunId, Scenario

_ID_KEYS = frozenset({"requestId", "extendedRequestId", "integrationRequestId", "toolUseId", "xrayTraceId"})
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def with_fresh_ids(scenario: Scenario, run_id: RunId) -> Scenario:
    """The scenario with every id replaced by one of the same shape; the same run id gives the same ids."""
    lines = (*scenario.invocations, *scenario.access)
    fresh = {old: fresh_id(old, run_id) for line in lines for old in _ids(line)}
    return replace(
        scenario,
        invocations=tuple(_object_replaced(line, fresh) for line in scenario.invocations),
        access=tuple(_object_replaced(line, fresh) for line in scenario.access),
        labels={fresh.get(request_id, request_id): label for request_id, label in scenario.labels.items()},
        tags={
            fresh.get(invocation_id, invocation_id): {key: fresh.get(value, value) for key, value in tags.items()}
            for invocation_id, tags in scenario.tags.items()
        },
    )


def fresh_id(old: str, run_id: RunId) -> str:
    """Another id of the same kind: a UUID, a tool-use id, an X-Ray trace id, or an HTTP API's request id."""
    digest = hashlib.sha256(f"{run_id}/{old}".encode()).digest()
    if _UUID.fullmatch(old):
        return str(uuid.UUID(bytes=digest[:16], version=4))
    if old.startswith("Root=1-"):
        return old[: len("Root=1-00000000-")] + digest.hex()[:24]
    if old.startswith("tooluse_"):
        return "tooluse_" + base64.urlsafe_b64encode(digest).decode()[:22]
    return base64.b64encode(digest).decode().replace("+", "k").replace("/", "Q")[:15] + "="


def _ids(value: JsonValue) -> Iterator[str]:
    """Every id in a line, at any depth."""
    match value:
        case dict():
            for key, part in value.items():
                if key in _ID_KEYS and isinstance(part, str) and part != "-":
                    yield part
                yield from _ids(part)
        case list():
            for part in value:
                yield from _ids(part)
        case _:
            return


def _replaced(value: JsonValue, fresh: dict[str, str]) -> JsonValue:
    match value:
        case dict():
            return _object_replaced(value, fresh)
        case list():
            return [_replaced(part, fresh) for part in value]
        case str():
            return fresh.get(value, value)
        case _:
            return value


def _object_replaced(line: JsonObject, fresh: dict[str, str]) -> JsonObject:
    return {key: _replaced(part, fresh) for key, part in line.items()}
