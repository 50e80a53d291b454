"""The request table as template.yaml defines it, for the emulated DynamoDB of the tests."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, cast

import yaml

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import CreateTableInputTypeDef


TEMPLATE = Path(__file__).parents[2] / "template.yaml"
TABLE_NAME = "requests-under-test"


class _TemplateLoader(yaml.SafeLoader):
    """Reads CloudFormation's short tags (`!Ref` …) as plain values: the table's shape contains none of them."""


def _untagged(loader: _TemplateLoader, _suffix: str, node: yaml.Node) -> object:
    match node:
        case yaml.ScalarNode():
            return loader.construct_scalar(node)
        case yaml.SequenceNode():
            return loader.construct_sequence(node, deep=True)
        case yaml.MappingNode():
            return loader.construct_mapping(node, deep=True)
        case _:
            return None


_TemplateLoader.add_multi_constructor("!", _untagged)


def table_properties() -> Mapping[str, object]:
    """The Properties of template.yaml's RequestTable."""
    template = yaml.load(TEMPLATE.read_text(encoding="utf-8"), _TemplateLoader)  # a SafeLoader
    return cast("Mapping[str, object]", template["Resources"]["RequestTable"]["Properties"])


def create_request_table(client: "DynamoDBClient", name: str = TABLE_NAME) -> None:
    """Create the table with the template's keys, index and stream."""
    properties = table_properties()
    shape = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode")
    stream = cast("Mapping[str, object]", properties["StreamSpecification"])
    definition = {
        "TableName": name,
        "StreamSpecification": {"StreamEnabled": True, **stream},
        **{part: properties[part] for part in shape},
    }
    client.create_table(**cast("CreateTableInputTypeDef", definition))
