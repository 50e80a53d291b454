"""Who calls: the identity behind an access key, as far as whoever made the key has told it.

The local AWS tells the identity of a key to nobody but its owner, so the AgentCore stand-in, which gives the agent its
role's session, introduces it.
"""

import re

from pydantic import BaseModel

_CREDENTIAL = re.compile(r"Credential=([^/]+)/")


class Caller(BaseModel):
    """An access key and the ARN of whose it is."""

    access_key_id: str
    arn: str


class Callers:
    """The identities of those who were introduced."""

    def __init__(self) -> None:
        self._arns: dict[str, str] = {}

    def introduce(self, caller: Caller) -> None:
        """Let calls that this key signs be the caller's."""
        self._arns[caller.access_key_id] = caller.arn

    def arn_of(self, authorization: str | None) -> str | None:
        """The ARN of who signed a request; None where it is not signed, or the key is nobody's who was introduced."""
        found = _CREDENTIAL.search(authorization or "")
        return None if found is None else self._arns.get(found[1])
