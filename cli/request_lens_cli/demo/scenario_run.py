"""A run: a scenario played into a deployed stack, and what the deployed table and metrics say of it."""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import click

from request_lens.presentation.formatting import pluralize
from request_lens_cli.deployed.metrics import Metrics
from request_lens_cli.deployed.table import DeployedTable
from request_lens_cli.report.report import Report, by_start
from request_lens_cli.scenario.retiming import access_ended_at, access_started_at
from request_lens_cli.scenario.scenario import Scenario
from request_lens_cli.terminal.progress import Note, Patience

POLL_SECONDS = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioRun:
    """A scenario as it was played, with its own ids and times, and the table that it went into.

    `sums_before` are the metrics of its time before it was played: an earlier run's, where there was one.
    """

    scenario: Scenario
    table: DeployedTable
    sums_before: Mapping[str, float] = field(default_factory=dict)

    def report(self) -> Report:
        """What the table holds of this scenario's requests and invocations, and of no other."""
        states = self.table.states(self.scenario.request_ids())
        unlinked = self.table.unlinked(self.scenario.invocation_ids())
        recorded = [state for state in states if state.record is not None]
        return Report(requests=by_start(recorded), unlinked=unlinked, labels=self.scenario.labels)


def is_as_made(scenario: Scenario, report: Report) -> bool:
    """Whether the report has of each request as many calls as its caller made, which the scenario's tags tell.

    Where a request is uncertain nobody can say so of what is found.
    """
    failed = {str(line["requestId"]) for line in scenario.invocations if "errorCode" in line}
    made = Counter(tags["api_request_id"] for invocation, tags in scenario.tags.items() if invocation not in failed)
    return report.is_certain and all(
        state.summary is not None and state.summary.totals.llm_calls == made[state.request_id]
        for state in report.requests
    )


def wait_until_settled(run: ScenarioRun, *, note: Note) -> Report:
    """The report once every request has its summary, and every invocation counts in one or is unattributed.

    Raises: click.ClickException where nothing more has come for some time.
    """
    requests, calls = len(run.scenario.access), len(run.scenario.invocations)
    patience = Patience(note=note)
    while True:
        report = run.report()
        settled = sum(state.summary is not None for state in report.requests)
        decided = report.totals.invocations + report.unattributed
        if (settled, decided) == (requests, calls):
            note(f"{settled} of {pluralize(requests, 'request')} settled")
            return report
        waits = f"{settled} of {pluralize(requests, 'request')}, {decided} of {pluralize(calls, 'call')} settled"
        if not patience.lasts(f"{waits}: late logs have their time"):
            raise click.ClickException(
                f"Only {waits}, and nothing more for {patience.quiet_s:.0f} s: the processor's log says why; see it "
                "with `make demo KEEP=1` and the log group that the stack's output ProcessorLogGroupName names."
            )
        time.sleep(POLL_SECONDS)


PUBLISHED = ("Requests", "UncertainRequests", "LlmCalls", "LlmErrors", "InputTokens", "OutputTokens")
"""The totals that are read back."""


def published_totals(report: Report) -> Mapping[str, float]:
    """What the metrics add up to by the table: the summaries' totals and those of unattributed invocations."""
    total = report.totals + report.unattributed_totals
    of_calls = (total.llm_calls, total.llm_errors, total.input_tokens, total.output_tokens)
    return dict(zip(PUBLISHED, (len(report.requests), report.uncertain, *of_calls), strict=True))


def wait_for_metrics(run: ScenarioRun, metrics: Metrics, *, note: Note) -> tuple[Report, Mapping[str, float]]:
    """The report, and the run's own sums of the metrics once they are what it says; without those that have no value.

    Where nothing more has come for some time, as they are then. The report is read anew each time: a call that is
    decided last may make a request certain.
    """
    patience = Patience(note=note)
    while True:
        report = run.report()
        expected = published_totals(report)
        now = sums_in_time_of(run.scenario, metrics, list(expected))
        own = {name: now[name] - run.sums_before.get(name, 0) for name in expected if name in now}
        sums = {name: value for name, value in own.items() if value or name not in run.sums_before}
        if agree(sums, expected) or not patience.lasts(f"read back at 1 s: {_lacking(sums, expected)}"):
            return report, sums
        time.sleep(POLL_SECONDS)


def _lacking(sums: Mapping[str, float], expected: Mapping[str, float]) -> str:
    """Which sums are not yet what they should be."""
    have = {name: sums.get(name, 0) for name in expected}
    return ", ".join(
        f"{name} {have[name]:,.0f} of {to_be:,.0f}" for name, to_be in expected.items() if have[name] != to_be
    )


def agree(sums: Mapping[str, float], expected: Mapping[str, float]) -> bool:
    """Whether the sums are as expected: a sum of zero is not published, so it may have no value."""
    return {**dict.fromkeys(expected, 0), **sums} == expected


def sums_in_time_of(scenario: Scenario, metrics: Metrics, names: Sequence[str]) -> Mapping[str, float]:
    """The sums of the metrics over the scenario's time, whoever they are of; without those that have no value."""
    first = min(map(access_started_at, scenario.access)) - timedelta(seconds=2)
    end = max(map(access_ended_at, scenario.access)) + timedelta(seconds=3)
    return metrics.sums(names, first=first, end=end)
