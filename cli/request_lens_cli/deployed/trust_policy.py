"""A role's trust policy: may Bedrock assume the role, in this account and Region?

A condition is judged by what Bedrock says of itself when it assumes the logging role: `aws:SourceAccount`, and
`aws:SourceArn` up to the resource. https://docs.aws.amazon.com/bedrock/latest/userguide/model-invocation-logging.html
What hangs on anything else is not known, and neither is what the role's own policies allow.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from pydantic import BaseModel, ConfigDict, Field

BEDROCK = "bedrock.amazonaws.com"

_ASSUME_ROLE = "sts:assumerole"
_LITERAL = ("StringEquals", "StringNotEquals")
_PATTERNS = ("StringLike", "StringNotLike", "ArnLike", "ArnNotLike", "ArnEquals", "ArnNotEquals")
_ACCOUNT, _ARN = "aws:sourceaccount", "aws:sourcearn"

type Known = bool | None
"""None where it is not known."""

type _Values = str | bool | int | list[str | bool | int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """Whether Bedrock may assume the role; `keys` are the conditions that forbid it, or on which it hangs."""

    allowed: Known
    keys: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BedrockHere:
    """Bedrock as it assumes a role: for whom, and where."""

    partition: str
    account: str
    region: str

    def may_assume(self, document: Mapping[str, object]) -> Trust:
        """What the trust policy says of it: no denial, and one allowance at least."""
        statements = [each for each in _Policy.model_validate(document).listed if each.is_about_bedrock]
        judged = [(each, self._judge(each)) for each in statements]
        denials = [trust for each, trust in judged if each.effect == "Deny" and trust.allowed is not False]
        allowances = [trust for each, trust in judged if each.effect == "Allow"]
        allowed = _any(trust.allowed for trust in allowances)
        if denials and allowed is not False:
            denied = _any(trust.allowed for trust in denials)
            return Trust(allowed=False if denied else None, keys=_keys(denials))
        return Trust(allowed=allowed, keys=_keys(trust for trust in allowances if trust.allowed is allowed))

    def _judge(self, statement: "_Statement") -> Trust:
        """Whether the statement's conditions hold, and which do not, or are not known to."""
        held = [
            (key, self._holds(operator, key, _listed(values)))
            for operator, tests in statement.condition.items()
            for key, values in tests.items()
        ]
        allowed = _all(holds for _, holds in held)
        return Trust(allowed=allowed, keys=tuple(key for key, holds in held if holds is allowed and not allowed))

    def _holds(self, operator: str, key: str, values: Sequence[object]) -> Known:
        kind = operator.removesuffix("IfExists")
        if key.lower() not in (_ACCOUNT, _ARN) or kind not in (*_LITERAL, *_PATTERNS):
            return None
        found = _any(self._is(key.lower(), str(value), is_pattern=kind in _PATTERNS) for value in values)
        return found if found is None or "Not" not in kind else not found

    def _is(self, key: str, value: str, *, is_pattern: bool) -> Known:
        if key == _ACCOUNT:
            return fnmatchcase(self.account, value) if is_pattern else self.account == value
        own, given = ("arn", self.partition, "bedrock", self.region, self.account), value.split(":", 5)
        if not all(
            fnmatchcase(ours, part) if is_pattern else ours == part for ours, part in zip(own, given, strict=False)
        ):
            return False
        return True if is_pattern and given[-1] == "*" else None


class _Statement(BaseModel):
    model_config = ConfigDict(extra="ignore")

    effect: str = Field(alias="Effect")
    principal: dict[str, str | list[str]] | str = Field(default_factory=dict, alias="Principal")
    action: str | list[str] = Field(default_factory=list, alias="Action")
    condition: dict[str, dict[str, _Values]] = Field(default_factory=dict, alias="Condition")

    @property
    def is_about_bedrock(self) -> bool:
        """Whether it names Bedrock, or everybody, and the assuming of the role."""
        services = self.principal if isinstance(self.principal, str) else self.principal.get("Service", [])
        actions = (str(action).lower() for action in _listed(self.action))
        is_ours = any(name in (BEDROCK, "*") for name in _listed(services))
        return is_ours and any(fnmatchcase(_ASSUME_ROLE, action) for action in actions)


class _Policy(BaseModel):
    statement: _Statement | list[_Statement] = Field(alias="Statement")

    @property
    def listed(self) -> Sequence[_Statement]:
        return self.statement if isinstance(self.statement, list) else [self.statement]


def _listed(value: "_Values | str | list[str]") -> Sequence[object]:
    return value if isinstance(value, list) else [value]


def _keys(trusts: Iterable[Trust]) -> Sequence[str]:
    return tuple(sorted({key for trust in trusts for key in trust.keys}))


def _any(answers: Iterable[Known]) -> Known:
    found = set(answers)
    return True if True in found else None if None in found else False


def _all(answers: Iterable[Known]) -> Known:
    found = set(answers)
    return False if False in found else None if None in found else True
