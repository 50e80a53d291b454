"""`request-lens redrive` over a failure bucket and a dead-letter queue in an emulated AWS."""

import json
from collections.abc import Iterator, Sequence

import pytest
from botocore import handlers
from botocore.exceptions import ClientError

from request_lens_cli.operating.failure_bucket import FailureBucket
from tests.support.emulated_aws.running_stack import BUCKET, LOG_BATCH_KEY, PROCESSOR, STREAM_KEY, RunningStack
from tests.support.processor_traffic import emf_lines, log_batch, played, request_items, settle_message, stream_event

POISON = {"awslogs": {"data": "no batch"}}
INTERRUPTED = "Ctrl-C"


def batches() -> Sequence[dict[str, object]]:
    scenario = played(with_tags=True)
    return [log_batch([json.dumps(line) for line in lines]) for lines in (scenario.access, scenario.invocations)]


def lines_of_requests(stack: RunningStack) -> Sequence[dict[str, object]]:
    return [line for line in emf_lines(stack.lens.log.getvalue()) if "LlmCallsPerRequest" in line]


def counts(stack: RunningStack, *arguments: str) -> object:
    return json.loads(stack.lens.ask("redrive", *arguments, "--format", "json").stdout)["counts"]


def test_failed_log_batches_reach_the_table_and_leave_the_bucket(running: RunningStack) -> None:
    for number, batch in enumerate(batches()):
        running.gave_up_on(f"{LOG_BATCH_KEY}{number}", batch)

    answer = running.lens.answer("redrive", columns=80)

    assert [item["state"] for item in request_items()] == ["settled"] * 10
    assert running.held() == []
    assert "2 sent again and deleted" in answer
    assert max(map(len, answer.splitlines())) <= 80


def test_failed_stream_records_are_published(running: RunningStack) -> None:
    for number, batch in enumerate(batches()):
        running.gave_up_on(f"{LOG_BATCH_KEY}{number}", batch)
    running.lens.answer("redrive")
    running.gave_up_on_records(f"{STREAM_KEY}1", stream_event())
    assert lines_of_requests(running) == []

    assert counts(running) == {"stream records": {"waiting": 0, "sent": 1, "failed": 0, "left": 0}}
    assert running.held() == []
    assert len(lines_of_requests(running)) == 10


def test_dead_letters_go_back_to_the_settle_queue(running: RunningStack) -> None:
    for number in range(23):
        body = str(settle_message("request", f"r{number}")["body"])
        running.sqs.send_message(QueueUrl=running.dead_letter_url, MessageBody=body)

    assert counts(running) == {"dead letters": {"waiting": 0, "sent": 23, "failed": 0, "left": 0}}
    assert running.waiting(running.dead_letter_url) == 0
    assert running.waiting(running.queue_url) == 23
    message = running.sqs.receive_message(QueueUrl=running.queue_url)["Messages"][0]["Body"]
    assert json.loads(message)["matter"] == "request"


@pytest.fixture
def refused(running: RunningStack) -> Iterator[dict[str, str]]:
    """Operations of SQS that AWS refuses, each with the code of its error."""
    codes: dict[str, str] = {}

    def refuse(event_name: str, **_: object) -> None:
        if code := codes.get(operation := event_name.rpartition(".")[2]):
            if code == INTERRUPTED:
                raise KeyboardInterrupt
            raise ClientError({"Error": {"Code": code, "Message": "refused for a test"}}, operation)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(handlers, "BUILTIN_HANDLERS", [*handlers.BUILTIN_HANDLERS, ("before-call.sqs", refuse)])
        yield codes


def test_dead_letters_that_are_not_sent_are_seen_again_at_once(running: RunningStack, refused: dict[str, str]) -> None:
    for number in range(12):
        running.sqs.send_message(QueueUrl=running.dead_letter_url, MessageBody=f"{number}")
    refused["SendMessageBatch"] = "AccessDenied"

    result = running.lens.ask("redrive", "--format", "json")

    assert result.exit_code == 1
    document = json.loads(result.stdout)
    assert document["counts"] == {"dead letters": {"waiting": 0, "sent": 0, "failed": 12, "left": 0}}
    assert {each["error"] for each in document["failures"]} == {
        "Your credentials may not sqs:SendMessage: allow them that action."
    }
    refused.clear()
    assert counts(running) == {"dead letters": {"waiting": 0, "sent": 12, "failed": 0, "left": 0}}


def test_dead_letters_that_stay_hidden_for_a_while_are_said_to(running: RunningStack, refused: dict[str, str]) -> None:
    running.sqs.send_message(QueueUrl=running.dead_letter_url, MessageBody="1")
    refused |= {"SendMessageBatch": "ServiceUnavailable", "ChangeMessageVisibilityBatch": "AccessDenied"}

    shown = " ".join(running.lens.ask("redrive").stdout.split())

    assert "ServiceUnavailable" in shown
    assert "It is not seen again for up to 5 minutes: Your credentials may not sqs:ChangeMessageVisibility" in shown


def test_dead_letters_are_seen_again_at_once_whenever_it_is_stopped(
    running: RunningStack, refused: dict[str, str]
) -> None:
    for number in range(12):
        running.sqs.send_message(QueueUrl=running.dead_letter_url, MessageBody=f"{number}")
    refused["SendMessageBatch"] = INTERRUPTED

    assert running.lens.ask("redrive").exit_code == 1

    refused.clear()
    assert counts(running) == {"dead letters": {"waiting": 0, "sent": 12, "failed": 0, "left": 0}}


@pytest.mark.parametrize(
    ("code", "reason"),
    [(INTERRUPTED, "Stopped."), ("AccessDenied", "Your credentials may not sqs:ReceiveMessage")],
    ids=["by Ctrl-C", "by a refusal"],
)
def test_what_is_stopped_in_the_middle_says_what_was_done_and_a_second_run_goes_on(
    running: RunningStack, refused: dict[str, str], code: str, reason: str
) -> None:
    running.gave_up_on(f"{LOG_BATCH_KEY}1", batches()[0])
    running.sqs.send_message(QueueUrl=running.dead_letter_url, MessageBody="1")
    refused["ReceiveMessage"] = code

    shown = running.lens.ask("redrive")
    running.gave_up_on(f"{LOG_BATCH_KEY}2", batches()[1])
    told = running.lens.ask("redrive", "--format", "json")

    assert (shown.exit_code, told.exit_code) == (1, 1)
    assert "1 sent again and deleted" in shown.stdout
    assert reason in shown.stderr
    assert shown.stderr.endswith("Not all was looked at: what is left stays where it is. Run it again to go on.\n")
    assert json.loads(told.stdout)["counts"] == {"log batches": {"waiting": 0, "sent": 1, "failed": 0, "left": 0}}
    refused.clear()
    assert counts(running) == {"dead letters": {"waiting": 0, "sent": 1, "failed": 0, "left": 0}}
    assert running.held() == []


def test_what_is_being_sent_when_it_is_interrupted_is_counted(
    running: RunningStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, batch in enumerate(batches()):
        running.gave_up_on(f"{LOG_BATCH_KEY}{number}", batch)
    listed = FailureBucket.keys

    def interrupted(bucket: FailureBucket) -> Iterator[str]:
        yield from listed(bucket)
        raise KeyboardInterrupt

    monkeypatch.setattr(FailureBucket, "keys", interrupted)

    result = running.lens.ask("redrive")

    assert result.exit_code == 1
    assert "2 sent again and deleted" in result.stdout
    assert running.held() == []


def test_a_second_run_finds_nothing(running: RunningStack) -> None:
    running.gave_up_on(f"{LOG_BATCH_KEY}1", batches()[0])
    running.sqs.send_message(QueueUrl=running.dead_letter_url, MessageBody='{"matter": "request", "id": "r1"}')
    running.lens.answer("redrive")

    assert counts(running) == {}
    assert "Nothing waits to be sent again" in running.lens.answer("redrive")


def test_one_that_fails_stays_and_does_not_stop_the_others(running: RunningStack) -> None:
    poison = running.gave_up_on(f"{LOG_BATCH_KEY}0", POISON)
    for number, batch in enumerate(batches(), 1):
        running.gave_up_on(f"{LOG_BATCH_KEY}{number}", batch)

    result = running.lens.ask("redrive", columns=80)

    assert result.exit_code == 1
    assert running.held() == [poison]
    assert "EnvelopeError: Not a CloudWatch Logs event" in " ".join(result.stdout.split())
    assert len(request_items()) == 10


def test_an_object_without_an_event_stays_and_is_named(running: RunningStack) -> None:
    running.holds(f"{STREAM_KEY}1", json.dumps({"version": "1.0", "DDBStreamBatchInfo": {"batchSize": 3}}))
    running.holds(f"{STREAM_KEY}2", "a secret, and no JSON")

    result = running.lens.ask("redrive", "--format", "json")

    assert result.exit_code == 1
    assert [failure["error"] for failure in json.loads(result.stdout)["failures"]] == [
        "holds no event: neither requestPayload nor payload",
        "is no record of a failed invocation",
    ]
    assert "secret" not in result.output
    assert len(running.held()) == 2


def test_events_of_the_stacks_other_functions_are_left(running: RunningStack) -> None:
    """To repeat a custom resource's event could change Bedrock's setting after CloudFormation has stopped waiting."""
    key = "aws/lambda/async/request-lens-LoggingConfigurationFunction-1A/2025/12/04/2025-12-04T18.29.00-1"
    running.gave_up_on(key, {"RequestType": "Delete", "ResponseURL": "https://example.com"})

    assert counts(running) == {"of other functions": {"waiting": 0, "sent": 0, "failed": 0, "left": 1}}
    assert running.held() == [key]


@pytest.mark.parametrize("key", [f"{LOG_BATCH_KEY}1", f"{STREAM_KEY}1"], ids=["asynchronous", "of the stream"])
def test_an_event_of_the_processors_own_that_it_does_not_know_is_unreadable_and_named(
    running: RunningStack, key: str
) -> None:
    """As doctor counts it: nothing is left unsaid that makes doctor stop."""
    running.gave_up_on(key, {"a secret": "of the processor's own"})

    for arguments in (["--dry-run"], []):
        result = running.lens.ask("redrive", *arguments, "--format", "json")

        assert result.exit_code == 1
        assert json.loads(result.stdout) == {
            "counts": {"unreadable objects": {"waiting": 0, "sent": 0, "failed": 1, "left": 0}},
            "failures": [
                {"kind": "unreadable objects", "where": key, "error": "holds an event that the processor does not know"}
            ],
        }
    assert running.held() == [key]


def test_a_sweep_that_failed_sweeps_the_minute_that_it_was_for(running: RunningStack) -> None:
    running.gave_up_on(f"{LOG_BATCH_KEY}1", {"sweep": "2025-12-04T18:30:00Z"})

    running.lens.answer("redrive")

    assert running.held() == []
    assert '"begins":"2025-12-04T16:29:00+00:00"' in running.lens.log.getvalue()


def test_what_an_earlier_function_gave_up_on_is_sent_to_the_one_there_is_now(running: RunningStack) -> None:
    running.gave_up_on("aws/lambda/async/request-lens-processor/2025/12/04/2025-12-04T18.29.00-1", batches()[0])

    running.lens.answer("redrive")

    assert len(request_items()) == 10


def test_a_dry_run_says_what_waits_and_changes_nothing(running: RunningStack) -> None:
    key = running.gave_up_on(f"{LOG_BATCH_KEY}1", batches()[0])
    running.sqs.send_message(QueueUrl=running.dead_letter_url, MessageBody='{"matter": "request", "id": "r1"}')

    assert counts(running, "--dry-run") == {
        "log batches": {"waiting": 1, "sent": 0, "failed": 0, "left": 0},
        "dead letters": {"waiting": 1, "sent": 0, "failed": 0, "left": 0},
    }
    assert "2 wait to be sent again" in running.lens.answer("redrive", "--dry-run")
    assert (running.held(), request_items()) == ([key], [])
    assert running.waiting(running.dead_letter_url) == 1


def test_a_processor_that_lambda_does_not_know_fails_each_and_deletes_none(running: RunningStack) -> None:
    key = running.gave_up_on(f"{LOG_BATCH_KEY}1", batches()[0])
    del running.lens.functions[PROCESSOR]

    result = running.lens.ask("redrive")

    assert result.exit_code == 1
    assert "Function not found" in result.stdout
    assert running.held() == [key]


def test_a_bucket_that_cannot_be_read_is_a_failure_that_says_so(running: RunningStack) -> None:
    running.s3.delete_bucket(Bucket=BUCKET)

    result = running.lens.ask("redrive")

    assert result.exit_code == 1
    assert "AWS refused ListObjectsV2: NoSuchBucket" in result.stderr
