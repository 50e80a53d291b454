"""Which stage of which API wrote an access log's line."""

import re

from request_lens_cli.inspection.record_shape import read_line

_ID = re.compile(r"[A-Za-z0-9$][A-Za-z0-9_$.-]{0,127}")
"""An API's id, a stage's name, or the stage that an HTTP API calls `$default`."""


def stage_of(message: str) -> str:
    """The API and stage that wrote a line, such as `a1b2c3d4e5/prod`; empty where its format names neither."""
    line = read_line(message)
    names = (line.get(key) for key in ("apiId", "stage"))
    return "/".join(name for name in names if isinstance(name, str) and _ID.fullmatch(name))
