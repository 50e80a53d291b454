"""A scenario as a tagging caller would have left it in the log."""

from dataclasses import replace

from request_lens_cli.scenario.scenario import JsonObject, Scenario


def tagged(scenario: Scenario) -> Scenario:
    """The scenario with `requestMetadata` on every invocation that has tags; the others stay as they are."""
    return replace(scenario, invocations=tuple(_with_tags(line, scenario) for line in scenario.invocations))


def _with_tags(line: JsonObject, scenario: Scenario) -> JsonObject:
    tags = scenario.tags.get(str(line["requestId"]))
    return line if tags is None else line | {"requestMetadata": dict(tags)}
