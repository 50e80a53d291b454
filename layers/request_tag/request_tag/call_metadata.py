"""What is written into a call's `requestMetadata`: the tag, beside what its caller put there.

`json`, which botocore has imported by then, is imported where it is needed: it takes as long as all of this package.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from request_tag.current_request import current_request
from request_tag.failures import harmless
from request_tag.limits import MAX_HEADER_LENGTH, MAX_PAIRS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

API_REQUEST_ID = "api_request_id"

MEMBER = "requestMetadata"
"""Converse's parameter since botocore 1.35.74. InvokeModel has it since 1.43.12, and sends it as a header."""

METADATA_HEADER = "X-Amzn-Bedrock-Request-Metadata"
"""The header of InvokeModel and InvokeModelWithResponseStream: a JSON object of strings."""


def call_arguments(own: Mapping[str, str] | None = None) -> dict[str, dict[str, str]]:
    """The keyword `requestMetadata` of the call that is about to be made: the tag beside the caller's own pairs.

    For libraries that speak to Bedrock's Converse without botocore's clients, such as LiteLLM by `bedrock/converse/…`:
    `litellm.completion(model, messages, **call_arguments())`. Each use counts a call. Not for another API, which would
    get the keyword as part of its body. Outside a request there are the own pairs alone, and without any no keyword.
    """
    pairs = _tagged_pairs(own or {}) or own
    return {MEMBER: dict(pairs)} if pairs else {}


def call_headers() -> dict[str, str]:
    """The header of the call that is about to be made, or none outside a request.

    For libraries that speak to Bedrock's InvokeModel without botocore's clients, such as Anthropic's:
    `client.messages.create(…, extra_headers=call_headers())`. Each use counts a call.
    """
    tag = _next_tag()
    return {METADATA_HEADER: _json_text(tag)} if tag else {}


@harmless
def _tagged_pairs(own: Mapping[str, str]) -> dict[str, Any] | None:
    tag = next_tag() if API_REQUEST_ID not in own else None
    return merged(own, tag) if tag is not None else None


@harmless
def _next_tag() -> dict[str, str] | None:
    return next_tag()


def next_tag() -> dict[str, str] | None:
    """The pairs that tag the call that is about to be made, most needed first; None outside a request.

    It counts the call, and takes the present time for its start.
    """
    current = current_request()
    if current is None:
        return None
    index = current.calls.next_index()
    tag = {API_REQUEST_ID: current.request_id}
    if index is not None:
        tag["call_index"] = str(index)
    tag["call_started_ms"] = str(time.time_ns() // 1_000_000)
    if current.session_id is not None:
        tag["session_id"] = current.session_id
    if current.trace_id is not None:
        tag["trace_id"] = current.trace_id
    return tag


def merged(own: Mapping[str, Any], tag: Mapping[str, str]) -> dict[str, Any] | None:
    """The caller's own pairs and as much of the tag as there is room for; the caller's values stay.

    None where nothing is to be changed: the caller has used all 16 pairs, or has tagged the call.
    """
    room = MAX_PAIRS - len(own)
    if room <= 0 or API_REQUEST_ID in own:
        return None
    new = [(key, value) for key, value in tag.items() if key not in own]
    return {**own, **dict(new[:room])}


def merged_text(own: Mapping[str, Any], tag: Mapping[str, str]) -> str | None:
    """The same as the JSON text that InvokeModel takes. None, too, where it would be too long."""
    together = merged(own, tag)
    text = _json_text(together) if together is not None else None
    return text if text is not None and len(text) <= MAX_HEADER_LENGTH else None


def with_member(body: bytes, own: Mapping[str, Any] | None, together: Mapping[str, Any]) -> bytes:
    """Converse's body, a JSON object, with these pairs in place of the caller's own; None: it has none.

    A body may be megabytes long, so what is known of it is not parsed.
    """
    import json  # noqa: PLC0415

    member = json.dumps({MEMBER: together}).encode()[1:-1]
    if own is None and body[:2] == b'{"':
        return b"".join((b"{", member, b", ", memoryview(body)[1:]))
    before = json.dumps({MEMBER: own}).encode()[1:-1]
    if own is not None and body.count(before) == 1:
        return body.replace(before, member)
    return json.dumps({**json.loads(body), MEMBER: together}).encode()


def pairs_of(text: object) -> dict[str, Any] | None:
    """The pairs of such a text, none where there is no text; None where it is no JSON object."""
    if text is None:
        return {}
    import json  # noqa: PLC0415

    try:
        pairs = json.loads(text) if isinstance(text, (str, bytes)) else None
    except ValueError:
        return None
    return pairs if isinstance(pairs, dict) else None


def _json_text(pairs: Mapping[str, Any]) -> str:
    import json  # noqa: PLC0415

    return json.dumps(pairs, separators=(",", ":"))
