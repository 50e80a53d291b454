"""A role's trust policy: may Bedrock assume the role, in this account and Region?

A condition is judged by what Bedrock says of itself when it assumes the logging role: `aws:SourceAccount`, and
`aws:SourceArn` up to the resource. https://docs.aws.amazon.com/bedrock/latest/userguide/model-invocation-logging.html
What hangs on anything else is not known, and neither is what the role's own policies allow.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field, ValidationError

BEDROCK = "bedrock.amazonaws.com"

_ASSUME_ROLE = "sts:assumerole"
_ACCOUNT, _ARN = "aws:sourceaccount", "aws:sourcearn"
_ARN_PARTS = 6

type Known = bool | None
"""None where it is not known."""


class UnreadablePolicyError(Exception):
    """The document is no policy as IAM describes them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """Whether Bedrock may assume the role; `keys` are the conditions that forbid it, or on which it hangs."""

    allowed: Known
    keys: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Verdict:
    """Whether a statement's conditions hold; `keys` are those that do not, or are not known to."""

    holds: Known
    keys: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class BedrockHere:
    """Bedrock as it assumes a role: for whom, and where."""

    partition: str
    account: str
    region: str

    def may_assume(self, document: object) -> Trust:
        """What the trust policy says of it: no denial, and one allowance at least.

        Raises: UnreadablePolicyError.
        """
        try:
            statements = [each for each in _Policy.model_validate(document).listed if each.is_about_bedrock]
        except ValidationError as error:
            raise UnreadablePolicyError from error
        allowing = [self._verdict(each) for each in statements if each.effect == "Allow"]
        denying = [self._verdict(each) for each in statements if each.effect == "Deny"]
        allowed, denied = _any(each.holds for each in allowing), _any(each.holds for each in denying)
        if allowed is False:
            return Trust(allowed=False, keys=_keys(allowing))
        if denied:
            return Trust(allowed=False)
        hanging = [each for each in (*denying, *(allowing if allowed is None else ())) if each.holds is None]
        return Trust(allowed=None if hanging else True, keys=_keys(hanging))

    def _verdict(self, statement: "_Statement") -> _Verdict:
        held = [
            (key, self._holds(operator, key.lower(), [str(value) for value in _listed(values)]))
            for operator, tests in statement.condition.items()
            for key, values in tests.items()
        ]
        holds = _all(each for _, each in held)
        return _Verdict(holds=holds, keys=[key for key, each in held if each is holds and not holds])

    def _holds(self, operator: str, key: str, values: Sequence[str]) -> Known:
        kind = operator.removesuffix("IfExists")
        found = _any(self._matches(kind.replace("Not", "", 1), key, value) for value in values)
        return found if found is None or "Not" not in kind else not found

    def _matches(self, kind: str, key: str, value: str) -> Known:
        """Whether what Bedrock says of itself is as the value asks for, by a kind of comparison."""
        if "${" in value:  # stands for something that the request says
            return None
        match key, kind:
            case (_, "StringEquals") if key == _ACCOUNT:
                return value == self.account
            case (_, "StringLike") if key == _ACCOUNT:
                return _is_like(self.account, value)
            case (_, "StringEquals") if key == _ARN:
                return None if value.startswith(self._arn_begins) else False
            case (_, "StringLike") if key == _ARN:
                return _begins_like(self._arn_begins, value)
            case (_, "ArnLike" | "ArnEquals") if key == _ARN:
                return self._is_arn_like(value)
            case _:
                return None

    @property
    def _arn_begins(self) -> str:
        return f"arn:{self.partition}:bedrock:{self.region}:{self.account}:"

    def _is_arn_like(self, pattern: str) -> Known:
        """Compared part by part, of which there are six; of fewer IAM does not say what they are like."""
        parts = pattern.split(":", _ARN_PARTS - 1)
        if len(parts) < _ARN_PARTS:
            return None if _begins_like(self._arn_begins, pattern) is not False else False
        *given, resource = parts
        if not all(_is_like(ours, part) for ours, part in zip(self._arn_begins.split(":"), given, strict=False)):
            return False
        return True if resource == "*" else None


class _Statement(BaseModel):
    model_config = ConfigDict(extra="ignore")

    effect: str = Field(alias="Effect")
    principal: dict[str, str | list[str]] | str = Field(default_factory=dict, alias="Principal")
    not_principal: dict[str, str | list[str]] | str | None = Field(default=None, alias="NotPrincipal")
    action: str | list[str] = Field(default_factory=list, alias="Action")
    not_action: str | list[str] | None = Field(default=None, alias="NotAction")
    condition: dict[str, dict[str, object]] = Field(default_factory=dict, alias="Condition")

    @property
    def is_about_bedrock(self) -> bool:
        """Whether it is about Bedrock, or everybody, and the assuming of the role."""
        return self._is_for_bedrock and self._is_to_assume

    @property
    def _is_for_bedrock(self) -> bool:
        if self.not_principal is not None:
            return not _names_bedrock(self.not_principal)
        return _names_bedrock(self.principal)

    @property
    def _is_to_assume(self) -> bool:
        if self.not_action is not None:
            return not _name_assuming(self.not_action)
        return _name_assuming(self.action)


class _Policy(BaseModel):
    statement: _Statement | list[_Statement] = Field(alias="Statement")

    @property
    def listed(self) -> Sequence[_Statement]:
        return self.statement if isinstance(self.statement, list) else [self.statement]


def _names_bedrock(principal: dict[str, str | list[str]] | str) -> bool:
    """Whether it names Bedrock, or everybody, as `*` does by itself and among accounts."""
    if isinstance(principal, str):
        return principal == "*"
    services, accounts = _listed(principal.get("Service", [])), _listed(principal.get("AWS", []))
    return BEDROCK in services or "*" in (*services, *accounts)


def _name_assuming(actions: str | list[str]) -> bool:
    return any(_is_like(_ASSUME_ROLE, str(action).lower()) for action in _listed(actions))


def _is_like(text: str, pattern: str) -> bool:
    """Whether it is as a pattern of IAM, in which `*` and `?` are wildcards, and nothing else."""
    wildcards = {"*": ".*", "?": "."}
    return re.fullmatch("".join(wildcards.get(each, re.escape(each)) for each in pattern), text) is not None


def _begins_like(beginning: str, pattern: str) -> Known:
    """The same of a text of which no more than its beginning is known."""
    if pattern.endswith("*") and _is_like(beginning, pattern):
        return True
    return None if any(_is_like(beginning, pattern[:end]) for end in range(len(pattern) + 1)) else False


def _listed(value: object) -> Sequence[object]:
    return value if isinstance(value, list) else [value]


def _keys(verdicts: Iterable[_Verdict]) -> Sequence[str]:
    return tuple(sorted({key for verdict in verdicts for key in verdict.keys}))


def _any(answers: Iterable[Known]) -> Known:
    found = set(answers)
    return True if True in found else None if None in found else False


def _all(answers: Iterable[Known]) -> Known:
    found = set(answers)
    return False if False in found else None if None in found else True
