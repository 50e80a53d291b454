"""Twelve deliberately broken designs, each a small change to the product: the simulator must catch them all."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta

from request_lens.adapters.memory.fact_store import MemoryFactStore
from request_lens.domain.facts import InvocationId, RequestId
from request_lens.domain.folding.summary import Sample, Summary, Totals, totals_of, with_known_cost
from request_lens.domain.linking.link import Decision, LinkedInvocation, Reason, Unattributed, UnlinkedInvocation
from request_lens.domain.policy import Policy
from request_lens.domain.publishing.changes import Change, InvocationDecided, RevisionWritten
from request_lens.domain.publishing.metric_names import Metric
from request_lens.domain.publishing.request_metrics import publication_of
from request_lens.ports import MetricSink, Ports
from tests.simulation.broken_rules import (
    DECIDED_FOR_GOOD,
    NO_FAILED_POSSIBLE,
    NO_SPLITS,
    NOTHING_POSSIBLE,
    PROVEN_AS_CANDIDATE,
    TIES_WITHOUT_UNIQUENESS,
)
from tests.simulation.judging.batch_reference import PRICES
from tests.simulation.pipeline import Pipeline
from tests.simulation.step import Step

_DISTRIBUTIONS = frozenset(
    {
        Metric.REQUEST_DURATION,
        Metric.LLM_CALLS_PER_REQUEST,
        Metric.LLM_TIME,
        Metric.TOOL_TIME,
        Metric.NON_LLM_TIME,
    }
)
_OF_REQUESTS = frozenset({Metric.REQUESTS, Metric.FAILED_REQUESTS, Metric.UNCERTAIN_REQUESTS})
_PRINTED_WITH_CALLS = frozenset(Metric) - _DISTRIBUTIONS - _OF_REQUESTS


class _AddingStore(MemoryFactStore):
    """Adds each call to its request's totals when it is stored: a duplicate counts twice."""

    def __init__(self, step: Step) -> None:
        super().__init__()
        self._step = step
        self._added: dict[RequestId, Totals] = {}

    def store_linked(self, linked: Sequence[LinkedInvocation]) -> None:
        super().store_linked(linked)
        for each in linked:
            self._add(each)

    def write_revision(self, request_id: RequestId, *, revision: int, summary: Summary) -> bool:
        totals = self._added.get(request_id, Totals())
        added = with_known_cost(replace(summary, totals=totals))
        return super().write_revision(request_id, revision=revision, summary=added)

    def _add(self, each: LinkedInvocation) -> None:
        before = self._added.get(each.link.request_id, Totals())
        self._added[each.link.request_id] = before + totals_of(each.invocation, PRICES.quote(each.invocation))


class _MarkingStore(_AddingStore):
    """Writes a marker first and adds only where it was new: a crash between the two loses the call."""

    def __init__(self, step: Step) -> None:
        super().__init__(step)
        self._marked: set[InvocationId] = set()

    def _add(self, each: LinkedInvocation) -> None:
        if each.invocation.invocation_id not in self._marked:
            self._marked.add(each.invocation.invocation_id)
            self._step.crash()
            super()._add(each)


class _PrintingStore(MemoryFactStore):
    """Prints each change where it writes it: a crash between the two loses the line."""

    def __init__(self, step: Step, sink: MetricSink) -> None:
        super().__init__()
        self._step = step
        self._sink = sink

    def write_revision(self, request_id: RequestId, *, revision: int, summary: Summary) -> bool:
        return self._printed(
            lambda: super(_PrintingStore, self).write_revision(request_id, revision=revision, summary=summary)
        )

    def decide(self, unlinked: UnlinkedInvocation, decision: Decision) -> Decision:
        return self._printed(lambda: super(_PrintingStore, self).decide(unlinked, decision))

    def _printed[Answer](self, write: Callable[[], Answer]) -> Answer:
        known = len(self._changes)
        answer = write()
        self._step.crash()
        for change in self._changes[known:]:
            if (publication := publication_of(change)) is not None:
                self._sink.publish(publication)
        return answer


class _PublishingNewStore(MemoryFactStore):
    """Prints a record or a call when it is stored, if it is new: a crash between the two loses it."""

    def __init__(self, step: Step, sink: MetricSink) -> None:
        super().__init__()
        self._step = step
        self._sink = sink

    def store_linked(self, linked: Sequence[LinkedInvocation]) -> None:
        for each in linked:
            known = {one.invocation.invocation_id for one in self.load_request(each.link.request_id).invocations}
            super().store_linked([each])
            if each.invocation.invocation_id not in known:
                self._step.crash()
                self._print(each)

    def _print(self, each: LinkedInvocation) -> None:
        unattributed = Unattributed(reason=Reason.NO_REQUEST, quote=PRICES.quote(each.invocation))
        logged_at = each.invocation.logged_at
        change = InvocationDecided(invocation=each.invocation, stored_at=logged_at, decision=unattributed)
        publication = publication_of(change)
        if publication is not None:
            self._sink.publish(replace(publication, publication_id=f"new:{each.invocation.invocation_id}"))


def _publish_without_calls(changes: Sequence[Change], ports: Ports, policy: Policy) -> int:
    """Prints a request's distributions and what stays unattributed; linked calls were printed when they came."""
    for change in changes:
        publication = publication_of(change)
        if publication is None or (isinstance(change, InvocationDecided) and change.invocation.tag is not None):
            continue
        if isinstance(change, RevisionWritten):
            values = {metric: each for metric, each in publication.values.items() if metric not in _PRINTED_WITH_CALLS}
            publication = replace(publication, values=values, by_model=())
        ports.sink.publish(publication)
    return len(changes)


def _publish_nothing(changes: Sequence[Change], ports: Ports, policy: Policy) -> int:
    """The settle has printed everything itself."""
    return 0


def _publish_distributions_again(changes: Sequence[Change], ports: Ports, policy: Policy) -> int:
    """Prints every revision with the request's distributions, as if it were the first."""
    for change in changes:
        publication = publication_of(change)
        if publication is not None and isinstance(change, RevisionWritten) and change.previous is not None:
            afresh = publication_of(replace(change, previous=None))
            own = {metric: each for metric, each in afresh.values.items() if metric in _DISTRIBUTIONS} if afresh else {}
            publication = replace(publication, values={**publication.values, **own})
        if publication is not None:
            ports.sink.publish(publication)
    return len(changes)


def _publish_distributions_at_once(changes: Sequence[Change], ports: Ports, policy: Policy) -> int:
    """Prints the first revision with all of the request's distributions, whether or not it is certain."""
    publications = [publication_of(_as_if_certain(change)) for change in changes]
    for publication in publications:
        if publication is not None:
            ports.sink.publish(publication)
    return len(changes)


def _as_if_certain(change: Change) -> Change:
    if not isinstance(change, RevisionWritten):
        return change
    return replace(change, summary=replace(change.summary, sampled=frozenset(Sample)))


def _decide_at_once(policy: Policy) -> Policy:
    """No wait for the records of the requests that are still running."""
    return replace(policy, link_delay=timedelta(0), max_request=timedelta(seconds=1))


VARIANTS = {
    "naive ADD": Pipeline(make_store=lambda step, sink: _AddingStore(step)),
    "marker then ADD": Pipeline(make_store=lambda step, sink: _MarkingStore(step)),
    "publish if new": Pipeline(make_store=_PublishingNewStore, publish=_publish_without_calls),
    "settle prints its own revision": Pipeline(make_store=_PrintingStore, publish=_publish_nothing),
    "window link decided too early": Pipeline(waits=_decide_at_once),
    "revision republishes distributions": Pipeline(publish=_publish_distributions_again),
    "distributions before a request is certain": Pipeline(publish=_publish_distributions_at_once),
    "ties by ids without uniqueness": Pipeline(breaking=TIES_WITHOUT_UNIQUENESS),
    "splits never considered": Pipeline(breaking=NO_SPLITS),
    "possible_calls always 0": Pipeline(breaking=NOTHING_POSSIBLE),
    "failed attempts leave no doubt": Pipeline(breaking=NO_FAILED_POSSIBLE),
    "calls decided before their record stay nobody's": Pipeline(breaking=DECIDED_FOR_GOOD),
    "a proven request taken as candidate": Pipeline(breaking=PROVEN_AS_CANDIDATE),
}
"""Each broken design by its name."""
