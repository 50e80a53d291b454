"""Which request a Lambda event is: the id that the access log of its entry point has."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from request_tag import call_arguments, carry, current_request_id, failures, lambda_handler, request

RUN = "5a1c3b9e-8f0d-4c39-9a51-0d8f5d2f7c11"
CONTEXT = SimpleNamespace(aws_request_id=RUN)

REST_V1 = {
    "resource": "/ask",
    "httpMethod": "POST",
    "requestContext": {
        "requestId": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
        "extendedRequestId": "UaTuAFHsoAMFbEQ=",
        "requestTimeEpoch": 1790000000000,
        "stage": "prod",
    },
}
HTTP_V2 = {
    "version": "2.0",
    "routeKey": "POST /ask",
    "requestContext": {
        "domainName": "a1b2c3d4e5.execute-api.us-east-1.amazonaws.com",
        "requestId": "JKJaXmPLvHcESHA=",
        "http": {"method": "POST", "path": "/ask"},
        "timeEpoch": 1790000000000,
    },
}
FUNCTION_URL = {
    "version": "2.0",
    "routeKey": "$default",
    "requestContext": {
        "domainName": "abcdefghijklmnopqrstuvwxyz012345.lambda-url.us-east-1.on.aws",
        "requestId": RUN,
        "http": {"method": "POST", "path": "/"},
    },
}
LOAD_BALANCER = {
    "requestContext": {
        "elb": {"targetGroupArn": "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/a/b"}
    },
    "httpMethod": "POST",
    "headers": {"x-amzn-trace-id": "Root=1-5c536348-3d683b8b04734faae651f476"},
}
WEBSOCKET = {
    "requestContext": {
        "routeKey": "ask",
        "eventType": "MESSAGE",
        "messageId": "Yb3sCcFtoAMCLtQ=",
        "extendedRequestId": "Yb3sCFKuIAMFkmA=",
        "requestId": "Yb3sCFKuIAMFkmA=",
        "connectionId": "Yb3nZcj9oAMCKgw=",
    },
    "body": '{"action": "ask"}',
}
QUEUE = {"Records": [{"eventSource": "aws:sqs", "messageId": "1", "body": "{}"}]}


@lambda_handler
def seen(event: Any, context: Any) -> str | None:
    return current_request_id()


@lambda_handler(entry_point="lambda")
def seen_as_a_run(event: Any, context: Any) -> str | None:
    return current_request_id()


@pytest.mark.parametrize(
    ("event", "request_id"),
    [
        (REST_V1, "UaTuAFHsoAMFbEQ="),
        (HTTP_V2, "JKJaXmPLvHcESHA="),
        (FUNCTION_URL, RUN),
        (LOAD_BALANCER, RUN),
        (WEBSOCKET, "Yb3sCFKuIAMFkmA="),
        (QUEUE, None),
        ({}, None),
        ([], None),
        (None, None),
        ({"requestContext": "text"}, None),
        ({"requestContext": {"requestId": "fits", "extendedRequestId": "fits not"}}, "fits"),
        ({"requestContext": {"requestId": 7}}, None),
    ],
)
def test_each_kind_of_event_has_the_id_of_its_log(event: Any, request_id: str | None) -> None:
    assert seen(event, CONTEXT) == request_id
    assert current_request_id() is None


@pytest.mark.parametrize("event", [REST_V1, HTTP_V2, FUNCTION_URL, LOAD_BALANCER, QUEUE, {}])
def test_where_runs_are_observed_the_request_is_the_run(event: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert seen_as_a_run(event, CONTEXT) == RUN
    monkeypatch.setenv("REQUEST_TAG_ENTRY_POINT", "lambda")
    assert seen(event, CONTEXT) == RUN


def test_an_entry_point_that_is_none_is_taken_for_the_api(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUEST_TAG_ENTRY_POINT", "queue")

    assert seen(HTTP_V2, CONTEXT) == "JKJaXmPLvHcESHA="
    assert failures() == 1


def test_a_run_without_a_context_is_no_request() -> None:
    assert seen_as_a_run(QUEUE, None) is None


def test_the_trace_of_the_run_is_written_down(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_X_AMZN_TRACE_ID", "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=557abcec3ee5a047;Sampled=1")

    @lambda_handler
    def handler(event: Any, context: Any) -> dict[str, Any]:
        return call_arguments()

    assert handler(HTTP_V2, CONTEXT)["requestMetadata"]["trace_id"] == "5759e988bd862e3fe1be46a994272793"


def test_a_request_that_another_function_carried_is_entered_and_taken_out_of_the_event() -> None:
    @lambda_handler
    def handler(event: Any, context: Any) -> tuple[Any, str | None]:
        return event, current_request_id()

    with request("of-the-api"):
        event = carry({"prompt": "hello"})

    assert handler(event, CONTEXT) == ({"prompt": "hello"}, "of-the-api")


def test_the_handler_gets_what_lambda_gave_and_its_exception_is_lambdas() -> None:
    @lambda_handler
    def handler(event: Any, context: Any) -> Any:
        """Answer."""
        if event is HTTP_V2:
            raise KeyError("its own")
        return event, context

    assert handler(QUEUE, CONTEXT) == (QUEUE, CONTEXT)
    assert (handler.__name__, handler.__doc__) == ("handler", "Answer.")
    with pytest.raises(KeyError, match="its own"):
        handler(HTTP_V2, CONTEXT)
    assert current_request_id() is None


@pytest.mark.parametrize("own", [None, "blue", 7, [], {}, {"team": "blue"}])
def test_a_request_tag_of_the_events_own_stays_in_it(own: Any) -> None:
    @lambda_handler
    def handler(event: Any, context: Any) -> tuple[Any, str | None]:
        return event, current_request_id()

    event = {**HTTP_V2, "request_tag": own}
    assert handler(event, CONTEXT) == (event, "JKJaXmPLvHcESHA=")


def test_a_handler_may_be_async_and_what_it_awaits_is_for_the_request() -> None:
    @lambda_handler
    async def handler(event: Any, context: Any) -> list[str | None]:
        await asyncio.sleep(0)
        return [current_request_id(), await asyncio.to_thread(current_request_id)]

    assert inspect.iscoroutinefunction(handler)
    assert asyncio.run(handler(HTTP_V2, CONTEXT)) == ["JKJaXmPLvHcESHA="] * 2
    assert current_request_id() is None


def test_a_handler_may_be_a_generator_and_each_of_its_steps_is_for_the_request() -> None:
    @lambda_handler
    def handler(event: Any, context: Any) -> Iterator[str | None]:
        for _ in range(2):
            yield current_request_id()

    @lambda_handler
    async def async_handler(event: Any, context: Any) -> AsyncIterator[str | None]:
        for _ in range(2):
            yield current_request_id()

    async def read() -> list[str | None]:
        return [step async for step in async_handler(HTTP_V2, CONTEXT)]

    assert list(handler(HTTP_V2, CONTEXT)) == ["JKJaXmPLvHcESHA="] * 2
    assert asyncio.run(read()) == ["JKJaXmPLvHcESHA="] * 2
    assert current_request_id() is None


@pytest.mark.parametrize("event", [HTTP_V2, {"prompt": "hello"}], ids=["of an api", "of no api"])
def test_a_carried_request_is_entered_once_where_the_layer_and_the_code_both_decorate(event: Any) -> None:
    @lambda_handler
    @lambda_handler
    def handler(event: Any, context: Any) -> Any:
        return event, current_request_id()

    with request("of-the-caller"):
        carried = carry(event)
    assert handler(carried, CONTEXT) == (event, "of-the-caller")
    assert handler({"prompt": "hello"}, CONTEXT) == ({"prompt": "hello"}, None)


class App:
    """Handlers as methods, each kind under its decorators in either order."""

    @lambda_handler
    def method(self, event: Any, context: Any) -> Any:
        return self, event, context, current_request_id()

    @lambda_handler(entry_point="lambda")
    async def coroutine(self, event: Any, context: Any) -> Any:
        return self, event, context, current_request_id()

    @lambda_handler
    def generator(this, event: Any, context: Any) -> Iterator[Any]:  # noqa: N805 - any name will do
        yield this, event, context, current_request_id()

    @classmethod
    @lambda_handler
    def of_class(cls, event: Any, context: Any) -> Any:
        return cls, event, context, current_request_id()

    @lambda_handler
    @classmethod
    def of_class_below(cls, event: Any, context: Any) -> Any:
        return cls, event, context, current_request_id()

    @staticmethod
    @lambda_handler
    def static(event: Any, context: Any) -> Any:
        return event, context, current_request_id()

    @lambda_handler
    @staticmethod
    def static_below(event: Any, context: Any) -> Any:
        return event, context, current_request_id()

    def __call__(self, event: Any, context: Any) -> Any:
        return self, event, context, current_request_id()


def test_a_handler_may_be_a_method_of_whatever_kind() -> None:
    app, given = App(), (HTTP_V2, CONTEXT)
    of_api, of_run = (*given, "JKJaXmPLvHcESHA="), (*given, RUN)

    assert app.method(*given) == (app, *of_api)
    assert app.method(event=HTTP_V2, context=CONTEXT) == (app, *of_api)
    assert asyncio.run(app.coroutine(*given)) == (app, *of_run)
    assert [*app.generator(*given)] == [(app, *of_api)]
    assert app.of_class(*given) == App.of_class_below(*given) == (App, *of_api)
    assert app.static(*given) == App.static_below(*given) == app.static_below(*given) == of_api
    assert lambda_handler(app)(*given) == (app, *of_api)
    assert lambda_handler(app.__call__)(*given) == (app, *of_api)


@pytest.mark.parametrize("event", [None, True, 1.5, "text", [HTTP_V2], SimpleNamespace(**HTTP_V2)], ids=type)
def test_what_is_no_event_reaches_the_handler_as_it_was_given_with_what_stands_beside_it(event: Any) -> None:
    """An event that a decorator above has read is no method's instance."""

    @lambda_handler
    def handler(event: Any, *rest: Any, **named: Any) -> Any:
        return event, rest, named, current_request_id()

    assert handler(event) == (event, (), {}, None)
    assert handler(event, CONTEXT) == (event, (CONTEXT,), {}, None)
    assert handler(event, CONTEXT, 3, four=4) == (event, (CONTEXT, 3), {"four": 4}, None)


def test_a_handler_is_called_as_its_caller_calls_it_by_whatever_names_and_with_its_own_defaults() -> None:
    @lambda_handler
    def handler(event: Any, context: Any = "its own") -> Any:
        return event, context, current_request_id()

    @lambda_handler
    def named(question: Any, ctx: Any) -> Any:
        return question, ctx, current_request_id()

    carried = {"prompt": "hello", "request_tag": {"api_request_id": "of-the-caller", "calls": 0}}
    for answer in (handler(carried), handler(event=carried)):
        assert answer == ({"prompt": "hello"}, "its own", "of-the-caller")
    call: Any = named
    assert call(question=HTTP_V2, ctx=CONTEXT) == (HTTP_V2, CONTEXT, None)
