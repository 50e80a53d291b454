"""Reports: what is known of some requests, from a replay or from a deployed table, ready to be shown."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from request_lens.domain.link import Unattributed, UnlinkedInvocation
from request_lens.domain.pricing import PriceSource
from request_lens.domain.state import RequestState
from request_lens.domain.summary import Totals
from request_lens.timeline import TimelineRow
from request_lens_cli.scenario.scenario import Label


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Requests whose record came, by start, and the untagged invocations around them.

    `labels` are what people call the requests, by request id; most have none.
    """

    requests: Sequence[RequestState]
    unlinked: Sequence[UnlinkedInvocation]
    labels: Mapping[str, Label] = field(default_factory=dict)

    @property
    def llm_calls(self) -> int:
        """LLM calls that the requests' summaries count."""
        return sum(state.summary.totals.llm_calls for state in self.requests if state.summary is not None)

    @property
    def totals(self) -> Totals:
        """What the requests' summaries add up to."""
        return sum((each.summary.totals for each in self.requests if each.summary is not None), start=Totals())

    @property
    def prices(self) -> Sequence[PriceSource]:
        """The price tables that the summaries' costs were estimated with."""
        sources = (each.summary.prices for each in self.requests if each.summary is not None)
        return list(dict.fromkeys(each for each in sources if each is not None))

    @property
    def pending(self) -> int:
        """Invocations that are not decided yet."""
        return sum(each.decision is None for each in self.unlinked)

    @property
    def unattributed(self) -> int:
        """Invocations that belong to no request we know."""
        return sum(isinstance(each.decision, Unattributed) for each in self.unlinked)

    def reasons(self) -> Mapping[str, int]:
        """How many invocations are unattributed, by reason."""
        decisions = (each.decision for each in self.unlinked)
        return Counter(str(each.reason) for each in decisions if isinstance(each, Unattributed))

    def timeline_rows(self) -> list[TimelineRow]:
        """The requests as the timeline draws them: labelled where there is a label, else by route."""
        return [self._row(state) for state in self.requests]

    def _row(self, state: RequestState) -> TimelineRow:
        if state.record is None:
            raise ValueError(f"no record of request {state.request_id}")
        label = self.labels.get(state.request_id)
        started = state.record.started_at.strftime("%H:%M:%S")
        title, detail = f"{state.record.route} · {started}", str(state.request_id)
        if label is not None:
            title, detail = label.prompt, f"{label.kind} · {state.record.route} · {started}"
        return TimelineRow(label=title, detail=detail, request=state.record, summary=state.summary)


def counted(number: int, noun: str) -> str:
    """The number with its noun, in the plural where that is due."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def headline(report: Report) -> str:
    """The report in one line, such as "10 requests, 17 LLM calls, 0 unattributed"."""
    parts = [
        counted(len(report.requests), "request"),
        counted(report.llm_calls, "LLM call"),
        f"{report.unattributed:,} unattributed",
    ]
    if report.pending:
        parts.append(f"{report.pending:,} pending")
    return ", ".join(parts)


def kinds(report: Report) -> str:
    """How many LLM calls the requests of each labelled type made, such as "Tool Use 7 × 2, Simple 3 × 1"."""
    counts: dict[str, Counter[int]] = {}
    for state in report.requests:
        label = report.labels.get(state.request_id)
        if label is not None and state.summary is not None:
            counts.setdefault(label.kind, Counter())[state.summary.totals.llm_calls] += 1
    parts = [
        f"{kind} {number} × {calls}"
        for kind, found in sorted(counts.items(), reverse=True)
        for calls, number in sorted(found.items(), reverse=True)
    ]
    return ", ".join(parts)
