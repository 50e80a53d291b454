"""The event that a function gets of a request.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

from collections.abc import Mapping
from datetime import UTC

from pydantic import JsonValue

from request_lens_cli.local_aws.api.deployed_api import METHOD, Kind
from request_lens_cli.local_aws.api.exchange import Exchange
from request_lens_cli.local_aws.environment import ACCOUNT_ID

_PROTOCOL = "HTTP/1.1"
_SOURCE_IP = "127.0.0.1"


def function_event(exchange: Exchange) -> Mapping[str, JsonValue]:
    """The event in the payload format of the API's kind: 2.0 of an HTTP API, 1.0 of a REST API."""
    if exchange.api.kind is Kind.HTTP:
        return _http_event(exchange)
    return _rest_event(exchange)


def _http_event(exchange: Exchange) -> Mapping[str, JsonValue]:
    headers = _headers(exchange)
    http: dict[str, JsonValue] = {
        "method": METHOD,
        "path": exchange.path,
        "protocol": _PROTOCOL,
        "sourceIp": _SOURCE_IP,
        "userAgent": headers.get("user-agent", ""),
    }
    return {
        "version": "2.0",
        "routeKey": exchange.route.key,
        "rawPath": exchange.path,
        "rawQueryString": "",
        "headers": headers,
        "requestContext": {
            **_context(exchange, headers),
            "http": http,
            "routeKey": exchange.route.key,
            "time": _time(exchange),
            "timeEpoch": exchange.epoch_ms,
        },
        "body": exchange.body,
        "isBase64Encoded": False,
    }


def _rest_event(exchange: Exchange) -> Mapping[str, JsonValue]:
    headers = _headers(exchange)
    identity: dict[str, JsonValue] = {"sourceIp": _SOURCE_IP, "userAgent": headers.get("user-agent", "")}
    return {
        "resource": exchange.route.path,
        "path": exchange.route.path,
        "httpMethod": METHOD,
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "pathParameters": None,
        "stageVariables": None,
        "requestContext": {
            **_context(exchange, headers),
            "extendedRequestId": exchange.ids.extended,
            "httpMethod": METHOD,
            "identity": identity,
            "path": exchange.path,
            "protocol": _PROTOCOL,
            "requestTime": _time(exchange),
            "requestTimeEpoch": exchange.epoch_ms,
            "resourcePath": exchange.route.path,
        },
        "body": exchange.body,
        "isBase64Encoded": False,
    }


def _headers(exchange: Exchange) -> dict[str, JsonValue]:
    """The client's, and the trace that API Gateway adds."""
    headers: dict[str, JsonValue] = {name.lower(): value for name, value in exchange.headers.items()}
    return {**headers, "x-amzn-trace-id": f"Root={exchange.ids.trace}"}


def _context(exchange: Exchange, headers: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    return {
        "accountId": ACCOUNT_ID,
        "apiId": exchange.api.api_id,
        "domainName": headers.get("host", ""),
        "requestId": exchange.ids.request,
        "stage": exchange.api.stage,
    }


def _time(exchange: Exchange) -> str:
    return exchange.started_at.astimezone(UTC).strftime("%d/%b/%Y:%H:%M:%S +0000")
