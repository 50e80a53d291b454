"""Judge of runaways: each request beyond the limit, and no other, is flagged, and printed in effect once."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from request_lens.domain.policy import Policy
from request_lens.domain.settling.state import RequestState
from tests.simulation.judging.verdict import Verdict, expect


def runaways(
    states: Iterable[RequestState], policy: Policy, printed: Mapping[str, Sequence[Mapping[str, Any]]]
) -> Verdict:
    """By the calls that lie under a request at the end; more may be known by the tags' count than have come."""
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
