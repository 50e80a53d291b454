"""Reports: what is known of some requests, from a replay or from a deployed table, ready to be shown."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, tzinfo
from functools import cached_property

from request_lens.application.without_request import beside
from request_lens.domain.facts import Request, RequestId
from request_lens.domain.folding.summary import Bar, Summary, Totals, totals_of
from request_lens.domain.linking.link import Link, Method, Unattributed, UnlinkedInvocation
from request_lens.domain.policy import Policy
from request_lens.domain.pricing import PriceSource
from request_lens.domain.settling.state import RequestState
from request_lens.presentation.certainty import Certainty, Doubt, certainty_over, count_doubts
from request_lens.presentation.formatting import UNKNOWN
from request_lens.presentation.timeline.row import TimelineRow
from request_lens.presentation.traced import misses_calls
from request_lens_cli.report.labels import Label
from request_lens_cli.report.reasons import ReasonCount, counts_of_reasons


def correlated_by(state: RequestState) -> str:
    """The methods that linked the request's calls, and how sure they are, each once; a dash where it has no calls.

    Where only the summary was read, by its bars. A chain stands last: it goes on from a call that was linked otherwise.
    """
    bars = state.summary.bars if state.summary is not None else ()
    links: list[Link | Bar] = [call.link for call in state.invocations] or list(bars)
    in_order = sorted(links, key=lambda link: (link.method is Method.CHAIN, link.method))
    methods = ", ".join(dict.fromkeys(link.method for link in in_order))
    confidences = ", ".join(dict.fromkeys(link.confidence for link in in_order))
    return f"{methods} ({confidences})" if links else UNKNOWN


COUNTED_UP_TO = 5_000
"""Requests before those of a report are counted up to here."""

MAX_UNTAGGED = 5_000
"""Untagged invocations that a report reads, the earliest of its time."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """Requests whose record came, by start, and the untagged invocations beside them: see `without_request`.

    `labels` are what people call the requests, by request id; most have none. `provisional` are the summaries that
    pending requests would have as things stand. `earlier` is how many more requests the period holds, before these;
    `lesser` how many come after these in a sorted list, `may_match` how many uncertain ones are left out for their
    number of calls, `may_cost` how many for their cost, though it may be greater than is known. `selects`: some
    requests of its time are not meant; still the untagged invocations are those of all its time, but where it
    `has_calls_since` its first request alone. `lacking` says what is known to be missing. It `holds_all` calls
    without a request that may be its requests' own, as a replay does; those read are `is_cut` where there may be more.
    Times are shown in `zone`; None is that
    of this machine; with their day where there are several, or the report `has_days`.
    """

    requests: Sequence[RequestState]
    unlinked: Sequence[UnlinkedInvocation]
    labels: Mapping[str, Label] = field(default_factory=dict)
    provisional: Mapping[RequestId, Summary] = field(default_factory=dict)
    earlier: int = 0
    lesser: int = 0
    may_match: int = 0
    may_cost: int = 0
    selects: bool = False
    has_calls_since: bool = False
    lacking: str = ""
    holds_all: bool = False
    has_days: bool = False
    is_cut: bool = False
    policy: Policy = field(default_factory=Policy)
    zone: tzinfo | None = UTC

    @property
    def names_roles(self) -> bool:
        """Whether AgentRoleNames names any, so that to name them is no advice."""
        return bool(self.policy.agent_role_names)

    @property
    def of_all_time(self) -> str:
        """What tells calls without a request from the sums beside them, where these are of some requests alone."""
        is_part = self.selects or self.earlier or self.lesser
        return "in the whole time" if is_part and not self.has_calls_since else ""

    @property
    def totals(self) -> Totals:
        """What the requests' summaries add up to."""
        return totals_over(self.requests)

    @property
    def uncertain(self) -> int:
        """Requests that may have made more calls than those that are linked to them."""
        return sum(self.doubts().values())

    @property
    def is_certain(self) -> bool:
        """Whether no settled request may have made more calls than are linked to it."""
        return self.uncertain == 0

    @property
    def certainty(self) -> Certainty:
        """How sure the totals are."""
        return certainty_over(self.summaries)

    @property
    def summaries(self) -> Sequence[Summary]:
        """Those of the settled requests."""
        return [state.summary for state in self.requests if state.summary is not None]

    @property
    def incomplete(self) -> int:
        """Requests that made calls, as their spans tell, which are not linked to them."""
        return sum(map(misses_calls, self.summaries))

    def doubts(self) -> Counter[Doubt]:
        """How many requests are uncertain, by why."""
        return count_doubts((state.request, state.summary) for state in self.requests if state.summary is not None)

    @property
    def has_spans(self) -> bool:
        """Whether spans tell of any of the requests."""
        return any(state.summary is not None and state.summary.traced is not None for state in self.requests)

    @property
    def prices(self) -> Sequence[PriceSource]:
        """The price tables that the summaries' costs were estimated with."""
        sources = (state.summary.prices for state in self.requests if state.summary is not None)
        return list(dict.fromkeys(source for source in sources if source is not None))

    @property
    def pending(self) -> int:
        """Invocations that are not decided yet."""
        return sum(unlinked.decision is None for unlinked in self.unlinked)

    @property
    def pending_requests(self) -> int:
        """Requests that are not settled yet: their calls are in no total."""
        return sum(state.summary is None for state in self.requests)

    @property
    def unattributed(self) -> int:
        """Invocations that belong to no request we know."""
        return sum(isinstance(unlinked.decision, Unattributed) for unlinked in self.unlinked)

    @property
    def unattributed_totals(self) -> Totals:
        """What the invocations add up to that belong to no request we know."""
        totals = (
            totals_of(unlinked.invocation, unlinked.decision.quote)
            for unlinked in self.unlinked
            if isinstance(unlinked.decision, Unattributed)
        )
        return sum(totals, start=Totals())

    @property
    def unattributed_share(self) -> float | None:
        """The share of the decided invocations that belongs to no request we know; None where none is decided."""
        decided = self.totals.invocations + self.unattributed
        return self.unattributed / decided if decided else None

    @property
    def failed_decided(self) -> int:
        """How many of the decided invocations failed."""
        return self.totals.llm_errors + self.unattributed_totals.llm_errors

    def without_request(self) -> Sequence[ReasonCount]:
        """How many invocations belong to no request for each reason, or are not decided yet, and what helps."""
        return counts_of_reasons(self.unlinked, names_roles=self.names_roles)

    @cached_property
    def within_one_day(self) -> bool:
        """Whether all requests started on one day of the zone, and they are not said to be of several."""
        return (
            not self.has_days
            and len({state.request.started_at.astimezone(self.zone).date() for state in self.requests}) <= 1
        )

    def timeline_rows(self) -> list[TimelineRow]:
        """The requests as the timeline draws them: labelled where there is a label, else by route and id."""
        return [self._row(state) for state in self.requests]

    def _row(self, state: RequestState) -> TimelineRow:
        started, label = self.started_text(state.request), self.labels.get(state.request_id)
        title, detail = state.request.route, started
        if label is not None:
            title, detail = label.prompt, f"{started} · {label.kind} · {state.request.route}"
        summary = self.provisional.get(state.request_id, state.summary)
        return TimelineRow(
            label=title,
            detail=detail,
            brief=started,
            has_id=label is None,
            request=state.request,
            summary=summary,
            awaits_more=state.request_id in self.provisional,
        )

    def started_text(self, record: Request) -> str:
        """The request's start, with its day where the report's requests are of several."""
        return f"{record.started_at.astimezone(self.zone):{'%H:%M:%S' if self.within_one_day else '%m-%d %H:%M:%S'}}"

    def newest(self, limit: int) -> "Report":
        """The latest `limit` requests of the report, the others counted as earlier ones."""
        requests = by_start(self.requests)
        earlier = self.earlier + max(len(requests) - limit, 0)
        return replace(self, requests=requests[-limit:], earlier=earlier, has_days=not self.within_one_day)

    def drawn(self, limit: int) -> "Report":
        """The latest `limit` requests, and the untagged invocations beside them, since the first one: for a picture."""
        shown = self.newest(limit)
        if shown.earlier == self.earlier:
            return shown
        since = (shown.requests[0].request.started_at, datetime.max.replace(tzinfo=UTC))
        calls = beside(self.unlinked, self.policy, shown.requests, span=since)
        return replace(shown, unlinked=calls, has_calls_since=True)


def by_start(states: Iterable[RequestState]) -> list[RequestState]:
    """The requests by start, then id."""
    return sorted(states, key=lambda state: (state.request.started_at, state.request_id))


def totals_over(states: Iterable[RequestState]) -> Totals:
    """What the summaries of these requests add up to."""
    return sum((state.summary.totals for state in states if state.summary is not None), start=Totals())
