"""A run: prompts that a real agent was asked, and what the deployed table holds of them."""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import click

from request_lens.presentation.formatting import pluralize
from request_lens_cli.agent_demo.asking import Asked, ask_all
from request_lens_cli.agent_demo.example import RunningAgent
from request_lens_cli.deployed.table import DeployedTable
from request_lens_cli.local_aws.api.deployed_api import Kind
from request_lens_cli.report.labels import Label
from request_lens_cli.report.period import Period
from request_lens_cli.report.report import Report, by_start
from request_lens_cli.terminal.progress import Note, Patience

POLL_SECONDS = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How prompts are asked: through which kind of API, and how many at a time."""

    kind: Kind
    at_a_time: int

    def __str__(self) -> str:
        """In words."""
        how = "one after the other" if self.at_a_time == 1 else f"{self.at_a_time} at a time"
        return f"through the {self.kind} API, {how}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentRun:
    """What was asked, since when, and the table that it should be in."""

    begun_at: datetime
    asked: Sequence[Asked]
    kinds: Mapping[str, str]
    """The category of each prompt."""
    table: DeployedTable

    def report(self) -> Report:
        """What the table holds of these requests and no other, and of the untagged calls since the first was asked."""
        states = self.table.states(each.request_id for each in self.asked)
        labels = {each.request_id: Label(prompt=each.prompt, kind=self.kinds[each.prompt]) for each in self.asked}
        # A call's time is floored to the second.
        since = Period(first=self.begun_at.replace(microsecond=0), last=datetime.now(UTC))
        return Report(
            requests=by_start(state for state in states if state.record is not None),
            unlinked=self.table.unlinked_between(since),
            labels=labels,
        )


def ask_agent(agent: RunningAgent, way: Way, prompts: Mapping[str, str], *, table: DeployedTable) -> AgentRun:
    """Ask the agent all prompts, each with its category. Raises: OSError where a request fails."""
    begun_at = datetime.now(UTC)
    asked = ask_all(list(prompts), agent.urls[way.kind], at_a_time=way.at_a_time)
    return AgentRun(begun_at=begun_at, asked=asked, kinds=prompts, table=table)


def wait_until_counted(run: AgentRun, *, calls: int, note: Note, complete: bool = False) -> Report:
    """The report once every request is settled and all calls are in the summaries, each decided and none left over.

    `complete`: spans are to prove that these are all.

    Raises: click.ClickException where nothing more has come for longer than a call waits for its span, which is 70 s.
    """
    patience = Patience(note=note)
    while True:
        report = run.report()
        settled = sum(state.summary is not None for state in report.requests)
        found = report.totals.llm_calls
        words = f"{settled} of {pluralize(len(run.asked), 'request')} settled, {_calls_words(report)}"
        lasts = patience.lasts(words)
        is_decided = not report.pending and not report.unattributed
        if settled == len(run.asked) and found >= calls and is_decided and (not complete or all_complete(report)):
            return report
        if not lasts:
            raise click.ClickException(
                f"Nothing came for {patience.quiet_s:.0f} s after {words}, and {calls} calls were expected: "
                "out/local-aws has the stand-ins' logs, and `make demo-agent KEEP=1` leaves the local AWS running."
            )
        time.sleep(POLL_SECONDS)


def _calls_words(report: Report) -> str:
    """How many calls the summaries have, and how many of the untagged ones none has."""
    beside = {"unattributed": report.unattributed, "not decided yet": report.pending}
    counts = [f"{count:,} {state}" for state, count in beside.items() if count]
    return ", ".join([pluralize(report.totals.llm_calls, "LLM call"), *counts])


def all_complete(report: Report) -> bool:
    """Whether spans prove of each request that all of its calls are there."""
    traced = [state.summary.traced for state in report.requests if state.summary is not None]
    return bool(traced) and all(each is not None and each.complete for each in traced)


def tools_of(report: Report) -> Counter[str]:
    """How often each tool ran, by its name, as spans tell."""
    traced = [state.summary.traced for state in report.requests if state.summary is not None]
    return Counter(tool.tool for each in traced if each is not None for tool in each.tools)


def links_of(report: Report) -> set[tuple[str, str]]:
    """By which methods, and how surely, the report's calls are linked."""
    return {
        (call.link.method.value, call.link.confidence.value) for state in report.requests for call in state.invocations
    }
