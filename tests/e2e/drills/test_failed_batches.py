"""A batch that fails on the deployed stack is tried again, kept, alarmed, and sent again once the cause is gone.

Lambda's part is the local AWS's own, but for the failure destination on S3 and the metric of what was given up.
"""

from collections import Counter

import pytest

from request_lens_cli.demo.stack import DemoStack
from tests.e2e.conftest import processor_messages
from tests.support.deploying.asked_command import redriven
from tests.support.deploying.failure_destination import FailureDestinationStandIn
from tests.support.deploying.known_traffic import figures, known_traffic
from tests.support.deploying.local_processor import SEEN_AGAIN_AFTER_S, TRIES, LocalProcessor, awaited
from tests.support.deploying.roles import without

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

POISON = {"awslogs": {"data": "no batch"}}
UNDISTURBED_S = 60
"""Longer than the role is without the table: a timer that came due in between would fail, too."""

NEVER_PASSES = {"waiting": 0, "sent": 0, "failed": 1, "left": 0}


def failed_runs(deployment: DemoStack) -> Counter[str]:
    """How often each error ended a run, by the last line of its trace."""
    last_lines = [line for line in processor_messages(deployment) if line.startswith("request_lens.errors.")]
    return Counter(line.partition(":")[0].removeprefix("request_lens.errors.") for line in last_lines)


def test_a_batch_that_failed_is_kept_and_redriven_and_the_table_is_as_if_it_never_had(
    deployment: DemoStack, processor: LocalProcessor
) -> None:
    traffic = known_traffic(12, days_ago=7)
    destination, before = FailureDestinationStandIn(deployment=deployment), failed_runs(deployment)
    (calls,) = traffic.invocation_batches(100)

    with processor.returns_messages_within(SEEN_AGAIN_AFTER_S):
        processor.deliver(traffic.access_batches(100))
        assert processor.work_left(within_s=4 * UNDISTURBED_S, due_within_s=UNDISTURBED_S) == []
        with destination.served_by_a_queue(), without(deployment, "ProcessorRole", "UseTable"):
            for event in (calls, POISON):
                destination.invoke(event)
            kept = destination.carry(2)
        failed, alarmed = failed_runs(deployment) - before, destination.alarm_state("ProcessorGaveUpAlarm")
        meanwhile = figures(traffic.held(deployment))
        code, said = redriven(deployment.local.endpoint)
        left = [key for key in destination.held() if key in kept]
        destination.s3.delete_object(Bucket=destination.bucket, Key=left[0])
        held = awaited(lambda: figures(traffic.held(deployment)), lambda found: found == traffic.truth, within_s=60)

    assert len(kept) == 2
    assert failed == {"StoreUnavailable": TRIES, "EnvelopeError": TRIES}
    assert alarmed == "ALARM"
    assert all(each.llm_calls == 0 and each.calls == frozenset() for each in meanwhile.values())
    assert (code, said["counts"]["log batches"]) == (1, {**NEVER_PASSES, "sent": 1})
    assert len(left) == 1
    assert redriven(deployment.local.endpoint) == (0, {"counts": {}, "failures": []})
    assert held == traffic.truth
