"""Faults: why a log line could not be read, in words that never hold its text."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from request_lens.domain.log_record import RejectedReason

MAX_NAMED_FIELDS = 8
"""A fault names this many fields, so that its size is bounded whatever the line holds."""


_SYNTAX_ERROR = re.compile(r"[A-Za-z() ]+ at line [0-9]+ column [0-9]+")
"""How pydantic's parser words a syntax error; anything else might hold a character of the text."""

_ENDS_EARLY = "EOF while parsing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """The reason, and the fields at fault with pydantic's error types: `output.outputTokenCount: int_type`."""

    reason: RejectedReason
    detail: str = ""


def fault_of(error: ValidationError) -> Fault:
    """What a failed validation says, without values: field names are the model's own, types are pydantic's."""
    errors = error.errors(include_url=False, include_input=False)
    if errors[0]["type"] == "json_invalid":
        return _syntax_fault(error)
    detail = ", ".join(_named(each) for each in errors[:MAX_NAMED_FIELDS])
    return Fault(reason=_reason(errors), detail=detail)


def missing(field: str) -> Fault:
    """The fault of a line that lacks a required field."""
    return Fault(reason=RejectedReason.MISSING_FIELD, detail=f"{field}: missing")


def invalid(field: str) -> Fault:
    """The fault of a line whose field has a value that cannot be."""
    return Fault(reason=RejectedReason.INVALID_FIELD, detail=f"{field}: invalid")


def _named(error: ErrorDetails) -> str:
    path = ".".join(str(part) for part in error["loc"])
    return f"{path}: {error['type']}" if path else error["type"]


def _reason(errors: Sequence[ErrorDetails]) -> RejectedReason:
    if not errors[0]["loc"]:
        return RejectedReason.NOT_AN_OBJECT
    is_missing = any(each["type"] == "missing" for each in errors)
    return RejectedReason.MISSING_FIELD if is_missing else RejectedReason.INVALID_FIELD


def _syntax_fault(error: ValidationError) -> Fault:
    """Why the text is not JSON, and where it stops being it."""
    found = error.errors(include_url=False)[0]
    message = str(found.get("ctx", {}).get("error", ""))
    is_cut_off = message.startswith(_ENDS_EARLY) and bytes(found["input"]).lstrip().startswith(b"{")
    return Fault(
        reason=RejectedReason.TRUNCATED if is_cut_off else RejectedReason.NOT_JSON,
        detail=f"json_invalid: {message}" if _SYNTAX_ERROR.fullmatch(message) else "json_invalid",
    )
