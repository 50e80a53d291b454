"""What a log group holds that has no line to tell it: who writes into it does, an API's stage or AWS by its name."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import boto3

from request_lens_cli.attaching.apis.access_format import judge_format
from request_lens_cli.attaching.apis.stage import Stage, all_stages
from request_lens_cli.attaching.kinds import Kind

_NAMED_BY_AWS: Mapping[str, tuple[Kind, str]] = {
    "aws/spans": (Kind.SPANS, "CloudWatch Transaction Search"),
    "/aws/bedrock-agentcore/runtimes/": (Kind.SPANS, "AgentCore"),
    "/aws/lambda/": (Kind.LAMBDA, "Lambda"),
}
"""How log groups begin that AWS's services make for themselves, with what they hold and whose they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Writer:
    """What a log group will hold, and a sentence on who writes that."""

    kind: Kind
    sentence: str


def writer_of(session: boto3.Session, group: str) -> Writer | None:
    """Who writes into the log group; None where that is not known.

    Raises: ClientError, BotoCoreError where the APIs cannot be read.
    """
    for prefix, (kind, service) in _NAMED_BY_AWS.items():
        if group.startswith(prefix):
            return Writer(kind=kind, sentence=f"By its name {service} writes it.")
    return next((_of(stage) for stage in _writing_to(session, group)), None)


def _writing_to(session: boto3.Session, group: str) -> Iterator[Stage]:
    return (stage for stage in all_stages(session) if stage.log_group == group)


def _of(stage: Stage) -> Writer:
    writes = f"{stage.title[0].upper()}{stage.title[1:]} writes its access log there"
    verdict = judge_format(stage.format, stage.kind)
    if verdict.suffices:
        return Writer(kind=Kind.ACCESS, sentence=f"{writes}, in a format that suffices.")
    return Writer(kind=Kind.ACCESS, sentence=f"Warning: {writes}, in a format that does not suffice: {verdict.advice}.")
