"""What a replay made of traced traffic, held against the truth."""

from collections.abc import Sequence
from dataclasses import dataclass

from request_lens.domain.facts import RequestId
from request_lens.domain.policy import Policy
from request_lens.domain.tracing.traced import Traced
from request_lens_cli.replay.virtual_time import replay
from tests.support.telemetry.traced_lines import Line, TracedRequest

POLICY = Policy(reads_spans=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Of the calls whose span came: how many there were, how many are linked by it; and what is wrong.

    `wrong` calls are linked to another request than made them. `incomplete` names the calls that each request is said
    to lack, by request. `other_tools` are the requests of whose tools more, fewer or others are said to have run, or to
    have failed.
    """

    seen: int
    exact: int
    wrong: Sequence[str]
    incomplete: dict[str, Sequence[str]]
    complete: int
    other_tools: Sequence[str]

    @property
    def share(self) -> float:
        """The share of calls with a span that are exact."""
        return self.exact / self.seen


def verdict_on(requests: Sequence[TracedRequest], lines: Sequence[Line], policy: Policy = POLICY) -> Verdict:
    """What the pipeline makes of these lines, which tell of these requests."""
    made_by = {call_id: request.request_id for request in requests for call_id in request.call_ids}
    spans = {line.call_id for line in lines if line.is_span and line.call_id}
    records = {line.call_id for line in lines if not line.is_span and line.call_id}
    result = replay((line.arrival for line in lines), policy)
    links = [
        (linked.invocation.invocation_id, state.request_id, linked.link.method)
        for state in result.requests
        for linked in state.invocations
    ]
    traced = {state.request_id: state.summary.traced for state in result.requests if state.summary}
    return Verdict(
        seen=len(spans & records),
        exact=sum(call_id in spans and method == "trace" for call_id, _, method in links),
        wrong=[call_id for call_id, request_id, _ in links if made_by[call_id] != request_id],
        incomplete={str(name): each.missing for name, each in traced.items() if each and each.complete is False},
        complete=sum(each is not None and each.complete is True for each in traced.values()),
        other_tools=[
            each.request_id for each in requests if _tools(traced.get(RequestId(each.request_id))) != sorted(each.tools)
        ],
    )


def _tools(said: Traced | None) -> Sequence[tuple[str, bool]]:
    return sorted((each.tool, each.failed) for each in said.tools) if said else ()
