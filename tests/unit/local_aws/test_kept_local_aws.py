"""A demo that failed can be looked at where it was to be kept; one that was interrupted leaves nothing behind."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, count, repeat
from pathlib import Path
from typing import cast

import click
import pytest

from request_lens.domain.linking.link import Reason, Unattributed, UnlinkedInvocation
from request_lens_cli.agent_demo.agent_run import AgentRun, wait_until_counted
from request_lens_cli.agent_demo.asking import Asked
from request_lens_cli.deployed.table import DeployedTable
from request_lens_cli.local_aws import lifecycle
from request_lens_cli.local_aws.lifecycle import LocalAws, running_local_aws
from request_lens_cli.local_aws.paths import LocalPaths
from request_lens_cli.report.report import Report
from tests.support.facts import at, call
from tests.support.sample_states import settled


@pytest.fixture
def stopped(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[LocalPaths]:
    """The checkouts whose local AWS was stopped; none is really started."""
    stopped: list[LocalPaths] = []

    def up(paths: LocalPaths, *, port: int | None) -> LocalAws:
        assert port is None
        return LocalAws(endpoint="http://127.0.0.1:1", paths=paths, started_now=True, service_endpoints={})

    monkeypatch.setattr(lifecycle, "up", up)
    monkeypatch.setattr(lifecycle, "down", stopped.append)
    monkeypatch.setattr(lifecycle, "checkout_paths", lambda: LocalPaths(checkout=tmp_path))
    return stopped


@pytest.mark.parametrize(
    ("raised", "keep", "stops"),
    [
        (click.ClickException("expected 17 calls"), True, 0),
        (click.ClickException("expected 17 calls"), False, 1),
        (KeyboardInterrupt(), True, 1),
        (SystemExit(143), True, 1),
    ],
    ids=["failed-kept", "failed", "interrupted", "terminated"],
)
def test_what_failed_is_kept_where_that_was_asked_for(
    stopped: list[LocalPaths], raised: BaseException, *, keep: bool, stops: int
) -> None:
    with pytest.raises(type(raised)), running_local_aws(keep=keep):
        raise raised

    assert len(stopped) == stops


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run(AgentRun):
    """A run of six prompts, of which so many requests are there each time that its table is read."""

    comes: Iterator[int]
    left: Sequence[UnlinkedInvocation] = ()

    def report(self) -> Report:
        """The requests that have come so far, each with a call."""
        return Report(
            requests=[settled(f"r{number}", call(f"i{number}")) for number in range(next(self.comes))],
            unlinked=self.left,
        )


def run(comes: Iterator[int], *left: UnlinkedInvocation) -> AgentRun:
    asked = [Asked(prompt="?", request_id=f"r{number}", answer="!", waited_ms=1) for number in range(6)]
    return _Run(begun_at=at(0), asked=asked, kinds={}, table=cast(DeployedTable, None), comes=comes, left=left)


def silent(_words: str) -> None:
    """Say nothing."""


def test_a_slow_machine_is_waited_for_as_long_as_requests_come(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each takes 50 s, five times as long all together as nothing may come for."""
    moments = count(0, 50)
    monkeypatch.setattr(time, "monotonic", lambda: next(moments))
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)

    assert len(wait_until_counted(run(count()), calls=6, note=silent).requests) == 6
    with pytest.raises(click.ClickException, match="Nothing came for 120 s after 5 of 6 requests settled"):
        wait_until_counted(run(chain(range(5), repeat(5))), calls=6, note=silent)


@pytest.mark.parametrize(
    ("decision", "words"),
    [(Unattributed(reason=Reason.NO_REQUEST), "1 unattributed"), (None, "1 not decided yet")],
    ids=["unattributed", "pending"],
)
def test_a_call_beside_those_of_the_requests_is_named_and_fails_the_command(
    monkeypatch: pytest.MonkeyPatch, decision: Unattributed | None, words: str
) -> None:
    moments = count(0, 50)
    monkeypatch.setattr(time, "monotonic", lambda: next(moments))
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)
    left = UnlinkedInvocation(invocation=call("beside"), stored_at=at(0), decision=decision)

    with pytest.raises(click.ClickException, match=f"after 6 of 6 requests settled, 6 LLM calls, {words}, and 6 calls"):
        wait_until_counted(run(repeat(6), left), calls=6, note=silent)
