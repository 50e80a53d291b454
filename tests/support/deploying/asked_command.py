"""`request-lens` as it is asked beside the local AWS."""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from click.testing import CliRunner, Result

from request_lens_cli.local_aws.environment import settings
from request_lens_cli.main import main


def ask(endpoint: str, *arguments: str, keys: Mapping[str, str] = MappingProxyType({})) -> Result:
    """What `request-lens` answers with the settings of out/local-aws.env, or with these keys of somebody else."""
    environment = {**settings(endpoint), "COLUMNS": "80", "NO_PROXY": "127.0.0.1"}
    environment.pop("AWS_SESSION_TOKEN")  # an empty token is one that botocore sends
    environment |= keys
    return CliRunner(env=environment).invoke(main, arguments, prog_name="request-lens")


def redriven(endpoint: str) -> tuple[int, Mapping[str, Any]]:
    """What `request-lens redrive` ends with, and what it says."""
    result = ask(endpoint, "redrive", "--format", "json")
    return result.exit_code, json.loads(result.stdout)
