"""Traffic of which is known which call is whose: what a deployed table must come to hold of it, by the lines alone."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import batched
from typing import NamedTuple

from request_lens.domain.settling.state import RequestState
from request_lens_cli.demo.stack import DemoStack
from tests.support.metering.cost_traffic import STARTS_AT, cost_traffic
from tests.support.processor_traffic import log_batch

GAP_S = 15
"""Seconds from one request to the next: no two overlap, so that an untagged call fits one alone."""

ACCESS, INVOCATIONS = "/access", "/aws/bedrock/model-invocations"


class Figures(NamedTuple):
    """A request's calls by id, and what its summary says of them."""

    calls: frozenset[str]
    llm_calls: int
    input_tokens: int
    output_tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownTraffic:
    """The lines of both logs, and the figures of each request."""

    access: Sequence[str]
    invocations: Sequence[str]
    truth: Mapping[str, Figures]

    @property
    def events(self) -> int:
        return len(self.access) + len(self.invocations)

    @property
    def totals(self) -> Mapping[str, float]:
        """What the metrics must add up to."""
        figures = self.truth.values()
        return {
            "Requests": len(figures),
            "LlmCalls": sum(each.llm_calls for each in figures),
            "InputTokens": sum(each.input_tokens for each in figures),
            "OutputTokens": sum(each.output_tokens for each in figures),
        }

    def access_batches(self, size: int) -> list[dict[str, object]]:
        """The requests' records as Lambda events."""
        return [log_batch(lines, ACCESS) for lines in batched(self.access, size, strict=False)]

    def invocation_batches(self, size: int) -> list[dict[str, object]]:
        """The calls as Lambda events."""
        return [log_batch(lines, INVOCATIONS) for lines in batched(self.invocations, size, strict=False)]

    def batches(self, size: int) -> list[dict[str, object]]:
        """All lines as Lambda events, the requests' first."""
        return self.access_batches(size) + self.invocation_batches(size)

    def held(self, stack: DemoStack) -> Sequence[RequestState]:
        """What the table holds of these requests."""
        return stack.table.states(self.truth)


def known_traffic(requests: int, *, days_ago: int, tagged: bool = True) -> KnownTraffic:
    """Requests of a day that is so many days ago, with ids of their own."""
    now = datetime.now(UTC)
    day, run = (now - STARTS_AT) // timedelta(days=1) - days_ago, now.isoformat()
    played, true_tags = (
        cost_traffic(requests=requests, gap_s=GAP_S, tagged=with_tags, day=day, run=run) for with_tags in (tagged, True)
    )
    return KnownTraffic(
        access=[line.text for line in played.access_lines],
        invocations=[line.text for line in played.invocation_lines],
        truth=dict(_truth([json.loads(line.text) for line in true_tags.invocation_lines])),
    )


def _truth(calls: Sequence[Mapping[str, Mapping[str, int]]]) -> Iterator[tuple[str, Figures]]:
    of_request: dict[str, list[Mapping[str, Mapping[str, int]]]] = {}
    for call in calls:
        of_request.setdefault(str(call["requestMetadata"]["api_request_id"]), []).append(call)
    for request_id, its_calls in of_request.items():
        yield (
            request_id,
            Figures(
                calls=frozenset(str(call["requestId"]) for call in its_calls),
                llm_calls=len(its_calls),
                input_tokens=sum(call["input"]["inputTokenCount"] for call in its_calls),
                output_tokens=sum(call["output"]["outputTokenCount"] for call in its_calls),
            ),
        )


def figures(states: Sequence[RequestState]) -> Mapping[str, Figures]:
    """The figures of requests as the table has them; of one without a summary only its calls."""
    return {state.request_id: _figures(state) for state in states}


def _figures(state: RequestState) -> Figures:
    calls = frozenset(call.invocation.invocation_id for call in state.invocations)
    if state.summary is None:
        return Figures(calls=calls, llm_calls=0, input_tokens=0, output_tokens=0)
    totals = state.summary.totals
    return Figures(
        calls=calls,
        llm_calls=totals.llm_calls,
        input_tokens=totals.input_tokens,
        output_tokens=totals.output_tokens,
    )


def publications(states: Sequence[RequestState]) -> set[str]:
    """The publication_ids of all revisions of these requests."""
    return {f"{state.request_id}#{number}" for state in states for number in range(1, state.revision + 1)}
