"""Whether a request's signature fits what was received, as AWS finds out: over the headers that arrived, each of them.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

import hmac
from collections.abc import Mapping
from email.message import Message
from hashlib import sha256
from urllib.parse import quote

SECRET = "secret"
"""The key that every caller signs with."""


def fits(method: str, path: str, headers: "Message[str, str]", body: bytes) -> bool:
    """Whether the signature in `Authorization` is that of the request with these headers. A query is not expected."""
    said = _authorization(headers["authorization"])
    names = said["SignedHeaders"].split(";")
    lines = [f"{name}:{','.join(' '.join(value.split()) for value in headers.get_all(name, []))}" for name in names]
    hashed = sha256(body).hexdigest()
    canonical = "\n".join([method, quote(path, safe="/-_.~"), "", *lines, "", said["SignedHeaders"], hashed])
    scope = said["Credential"].partition("/")[2]
    text = "\n".join(["AWS4-HMAC-SHA256", headers["x-amz-date"], scope, sha256(canonical.encode()).hexdigest()])
    key = f"AWS4{SECRET}".encode()
    for part in scope.split("/"):
        key = _hmac(key, part)
    return hmac.compare_digest(_hmac(key, text).hex(), said["Signature"])


def signed_names(headers: "Message[str, str]") -> frozenset[str]:
    """The names of the headers that the signature covers."""
    return frozenset(_authorization(headers["authorization"])["SignedHeaders"].split(";"))


def _authorization(header: str) -> Mapping[str, str]:
    """The parts of `AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…`."""
    parts = header.removeprefix("AWS4-HMAC-SHA256 ").split(",")
    return {name: value for name, _, value in (part.strip().partition("=") for part in parts)}


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), sha256).digest()
