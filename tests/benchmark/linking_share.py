"""What share of untagged calls a replay links, how many of the links are wrong, and what it counts as broken."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from request_lens.domain.facts import Fact, Invocation, Request, RequestId
from request_lens.domain.linking.link import Confidence, LinkedInvocation, Method
from request_lens.domain.policy import Policy
from request_lens.domain.publishing.metric_names import Metric
from request_lens.domain.publishing.publication import PipelineMetrics
from request_lens_cli.replay.virtual_time import Arrival, Replay, replay
from tests.benchmark.spanned_traffic import SpannedTraffic
from tests.benchmark.untagged_traffic import AGENT_ROLE, Traffic

ALONE = Policy(agent_role_names=frozenset({AGENT_ROLE}))
ONE_LOOP = replace(ALONE, one_loop_per_request=True)
WITH_SPANS = replace(ALONE, reads_spans=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """Shares of all calls of the agent: linked, by method, and linked wrongly, by confidence.

    `breaches` are the facts that were counted as showing an assumption broken, by assumption.
    """

    by_method: dict[Method, float]
    wrong: dict[Confidence, float]
    breaches: dict[str, int]

    @property
    def linked(self) -> float:
        """The share linked by any method."""
        return sum(self.by_method.values())

    @property
    def wrong_inferred(self) -> float:
        """The share linked wrongly by links that are not only assumed."""
        return self.wrong.get(Confidence.INFERRED, 0)

    @property
    def wrong_assumed(self) -> float:
        """The share linked wrongly by links that are only assumed."""
        return self.wrong.get(Confidence.ASSUMED, 0)

    def __str__(self) -> str:
        return f"{self.linked:6.1%} linked, wrong: {self.wrong_inferred:.1%} inferred, {self.wrong_assumed:.1%} assumed"


def share(traffic: Traffic, policy: Policy, *, records_late: timedelta = timedelta(0), one_in: int = 1) -> Share:
    """What a replay of the traffic under the policy links; the records of one in so many requests come that late."""
    records = [fact.request_id for fact in traffic.facts if isinstance(fact, Request)]
    late = dict.fromkeys(records[::one_in], records_late)
    return _share(traffic, replay((_arrival(fact, late) for fact in traffic.facts), policy))


def _share(traffic: Traffic, result: Replay) -> Share:
    links = [each for state in result.requests for each in state.invocations]
    wrong = [each for each in links if traffic.truth[each.invocation.invocation_id] != each.link.request_id]
    calls = sum(request_id is not None for request_id in traffic.truth.values())
    return Share(
        by_method={method: _count(links, method) / calls for method in Method},
        wrong={found: sum(each.link.confidence is found for each in wrong) / calls for found in Confidence},
        breaches=_breaches(result.pipeline),
    )


def share_with_spans(spanned: SpannedTraffic) -> Share:
    """The same where spans come, each as a replay takes one without a time: after its end."""
    spans = [Arrival(record=span) for span in spanned.spans]
    arrivals = [*(Arrival(record=fact) for fact in spanned.traffic.facts), *spans]
    return _share(spanned.traffic, replay(arrivals, WITH_SPANS))


def without_chains(traffic: Traffic) -> Traffic:
    """The same traffic as time alone sees it."""
    facts = [replace(fact, conversation=None) if isinstance(fact, Invocation) else fact for fact in traffic.facts]
    return replace(traffic, facts=tuple(facts))


def mean_open(traffic: Traffic) -> float:
    """How many requests run at the same time, on average."""
    requests = [fact for fact in traffic.facts if isinstance(fact, Request)]
    busy_ms = sum(each.duration_ms or 0 for each in requests)
    span = max(each.started_at for each in requests) - min(each.started_at for each in requests)
    return busy_ms / (span / timedelta(milliseconds=1))


def _arrival(fact: Fact, late: Mapping[RequestId, timedelta]) -> Arrival:
    after = late.get(fact.request_id) if isinstance(fact, Request) else None
    if isinstance(fact, Request) and fact.ended_at is not None and after:
        return Arrival(record=fact, at=fact.ended_at + after)
    return Arrival(record=fact)


def _count(links: Sequence[LinkedInvocation], method: Method) -> int:
    return sum(each.link.method is method for each in links)


def _breaches(pipeline: Sequence[PipelineMetrics]) -> dict[str, int]:
    found: Counter[str] = Counter()
    for each in pipeline:
        if Metric.ASSUMPTION_BREACHES in each.values:
            found.update({name: int(count) for name, count in each.properties.items()})
    return dict(sorted(found.items()))
