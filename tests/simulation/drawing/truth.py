"""What truly happened, as values: calls with whose they were, requests, and the policy that they are observed with."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from request_lens.domain.facts import Invocation, InvocationId, Request, RequestId, Tag, TraceId
from request_lens.domain.policy import Policy
from request_lens.domain.spans import LambdaRun, Span
from tests.support.facts import EPOCH

OTHER_ROLE = "nightly-batch"
PLAIN_ROLE = "function-role"
"""Of a function beside the agent, whose calls have no spans."""

OBSERVED_ROUTE = "POST /ask"
UNOBSERVED_ROUTE = "GET /health"
TIMED_OUT = 503
EARLY = frozenset({202, 499, 503, 504})
"""Statuses of requests whose agent may work on after the response."""

MODELS = ("jp.anthropic.claude-haiku-4-5-20251001-v1:0", "amazon.nova-lite-v1:0")


class Style(StrEnum):
    """How calls can be correlated: `SPARSE` traffic is untagged and its requests lie far apart.

    `MIXED` traffic tags half of the calls, `PARTLY` traffic all calls of every other request.
    `CONVERSING` traffic is untagged, and its conversations go on from request to request.
    """

    TAGGED = "tagged"
    MIXED = "mixed"
    PARTLY = "partly"
    SPARSE = "sparse"
    OVERLAPPING = "overlapping"
    CONVERSING = "conversing"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallTruth:
    """One call, whose it was, its true start, and its place in its request's one loop (None: no part of it).

    Two that begin a loop together have the same place. `ids_repeat`: its request's calls ask by one id more than once.
    `stranger`: made by a role that is none of the agent's.
    """

    call: Invocation
    request_id: RequestId | None
    began: datetime
    position: int | None = None
    stranger: bool = False
    ids_repeat: bool = False

    @property
    def ended(self) -> datetime:
        """When the call's log line can be delivered first."""
        return self.began + timedelta(milliseconds=self.call.latency_ms or 0)


type Telemetry = Span | LambdaRun
"""What is written of a trace."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """All that happened, and the policy that it is observed with; `goes_on`: conversations do, in the next request.

    `lacks_requests`: some that made untagged calls are not there, as if they were of a route that nobody observes.
    `telemetry` is by the request that it is of. `shared` are traces that were born in two requests at once: which of
    them is taken for their owner depends on what comes first.
    """

    style: Style
    policy: Policy
    requests: Mapping[RequestId, Request]
    calls: Mapping[InvocationId, CallTruth]
    goes_on: bool = False
    lacks_requests: bool = False
    telemetry: Mapping[RequestId | None, Sequence[Telemetry]] = field(default_factory=dict)
    shared: frozenset[TraceId] = frozenset()

    @property
    def call_spans(self) -> Mapping[InvocationId, Span]:
        """The spans of calls to Bedrock that were ever written, by the call."""
        spans = (each for some in self.telemetry.values() for each in some if isinstance(each, Span))
        return {span.invocation_id: span for span in spans if span.invocation_id is not None}

    @property
    def ends_in_time(self) -> bool:
        """Whether no request outlasts what the policy takes for the longest."""
        longest_ms = self.policy.max_request / timedelta(milliseconds=1)
        return all((each.duration_ms or 0) <= longest_ms for each in self.requests.values())

    @property
    def agents_end_in_time(self) -> bool:
        """Whether no agent runs on after its request for longer than the policy takes for the longest."""
        for call in self.calls.values():
            request = None if call.request_id is None else self.requests.get(call.request_id)
            ends = None if request is None or not request.may_run_on else request.latest_end
            if ends is not None and call.ended > ends + self.policy.max_agent + self.policy.clock_skew:
                return False
        return True

    @property
    def keeps_the_assumptions(self) -> bool:
        """Whether no request and no agent outlasts the longest, each is there, and no stranger's call counts as ours.

        And where one loop a request is assumed, no function calls a model beside the agent that it asks.
        """
        if not (self.ends_in_time and self.agents_end_in_time) or self.lacks_requests:
            return False
        if self.policy.one_loop_per_request and self._has_two_agents:
            return False
        return bool(self.policy.agent_role_names) or not any(each.stranger for each in self.calls.values())

    @property
    def _has_two_agents(self) -> bool:
        """Whether calls of several roles were made for one request."""
        made = {(each.request_id, each.call.caller_role) for each in self.calls.values() if each.request_id is not None}
        return len(made) > len({request_id for request_id, _ in made})

    @property
    def may_mislead(self) -> bool:
        """Whether a link that is but assumed may be wrong: conversations go on, or agents after their requests."""
        return self.goes_on or any(each.may_run_on for each in self.requests.values())

    def calls_of(self, request_id: RequestId) -> list[CallTruth]:
        """The calls made for a request."""
        return [each for each in self.calls.values() if each.request_id == request_id]


def logged(call: Invocation, began: datetime, *, tag: Tag | None = None) -> Invocation:
    """The call as Bedrock logs it: its start floored to a whole second."""
    return replace(call, logged_at=began.replace(microsecond=0), tag=tag)


def tagged(chance: random.Random, truth: CallTruth, request: Request, style: Style, *, index: int | None) -> CallTruth:
    """The call as its request's own, with a tag as often as the style has it."""
    every_other = float(int(request.request_id[-1]) % 2)
    share = {Style.TAGGED: 1.0, Style.MIXED: 0.5, Style.PARTLY: every_other}.get(style, 0.0)
    owned = replace(truth, request_id=request.request_id)
    if chance.random() >= share:
        return owned
    started_ms = (truth.began - EPOCH) // timedelta(milliseconds=1) if chance.random() < 0.8 else None
    tag = Tag(request_id=request.request_id, call_index=index, call_started_ms=started_ms)
    return replace(owned, call=logged(truth.call, truth.began, tag=tag))


def numbered_twice(chance: random.Random, calls: Sequence[CallTruth]) -> Sequence[CallTruth]:
    """The calls of one request as two agents number them that got one payload: the later ones begin anew at 1.

    Both agents tag all of their calls, with their starts, or they would number none.
    """
    if not all(call.call.tag is not None and call.call.tag.call_started_ms is not None for call in calls):
        return calls
    ours = chance.randint(1, max(len(calls) - 1, 1))
    return [*calls[:ours], *(_numbered(call, anew) for anew, call in enumerate(calls[ours:], start=1))]


def _numbered(truth: CallTruth, index: int) -> CallTruth:
    tag = truth.call.tag
    if tag is None or tag.call_index is None:
        return truth
    return replace(truth, call=replace(truth.call, tag=replace(tag, call_index=index)))
