"""Whether an access log's format suffices: a line is made by it, and the pipeline's own reader says."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from request_lens.wire.access.advice import addition
from request_lens_cli.inspection.inspection import inspect_line


class ApiKind(StrEnum):
    """A kind of API with an access log of its own."""

    HTTP = "HTTP"
    REST = "REST"


_VARIABLE = re.compile(r"\$context\.([A-Za-z][\w.]*)")

_VALUES: Mapping[str, str] = {
    "requestId": "6b2c4f6e-0d1a-4c39-9d4e-2f3a1b0c5d7e",
    "extendedRequestId": "JKJaXmPLvHcESHA=",
    "requestTime": "04/Mar/2026:18:27:02 +0000",
    "requestTimeEpoch": "1772648822000",
    "responseLatency": "4312",
    "status": "200",
    "apiId": "a1b2c3d4e5",
    "stage": "prod",
    "httpMethod": "POST",
    "integrationStatus": "200",
    "integrationLatency": "4299",
    "integration.responseTransferMode": "BUFFERED",
}
"""What API Gateway writes for variables of a request that a Lambda function answered."""

_ROUTES: Mapping[ApiKind, Mapping[str, str]] = {
    ApiKind.HTTP: {"routeKey": "POST /ask"},
    ApiKind.REST: {"resourcePath": "/ask"},
}
_ABSENT = "-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether a format's lines can be read and linked by time, and what to change or to know."""

    suffices: bool
    advice: str = ""


API_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,63}")
"""A name that the reader takes for an API's."""


def named_format(text: str, name: str) -> str:
    """The format, a JSON object, with the name that is to stand before its routes; as it is without a name."""
    return f'{text.removesuffix("}")},"requestLensApi":"{name}"}}' if name else text


def judge_format(text: str, kind: ApiKind, *, name: str = "") -> Verdict:
    """What the reader makes of a line in this format, of a request that this kind of API answered.

    With a name its route must begin with that.
    """
    inspection = inspect_line(_line_of(text, kind))
    if inspection.kind == "rejected":
        return Verdict(suffices=False, advice=inspection.fault.removesuffix("."))
    if inspection.kind != "request":
        return Verdict(suffices=False, advice="its lines are no requests to the reader")
    if name and not str(inspection.fields["route"]).startswith(f"{name} "):
        return Verdict(suffices=False, advice=f'its routes have no such name: add "requestLensApi":"{name}"')
    if "duration_ms" in inspection.unknown:
        return Verdict(suffices=False, advice=f"only tags would link to its requests: {addition('responseLatency')}")
    return Verdict(suffices=True, advice="; ".join(_notes(text, kind, inspection.unknown)))


def _line_of(text: str, kind: ApiKind) -> str:
    values = {**_VALUES, **_ROUTES[kind]}
    return _VARIABLE.sub(lambda found: json.dumps(values.get(found[1], _ABSENT))[1:-1], text)


def _notes(text: str, kind: ApiKind, unknown: Mapping[str, str]) -> list[str]:
    """What might be better in a format that suffices."""
    notes = [unknown["started_at"]] if "started_at" in unknown else []
    if kind is ApiKind.REST and "$context.extendedRequestId" not in text:
        notes.append("a client of a REST API can choose its requestId: better log $context.extendedRequestId")
    return notes
