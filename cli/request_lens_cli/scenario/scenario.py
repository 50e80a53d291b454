"""A scenario: the log lines of one experiment and what is known of them beside the logs."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NewType

import click
from pydantic import JsonValue, TypeAdapter

from request_lens_cli.report.labels import Label, read_labels, read_string_maps

RunId = NewType("RunId", str)
"""Names one playing of a scenario: the same run id gives the same ids."""

type JsonObject = dict[str, JsonValue]
type Tags = Mapping[str, str]
"""What a tagging caller puts into `requestMetadata`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """Log lines as objects, each kind in order of time.

    `labels` are by request id, `tags` by invocation id: the tags that the lines would bear had the caller set them.
    """

    name: str
    invocations: tuple[JsonObject, ...]
    access: tuple[JsonObject, ...]
    labels: Mapping[str, Label]
    tags: Mapping[str, Tags]

    def request_ids(self) -> tuple[str, ...]:
        """The API requests' ids, in order of the responses."""
        return tuple(str(line["extendedRequestId"]) for line in self.access)

    def invocation_ids(self) -> tuple[str, ...]:
        """The invocations' ids, in order of the calls."""
        return tuple(str(line["requestId"]) for line in self.invocations)


_OBJECT: TypeAdapter[JsonObject] = TypeAdapter(dict[str, JsonValue])


def scenario_names(events: Path) -> tuple[str, ...]:
    """The scenarios that the folder holds, by name."""
    return tuple(sorted(path.parent.name for path in events.glob("*/invocations.ndjson")))


def load_scenario(folder: Path) -> Scenario:
    """The scenario in a folder: `invocations.ndjson` and `access.ndjson`, with labels and tags where it has them.

    Raises: click.ClickException where the folder is no scenario.
    """
    if not (folder / "invocations.ndjson").is_file():
        names = ", ".join(scenario_names(folder.parent)) or "none"
        raise click.ClickException(f"There is no scenario in {folder}: choose one of those beside it ({names}).")
    return Scenario(
        name=folder.name,
        invocations=tuple(_lines(folder / "invocations.ndjson")),
        access=tuple(_lines(folder / "access.ndjson")),
        labels=read_labels(folder / "labels.json"),
        tags=read_string_maps(folder / "tags.json"),
    )


def _lines(path: Path) -> Iterator[JsonObject]:
    return (_OBJECT.validate_json(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip())
