"""Lambda as the command line calls it: a function's handler, run here, answers as Lambda would."""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stdout
from threading import Lock
from typing import Any, TextIO
from urllib.parse import unquote, urlsplit

from botocore.awsrequest import AWSRequest, AWSResponse

from tests.support.emulated_aws.aws_answer import answered
from tests.support.under_test import REGION

type Handler = Callable[[Mapping[str, Any], object], object]

_ONE_CONTAINER = Lock()
"""A container serves one event at a time."""


def policy_of(request: AWSRequest, permitted: Sequence[str]) -> AWSResponse:
    """What Lambda answers to GetPolicy: that `attach` has let these log groups in; without any there is no policy."""
    if not permitted:
        return answered(request, 404, "{}", {"x-amzn-ErrorType": "ResourceNotFoundException"})
    statements = [
        {
            "Sid": f"request-lens-attached-{number}",
            "Effect": "Allow",
            "Principal": {"Service": "logs.amazonaws.com"},
            "Action": "lambda:InvokeFunction",
            "Condition": {"ArnLike": {"AWS:SourceArn": f"arn:aws:logs:{REGION}:123456789012:log-group:{group}:*"}},
        }
        for number, group in enumerate(permitted)
    ]
    return answered(request, 200, json.dumps({"Policy": json.dumps({"Statement": statements})}))


def invoked(request: AWSRequest, functions: Mapping[str, Handler], *, log: TextIO) -> AWSResponse:
    """What Lambda answers to Invoke: the handler's answer, or that it raised, with its error's type and text.

    What the handler prints goes to its log.
    """
    name = unquote(urlsplit(request.url or "").path.split("/")[3])
    if name not in functions:
        fault = {"Type": "User", "Message": f"Function not found: {name}"}
        return answered(request, 404, json.dumps(fault), {"x-amzn-ErrorType": "ResourceNotFoundException"})
    event = json.loads(request.body or "null")
    try:
        with _ONE_CONTAINER, redirect_stdout(log):
            answer = functions[name](event, None)
    except Exception as error:  # noqa: BLE001 - as Lambda's runtime does
        failure = {"errorType": type(error).__name__, "errorMessage": str(error)}
        return answered(request, 200, json.dumps(failure), {"X-Amz-Function-Error": "Unhandled"})
    return answered(request, 200, json.dumps(answer))
