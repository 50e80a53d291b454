"""Faults: why a log line could not be read, in words that never hold its text."""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from request_lens.domain.facts import RejectedReason

MAX_NAMED_FIELDS = 8
"""A fault names this many fields, so that its size is bounded whatever the line holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """The reason, and the fields at fault with pydantic's error types: `output.outputTokenCount: int_type`."""

    reason: RejectedReason
    detail: str = ""


def fault_of(error: ValidationError) -> Fault:
    """What a failed validation says, without values: field names are the model's own, types are pydantic's."""
    errors = error.errors(include_url=False, include_context=False, include_input=False)
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
    types = {each["type"] for each in errors}
    if "json_invalid" in types:
        return RejectedReason.NOT_JSON
    if not errors[0]["loc"]:
        return RejectedReason.NOT_AN_OBJECT
    return RejectedReason.MISSING_FIELD if "missing" in types else RejectedReason.INVALID_FIELD
