"""Advice: what an access log's format should hold where a line of it cannot be read, told without the line's text."""

from request_lens.wire.fault import EMPTY, NO_VALUE

ABSENT = "-"
"""What API Gateway writes where a variable has no value."""

_EXPECTED = {
    "requestId": "up to 128 letters, digits and any of = _ + / : . -",
    "status": "a number from 100 to 599",
    "requestTimeEpoch": "milliseconds since 1970",
    "requestTime": "such as 04/Mar/2026:18:27:02 +0000, or milliseconds since 1970",
    "routeKey": "text of one line",
    "httpMethod": "text of one line",
    "resourcePath": "text of one line",
}
"""What the fields that a line can be rejected for should hold."""


def addition(*keys: str) -> str:
    """The words that ask for keys, each with the variable that bears its name."""
    settings = ",".join(f'"{key}":"$context.{key}"' for key in keys)
    return f"add {settings} to the access log's format"


def advice_on(field: str, error_type: str) -> str:
    """What to do about a field at fault; nothing of a field that is none of ours."""
    if field not in _EXPECTED:
        return ""
    if field == "requestId" and error_type == "missing":
        return f"for an HTTP API {addition('requestId')}, for a REST API {addition('extendedRequestId')}"
    if error_type == "missing":
        return addition(field)
    if error_type == NO_VALUE:
        return f'API Gateway wrote "{ABSENT}": it had no value for $context.{field}'
    if error_type == EMPTY:
        return f"it is empty: it should be $context.{field}"
    return f"it should be $context.{field}: {_EXPECTED[field]}"
