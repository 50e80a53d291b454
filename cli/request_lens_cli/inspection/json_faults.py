"""Why a line is no JSON, in plain words: what is wrong, at which column, and what to do about it."""

import re

from request_lens.domain.log_record import RejectedReason
from request_lens.wire.access.syntax import NO_JSON_FORMAT

_DETAIL = re.compile(
    r"json_invalid: (?P<fault>.+) at line (?P<line>\d+) column (?P<column>\d+)(?: \((?P<advice>.+)\))?", re.DOTALL
)
_QUOTE = "put quotation marks around every text and every variable of the format"
_ONE_OBJECT = "write one JSON object in a line, and nothing after it"

_FAULTS = {
    "expected value": ("no JSON value", _QUOTE),
    "expected ident": ("a word without quotation marks", _QUOTE),
    "key must be a string": ("a key without double quotation marks", "put double quotation marks around every key"),
    "trailing comma": ("a bracket right after a comma", "leave that comma out"),
    "trailing characters": ("more text after the end of the JSON", _ONE_OBJECT),
    "invalid number": ("a number that JSON does not have, such as 01 or 1.", "put quotation marks around it"),
    "number out of range": ("a number that is too large", "put quotation marks around it"),
    "invalid escape": (r"a character that JSON has no escape for", r"write \\ for a backslash"),
    "expected `:`": ("no colon after a key", "put a colon between each key and its value"),
    "expected `,` or `}`": (
        "no comma after a value",
        "put a comma after every value but the last, and a backslash before quotation marks in a text",
    ),
    "expected `,` or `]`": ("no comma after a value of a list", "put a comma between two values"),
    r"control character (\u0000-\u001F) found while parsing a string": (
        "a tab or another control character in a text",
        r"write it as JSON does, such as \t",
    ),
    "recursion limit exceeded": ("a value too deep in others", "take levels out of the JSON"),
}
"""What is at the column where the parser gave up, by its words, and what to do about it."""


def json_fault(reason: RejectedReason, detail: str) -> str:
    """A sentence on a line that is no JSON, or no whole JSON; empty of what has another reason."""
    if reason not in (RejectedReason.NOT_JSON, RejectedReason.TRUNCATED):
        return ""
    if detail.endswith(f"({NO_JSON_FORMAT})"):
        return f"The line is plain text and not JSON, from column 1 on: {NO_JSON_FORMAT}."
    found = _DETAIL.fullmatch(detail)
    at = "" if found is None else f"at {_place(found)}"
    if reason is RejectedReason.TRUNCATED:
        return f"The JSON ends too early{at and ' '}{at}: its writer or something on the way cut it off."
    if found is None:
        return f"The line is not JSON: {_QUOTE}."
    what, remedy = _FAULTS.get(found["fault"], (f"what JSON does not have ({found['fault']})", _QUOTE))
    return f"The line is not JSON. {at.capitalize()} there is {what}: {found['advice'] or remedy}."


def _place(found: re.Match[str]) -> str:
    """The column, and the line of a text of several."""
    line = "" if found["line"] == "1" else f"line {found['line']}, "
    return f"{line}column {found['column']}"
