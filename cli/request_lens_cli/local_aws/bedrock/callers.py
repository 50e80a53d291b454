"""Who calls: the identity behind an access key, as the local AWS knows it."""

from __future__ import annotations

import re

from botocore.exceptions import ClientError

from request_lens_cli.local_aws.aws_clients import local_session

_CREDENTIAL = re.compile(r"Credential=([^/]+)/")


class Callers:
    """The identities of callers, each asked for once."""

    def __init__(self, *, endpoint: str) -> None:
        self._endpoint = endpoint
        self._arns: dict[str, str | None] = {}

    def arn_of(self, authorization: str | None, session_token: str | None) -> str | None:
        """The ARN of who signed a request; None where it is not signed or the key is not known.

        The local AWS tells keys apart and checks no signature, so the secret that is used here is none.
        """
        found = _CREDENTIAL.search(authorization or "")
        if found is None:
            return None
        key = found[1]
        if key not in self._arns:
            self._arns[key] = self._ask(key, session_token)
        return self._arns[key]

    def _ask(self, key: str, session_token: str | None) -> str | None:
        sts = local_session(self._endpoint).client(
            "sts",
            endpoint_url=self._endpoint,
            aws_access_key_id=key,
            aws_secret_access_key="unchecked",  # noqa: S106 - says itself that it is none
            aws_session_token=session_token,
        )
        try:
            return str(sts.get_caller_identity()["Arn"])
        except ClientError:
            return None
