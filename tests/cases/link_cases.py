"""Requests and calls: one request alone, tagged or not; long, streamed, asynchronous, retried and resent ones."""

from tests.cases.case import Case, Json, ndjson
from tests.cases.lines import called, converse, epoch_ms, http, loop, rest, tag, tagged, throttled
from tests.support.record_shapes import ACCOUNT

STREAM_ID = "7a1b2c3d-0000-4000-8000-00000000000{}"
STREAMED = {"integrationResponseTransferMode": "STREAMED"}


def tagged_loop(request: str, name: str, starts: tuple[float, ...], latency_ms: int) -> list[Json]:
    return tagged(request, *zip(loop(name, starts, latency_ms), starts, strict=True))


_MINUTES = (1, 61, 121, 181, 241)

LONG_STREAM = Case(
    name="stream_of_five_minutes",
    title="A streamed answer of five minutes",
    what="A REST request of 300 s, five untagged calls a minute apart, and MaxRequestSeconds as it is by default.",
    right="The request ran longer than MaxRequestSeconds: what it lacks is unknown, not 0, and so are its times.",
    content=ndjson(rest(STREAM_ID.format(1), 0.3, 300_000), *loop("stream", _MINUTES, 4_200)),
)

LONG_STREAM_ALLOWED = Case(
    name="stream_of_five_minutes_allowed",
    title="A streamed answer of five minutes, and MaxRequestSeconds=300",
    what="The same lines, with MaxRequestSeconds set to the API's time-out.",
    right="5 calls for certain, 5 × 4200 = 21000 ms of LLM time, 300000 − 21000 = 279000 ms of other time.",
    content=LONG_STREAM.content,
    settings=("MaxRequestSeconds=300",),
)

LONG_STREAM_TAGGED = Case(
    name="stream_of_five_minutes_tagged",
    title="A streamed answer of five minutes, tagged",
    what="The same request, each call with its tag; the parameters are the default.",
    right="5 calls, exact, 21000 ms of LLM time; four gaps of 60000 − 4200 = 55800 ms are 223200 ms of tool time.",
    content=ndjson(
        rest(STREAM_ID.format(1), 0.3, 300_000), *tagged_loop(STREAM_ID.format(1), "stream", _MINUTES, 4_200)
    ),
)

_LEFT = loop("left", (1, 6, 12, 18), 3_500)

CLIENT_LEFT = Case(
    name="client_left",
    title="A client leaves, and the log does not say that the answer was streamed",
    what="A REST request with status 200 that ended after 8 s; a loop of four calls runs on until second 22.",
    right="That it ran on cannot be known: at least 0 calls, times unknown, and no call is given to it for certain. "
    "The first fits it by itself: ambiguous.",
    content=ndjson(rest(STREAM_ID.format(2), 0.3, 8_000), *_LEFT),
)

CLIENT_LEFT_STREAMED = Case(
    name="client_left_a_stream",
    title="A client leaves a streamed answer, and the log says that it was streamed",
    what="The same lines, with integrationResponseTransferMode in the access log's format.",
    right="A streamed answer's agent may run on: all four calls are the request's; whether more came is unknown.",
    content=ndjson(rest(STREAM_ID.format(2), 0.3, 8_000, **STREAMED), *_LEFT),
)

CLIENT_LEFT_499 = Case(
    name="client_left_and_was_noticed",
    title="A client leaves, and the status says so",
    what="The same lines with status 499.",
    right="The agent may run on, as after a time-out: all four calls are the request's; its times are unknown.",
    content=ndjson(rest(STREAM_ID.format(2), 0.3, 8_000, status="499"), *_LEFT),
)

_DOZEN = tuple(0.4 + 0.95 * number for number in range(12))

BUSY_LOOP = Case(
    name="loop_of_a_dozen_calls",
    title="A loop of a dozen calls, more than one a second",
    what="Twelve untagged calls of 700 ms, 950 ms apart: the log's seconds hold two of them in places.",
    right="12 calls, 8400 of 11600 ms are LLM time, and they stand in the order of the chain, also within one second.",
    content=ndjson(http("dozen", 0.3, 11_600), *reversed(loop("step", _DOZEN, 700))),
)

BUSY_LOOP_TAGGED = Case(
    name="loop_of_a_dozen_calls_tagged",
    title="A loop of a dozen calls, tagged",
    what="The same loop with tags.",
    right="12 calls, exact; eleven gaps of 950 − 700 = 250 ms are 2750 ms of tool time.",
    content=ndjson(http("dozen", 0.3, 11_600), *tagged_loop("dozen", "step", _DOZEN, 700)),
)


def _attempts() -> list[Json]:
    first, second = loop("answer", (4, 8), 1_500)
    failed = [throttled(f"throttled-{number}", at) for number, at in enumerate((1, 1.5, 2, 6, 6.5), start=1)]
    return [*failed[:3], first, *failed[3:], second]


def _tagged_attempts() -> list[Json]:
    calls = (1, 1, 1, 1, 2, 2, 2)
    begun = {1: epoch_ms(1), 2: epoch_ms(6)}
    return [
        attempt | {"requestMetadata": tag("retried", call, begun[call])}
        for call, attempt in zip(calls, _attempts(), strict=True)
    ]


RETRIES = Case(
    name="retries_of_throttled_calls",
    title="An SDK tries again where it was throttled",
    what="Two calls, with three and two throttled attempts before them, untagged.",
    right="2 LLM calls, 5 throttled attempts; 2 × 1500 = 3000 ms of LLM time, 12000 − 3000 = 9000 ms of other time.",
    content=ndjson(http("retried", 0.3, 12_000), *_attempts()),
)

RETRIES_TAGGED = Case(
    name="retries_of_throttled_calls_tagged",
    title="An SDK tries again where it was throttled, tagged",
    what="The same attempts; all of one call bear one tag, with the start of the first attempt.",
    right="2 LLM calls, 5 throttled attempts, 3000 ms. Tool time is unknown: the tag tells when the first "
    "attempt began.",
    content=ndjson(http("retried", 0.3, 12_000), *_tagged_attempts()),
)

_ERRORS = (
    "ThrottlingException",
    "TooManyRequestsException",
    "ModelNotReadyException",
    "ServiceUnavailableException",
    "ServiceQuotaExceededException",
    "ModelErrorException",
    "ModelTimeoutException",
    "ModelStreamErrorException",
    "InternalServerException",
    "AccessDeniedException",
    "ValidationException",
    "ResourceNotFoundException",
    "ConflictException",
)

ERRORS = Case(
    name="error_codes",
    title="Errors of every code",
    what="Thirteen attempts that failed, each with another code, within one request.",
    right="0 LLM calls, 13 failed. Three are throttles, those with status 429: an exceeded quota has status 400, "
    "an unavailable service 503.",
    content=ndjson(
        http("unlucky", 0.3, 20_000),
        *(throttled(f"failed-{number}", number, error) for number, error in enumerate(_ERRORS, start=1)),
    ),
)

_BRANCHES = ("tooluse_out", "tooluse_back", "tooluse_stay")


def _team(*, with_tags: bool) -> list[Json]:
    """One call asks for three sub-agents, which run side by side with two calls each; the last brings their answers."""
    at = {"x": (3.1, 6.2), "y": (3.1, 7.3), "z": (3.1, 5.6)}
    latency = {"x": 1_800, "y": 2_000, "z": 1_500}
    first = (converse("plan", 1.2, 1_000, asks=_BRANCHES, tokens=(400, 90)), 1.2)
    last = (converse("sum-up", 10.1, 2_500, brings=_BRANCHES, tokens=(900, 200)), 10.1)
    branches = [pair for name in at for pair in zip(loop(name, at[name], latency[name]), at[name], strict=True)]
    calls = [first, *branches, last]
    return tagged("team", *calls) if with_tags else [call for call, _ in calls]


SUBAGENTS = Case(
    name="subagents_side_by_side",
    title="Three sub-agents side by side",
    what="One call asks for three sub-agents; each makes two calls at the same time as the others. Untagged.",
    right="8 calls for certain. They overlap, and starts are known to the second: LLM time and tool time are unknown.",
    content=ndjson(http("team", 0.3, 12_600), *_team(with_tags=False)),
)

SUBAGENTS_TAGGED = Case(
    name="subagents_side_by_side_tagged",
    title="Three sub-agents side by side, tagged",
    what="The same calls with tags.",
    right="8 calls; LLM 9200, other 12600 − 9200 = 3400 ms. Tools run where no call does: gaps that overlap "
    "count once, "
    "and another chain's call is no tool time, so 2200 ms.",
    content=ndjson(http("team", 0.3, 12_600), *_team(with_tags=True)),
)

KNOWLEDGE_ROLE = {"arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/AmazonBedrockExecutionRoleForKnowledgeBase_3c/BKB-d"}

KNOWLEDGE_BASE = Case(
    name="knowledge_base_then_answer",
    title="A knowledge base, then an answer",
    what="An embedding and a reranker by the knowledge base's role, which log no latency, then a Converse call.",
    right="3 calls for certain; without two latencies the times are unknown. The reranker has no price: 1 "
    "unpriced call.",
    content=ndjson(
        http("asked", 0.3, 6_000),
        called(
            "embed",
            1,
            "InvokeModel",
            ({"inputBodyJson": {"inputText": "lake"}, "inputTokenCount": 12}, {"outputBodyJson": {"embedding": [0.1]}}),
            modelId="amazon.titan-embed-text-v2:0",
            identity=KNOWLEDGE_ROLE,
        ),
        called(
            "rerank",
            2,
            "InvokeModel",
            ({"inputBodyJson": {"query": "lake"}, "inputTokenCount": 60}, {"outputBodyJson": {"results": []}}),
            modelId="cohere.rerank-v3-5:0",
            identity=KNOWLEDGE_ROLE,
        ),
        converse("answer", 3, 2_600, tokens=(2_000, 200)),
    ),
    sums={"embed": "12 × 0.02 = 0.00000024", "answer": "2000 × 1 + 200 × 5 = 0.003"},
)

TWO_REGIONS = Case(
    name="calls_in_two_regions",
    title="One request, two Regions",
    what="Nova Pro by a European and by an American profile, and Haiku 4.5 by a European one.",
    right="3 calls. Nova Pro has no European price in the table: 1 unpriced call, and the cost is that of the others.",
    content=ndjson(
        http("abroad", 0.3, 6_000),
        *(
            converse(name, at, 900, tokens=(1_000, 100)) | fields
            for name, at, fields in (
                (
                    "eu",
                    1,
                    {"modelId": "eu.amazon.nova-pro-v1:0", "region": "eu-central-1", "inferenceRegion": "eu-west-1"},
                ),
                ("us", 3, {"modelId": "us.amazon.nova-pro-v1:0"}),
                ("haiku", 4, {"modelId": "eu.anthropic.claude-haiku-4-5-20251001-v1:0", "region": "eu-central-1"}),
            )
        ),
    ),
    sums={"us": "1000 × 0.80 + 100 × 3.20 = 0.00112", "haiku": "1000 × 1.10 + 100 × 5.50 = 0.00165"},
)

_TO_MIDNIGHT = 15 * 3600 - 2.2

MIDNIGHT = Case(
    name="over_midnight_and_the_hour",
    title="Over midnight, and over the full hour",
    what="A request of 6.4 s that begins 2.2 s before midnight UTC, and one of 5 s over the hour; two calls each.",
    right="2 calls each, for certain: days and hours are borders of the table's, not of a request.",
    content=ndjson(
        http("midnight", _TO_MIDNIGHT, 6_400),
        *loop("night", (_TO_MIDNIGHT + 0.5, _TO_MIDNIGHT + 3.5), 1_500),
        http("hour", 3_598, 5_000),
        *loop("hourly", (3_598.2, 3_600.4), 1_200),
    ),
)

_TWICE = (http("twice", 0.3, 6_000), *loop("same", (1, 3), 1_200))

DUPLICATES = Case(
    name="lines_delivered_again",
    title="Lines that come again, and one that contradicts",
    what="Every line comes twice, the request's a third time; then another line of its id and start, with status 504.",
    right="1 request with 2 calls: what came first stays, and what comes again changes nothing.",
    content=ndjson(*_TWICE, *_TWICE, _TWICE[0], http("twice", 0.3, 29_000, status="504")),
)

SKEW = Case(
    name="clocks_two_seconds_apart",
    title="Clocks that are two seconds apart",
    what="The first call lies two seconds before the request by the logs' times; the chain's second lies within it.",
    right="More than the skew that is allowed for: neither is linked. The second fits by itself: ambiguous, and the "
    "request says at least 0 calls, 1 possible.",
    content=ndjson(http("skewed", 2.6, 6_000), *loop("early", (0.6, 3.6), 1_200)),
)

ACCEPTED = Case(
    name="accepted_and_worked_on",
    title="A request that is accepted at once, and worked on for 40 seconds",
    what="Status 202 after 45 ms; four tagged calls until second 40.",
    right="4 calls, 4 × 2500 = 10000 ms, and tool time 8500 + 9500 + 11500 = 29500 ms. Other time is unknown: "
    "the calls lie after its end.",
    content=ndjson(http("accepted", 0.3, 45, status="202"), *tagged_loop("accepted", "work", (1, 12, 24, 38), 2_500)),
)

TAG_VALUES = Case(
    name="tags_of_many_kinds",
    title="Tags of many kinds",
    what="An index of 0 and a start in seconds; a start with a fraction; another key; blanks around the id. "
    "One request.",
    right="4 calls: the first two are exact by their id. The other two have no tag that can be read, and fit by time.",
    content=ndjson(
        http("tagged", 0.3, 4_000),
        *(
            converse(name, at, 900, tokens=(100, 20)) | {"requestMetadata": metadata}
            for name, at, metadata in (
                ("seconds", 1, {"api_request_id": "tagged", "call_index": "0", "call_started_ms": epoch_ms(1)[:-3]}),
                ("fraction", 2, {"api_request_id": "tagged", "call_index": "1", "call_started_ms": f"{epoch_ms(2)}.5"}),
                ("other-key", 3, {"apiRequestId": "tagged"}),
                ("blanks", 3, {"api_request_id": " tagged "}),
            )
        ),
    ),
)


def _resent(name: str, **fields: Json) -> list[Json]:
    """A call, then one that is sent three times as its client gave up reading: 85, 82 and 40 seconds."""
    first = converse(f"{name}-1", 1.1, 1_500, asks=("tooluse_slow",), tokens=(400, 60), **fields)
    again = ((3.1, 85_000), (64.1, 82_000), (125.1, 40_000))
    return [
        first,
        *(
            converse(f"{name}-2-{number}", at, ms, brings=("tooluse_slow",), tokens=(900, 2_000), **fields)
            for number, (at, ms) in enumerate(again, start=1)
        ),
    ]


_RESENT_ID = STREAM_ID.format(3)

RESENT_TAGGED = Case(
    name="call_sent_again_after_a_read_time_out",
    title="A call that is sent again while the first one still runs, tagged",
    what="A request of 166 s; its second call is sent three times, and all three run to their end.",
    right="4 calls, all paid for: 0.0007 + 3 × 0.0109 = $0.0334. Attempts of one tag overlap: the times are unknown.",
    content=ndjson(
        rest(_RESENT_ID, 0.3, 166_000),
        *(
            call | {"requestMetadata": tag(_RESENT_ID, index, started)}
            for call, index, started in zip(
                _resent("resent"), (1, 2, 2, 2), (epoch_ms(1.1), *[epoch_ms(3.1)] * 3), strict=True
            )
        ),
    ),
    sums={"resent-1": "400 × 1 + 60 × 5 = 0.0007", "resent-2-1": "900 × 1 + 2000 × 5 = 0.0109"},
)

RESENT = Case(
    name="call_sent_again_untagged",
    title="A call that is sent again while the first one still runs, untagged",
    what="The same calls without tags, and MaxRequestSeconds as it is by default.",
    right="The request ran longer than MaxRequestSeconds: what it lacks is unknown, and it says at least as much.",
    content=ndjson(rest(_RESENT_ID, 0.3, 166_000), *_resent("resent")),
)

LINK_CASES = (
    LONG_STREAM,
    LONG_STREAM_ALLOWED,
    LONG_STREAM_TAGGED,
    CLIENT_LEFT,
    CLIENT_LEFT_STREAMED,
    CLIENT_LEFT_499,
    BUSY_LOOP,
    BUSY_LOOP_TAGGED,
    RETRIES,
    RETRIES_TAGGED,
    ERRORS,
    SUBAGENTS,
    SUBAGENTS_TAGGED,
    KNOWLEDGE_BASE,
    TWO_REGIONS,
    MIDNIGHT,
    DUPLICATES,
    SKEW,
    ACCEPTED,
    TAG_VALUES,
    RESENT_TAGGED,
    RESENT,
)
