"""A scenario moved in time by whole seconds: Bedrock's timestamps stay the floor of each call's start."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from request_lens_cli.scenario.scenario import JsonObject, Scenario, Tags

ONE_SECOND = timedelta(seconds=1)


def ending_at(scenario: Scenario, moment: datetime) -> Scenario:
    """The scenario moved so that its last request ends at `moment`, or less than a second before it."""
    last = max((access_ended_at(line) for line in scenario.access), default=moment)
    return shifted(scenario, seconds=(moment - last) // ONE_SECOND)


def shifted(scenario: Scenario, *, seconds: int) -> Scenario:
    """The scenario `seconds` later; distances between its moments stay what they are."""
    by = timedelta(seconds=seconds)
    return replace(
        scenario,
        invocations=tuple(_shifted_invocation(line, by) for line in scenario.invocations),
        access=tuple(_shifted_access(line, by) for line in scenario.access),
        tags={invocation_id: _shifted_tags(tags, by) for invocation_id, tags in scenario.tags.items()},
    )


def invocation_logged_at(line: JsonObject) -> datetime:
    """The timestamp of an invocation's log line: the call's start, floored to a second."""
    return datetime.fromisoformat(str(line["timestamp"]))


def access_started_at(line: JsonObject) -> datetime:
    """When the request began."""
    return datetime.fromtimestamp(int(str(line["requestTimeEpoch"])) / 1000, tz=UTC)


def access_ended_at(line: JsonObject) -> datetime:
    """When the request was answered."""
    return access_started_at(line) + timedelta(milliseconds=int(str(line["responseLatency"])))


def _shifted_invocation(line: JsonObject, by: timedelta) -> JsonObject:
    return line | {"timestamp": (invocation_logged_at(line) + by).strftime("%Y-%m-%dT%H:%M:%SZ")}


def _shifted_access(line: JsonObject, by: timedelta) -> JsonObject:
    moved: JsonObject = {"requestTimeEpoch": _later(str(line["requestTimeEpoch"]), by)}
    trace = str(line.get("xrayTraceId", "-"))
    if trace.startswith("Root=1-"):
        version, epoch_s, tail = trace.split("-")
        moved["xrayTraceId"] = f"{version}-{int(epoch_s, 16) + by // ONE_SECOND:08x}-{tail}"
    return line | moved


def _shifted_tags(tags: Tags, by: timedelta) -> Tags:
    if "call_started_ms" not in tags:
        return tags
    return {**tags, "call_started_ms": _later(tags["call_started_ms"], by)}


def _later(epoch_ms: str, by: timedelta) -> str:
    return str(int(epoch_ms) + by // timedelta(milliseconds=1))
