"""template.yaml as data: CloudFormation's short tags (`!Ref`, `!GetAtt`, `!Sub` …) become their long form."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]

type Node = Mapping[str, Any]
"""A mapping of the template."""


class _Loader(yaml.SafeLoader):
    """A SafeLoader that knows the short tags."""


def _long_form(loader: _Loader, tag: str, node: yaml.Node) -> object:
    name = tag if tag in ("Ref", "Condition") else f"Fn::{tag}"
    match node:
        case yaml.ScalarNode():
            value: object = loader.construct_scalar(node)
        case yaml.SequenceNode():
            value = loader.construct_sequence(node, deep=True)
        case _:
            raise TypeError(f"!{tag} of a mapping")
    return {name: str(value).split(".", 1) if tag == "GetAtt" else value}


_Loader.add_multi_constructor("!", _long_form)


def read_template(text: str) -> Node:
    """A template's text as data."""
    found: Node = yaml.load(text, _Loader)
    return found


def _read(path: str) -> Node:
    return read_template((ROOT / path).read_text(encoding="utf-8"))


TEMPLATE = _read("template.yaml")
DASHBOARD = _read("dashboard.yaml")
"""The template that is nested for the dashboard."""
EXAMPLE = _read("examples/agent/template.yaml")
"""The template of the agent that is an example to observe."""

PARAMETERS: Node = TEMPLATE["Parameters"]
RESOURCES: Node = TEMPLATE["Resources"]
OUTPUTS: Node = TEMPLATE["Outputs"]

FUNCTION = "AWS::Serverless::Function"


def of_type(kind: str) -> dict[str, Node]:
    """The resources of that type, by logical id."""
    return {name: resource for name, resource in RESOURCES.items() if resource["Type"] == kind}


def properties(name: str) -> Node:
    """The properties of a resource."""
    found: Node = RESOURCES[name]["Properties"]
    return found


def statements(role: str) -> dict[str, Node]:
    """The statements of a role's own policies, by Sid; of one that a condition leaves out, what it is otherwise."""
    found = [
        each.get("Fn::If", [None, each])[1]
        for policy in properties(role)["Policies"]
        for each in policy["PolicyDocument"]["Statement"]
    ]
    return {each["Sid"]: each for each in found}


def actions_of(statement: Node) -> list[str]:
    """A statement's actions, one or several; also those that a condition leaves out."""
    actions = statement["Action"]
    listed = [actions] if isinstance(actions, str) else actions
    return [each if isinstance(each, str) else each["Fn::If"][1] for each in listed]


def variables_of(function: str) -> dict[str, str]:
    """The function's environment where each parameter has its default; what names a resource is left out."""
    variables = properties(function)["Environment"]["Variables"]
    found = {name: _by_default(value) for name, value in variables.items()}
    return {name: value for name, value in found.items() if value is not None}


def _by_default(value: Node) -> str | None:
    """What a variable is where each parameter has its default; None where it names a resource.

    Of one with a condition it is the second value: a condition asks for what is not the default.
    """
    if "Fn::If" in value:
        second = value["Fn::If"][2]
        return second if isinstance(second, str) else None
    ref = value.get("Ref", "")
    return str(PARAMETERS[ref]["Default"]) if ref in PARAMETERS else None


def references(value: object) -> Iterator[str]:
    """Every logical id or parameter that Ref or Fn::GetAtt name inside a value."""
    if isinstance(value, Mapping):
        if "Ref" in value:
            yield value["Ref"]
        if "Fn::GetAtt" in value:
            yield value["Fn::GetAtt"][0]
        for part in value.values():
            yield from references(part)
    elif isinstance(value, list):
        for part in value:
            yield from references(part)
