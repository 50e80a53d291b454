"""What the command line makes of a case: `replay --format json`, and `inspect --format json` a line."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from click.testing import CliRunner, Result

from request_lens_cli.main import main
from tests.cases.case import Case, Json


@dataclass(frozen=True)
class Outcome:
    """The two documents, and what a test looks up in them by id."""

    replay: Json
    lines: list[Json]

    @cached_property
    def requests(self) -> Mapping[str, Json]:
        return {request["request_id"]: request for request in self.replay["requests"]}

    @cached_property
    def calls(self) -> Mapping[str, Json]:
        """Every call, linked or not, by its id; a linked one has its `request_id`."""
        linked = [
            {**call, "request_id": request["request_id"]}
            for request in self.replay["requests"]
            for call in request["invocations"]
        ]
        return {call["invocation_id"]: call for call in [*linked, *self.replay["unattributed"]]}

    @property
    def rejected(self) -> list[tuple[str, str]]:
        return [(record["reason"], record["detail"]) for record in self.replay["rejected"]]


def outcome_of(case: Case) -> Outcome:
    """What becomes of the case's file, with the case's settings."""
    return _outcome(case.path, case.settings)


@cache
def _outcome(path: Path, settings: tuple[str, ...]) -> Outcome:
    options = [option for setting in settings for option in ("--set", setting)]
    replayed = _run("replay", str(path), "--format", "json", *options)
    inspected = _run("inspect", str(path), "--format", "json")
    return Outcome(
        replay=json.loads(replayed.stdout), lines=[json.loads(line) for line in inspected.stdout.splitlines()]
    )


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments), catch_exceptions=False)
