"""Labels: what people call requests."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

_STRING_MAPS: TypeAdapter[dict[str, dict[str, str]]] = TypeAdapter(dict[str, dict[str, str]])


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """What a person calls a request; for display only, the pipeline never sees it."""

    prompt: str
    kind: str


def read_labels(path: Path) -> Mapping[str, Label]:
    """Labels by request id, from a `labels.json`; none where there is no such file."""
    return {key: Label(prompt=label["prompt"], kind=label["type"]) for key, label in read_string_maps(path).items()}


def read_string_maps(path: Path) -> Mapping[str, Mapping[str, str]]:
    """Maps of strings by key, from a JSON file; none where there is no such file. Raises: pydantic.ValidationError."""
    return _STRING_MAPS.validate_json(path.read_bytes()) if path.is_file() else {}
