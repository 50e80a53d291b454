"""Frames of `application/vnd.amazon.eventstream`, the way in which AWS streams events; botocore only reads them.

A frame is a prelude of its whole length and its headers' length, the prelude's CRC-32, headers, payload, and the CRC-32
of all before: https://smithy.io/2.0/aws/amazon-eventstream.html
"""

import json
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import JsonValue

type JsonObject = Mapping[str, JsonValue]

CONTENT_TYPE = "application/vnd.amazon.eventstream"

_TEXT = 7
"""The type of a header whose value is a text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event of a stream: its type and its payload."""

    type: str
    payload: JsonObject


def encoded_event(event: Event) -> bytes:
    """The frame of an event."""
    headers = {":event-type": event.type, ":content-type": "application/json", ":message-type": "event"}
    return frame(headers, json.dumps(event.payload, ensure_ascii=False).encode())


def frame(headers: Mapping[str, str], payload: bytes) -> bytes:
    """A frame of texts as headers, and a payload."""
    header_bytes = b"".join(_header(name, value) for name, value in headers.items())
    prelude = struct.pack("!II", len(header_bytes) + len(payload) + 16, len(header_bytes))
    checked = prelude + struct.pack("!I", zlib.crc32(prelude)) + header_bytes + payload
    return checked + struct.pack("!I", zlib.crc32(checked))


def _header(name: str, value: str) -> bytes:
    name_bytes, value_bytes = name.encode(), value.encode()
    return struct.pack("!B", len(name_bytes)) + name_bytes + struct.pack("!BH", _TEXT, len(value_bytes)) + value_bytes
