"""Whether Bedrock may assume a role by its trust policy: conditions hold, forbid it, or are not known."""

from collections.abc import Mapping

import pytest

from request_lens_cli.deployed.trust_policy import BedrockHere, Trust
from tests.support.template_document import RESOURCES

HERE = BedrockHere(partition="aws", account="123456789012", region="ap-northeast-1")
BEDROCK = {"Service": "bedrock.amazonaws.com"}
OTHER_ACCOUNT = {"StringEquals": {"aws:SourceAccount": "210987654321"}}


def statement(**parts: object) -> Mapping[str, object]:
    """Bedrock may assume the role, but for what is otherwise."""
    return {"Effect": "Allow", "Principal": BEDROCK, "Action": "sts:AssumeRole"} | parts


def trust(*statements: Mapping[str, object]) -> Trust:
    return HERE.may_assume({"Version": "2012-10-17", "Statement": list(statements)})


def allowed(condition: Mapping[str, Mapping[str, object]]) -> bool | None:
    return trust(statement(Condition=condition)).allowed


def test_the_templates_own_role_is_trusted() -> None:
    document = RESOURCES["BedrockLoggingRole"]["Properties"]["AssumeRolePolicyDocument"]
    (written,) = document["Statement"]
    condition = {
        "StringEquals": {"aws:SourceAccount": HERE.account},
        "ArnLike": {"aws:SourceArn": f"arn:aws:bedrock:{HERE.region}:{HERE.account}:*"},
    }
    assert {operator: list(keys) for operator, keys in written["Condition"].items()} == {
        operator: list(keys) for operator, keys in condition.items()
    }

    assert HERE.may_assume({"Statement": {**written, "Condition": condition}}) == Trust(allowed=True)


@pytest.mark.parametrize(
    "parts",
    [
        {"Principal": {"Service": ["lambda.amazonaws.com", "bedrock.amazonaws.com"]}},
        {"Principal": "*"},
        {"Action": ["sts:TagSession", "sts:Assume*"]},
        {"Action": "*"},
    ],
    ids=["one of several services", "everybody", "a pattern", "every action"],
)
def test_it_is_trusted_by_whatever_names_it(parts: Mapping[str, object]) -> None:
    assert trust(statement(**parts)) == Trust(allowed=True)


@pytest.mark.parametrize(
    "parts",
    [
        {"Principal": {"Service": "lambda.amazonaws.com"}},
        {"Principal": {"AWS": "arn:aws:iam::123456789012:role/bedrock.amazonaws.com"}},
        {"Action": "sts:TagSession"},
    ],
    ids=["another service", "the name of a role", "another action"],
)
def test_it_is_not_trusted_by_what_only_looks_like_it(parts: Mapping[str, object]) -> None:
    assert trust(statement(**parts)) == Trust(allowed=False)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"StringEquals": {"aws:SourceAccount": "123456789012"}}, True),
        ({"StringEquals": {"AWS:sourceaccount": ["210987654321", "123456789012"]}}, True),
        (OTHER_ACCOUNT, False),
        ({"StringNotEquals": {"aws:SourceAccount": "210987654321"}}, True),
        ({"StringNotEqualsIfExists": {"aws:SourceAccount": "123456789012"}}, False),
        ({"StringLike": {"aws:SourceAccount": "1234*"}}, True),
        ({"ArnLike": {"aws:SourceArn": "arn:aws:bedrock:*:123456789012:*"}}, True),
        ({"ArnLike": {"aws:SourceArn": "arn:aws:bedrock:*"}}, True),
        ({"ArnEquals": {"aws:SourceArn": "arn:aws:bedrock:us-east-1:123456789012:*"}}, False),
        ({"ArnNotLike": {"aws:SourceArn": "arn:aws:bedrock:us-east-1:*"}}, True),
        ({"ArnLike": {"aws:SourceArn": "arn:aws:bedrock:ap-northeast-1:123456789012:guardrail/a"}}, None),
        ({"StringEquals": {"aws:SourceArn": "arn:aws:bedrock:ap-northeast-1:123456789012:*"}}, None),
        ({"StringEquals": {"aws:SourceArn": "arn:aws:bedrock:us-east-1:123456789012:a"}}, False),
        ({"StringEquals": {"aws:SourceOrgID": "o-1234567890"}}, None),
        ({"Bool": {"aws:PrincipalIsAWSService": True}}, None),
        ({"StringEquals": {"aws:SourceAccount": "210987654321", "aws:SourceOrgID": "o-1234567890"}}, False),
    ],
)
def test_a_condition_is_judged_by_account_and_source_alone(
    condition: Mapping[str, Mapping[str, object]], expected: bool | None
) -> None:
    assert allowed(condition) is expected


def test_what_forbids_it_and_what_is_not_known_is_named() -> None:
    unknown = {"StringEquals": {"aws:SourceOrgID": "o-1234567890"}}

    assert trust(statement(Condition=OTHER_ACCOUNT | {"Null": {"aws:SourceArn": "true"}})).keys == (
        "aws:SourceAccount",
    )
    assert trust(statement(Condition=unknown)).keys == ("aws:SourceOrgID",)
    assert trust(statement(Condition=unknown), statement()) == Trust(allowed=True)
    assert trust(statement(Condition=unknown), statement(Condition=OTHER_ACCOUNT)).keys == ("aws:SourceOrgID",)


def test_a_denial_goes_before_what_allows_it() -> None:
    unknown = {"StringEquals": {"aws:SourceOrgID": "o-1234567890"}}

    assert trust(statement(), statement(Effect="Deny")).allowed is False
    assert trust(statement(), statement(Effect="Deny", Condition=OTHER_ACCOUNT)) == Trust(allowed=True)
    assert trust(statement(), statement(Effect="Deny", Condition=unknown)) == Trust(
        allowed=None, keys=("aws:SourceOrgID",)
    )
    assert trust(statement(Effect="Deny")) == Trust(allowed=False)
