"""Judges of what the pipeline prints about itself: runaways, and counts that add up to what the table shows."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from request_lens.domain.linking.link import Unattributed, UnlinkedInvocation
from request_lens.domain.policy import Policy
from request_lens.domain.publishing.changes import Change, RevisionWritten
from request_lens.domain.publishing.metric_names import Metric
from request_lens.domain.publishing.pipeline_metrics import count_breaches
from request_lens.domain.settling.state import RequestState
from tests.simulation.judging.verdict import Verdict, expect


def pipeline_sums(
    changes: Sequence[Change],
    unlinked: Iterable[UnlinkedInvocation],
    policy: Policy,
    printed: Mapping[str, Mapping[str, Sequence[float]]],
) -> Verdict:
    """The lines, each publication_id once, add up: whatever was counted and taken back on the way."""
    expected = {
        Metric.LATE_REVISIONS: sum(isinstance(each, RevisionWritten) and each.revision > 1 for each in changes),
        Metric.UNATTRIBUTED_INVOCATIONS: sum(isinstance(each.decision, Unattributed) for each in unlinked),
        Metric.ASSUMPTION_BREACHES: count_breaches(changes, policy).total(),
    }
    for metric, count in expected.items():
        found = sum(sum(values.get(metric.value, ())) for values in printed.values())
        yield expect(f"the sum of {metric}", found, count)


def runaways(
    states: Iterable[RequestState], policy: Policy, printed: Mapping[str, Sequence[Mapping[str, Any]]]
) -> Verdict:
    """Each request beyond the limit is flagged, and printed in effect once: by the calls that it has at the end.

    More calls may be known by the tags' count than have come.
    """
    beyond: set[str] = set()
    for state in states:
        calls = [each.invocation for each in state.invocations]
        counts = [each.tag.call_index or 0 for each in calls if each.tag is not None]
        made = max(sum(each.error_code is None for each in calls), *counts, 0)
        is_beyond = 0 < policy.max_calls_per_request < made
        yield expect(f"the flag of {state.request_id}, of {made} calls,", state.runaway is not None, is_beyond)
        if is_beyond:
            beyond.add(f"runaway:{state.request_id}")
    yield expect("runaways that were printed", {*printed}, beyond)
    for key, lines in printed.items():
        for line in lines:
            yield expect(f"the repeat of {key}", _without_time(line), _without_time(lines[0]))


def _without_time(line: Mapping[str, Any]) -> Mapping[str, Any]:
    """A line of the pipeline's own is of the time when it is printed."""
    return {name: value for name, value in line.items() if name != "_aws"}
