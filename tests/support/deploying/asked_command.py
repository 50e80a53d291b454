"""`request-lens` as it is asked beside the local AWS."""

import json
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from click.testing import CliRunner, Result

from request_lens.adapters.memory.clock import MemoryClock
from request_lens_cli.local_aws.environment import settings
from request_lens_cli.main import main


def ask(
    endpoint: str,
    *arguments: str,
    keys: Mapping[str, str | None] = MappingProxyType({}),
    now: datetime | None = None,
) -> Result:
    """What `request-lens` answers with the settings of out/local-aws.env, or with these keys of somebody else.

    A setting that is None is missing. The time is now, or another `now`.
    """
    environment: dict[str, str | None] = {**settings(endpoint), "COLUMNS": "80", "NO_PROXY": "127.0.0.1"}
    environment.pop("AWS_SESSION_TOKEN")  # an empty token is one that botocore sends
    environment |= keys
    clock = MemoryClock(moment=now) if now is not None else None
    return CliRunner(env=environment).invoke(main, arguments, prog_name="request-lens", obj=clock)


def redriven(endpoint: str, *, keys: Mapping[str, str | None] = MappingProxyType({})) -> tuple[int, Mapping[str, Any]]:
    """What `request-lens redrive` ends with, and what it says."""
    result = ask(endpoint, "redrive", "--format", "json", keys=keys)
    return result.exit_code, json.loads(result.stdout)
