"""What to change in the format of an access-log line that is no JSON: the key at fault, and what it should be."""

import re

from request_lens.wire.access.repair import MAX_LINE_BYTES

NO_JSON_FORMAT = "an access log in CLF, XML or CSV needs a JSON format instead"
"""What to do about a line that does not begin as JSON does."""

_QUOTE_ALL = 'put quotation marks around every variable, as in "status":"$context.status"'

_MEMBER = re.compile(
    rb'"(?P<key>[A-Za-z0-9_.]{1,64})"\s*+:\s*+(?:'
    rb"(?P<value>[{\[]|(?:-?+\d++(?:\.\d++)?+(?:[eE][+-]?+\d++)?+|true|false|null)\s*+[,}\]])"
    rb'|(?P<text>"(?:[^"\\]|\\.)*+")\s*+(?:(?P<ends>[,}\]])|(?P<next>"[A-Za-z0-9_.]{1,64}"\s*+:))?+)?+',
    re.DOTALL,
)
"""A key with its value: a text, or another that is JSON; a text `ends`, or the next key follows it at once."""

_OWN_KEYS = re.compile(rb'"(?:requestTime|requestTimeEpoch|routeKey|resourcePath|responseLatency|status)"\s*+:')
_OTHERS_KEYS = re.compile(rb'"(?:schemaType|modelId|operation)"\s*+:')

_KNOWN_KEYS = re.compile(
    r"(?:identity\.?|integration\.?|authorizer\.?|error\.?)?"
    r"(?:accountId|apiId|caller|connectionId|domainName|error|errorMessage|eventType|extendedRequestId|httpMethod|ip"
    r"|latency|message|messageString|path|principalId|protocol|requestId|requestTime|requestTimeEpoch|resourcePath"
    r"|responseLatency|responseLength|responseTransferMode|responseType|routeKey|sourceIp|stage|status|user|userAgent"
    r"|xrayTraceId)",
    re.IGNORECASE,
)
"""Keys that formats give to API Gateway's variables. Another key is not told: it may be a text of the line."""


def syntax_advice(raw: bytes) -> str:
    """What to change in the format of a line that is no JSON; empty where the line does not tell."""
    line = raw.strip()
    if not line.startswith((b"{", b"[")):
        return NO_JSON_FORMAT
    if len(line) > MAX_LINE_BYTES or not _OWN_KEYS.search(line) or _OTHERS_KEYS.search(line):
        return ""
    return next((advice for member in _MEMBER.finditer(line) if (advice := _advice_on(member))), "")


def _advice_on(member: re.Match[bytes]) -> str:
    """What to do about one key and its value; empty where both are JSON."""
    if member["value"] is not None or member["ends"] is not None:
        return ""
    key = member["key"].decode("ascii")
    is_known = _KNOWN_KEYS.fullmatch(key) is not None
    if member["next"] is not None:
        return f"put a comma after the value of {key}" if is_known else "put a comma after every value"
    if member["text"] is not None:
        return f"{key if is_known else 'a value'} holds quotation marks of its own: leave it out of the format"
    return f'put quotation marks around the value of {key}: "{key}":"…"' if is_known else _QUOTE_ALL
