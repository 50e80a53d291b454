"""The route of an access-log line, whichever kind of API wrote it in whichever kind's format.

HTTP APIs have `routeKey`, REST APIs `httpMethod` and `resourcePath`, and each writes "-" under the other's keys. Where
several APIs or stages have equal routes, their formats may tell them apart by a key of our own, `requestLensApi`.
"""

from request_lens.domain.facts import LEFT_EARLY
from request_lens.domain.log_record import Ignored
from request_lens.wire.access.advice import ABSENT, addition, advice_on
from request_lens.wire.access.line import AccessLogLine
from request_lens.wire.fault import NO_VALUE, Fault, missing, no_value
from request_lens.wire.names import message_route, named_route, route_name

NO_ROUTE = Ignored(why="no route matched, as far as its format tells")
"""A request that API Gateway refused as it refuses what matches no route of its API: scanners send such all day."""

NO_INTEGRATION = Ignored(why="no integration ran")
"""A request that API Gateway says it answered alone, whether or not a route matched: it made no call."""

PREFLIGHT = Ignored(why="CORS preflight")
"""A browser's question whether it may send a request: it runs no agent. Beside the request that follows it in the same
second it would make that one's calls ambiguous."""

CONNECTION = Ignored(why="WebSocket connection")
"""A WebSocket that opened or closed: agents answer its messages."""

_CONNECTION_EVENTS = frozenset({"CONNECT", "DISCONNECT"})
_CONNECTION_ROUTES = frozenset({"$connect", "$disconnect"})
_OPTIONS = "OPTIONS"

_UNMATCHED = frozenset({403, 404})
"""How API Gateway answers what matches no route: a REST API with 403, an HTTP API with 404.
https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html"""

_NO_CONTENT = 204
"""How an HTTP API answers preflights by itself, without a route."""

_OWN_ANSWER_MS = 1000
"""API Gateway's own answers take milliseconds: one that took this long is an integration's, so a route matched."""


def route_of(line: AccessLogLine) -> str | Ignored | Fault:
    """The route's name, why the line has none, or the key that its format lacks."""
    if line.event_type in _CONNECTION_EVENTS or line.route_key in _CONNECTION_ROUTES:
        return CONNECTION
    key, path = _value(line.route_key), _value(line.resource_path)
    if line.http_method == _OPTIONS or (key or "").startswith(f"{_OPTIONS} "):
        return PREFLIGHT
    if key is not None:
        name = message_route(key) if line.is_of_web_socket else route_name(key)
        return named_route(name, line.request_lens_api)
    if path is not None and line.http_method is not None:
        return named_route(route_name(f"{line.http_method} {path}"), line.request_lens_api)
    return _answered_alone(line) or _lacking(line, path)


def _value(route: str | None) -> str | None:
    return None if route == ABSENT else route


def _answered_alone(line: AccessLogLine) -> Ignored | None:
    """Why a line without a route is of a request that no agent saw; None where an agent may have."""
    if ABSENT not in (line.route_key, line.resource_path) or _shows_a_route(line):
        return None
    if line.ran_no_integration and line.status < 500 and line.status not in LEFT_EARLY:
        return NO_INTEGRATION
    return NO_ROUTE if line.status in _UNMATCHED or line.status == _NO_CONTENT else None


def _shows_a_route(line: AccessLogLine) -> bool:
    """Whether a route must have matched, whatever the format says of it."""
    if line.ran_an_integration or (line.response_latency or 0) >= _OWN_ANSWER_MS:
        return True
    return line.status < 400 and (line.status != _NO_CONTENT or line.http_method is not None)


def _lacking(line: AccessLogLine, path: str | None) -> Fault:
    """What to add to the format, by the kinds of API that can have written the line."""
    rest_keys = ("resourcePath",) if line.http_method is not None else ("httpMethod", "resourcePath")
    if path is not None:
        return missing("httpMethod", addition("httpMethod"))
    if line.route_key == ABSENT and (line.resource_path == ABSENT or line.is_of_web_socket):
        return no_value("routeKey", advice_on("routeKey", NO_VALUE))
    if line.is_of_web_socket:
        return missing("routeKey", addition("routeKey"))
    if line.route_key == ABSENT:
        return missing("resourcePath", f"{_why(line, 'routeKey', 'a REST API')}{addition(*rest_keys)}")
    if line.resource_path == ABSENT:
        return missing("routeKey", f"{_why(line, 'resourcePath', 'an HTTP API')}{addition('routeKey')}")
    either = f"for an HTTP API {addition('routeKey')}, for a REST API {addition(*rest_keys)}"
    return missing("routeKey" if line.http_method is None else "resourcePath", either)


def _why(line: AccessLogLine, key: str, api: str) -> str:
    """Why a key with "-" is not the one to read; only what the line proves is told as certain."""
    if _shows_a_route(line):
        return f'a route matched although {key} is "{ABSENT}", as in {api}: '
    usual = f"where no route matches API Gateway answers 403 or 404, not {line.status}"
    return f'{key} is "{ABSENT}", and {usual}: if {api} wrote this line, '
