"""The keys of the spans that agents on AgentCore have in `aws/spans`, by kind, and those of spans that come in here.

They are those of published records of ADOT 0.12.2 (November 2025). What differs here is named, with its reason.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

type Kind = tuple[str, str]
"""The scope, and the first word of the name; of a server's span the method and its path."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


TOP = _words(
    "attributes durationNano endTimeUnixNano flags kind name parentSpanId resource scope spanId startTimeUnixNano "
    "status traceId"
)

RESOURCE = _words(
    "aws.local.service aws.log.group.names aws.log.stream.names aws.service.type cloud.platform cloud.provider "
    "cloud.region cloud.resource_id deployment.environment.name service.name telemetry.auto.version "
    "telemetry.sdk.language telemetry.sdk.name telemetry.sdk.version"
)
OF_AGENTCORES_ENVIRONMENT = _words(
    "aws.log.group.names aws.log.stream.names cloud.platform cloud.provider cloud.region cloud.resource_id "
    "deployment.environment.name"
)
"""AgentCore's own variables put them into the resource."""
OF_NEWER_RESOURCES = frozenset({"service.instance.id"})

ADDED_BY_AWS = _words(
    "PlatformType aws.local.environment aws.local.operation aws.local.service aws.remote.operation "
    "aws.remote.resource.identifier aws.remote.resource.type aws.remote.service aws.span.kind "
    "http.response.status_code telemetry.extended"
)
"""What X-Ray adds as it takes spans in: nothing of it is read."""

_OF_BOTOCORE = (
    "aws.auth.account.access_key aws.auth.region aws.region aws.request_id http.status_code retry_attempts rpc.method "
    "rpc.service rpc.system server.address server.port session.id "
)
_OF_TIMES = "gen_ai.event.end_time gen_ai.event.start_time session.id "
_OF_USAGE = (
    "gen_ai.usage.completion_tokens gen_ai.usage.input_tokens gen_ai.usage.output_tokens gen_ai.usage.prompt_tokens "
    "gen_ai.usage.total_tokens "
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """The keys of one kind of span."""

    top: frozenset[str]
    resource: frozenset[str]
    scope: frozenset[str]
    attributes: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """The attributes of published spans of a kind, those that newer libraries add, and those that only some have."""

    attributes: str
    newer: frozenset[str] = field(default_factory=frozenset)
    of_some: frozenset[str] = field(default_factory=frozenset)

    def here(self) -> Keys:
        """The keys that such a span has here."""
        return Keys(
            top=TOP,
            resource=RESOURCE - OF_AGENTCORES_ENVIRONMENT | OF_NEWER_RESOURCES,
            scope=frozenset({"name", "version"}),
            attributes=_words(self.attributes) - ADDED_BY_AWS | self.newer,
        )


PUBLISHED: Mapping[Kind, Published] = {
    ("opentelemetry.instrumentation.starlette", "POST /invocations"): Published(
        attributes="http.flavor http.host http.method http.route http.scheme http.server_name http.status_code "
        "http.target http.url net.host.port net.peer.ip net.peer.port session.id"
    ),
    ("opentelemetry.instrumentation.botocore.bedrock-runtime", "chat"): Published(
        attributes=_OF_BOTOCORE + "gen_ai.operation.name gen_ai.request.model gen_ai.response.finish_reasons "
        "gen_ai.system gen_ai.usage.input_tokens gen_ai.usage.output_tokens"
    ),
    ("strands.telemetry.tracer", "invoke_agent"): Published(
        attributes=_OF_TIMES + _OF_USAGE + "gen_ai.agent.name gen_ai.agent.tools gen_ai.operation.name "
        "gen_ai.request.model gen_ai.system gen_ai.usage.cache_read_input_tokens "
        "gen_ai.usage.cache_write_input_tokens",
        newer=frozenset({"gen_ai.usage.cache_creation.input_tokens", "gen_ai.usage.cache_read.input_tokens"}),
    ),
    ("strands.telemetry.tracer", "execute_event_loop_cycle"): Published(
        attributes=_OF_TIMES + "event_loop.cycle_id",
        newer=frozenset({"gen_ai.operation.name", "gen_ai.system"}),
        of_some=frozenset({"event_loop.parent_cycle_id"}),  # of all cycles but a run's first
    ),
    ("strands.telemetry.tracer", "chat"): Published(
        attributes=_OF_TIMES + _OF_USAGE + "gen_ai.operation.name gen_ai.request.model "
        "gen_ai.server.request.duration gen_ai.server.time_to_first_token gen_ai.system"
    ),
    ("strands.telemetry.tracer", "execute_tool"): Published(
        attributes=_OF_TIMES + "gen_ai.operation.name gen_ai.system gen_ai.tool.call.id gen_ai.tool.description "
        "gen_ai.tool.json_schema gen_ai.tool.name gen_ai.tool.status"
    ),
}


def keys_by_kind(lines: Iterable[str]) -> Mapping[Kind, Keys]:
    """The keys that all records of a kind have, of those that are published; of each the same, or the test fails."""
    found: dict[Kind, Keys] = {}
    for line in lines:
        record: dict[str, Any] = json.loads(line)
        name = str(record["name"])
        kind = (str(record["scope"]["name"]), name if name.startswith("POST ") else name.partition(" ")[0])
        if kind in PUBLISHED:
            keys = _keys(record, without=PUBLISHED[kind].of_some)
            assert found.setdefault(kind, keys) == keys, line
    return found


def _keys(record: Mapping[str, Any], *, without: frozenset[str]) -> Keys:
    """The keys of a record without some attributes; its values have the types of published ones."""
    assert isinstance(record["startTimeUnixNano"], int)
    assert isinstance(record["endTimeUnixNano"], int)
    assert isinstance(record["attributes"], dict)
    assert set(record["status"]) == {"code"}
    assert record["kind"] in {"SERVER", "CLIENT", "INTERNAL"}
    return Keys(
        top=frozenset(record),
        resource=frozenset(record["resource"]["attributes"]),
        scope=frozenset(record["scope"]),
        attributes=frozenset(record["attributes"]) - without,
    )
