"""Trace ids as spans have them, 32 hexadecimal digits in lower case, from the headers that name them."""

from __future__ import annotations

_HEX = frozenset("0123456789abcdef")


def xray_trace_id(header: object) -> str | None:
    """The trace of `Root=1-<8 digits>-<24 digits>;Parent=…;Sampled=…`, or None."""
    fields = header.split(";") if isinstance(header, str) else ()
    for field in fields:
        name, _, value = field.strip().partition("=")
        parts = value.split("-")
        if name == "Root" and len(parts) == 3:
            return _trace_id(parts[1] + parts[2])
    return None


def w3c_trace_id(header: object) -> str | None:
    """The trace of a `traceparent`, `00-<32 digits>-<16 digits>-<flags>`, or None."""
    parts = header.split("-") if isinstance(header, str) else ()
    return _trace_id(parts[1]) if len(parts) == 4 else None


def _trace_id(digits: str) -> str | None:
    return digits if len(digits) == 32 and _HEX.issuperset(digits) else None
