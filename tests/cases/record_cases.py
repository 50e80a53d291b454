"""Records as callers, exports and other operations make them, whatever the model: what is read, and what is none."""

from tests.cases.case import Case, ndjson
from tests.cases.lines import ASKED, HAIKU, METRICS, called, counted, message_start, usage

_FORMS: tuple[str | int, ...] = (
    "2026-06-01T09:00:01Z",
    "2026-06-01T09:00:01.417Z",
    "2026-06-01T09:00:01.417123456Z",
    "2026-06-01T18:00:01+09:00",
    "2026-06-01T18:00:01.5+0900",
    "2026-06-01T09:00:01",
    "2026-06-01 09:00:01",
    "2026-06-01 09:00:01.000000000",
    "2026-06-01T09:00:01.000+00:00",
    "2026-06-01T09:00Z",
    "1780304401",
    "20260601T090001Z",
    "2026-06-01T24:00:00Z",
    "2026-06-30T23:59:60Z",
    1_780_304_401,
    1_780_304_401_000,
)

TIMESTAMPS = Case(
    name="timestamps_in_many_forms",
    title="Timestamps in many forms",
    what="One call with its time in sixteen spellings; Bedrock writes the first, exports and shippers the others.",
    right="What tells one moment is read, to the second. A time that cannot be, a leap second, or a bare "
    "number is rejected.",
    content=ndjson(
        *(
            called(f"form-{number}", 1, "Converse", ({"inputTokenCount": 10}, {"outputTokenCount": 5}), timestamp=form)
            for number, form in enumerate(_FORMS, start=1)
        )
    ),
    reads=("started_at",),
)

_ACCOUNT = "123456789012"
_CALLERS = (
    f"arn:aws:iam::{_ACCOUNT}:root",
    f"arn:aws:iam::{_ACCOUNT}:user/team/kim",
    f"arn:aws:sts::{_ACCOUNT}:federated-user/kim",
    f"arn:aws:sts::{_ACCOUNT}:assumed-role/AWSReservedSSO_Developer_00112233aabbccdd/kim@example.com",
    f"arn:aws-us-gov:sts::{_ACCOUNT}:assumed-role/PlannerRole/planner",
    f"arn:aws:iam::{_ACCOUNT}:role/aws-service-role/bedrock.amazonaws.com/AWSServiceRoleForAmazonBedrock",
    f"arn:aws:sts::{_ACCOUNT}:assumed-role/AmazonBedrockExecutionRoleForAgents_1AB2/BedrockAgents-c",
    f"arn:aws:sts::{_ACCOUNT}:assumed-role/AmazonBedrockExecutionRoleForKnowledgeBase_3c/BKB-d",
    f"arn:aws:sts::{_ACCOUNT}:assumed-role/PlannerRole/BedrockAgentCore-00112233-4455-6677-8899-aabbccddeeff",
    f"arn:aws:iam::{_ACCOUNT}:user/BedrockAPIKey-wxyz",
)

CALLERS = Case(
    name="callers_of_every_kind",
    title="Callers of every kind",
    what="One call by the root user, users, single sign-on, service roles, an agent on AgentCore and an API key.",
    right="A role's name is read where there is one, so that AgentRoleNames can name it; a user has none.",
    content=ndjson(
        *(
            called(
                f"caller-{number}",
                number,
                "Converse",
                ({"inputTokenCount": 10}, {"outputTokenCount": 5}),
                identity={"arn": arn},
            )
            for number, arn in enumerate(_CALLERS, start=1)
        )
    ),
    reads=("caller_role",),
)

BODIES_ON_S3 = Case(
    name="bodies_from_s3",
    title="Bodies that Bedrock puts into S3, given as if they were records",
    what="A record, a request's body, and a streamed answer's body as a list of chunks: one object of each.",
    right="The record is read. A body names neither call nor time: each is `unknown_record`, and the detail "
    "says what it is.",
    content=ndjson(
        counted("record", 0, HAIKU, (100, 0, 0, 20), {"inputTokens": 100, "outputTokens": 20}),
        {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 10, "messages": [ASKED]},
        [
            message_start(input_tokens=4),
            {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
            {"type": "message_delta", "delta": {"stop_reason": "end_turn"}},
            {"type": "message_stop", METRICS: {"invocationLatency": 6_000}},
        ],
    ),
)

BATCH_OUTPUT = Case(
    name="batch_inference_output",
    title="The output of a batch inference job",
    what="Two lines of an output file: an answer, and an error. A batch is no call of an agent, and has no time.",
    right="Both are `unknown_record`, and the detail says what they are.",
    content=ndjson(
        {
            "recordId": "ROW1",
            "modelInput": {"messages": [ASKED]},
            "modelOutput": {"type": "message", "stop_reason": "end_turn", "usage": usage((4, 5))},
        },
        {"recordId": "ROW2", "error": {"errorCode": "ThrottlingException", "errorMessage": "Rate exceeded"}},
    ),
)

RECORD_CASES = (
    TIMESTAMPS,
    CALLERS,
    BODIES_ON_S3,
    BATCH_OUTPUT,
)
