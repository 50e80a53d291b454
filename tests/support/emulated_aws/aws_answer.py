"""Answers of AWS that tests make themselves, as botocore reads them."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, cast

from botocore.awsrequest import AWSRequest, AWSResponse, HeadersDict

if TYPE_CHECKING:
    from botocore.compat import HTTPHeaders


class _Body:
    """A response's body as botocore reads it: whole, or as a stream."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self, **_: object) -> Iterator[bytes]:
        yield self._content

    def read(self, _amount: int | None = None) -> bytes:
        content, self._content = self._content, b""
        return content


def answered(request: AWSRequest, status: int, text: str, headers: Mapping[str, str] | None = None) -> AWSResponse:
    """An answer with this text."""
    content = text.encode()
    sent = HeadersDict({"Content-Length": str(len(content)), **(headers or {})})
    return AWSResponse(request.url or "", status, cast("HTTPHeaders", sent), _Body(content))
