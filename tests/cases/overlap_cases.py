"""Requests that overlap or follow each other: shared ids, tools that answer with the next request, nested APIs."""

from tests.cases.case import Case, Json, ndjson
from tests.cases.lines import converse, http, loop, rest, tagged, throttled

KIMI = "us.moonshotai.kimi-k3"
REST_ID = "9d8c7b6a-0000-4000-8000-00000000000{}"


def pair(name: str, tool: str, starts: tuple[float, float]) -> list[Json]:
    """Two calls of Kimi, the second with the result of the tool of that id."""
    return [
        converse(f"{name}-1", starts[0], 1_400, asks=(tool,), modelId=KIMI),
        converse(f"{name}-2", starts[1], 1_400, brings=(tool,), tokens=(580, 60), modelId=KIMI),
    ]


def turns(*tools: str) -> str:
    """Three requests twelve seconds apart, with two calls each."""
    lines: list[Json] = []
    for number, tool in enumerate(tools):
        lines += [http(f"turn-{number}", 0.3 + 12 * number, 6_000)]
        lines += pair(f"call-{number}", tool, (1 + 12 * number, 4 + 12 * number))
    return ndjson(*lines)


REPEATED_IDS = Case(
    name="tool_ids_that_repeat",
    title="Tool-use ids that count from 0 in every conversation",
    what="Three requests twelve seconds apart; the model names its first tool use list_trains:0 in each.",
    right="2 calls each, for certain: an id that is not unique ties nothing, and the times alone leave one request.",
    content=turns(*["list_trains:0"] * 3),
)

UNIQUE_IDS = Case(
    name="tool_ids_that_do_not_repeat",
    title="The same with ids that are unique",
    what="The same requests and calls, each with an id of its own.",
    right="2 calls each, for certain, the second of each by its chain.",
    content=turns("tooluse_k0", "tooluse_k1", "tooluse_k2"),
)


def around(long_tool: str, short_tool: str) -> str:
    """A request of 20 s with a call at each end, around one of 4.5 s with two calls."""
    outer, inner = pair("outer", long_tool, (1, 15)), pair("inner", short_tool, (6.2, 8))
    return ndjson(http("long", 0.3, 20_000), http("short", 6.1, 4_500), *outer, *inner)


SHARED_ID = Case(
    name="shared_tool_id_around_a_short_request",
    title="A long request around a short one, with one tool-use id for both",
    what="Four calls; the id list_trains:0 is asked for twice and brought twice.",
    right="The outer two fit the long request alone. The inner two fit both: ambiguous, so each says at least so many.",
    content=around("list_trains:0", "list_trains:0"),
)

SHARED_ID_CONTROL = Case(
    name="own_tool_ids_around_a_short_request",
    title="A long request around a short one, with an id for each",
    what="The same calls, each loop with an id of its own.",
    right="The same: the outer two are the long request's, the inner two are ambiguous.",
    content=around("tooluse_outer", "tooluse_inner"),
)


def _handed_on(later: float) -> list[tuple[Json, float]]:
    """A call that asks the browser for something; the answer begins the next request, that much later."""
    return [
        (converse("ask", 1.1, 1_500, asks=("tooluse_browser",), tokens=(400, 60)), 1.1),
        (
            converse(
                "go-on", later + 1, 1_500, brings=("tooluse_browser",), asks=("tooluse_server",), tokens=(520, 60)
            ),
            later + 1,
        ),
        (converse("answer", later + 4, 1_500, brings=("tooluse_server",), tokens=(640, 60)), later + 4),
    ]


def _both(later: float) -> list[Json]:
    return [http("asks", 0.3, 3_000), http("goes-on", later + 0.3, 6_000)]


NEXT_REQUEST = Case(
    name="tool_of_the_browser",
    title="A tool that runs in the browser",
    what="The first request ends by asking the browser for a tool; its result comes with the next request, 2 s later.",
    right="1 call and 1500 ms, 2 calls and 3000 ms: a chain may go on in the next request.",
    content=ndjson(*_both(5), *(call for call, _ in _handed_on(5))),
    sums={"ask": "400 × 1 + 60 × 5 = 0.0007", "go-on": "520 × 1 + 60 × 5 = 0.00082"},
)

APPROVAL = Case(
    name="approval_minutes_later",
    title="An approval that comes minutes later",
    what="The same, with 200 s between the requests.",
    right="The same: 1 call and 1500 ms, 2 calls and 3000 ms.",
    content=ndjson(*_both(200), *(call for call, _ in _handed_on(200))),
)

NEXT_REQUEST_TAGGED = Case(
    name="tool_of_the_browser_tagged",
    title="A tool that runs in the browser, tagged",
    what="The first file's calls with tags.",
    right="The same, exact; between the second and the third call lie 3000 − 1500 = 1500 ms of tool time.",
    content=ndjson(*_both(5), *tagged("asks", _handed_on(5)[0]), *tagged("goes-on", *_handed_on(5)[1:])),
)

NESTED = Case(
    name="an_api_behind_an_api",
    title="An API behind an API",
    what="A front API calls an inner one, whose agent makes two calls; both write into the log.",
    right="Both requests hold both calls: ambiguous, and each says at least 0 calls, 2 possible. AgentRoutes "
    "tells them apart.",
    content=ndjson(
        rest(REST_ID.format(1), 0.1, 6_200, resourcePath="/front/plan"),
        rest(REST_ID.format(2), 0.2, 6_000, resourcePath="/inner/plan"),
        *loop("inner", (1, 3), 1_200),
    ),
)

NESTED_NAMED = Case(
    name="an_api_behind_an_api_named",
    title="An API behind an API, and AgentRoutes",
    what="The same lines; AgentRoutes names the inner route, AgentRoleNames the agent's role.",
    right="2 calls for the inner request, for certain. The front one is not watched: it has none.",
    content=NESTED.content,
    settings=("AgentRoutes=POST /inner/plan", "AgentRoleNames=AgentRole"),
)


def _untagged_throttles() -> list[Json]:
    return [throttled(f"throttled-{number}", at) for number, at in enumerate((1.2, 2, 2.5, 5), start=1)]


def _tagged_pair(request: str, starts: tuple[float, float]) -> list[Json]:
    return tagged(request, *zip(loop(request, starts, 1_500), starts, strict=True))


THROTTLES = Case(
    name="throttled_attempts_without_a_tag",
    title="Throttled attempts that bear no tag",
    what="Two requests of 9 s that overlap; their calls are tagged, four throttled attempts are not.",
    right="2 calls each, exact and for certain: an attempt that failed is no LLM call. The attempts are ambiguous.",
    content=ndjson(
        http("one", 0.3, 9_000),
        http("other", 1.1, 9_000),
        *_tagged_pair("one", (3, 6)),
        *_tagged_pair("other", (3.2, 7)),
        *_untagged_throttles(),
    ),
)

_CHOSEN, _REPLACED = REST_ID.format(9), f"{REST_ID.format(8)}_REPLACED_INVALID_REQUEST_ID"
_STARTS = {"PlanFirst=": 10, "PlanSecond=": 130}


def _chosen(**tags: str) -> list[Json]:
    """A call in each of two requests with these tags."""
    return [
        converse(name, at + 1, 900, tokens=(100, 20), requestMetadata={"api_request_id": tag, "call_index": "1"})
        for (name, tag), at in zip(tags.items(), _STARTS.values(), strict=True)
    ]


CHOSEN_IDS = Case(
    name="ids_that_a_client_chose",
    title="Ids that a client chose, in a log that has no other",
    what="A REST API's client sends one id twice, two minutes apart, and another that API Gateway replaced; the log "
    "has requestId alone, and both calls are tagged with it.",
    right="No request is lost: the second is kept under an id of its own, and set aside with the words that another "
    "has its id. Both calls bear the first one's, so what the second made is unknown.",
    content=ndjson(
        rest(_REPLACED, 0.2, 3_000),
        *(rest(_CHOSEN, at, 3_000) for at in _STARTS.values()),
        *_chosen(first=_CHOSEN, second=_CHOSEN),
    ),
)

OWN_IDS = Case(
    name="ids_that_no_client_can_choose",
    title="Ids that a client chose, beside those of API Gateway",
    what="The same two requests; the log has extendedRequestId too, and the calls are tagged with that.",
    right="Two requests with one call of 900 ms each: the id is the one that no client can choose.",
    content=ndjson(
        *(rest(_CHOSEN, at, 3_000, extendedRequestId=own) for own, at in _STARTS.items()),
        *_chosen(first="PlanFirst=", second="PlanSecond="),
    ),
)

RESUMED = Case(
    name="session_that_resumes_after_a_504",
    title="A session that goes on after a 504",
    what="A request times out after 29 s with a tool still running; 11 s later the user asks again, with its error.",
    right="1 call each, 1500 ms: the second call lies in the second request's own time. That the first one's agent ran "
    "on and made it is possible, so the link is assumed, never inferred.",
    content=ndjson(
        rest("timed-out", 0.3, 29_000, status="504"),
        rest("asked-again", 40.3, 6_000),
        converse("ask", 1, 1_500, asks=("tooluse_slow",), tokens=(400, 60)),
        converse("again", 41, 1_500, brings=("tooluse_slow",), tokens=(520, 60)),
    ),
)

OVERLAP_CASES = (
    REPEATED_IDS,
    UNIQUE_IDS,
    SHARED_ID,
    SHARED_ID_CONTROL,
    NEXT_REQUEST,
    APPROVAL,
    NEXT_REQUEST_TAGGED,
    RESUMED,
    NESTED,
    NESTED_NAMED,
    THROTTLES,
    CHOSEN_IDS,
    OWN_IDS,
)
