"""Makes the outputs of the commands in docs/queries.md anew: `make docs` runs it.

A console block below `<!-- output over SCENARIO -->` shows a command over a table that holds that scenario, ten minutes
after its last response.
"""

import re
import shlex
from datetime import timedelta
from pathlib import Path

from request_lens_cli.scenario.retiming import access_ended_at
from request_lens_cli.scenario.scenario import load_scenario
from scripts.scenarios.generate import EVENTS
from tests.support.deployed_stack import deployed_lens

PAGE = Path(__file__).parents[3] / "docs" / "queries.md"
COLUMNS = 120
_BLOCK = re.compile(
    r"(<!-- output over (\w+) -->\n```console\n\$ \.venv/bin/request-lens ([^\n]+)\n).*?(```)", re.DOTALL
)
_HEAD = re.compile(r" \| head -n (\d+)$")


def updated(page: str) -> str:
    """The page with the output of each such block made anew."""
    return _BLOCK.sub(lambda found: f"{found[1]}{output(found[3], scenario=found[2])}{found[4]}", page)


def commands(page: str) -> list[str]:
    """The commands whose output the page shows."""
    return [found[3] for found in _BLOCK.finditer(page)]


def output(command: str, *, scenario: str) -> str:
    """What the command prints over the scenario, its first lines where it ends with `| head -n …`."""
    head = _HEAD.search(command)
    with deployed_lens() as lens:
        lens.now = max(map(access_ended_at, load_scenario(EVENTS / scenario).access)) + timedelta(minutes=10)
        lens.plays(scenario)
        answer = lens.answer(*shlex.split(_HEAD.sub("", command)), columns=COLUMNS)
    lines = [line.rstrip() for line in answer.strip("\n").splitlines()]
    return "\n".join(lines[: int(head[1])] if head else lines).strip("\n") + "\n"


if __name__ == "__main__":
    PAGE.write_text(updated(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
