"""Who made a call: the role behind `identity.arn`."""

import re
from functools import lru_cache

_ROLE = re.compile(
    r"arn:[a-z-]+:(?:sts::[^:/]*:assumed-role/(?P<assumed>[\w+=,.@-]{1,64})(?:/.*)?"
    r"|iam::[^:/]*:role/(?:[^:]*/)?(?P<named>[\w+=,.@-]{1,64}))",
    re.ASCII,
)
"""IAM's own alphabet and length of role names; an assumed role's ARN has no path, a role's own may have one."""


@lru_cache(maxsize=256)  # a few roles make all the calls
def role_name(arn: str | None) -> str | None:
    """The name of the role that the ARN stands for; None for users, roots, federated users and what is no ARN."""
    match = _ROLE.fullmatch(arn or "")
    return (match["assumed"] or match["named"]) if match else None
