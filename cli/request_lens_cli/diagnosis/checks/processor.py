"""The processor: does it run, and what did it give up on?"""

from collections.abc import Iterator
from datetime import timedelta
from itertools import islice

from request_lens.presentation.formatting import pluralize
from request_lens_cli.deployed.log_group import find_log_group, made_again
from request_lens_cli.deployed.newest_lines import has_line
from request_lens_cli.diagnosis.examined import Examined
from request_lens_cli.diagnosis.finding import Finding, fault, fine, note
from request_lens_cli.operating.dead_letters import open_dead_letters
from request_lens_cli.operating.failure_bucket import FailureBucket
from request_lens_cli.operating.outcome import Fate

PROCESSOR, METRICS_LOG, SWEEP, FAILURES = "processor", "metrics log", "sweep", "failures"

SWEPT = '"facts swept"'
"""What the processor logs at the end of each sweep, as a filter pattern."""

SWEEPS_WITHIN = timedelta(minutes=15)
"""The schedule is of every minute."""

_SWEEPS = "it finds settle messages that were lost"
_RUNNING = ("Enabled", "Enabling", "Creating", "Updating")
_MADE_AGAIN = "Delete the stack and deploy it again: no deployment makes it where no property of it changes."
_MAX_LISTED = 1_000


def check_processor(examined: Examined) -> Iterator[Finding]:
    """The function is there, may run, and its queue and stream are read."""
    client, name = examined.processor.client, examined.processor.name
    try:
        client.get_function_configuration(FunctionName=name)
    except client.exceptions.ResourceNotFoundException:
        yield fault(PROCESSOR, f"The function {name} is not there.", "Delete the stack and deploy it again.")
        return
    if client.get_function_concurrency(FunctionName=name).get("ReservedConcurrentExecutions") == 0:
        remedy = f"Run `aws lambda delete-function-concurrency --function-name {name}`."
        yield fault(PROCESSOR, f"{name} is switched off: its reserved concurrency is 0.", remedy)
        return
    unread = list(_unread(examined))
    yield from unread or [fine(PROCESSOR, f"{name} is switched on, and its queue and stream are read.")]


def _unread(examined: Examined) -> Iterator[Finding]:
    """What of queue and stream is not read: its mapping is gone, or stands still."""
    client, name = examined.processor.client, examined.processor.name
    mappings = client.list_event_source_mappings(FunctionName=name)["EventSourceMappings"]
    for service, source in (("sqs", "The settle queue"), ("dynamodb", "The table's stream")):
        if not any(mapping.get("EventSourceArn", "").split(":")[2:3] == [service] for mapping in mappings):
            yield fault(PROCESSOR, f"{source} is not read: its event source mapping is gone.", _MADE_AGAIN)
    for mapping in mappings:
        if mapping.get("State") not in _RUNNING:
            remedy = f"Run `aws lambda update-event-source-mapping --enabled --uuid {mapping['UUID']}`."
            yield fault(PROCESSOR, f"{mapping.get('EventSourceArn')} is not read: {mapping.get('State')}.", remedy)


def check_metrics_log(examined: Examined) -> Iterator[Finding]:
    """The log group of the metrics is there: the processor may make none, and its lines would be lost in silence."""
    group = examined.stack.output("ProcessorLogGroupName")
    if find_log_group(examined.logs, group) is None:
        yield fault(METRICS_LOG, f"The log group {group} is not there.", made_again(group))
    else:
        yield fine(METRICS_LOG, f"{group}, which metrics come from, is there.")


def check_sweep(examined: Examined) -> Iterator[Finding]:
    """The schedule runs: nothing else finds it out, and without it a settle message that is lost stays lost."""
    group, since = examined.stack.output("ProcessorLogGroupName"), examined.now - SWEEPS_WITHIN
    if has_line(examined.logs, group, since=since, pattern=SWEPT):
        yield fine(SWEEP, f"It ran in the last 15 minutes: {_SWEEPS}.")
    elif examined.stack.deployed_at > since:
        yield note(SWEEP, f"None has run yet, as the stack was deployed in the last 15 minutes: {_SWEEPS}.")
    else:
        text = "None ran in the last 15 minutes, and one is due every minute: a settle message that is lost stays lost."
        query = f"Schedules[?Target.Arn=='{examined.processor.arn}'].[Name,State]"
        shown = f'`aws scheduler list-schedules --query "{query}"`'
        yield note(SWEEP, text, f"See whether its schedule is enabled, and its role there: {shown}.")


def check_failures(examined: Examined) -> Iterator[Finding]:
    """Nothing waits in the failure bucket or among the dead letters."""
    objects, letters = _objects(examined), _dead_letters(examined)
    remedy = "Remove the cause, which the processor's log says; then run `request-lens redrive`."
    if objects:
        least = "at least " if objects >= _MAX_LISTED else ""
        text = f"The failure bucket holds {least}{pluralize(objects, 'object')}: log batches, or changes of the table."
        yield fault(FAILURES, text, remedy)
    if letters:
        yield fault(FAILURES, f"{pluralize(letters, 'dead letter')} of the settle queue: requests not settled.", remedy)
    if not objects and not letters:
        yield fine(FAILURES, "Nothing waits in the failure bucket, and there are no dead letters.")


def _objects(examined: Examined) -> int:
    """How many objects wait. What `redrive` leaves, of the stack's other functions, is told by what is in it."""
    s3, name = examined.stack.session.client("s3"), examined.stack.output("FailureBucketName")
    bucket = FailureBucket(client=s3, name=name, processor_name=examined.processor.name)
    return sum(
        not bucket.may_be_others(key) or bucket.look_at(key).fate is not Fate.LEFT
        for key in islice(bucket.keys(), _MAX_LISTED)
    )


def _dead_letters(examined: Examined) -> int:
    letters = open_dead_letters(examined.stack.session.client("sqs"), examined.stack.output("SettleQueueUrl"))
    return sum(waiting.count for waiting in letters.look_at())
