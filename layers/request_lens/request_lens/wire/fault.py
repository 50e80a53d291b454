"""Faults: why a log line could not be read, told without its text."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from request_lens.domain.log_record import RejectedReason

MAX_NAMED_FIELDS = 8
"""A fault names this many fields, so that its size is bounded whatever the line holds."""


_SYNTAX_ERROR = re.compile(
    r"(?:[A-Za-z() ]+|expected `[,:]`(?: or `[\]}]`)?"
    r"|control character \(\\u0000-\\u001F\) found while parsing a string)"
    r" at line [0-9]+ column [0-9]+"
)
"""How pydantic's parser words a syntax error; anything else might hold a character of the text."""

_ENDS_EARLY = "EOF while parsing"

NO_VALUE, EMPTY = "no_value", "empty"
"""The types of errors of a field that is there and says of itself that it has no value."""

_LACKING = frozenset({"missing", NO_VALUE, EMPTY})

type AdviceOn = Callable[[str, str], str]
"""What to do about a field with an error of this type, or an empty text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """The reason, and the fields at fault with pydantic's error types: `output.outputTokenCount: int_type`.

    What to do about a field follows in brackets: `status: missing (add …)`.
    """

    reason: RejectedReason
    detail: str = ""


def fault_of(error: ValidationError, advice_on: AdviceOn | None = None) -> Fault:
    """What a failed validation found, without values: field names are the model's own, types are pydantic's."""
    errors = error.errors(include_url=False, include_input=False)
    if errors[0]["type"] == "json_invalid":
        return _syntax_fault(error)
    detail = ", ".join(_field_and_type(details, advice_on) for details in errors[:MAX_NAMED_FIELDS])
    return Fault(reason=_reason(errors), detail=detail)


def missing(field: str, advice: str = "") -> Fault:
    """The fault of a line that lacks a required field."""
    return Fault(reason=RejectedReason.MISSING_FIELD, detail=advised(f"{field}: missing", advice))


def no_value(field: str, advice: str = "") -> Fault:
    """The fault of a line with a required field that says of itself that it has no value."""
    return Fault(reason=RejectedReason.MISSING_FIELD, detail=advised(f"{field}: {NO_VALUE}", advice))


def invalid(field: str, advice: str = "") -> Fault:
    """The fault of a line with a field whose value is of no valid form, or out of range."""
    return Fault(reason=RejectedReason.INVALID_FIELD, detail=advised(f"{field}: invalid", advice))


def advised(detail: str, advice: str) -> str:
    """What is wrong, and in brackets what to do about it."""
    return f"{detail} ({advice})" if advice else detail


def _field_and_type(details: ErrorDetails, advice_on: AdviceOn | None) -> str:
    path, error_type = ".".join(str(part) for part in details["loc"]), details["type"]
    if not path:
        return error_type
    return advised(f"{path}: {error_type}", advice_on(path, error_type) if advice_on is not None else "")


def _reason(errors: Sequence[ErrorDetails]) -> RejectedReason:
    if not errors[0]["loc"]:
        return RejectedReason.NOT_AN_OBJECT
    is_lacking = any(details["type"] in _LACKING for details in errors)
    return RejectedReason.MISSING_FIELD if is_lacking else RejectedReason.INVALID_FIELD


def _syntax_fault(error: ValidationError) -> Fault:
    """Why the text is not JSON, and where it stops being it."""
    details = error.errors(include_url=False)[0]
    message = str(details.get("ctx", {}).get("error", ""))
    is_cut_off = message.startswith(_ENDS_EARLY) and bytes(details["input"]).lstrip().startswith(b"{")
    return Fault(
        reason=RejectedReason.TRUNCATED if is_cut_off else RejectedReason.NOT_JSON,
        detail=f"json_invalid: {message}" if _SYNTAX_ERROR.fullmatch(message) else "json_invalid",
    )
