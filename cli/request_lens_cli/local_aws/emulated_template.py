"""A built template as the local AWS gets it: without what the emulator does not know, which refuses it whole."""

from collections.abc import Mapping
from pathlib import Path

import yaml
from pydantic import JsonValue, TypeAdapter

NOT_EMULATED = frozenset(
    {
        "AWS::Logs::QueryDefinition",
        "AWS::CloudWatch::CompositeAlarm",
        "AWS::BedrockAgentCore::Runtime",
    }
)
"""The only difference between what is deployed locally and what is deployed to AWS."""

type _Section = dict[str, JsonValue]

_TEMPLATE: TypeAdapter[_Section] = TypeAdapter(dict[str, JsonValue])


def leave_out_unknown_types(template: Path) -> tuple[str, ...]:
    """Rewrite a built template without the resources that the emulator does not know; answers with their logical ids.

    A `DependsOn` on such a resource goes with it, and so does an output that names it.
    """
    text = template.read_text(encoding="utf-8")
    if not any(type_name in text for type_name in NOT_EMULATED):
        return ()
    content = _TEMPLATE.validate_python(yaml.safe_load(text))
    left_out = tuple(name for name, resource in _section(content, "Resources").items() if _is_unknown(resource))
    kept = {**content, **_without(content, frozenset(left_out))}
    template.write_text(yaml.safe_dump(kept, sort_keys=False), encoding="utf-8")
    return left_out


def parameter_defaults(template: Path) -> Mapping[str, str]:
    """The default of each parameter of a built template that has one."""
    content = _TEMPLATE.validate_python(yaml.safe_load(template.read_text(encoding="utf-8")))
    parameters = _section(content, "Parameters")
    return {
        name: str(parameter["Default"])
        for name, parameter in parameters.items()
        if isinstance(parameter, dict) and "Default" in parameter
    }


def _section(content: _Section, name: str) -> _Section:
    section = content.get(name)
    return section if isinstance(section, dict) else {}


def _is_unknown(resource: JsonValue) -> bool:
    return isinstance(resource, dict) and resource.get("Type") in NOT_EMULATED


def _without(content: _Section, left_out: frozenset[str]) -> Mapping[str, JsonValue]:
    resources = _section(content, "Resources")
    outputs = _section(content, "Outputs")
    return {
        "Resources": {
            name: _independent(resource, left_out) for name, resource in resources.items() if name not in left_out
        },
        "Outputs": {name: output for name, output in outputs.items() if not _names(output) & left_out},
    }


def _independent(resource: JsonValue, left_out: frozenset[str]) -> JsonValue:
    """The resource without a `DependsOn` on what was left out."""
    if not isinstance(resource, dict) or "DependsOn" not in resource:
        return resource
    names = resource["DependsOn"]
    kept = [name for name in (names if isinstance(names, list) else [names]) if name not in left_out]
    return resource | {"DependsOn": kept}


def _names(value: JsonValue) -> frozenset[str]:
    """Every logical id that a value refers to by Ref or Fn::GetAtt."""
    match value:
        case {"Ref": str(name)} | {"Fn::GetAtt": [str(name), *_]}:
            return frozenset({name})
        case dict():
            return frozenset().union(*map(_names, value.values()))
        case list():
            return frozenset().union(*map(_names, value))
        case _:
            return frozenset()
