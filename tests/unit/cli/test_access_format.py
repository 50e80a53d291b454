"""Which formats of access logs suffice."""

import json

import pytest

from request_lens_cli.attaching.apis.access_format import ApiKind, judge_format
from tests.support.template_document import OUTPUTS

CONSOLE = (
    '{ "requestId":"$context.requestId", "ip": "$context.identity.sourceIp", "requestTime":"$context.requestTime", '
    '"httpMethod":"$context.httpMethod","routeKey":"$context.routeKey", "status":"$context.status",'
    '"protocol":"$context.protocol", "responseLength":"$context.responseLength" }'
)
CLF = '$context.identity.sourceIp - - [$context.requestTime] "$context.httpMethod $context.routeKey" $context.status'


@pytest.mark.parametrize(
    ("kind", "output"), [(ApiKind.HTTP, "AccessLogFormatHttpApi"), (ApiKind.REST, "AccessLogFormatRestApi")]
)
def test_the_stacks_own_formats_suffice(kind: ApiKind, output: str) -> None:
    assert judge_format(OUTPUTS[output]["Value"], kind).suffices


@pytest.mark.parametrize(
    ("text", "kind", "advice"),
    [
        (
            CONSOLE,
            ApiKind.HTTP,
            'only tags would link to its requests: add "responseLatency":"$context.responseLatency"',
        ),
        (CLF, ApiKind.HTTP, "needs a JSON format instead"),
        ('{"requestId":"$context.requestId"}', ApiKind.HTTP, ""),
        (OUTPUTS["AccessLogFormatHttpApi"]["Value"], ApiKind.REST, '"resourcePath":"$context.resourcePath"'),
        (OUTPUTS["AccessLogFormatRestApi"]["Value"], ApiKind.HTTP, '"routeKey":"$context.routeKey"'),
    ],
)
def test_a_format_that_does_not_suffice_says_what_to_change(text: str, kind: ApiKind, advice: str) -> None:
    verdict = judge_format(text, kind)

    assert not verdict.suffices
    assert verdict.advice
    assert advice in verdict.advice


def test_what_might_be_better_is_said_of_a_format_that_suffices() -> None:
    keys = ("requestId", "requestTime", "responseLatency", "status", "httpMethod", "resourcePath")
    text = json.dumps({key: f"$context.{key}" for key in keys})

    verdict = judge_format(text, ApiKind.REST)

    assert verdict.suffices
    assert "known to the second only" in verdict.advice
    assert "a client of a REST API can choose its requestId" in verdict.advice
