"""The processor of a deployed stack, read: its ARN, and which log groups may invoke it."""

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

import click
from pydantic import BaseModel, ConfigDict, Field

from request_lens_cli.deployed.stack import DeployedStackView

if TYPE_CHECKING:
    from mypy_boto3_lambda.client import LambdaClient

_INVOKE = frozenset({"lambda:InvokeFunction", "lambda:*", "*"})


class _Statement(BaseModel):
    """A statement of a function's policy, as far as it lets CloudWatch Logs in."""

    model_config = ConfigDict(extra="ignore")

    sid: str = Field(default="", alias="Sid")
    effect: str = Field(alias="Effect")
    principal: dict[str, str | list[str]] | str = Field(alias="Principal")
    action: str | list[str] = Field(alias="Action")
    condition: dict[str, dict[str, str | list[str]]] = Field(default_factory=dict, alias="Condition")

    @property
    def lets_logs_in(self) -> bool:
        """Whether it allows CloudWatch Logs to invoke the function, from some log group at least."""
        services = [self.principal] if isinstance(self.principal, str) else _listed(self.principal.get("Service", []))
        is_logs = any(name == "*" or name.startswith("logs.") for name in services)
        return self.effect == "Allow" and is_logs and not _INVOKE.isdisjoint(_listed(self.action))

    @property
    def source_arns(self) -> Sequence[str]:
        """The ARNs that it allows, with their wildcards; every one where it names none."""
        keys = {key.lower(): value for tests in self.condition.values() for key, value in tests.items()}
        return _listed(keys.get("aws:sourcearn", "*"))


class _Policy(BaseModel):
    statements: list[_Statement] = Field(alias="Statement")


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission:
    """A statement that lets log groups invoke the processor: its id, and the ARNs with their wildcards."""

    statement_id: str
    source_arns: Sequence[str]

    def covers(self, log_group_arn: str) -> bool:
        """Whether it holds for this log group."""
        return any(fnmatchcase(f"{log_group_arn}:*", arn) for arn in self.source_arns)


@dataclass(frozen=True, slots=True, kw_only=True)
class Processor:
    """The processor of a stack, by its physical name."""

    client: "LambdaClient"
    name: str

    @property
    def arn(self) -> str:
        """Its ARN, without a version."""
        return self.client.get_function_configuration(FunctionName=self.name)["FunctionArn"]

    def permissions(self) -> Sequence[Permission]:
        """What lets log groups invoke it."""
        try:
            text = self.client.get_policy(FunctionName=self.name)["Policy"]
        except self.client.exceptions.ResourceNotFoundException:
            return []
        statements = _Policy.model_validate_json(text).statements
        return [
            Permission(statement_id=statement.sid, source_arns=statement.source_arns)
            for statement in statements
            if statement.lets_logs_in
        ]


def processor_of(stack: DeployedStackView) -> Processor:
    """The processor of a stack. Raises: click.ClickException where the stack names none."""
    name = stack.outputs.get("ProcessorFunctionName")
    if name is None:
        raise click.ClickException(f"The stack {stack.name} has no output ProcessorFunctionName: deploy it again.")
    return Processor(client=stack.session.client("lambda"), name=name)
