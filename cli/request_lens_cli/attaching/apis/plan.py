"""What to do about a stage's access log: set it, subscribe to where it goes, or nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import click

from request_lens_cli.attaching.apis.access_format import ApiKind, judge_format
from request_lens_cli.attaching.apis.stage import Stage

FORMAT_OUTPUTS: Mapping[ApiKind, str] = {
    ApiKind.HTTP: "AccessLogFormatHttpApi",
    ApiKind.REST: "AccessLogFormatRestApi",
}
"""The output of the stack that has the format of each kind of API."""


class Step(StrEnum):
    """What is to be done."""

    SET = "set"
    SUBSCRIBE = "subscribe"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The one step that lets a stage's requests be seen: its log group, and what a person should know."""

    step: Step
    log_group: str
    note: str = ""


def plan_for(stage: Stage, *, own_log_group: str, name: str = "") -> Plan:
    """What is to be done. An access log that is set is never replaced; `name` is to stand before its routes.

    Raises: click.ClickException where its access log goes to no log group, or its format does not suffice.
    """
    if not stage.destination_arn:
        return Plan(step=Step.SET, log_group=own_log_group, note=_drift(stage))
    if not stage.log_group:
        raise click.ClickException(
            f"The access log of {stage.title} goes to {stage.destination_arn}, which is no log group. "
            "Nothing was changed."
        )
    verdict = judge_format(stage.format, stage.kind, name=name)
    if not verdict.suffices:
        raise click.ClickException(
            f"The format of {stage.title}'s access log does not suffice: {verdict.advice}. It is not replaced. "
            "Change it, then run this again."
        )
    step = Step.NONE if stage.log_group == own_log_group else Step.SUBSCRIBE
    return Plan(step=step, log_group=stage.log_group, note=verdict.advice)


def _drift(stage: Stage) -> str:
    if not stage.owner:
        return ""
    return (
        f"The stage belongs to the CloudFormation stack {stage.owner}: its next deployment may take this setting away. "
        "Better put it into that template (docs/attaching.md has the lines)."
    )
