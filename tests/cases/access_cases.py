"""Access logs in the formats that people have, of every kind of API."""

from tests.cases.case import Case, Json, compact, ndjson
from tests.cases.lines import PLAN, converse, epoch_ms, http, loop, rest

CLF = "01/Jun/2026:09:00:00 +0000"
REST_ID = "3c1d2a90-6f1e-4f0b-9a55-0d1e2f3a4b5{}"


def without(line: Json, *keys: str) -> Json:
    return {key: value for key, value in line.items() if key not in keys}


EPOCH_AS_TIME = Case(
    name="epoch_under_request_time",
    title="The epoch under requestTime, as a number",
    what="A vendor's format for REST APIs: numbers without quotation marks, no requestTimeEpoch, no latency.",
    right="Milliseconds tell the time as well as CLF does. The end is unknown, so what the request lacks is, too.",
    content=ndjson(
        {
            "apiId": "f6g7h8i9j0",
            "stage": "prod",
            "requestId": REST_ID.format(1),
            "ip": "192.0.2.7",
            "caller": "-",
            "requestTime": int(epoch_ms(0.2)),
            "httpMethod": "POST",
            "resourcePath": "/plan",
            "status": 200,
            "responseLength": 512,
        }
    ),
    notes=True,
)

_ABSENT = dict.fromkeys(
    ("caller", "user", "authorizerError", "authorizeLatency", "wafStatus", "responseOverrideStatus"), "-"
)

MANY_KEYS = Case(
    name="rest_format_with_every_key",
    title="A REST API's format with every variable there is",
    what="A vendor's format: keys of HTTP APIs and authorizers beside those of REST, most of them a dash.",
    right="The keys we know are read, whatever stands beside them: a request of 3 s, and one that failed after 266 ms.",
    content=ndjson(
        *(
            {
                **_ABSENT,
                **rest(REST_ID.format(number), at, duration, status=status),
                "routeKey": "-",
                "path": "/prod/plan",
                "requestTime": CLF,
                "apiId": "f6g7h8i9j0",
                "extendedRequestId": f"Ab{number}=",
            }
            for number, at, duration, status in ((1, 0.2, 3_000, "200"), (2, 60.2, 266, "500"))
        )
    ),
)

WHOLE_SECONDS = Case(
    name="http_format_of_a_framework",
    title="A framework's format of HTTP APIs",
    what="Numbers as numbers, the time as CLF has it, to the second, and the integration's fields.",
    right="The request is read; its start is known to the second.",
    content=ndjson(
        {
            "requestTime": CLF,
            "requestId": "PlanAAAAAAAAAAA=",
            "httpMethod": "POST",
            "path": "/plan",
            "routeKey": PLAN,
            "status": 200,
            "responseLatency": 3_011,
            "integrationStatus": "200",
            "integrationLatency": "3002",
            "ip": "192.0.2.7",
        }
    ),
    notes=True,
)

BARE_DASH = Case(
    name="dash_without_quotation_marks",
    title="Values without quotation marks, a dash among them",
    what="The format quotes no number; API Gateway writes a bare dash where it has none, as after a time-out.",
    right="The lines are read. Were they not, just the requests that failed would be lost.",
    content=ndjson(
        *(
            compact(
                line | {key: int(line[key]) for key in ("requestTimeEpoch", "responseLatency", "status")} | more
            ).replace('"-"', "-")
            for line, more in (
                (rest(REST_ID.format(1), 0.2, 29_012, status="504"), {"integrationStatus": "-"}),
                (http("PlanAAAAAAAAAAA=", 60.2, 3_011), {"authorizerLatency": "-", "integrationLatency": 3_000}),
            )
        )
    ),
)

_IN_HTTP_FORMAT = {"routeKey": "-", "ip": "192.0.2.7", "protocol": "HTTP/1.1"}

REST_IN_HTTP_FORMAT = Case(
    name="rest_api_in_http_format",
    title="A REST API that logs with an HTTP API's format",
    what="routeKey is a dash and resourcePath is not there; the third line is a scanner's 404 that reached no "
    "integration.",
    right="A status of 200 proves that a route matched: the lines are rejected and name the key to add, never ignored.",
    content=ndjson(
        without(rest(REST_ID.format(1), 0.2, 3_011, **_IN_HTTP_FORMAT), "resourcePath", "integrationLatency"),
        without(rest(REST_ID.format(2), 60.2, 3_011, path="/prod/plan", **_IN_HTTP_FORMAT), "resourcePath"),
        without(
            rest(REST_ID.format(3), 120.2, 11, status="404", path="/.env", **_IN_HTTP_FORMAT),
            "resourcePath",
            "integrationLatency",
        ),
    ),
    notes=True,
)


def message(name: str, at: float, kind: str, route: str, **fields: Json) -> Json:
    """A WebSocket API's line: it has no responseLatency."""
    time = {"requestTime": f"01/Jun/2026:09:{int(at) // 60:02}:{int(at) % 60:02} +0000"}
    line = {"requestId": name, "eventType": kind, "routeKey": route, "status": "200", "connectionId": "PlanConn="}
    return {**line, **time, **fields}


WEBSOCKET = Case(
    name="websocket_events",
    title="Events of a WebSocket API",
    what="A connection opens, sends two messages and closes; another is refused without a route.",
    right="Messages are requests under names that AgentRoutes can hold. Connections run no agent and are ignored.",
    content=ndjson(
        message("opened", 44, "CONNECT", "$connect"),
        message("asked", 46, "MESSAGE", "askPlanner", requestTimeEpoch=epoch_ms(46.12), integrationLatency="5120"),
        message("anything", 106, "MESSAGE", "$default"),
        message("closed", 166, "DISCONNECT", "$disconnect"),
        message("refused", 170, "-", "-", status="403"),
    ),
    notes=True,
)

CHAT_BY_WEBSOCKET = Case(
    name="websocket_message_with_calls",
    title="A WebSocket message and the calls that answer it",
    what="A message whose log has no duration, and a loop of three untagged calls.",
    right="Nothing shows when the message's work ends: its counts are unknown, and the calls are ambiguous, "
    "not nobody's.",
    content=ndjson(
        message("asked", 0, "MESSAGE", "askPlanner", requestTimeEpoch=epoch_ms(0.3), integrationLatency="9100"),
        *loop("chat", (1, 4, 7), 2_000),
    ),
)

ODD_FIELDS = Case(
    name="odd_values_in_known_fields",
    title="Odd values in known fields",
    what="Proxied, default, private and canary routes; latencies of 3000.5, 3000.0, - and 0; an epoch in seconds; "
    "statuses of 0 and -; a streamed answer of 283 s.",
    right="All but the two without a status are read. Those two say of that very line what is wrong with it.",
    content=ndjson(
        http("proxied", 0.2, 3_000, routeKey="ANY /{proxy+}", domainName="plan.example.com", path="/v2/plan"),
        http("default", 10.2, 3_000, routeKey="$default"),
        rest("private", 20.2, 3_000, vpceId="vpce-00112233445566778", vpcId="vpc-1"),
        rest("canary", 30.2, 3_000, isCanaryRequest="true", canaryReleaseDeploymentId="dep2", stage="prod"),
        http("half-ms", 40.2, 3_000, responseLatency="3000.5"),
        http("as-float", 50.2, 3_000, responseLatency=3000.0),
        http("left", 60.2, 3_000, responseLatency="-", status="499"),
        http("seconds", 70, 0, requestTimeEpoch=epoch_ms(70)[:-3]),
        http("zero", 80.2, 50, status="0"),
        http("dash", 80.2, 50, status="-"),
        rest("streamed", 90.2, 283_000, integrationResponseTransferMode="STREAMED", timeToFirstContent="840"),
    ),
    notes=True,
)

PREFLIGHT = Case(
    name="preflight_in_the_same_second",
    title="A browser's preflight in the same second",
    what="An OPTIONS line of 6 ms, then the request with an embedding, a throttled attempt and a loop of two calls.",
    right="A preflight runs no agent: all three calls and the attempt are the request's, none is ambiguous.",
    content=ndjson(
        rest("asks-first", 0.21, 6, httpMethod="OPTIONS", status="204"),
        rest("plan", 0.33, 5_200),
        *(
            converse(name, 0.4, 0, tokens=(12, 1)) | fields
            for name, fields in (
                (
                    "embedding",
                    {
                        "operation": "InvokeModel",
                        "modelId": "amazon.titan-embed-text-v2:0",
                        "input": {"inputBodyJson": {"inputText": "lake"}, "inputTokenCount": 12},
                        "output": {"outputBodyJson": {"embedding": [0.1]}},
                    },
                ),
                ("throttled", {"errorCode": "ThrottlingException", "input": {}, "output": {}}),
            )
        ),
        *loop("search", (1, 3), 1_200),
    ),
    sums={"embedding": "12 × 0.02 = 0.00000024", "search-1": "500 × 1 + 60 × 5 = 0.0008"},
)

_STAGES: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("a1b2c3d4e5", "prod", {}),
    ("a1b2c3d4e5", "test", {"requestLensApi": "test"}),
    ("f6g7h8i9j0", "$default", {"requestLensApi": "f6g7h8i9j0/$default"}),
    ("k1l2m3n4o5", "prod", {}),
    ("k1l2m3n4o5", "prod", {"requestLensApi": "two words"}),
)

SHARED_GROUP = Case(
    name="two_apis_in_one_group",
    title="Two APIs and two stages that log one route into one group",
    what="Each line names its API and stage. Two formats have the key requestLensApi: one with a word, one with the "
    "variables of both; the last has none, and the name of no API in its place.",
    right="What has a name is a route of its own. What has none keeps its short route, which may add up several: "
    "inspect and doctor say so.",
    content=ndjson(
        *(
            http(f"plan-{number}", 60 * number + 0.2, 3_000, apiId=api, stage=stage, **name)
            for number, (api, stage, name) in enumerate(_STAGES)
        ),
    ),
    notes=True,
)

ACCESS_CASES = (
    EPOCH_AS_TIME,
    MANY_KEYS,
    WHOLE_SECONDS,
    BARE_DASH,
    REST_IN_HTTP_FORMAT,
    WEBSOCKET,
    CHAT_BY_WEBSOCKET,
    ODD_FIELDS,
    PREFLIGHT,
    SHARED_GROUP,
)
