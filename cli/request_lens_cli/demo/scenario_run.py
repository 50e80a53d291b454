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
from request_lens_cli.terminal.progress import Note

POLL_SECONDS = 0.5
TIMEOUT_SECONDS = 120.0


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


def is_settled(run: ScenarioRun, report: Report) -> bool:
    """Whether every request has its summary, and every invocation counts in one or is unattributed."""
    settled = sum(state.summary is not None for state in report.requests)
    decided = report.totals.invocations + report.unattributed
    return (settled, decided) == (len(run.scenario.access), len(run.scenario.invocations))


def wait_until_settled(run: ScenarioRun, *, note: Note) -> Report:
    """The report once all has settled. Raises: click.ClickException if that takes longer than the time-out."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while True:
        report = run.report()
        settled = sum(state.summary is not None for state in report.requests)
        waits = f"{settled} of {pluralize(len(run.scenario.access), 'request')} settled"
        if is_settled(run, report):
            note(waits)
            return report
        note(f"{waits}, the others once late logs have had their time")
        if time.monotonic() > deadline:
            raise click.ClickException(
                f"After {TIMEOUT_SECONDS:.0f} s only {waits}: the processor's log says why; see it with "
                "`make demo KEEP=1` and the log group that the stack's output ProcessorLogGroupName names."
            )
        time.sleep(POLL_SECONDS)


PUBLISHED = ("Requests", "UncertainRequests", "LlmCalls", "LlmErrors", "InputTokens", "OutputTokens")
"""The totals that are read back."""


def published_totals(report: Report) -> Mapping[str, float]:
    """What the metrics add up to by the table: the summaries' totals and those of unattributed invocations."""
    total = report.totals + report.unattributed_totals
    of_calls = (total.llm_calls, total.llm_errors, total.input_tokens, total.output_tokens)
    return dict(zip(PUBLISHED, (len(report.requests), report.uncertain, *of_calls), strict=True))


def wait_for_metrics(run: ScenarioRun, metrics: Metrics, *, expected: Mapping[str, float]) -> Mapping[str, float]:
    """The run's own sums of the metrics once they are as expected, or what they are after the time-out.

    Without those that have no value.
    """
    deadline = time.monotonic() + TIMEOUT_SECONDS / 4
    while True:
        now = sums_in_time_of(run.scenario, metrics, list(expected))
        own = {name: now[name] - run.sums_before.get(name, 0) for name in expected if name in now}
        sums = {name: value for name, value in own.items() if value or name not in run.sums_before}
        if agree(sums, expected) or time.monotonic() > deadline:
            return sums
        time.sleep(POLL_SECONDS)


def agree(sums: Mapping[str, float], expected: Mapping[str, float]) -> bool:
    """Whether the sums are as expected: a sum of zero is not published, so it may have no value."""
    return {**dict.fromkeys(expected, 0), **sums} == expected


def sums_in_time_of(scenario: Scenario, metrics: Metrics, names: Sequence[str]) -> Mapping[str, float]:
    """The sums of the metrics over the scenario's time, whoever they are of; without those that have no value."""
    first = min(map(access_started_at, scenario.access)) - timedelta(seconds=2)
    end = max(map(access_ended_at, scenario.access)) + timedelta(seconds=3)
    return metrics.sums(names, first=first, end=end)
