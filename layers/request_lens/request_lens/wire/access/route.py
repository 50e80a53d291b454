"""The route of an access-log line, whichever kind of API wrote it in whichever kind's format.

HTTP APIs have `routeKey`, REST APIs `httpMethod` and `resourcePath`, and each writes "-" under the other's keys. Where
several APIs or stages have equal routes, their formats may tell them apart by a key of our own, `requestLensApi`.
"""

from request_lens.domain.log_record import Ignored
from request_lens.wire.access.advice import ABSENT, addition, advice_on
from request_lens.wire.access.line import AccessLogLine
from request_lens.wire.fault import NO_VALUE, Fault, missing, no_value
from request_lens.wire.names import message_route, named_route, route_name

NO_ROUTE = Ignored(why="no route matched")
"""A request that matched no route of its API, as scanners send all day: it ran no integration, so it made no call."""

PREFLIGHT = Ignored(why="CORS preflight")
"""A browser's question whether it may send a request: it runs no agent. Beside the request that follows it in the same
second it would make that one's calls ambiguous."""

CONNECTION = Ignored(why="WebSocket connection")
"""A WebSocket that opened or closed: agents answer its messages."""

_CONNECTION_EVENTS = frozenset({"CONNECT", "DISCONNECT"})
_CONNECTION_ROUTES = frozenset({"$connect", "$disconnect"})
_MESSAGE = "MESSAGE"
_OPTIONS = "OPTIONS"

_NO_CONTENT = 204
"""How an HTTP API answers preflights by itself, without a route."""


def route_of(line: AccessLogLine) -> str | Ignored | Fault:
    """The route's name, why the line has none, or the key that its format lacks."""
    if line.event_type in _CONNECTION_EVENTS or line.route_key in _CONNECTION_ROUTES:
        return CONNECTION
    key, path = _value(line.route_key), _value(line.resource_path)
    if line.http_method == _OPTIONS or (key or "").startswith(f"{_OPTIONS} "):
        return PREFLIGHT
    if key is not None:
        name = message_route(key) if line.event_type == _MESSAGE else route_name(key)
        return named_route(name, line.request_lens_api)
    if path is not None and line.http_method is not None:
        return named_route(route_name(f"{line.http_method} {path}"), line.request_lens_api)
    if _says_no_route(line) and not _shows_a_route(line):
        return NO_ROUTE
    return _lacking(line, path)


def _value(route: str | None) -> str | None:
    return None if route == ABSENT else route


def _says_no_route(line: AccessLogLine) -> bool:
    return ABSENT in (line.route_key, line.resource_path)


def _shows_a_route(line: AccessLogLine) -> bool:
    """Whether a route matched, whatever the format says: API Gateway itself answers 4xx where none does."""
    is_refused = 400 <= line.status < 500 or line.status == _NO_CONTENT
    return line.ran_an_integration or not is_refused


def _lacking(line: AccessLogLine, path: str | None) -> Fault:
    """What to add to the format, by the kinds of API that can have written the line."""
    rest_keys = ("resourcePath",) if line.http_method is not None else ("httpMethod", "resourcePath")
    if path is not None:
        return missing("httpMethod", addition("httpMethod"))
    if line.route_key == line.resource_path == ABSENT:
        return no_value("routeKey", advice_on("routeKey", NO_VALUE))
    if line.route_key == ABSENT:
        why = f'a route matched although routeKey is "{ABSENT}", as in a REST API'
        return missing("resourcePath", f"{why}: {addition(*rest_keys)}")
    if line.resource_path == ABSENT:
        why = f'a route matched although resourcePath is "{ABSENT}", as in an HTTP API'
        return missing("routeKey", f"{why}: {addition('routeKey')}")
    either = f"for an HTTP API {addition('routeKey')}, for a REST API {addition(*rest_keys)}"
    return missing("routeKey" if line.http_method is None else "resourcePath", either)
