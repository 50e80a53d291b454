"""`request-lens schema`: the JSON schema of what `--format json` answers."""

import json

import click

import request_lens
from request_lens_cli.options.help_text import examples
from request_lens_cli.options.suggestions import SuggestingChoice
from request_lens_cli.report.schema import OUTPUTS

_EXAMPLES = examples(
    "request-lens schema requests",
    "request-lens schema > request-lens.schema.json",
    exit_codes={0: "answered"},
)


@click.command("schema", epilog=_EXAMPLES)
@click.argument("output", type=SuggestingChoice(list(OUTPUTS)), required=False, metavar="[OUTPUT]")
def schema_command(*, output: str | None) -> None:
    """Print the JSON schema of a command's `--format json`, or of all.

    `request` is one line of `requests --format ndjson`, `unattributed` what `requests --unattributed` answers.
    Keys stay, and further ones may come.
    """
    click.echo(json.dumps(json_schema(output), indent=2))


def json_schema(output: str | None) -> dict[str, object]:
    """The schema of one output, or one with each output among its `$defs`."""
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "x-version": request_lens.__version__}
    if output is not None:
        return {**head, **OUTPUTS[output].json_schema()}
    schemas = {name: adapter.json_schema() for name, adapter in OUTPUTS.items()}
    definitions = {name: part for schema in schemas.values() for name, part in schema.pop("$defs", {}).items()}
    return {**head, "anyOf": list(schemas.values()), "$defs": definitions}
