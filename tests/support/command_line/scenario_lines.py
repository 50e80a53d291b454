"""A scenario's lines as a log file."""

import json

from request_lens_cli.scenario.scenario import Scenario


def as_ndjson(scenario: Scenario) -> str:
    """All the scenario's lines, one object a line, as `request-lens replay` reads them."""
    lines = (*scenario.invocations, *scenario.access)
    return "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines)
