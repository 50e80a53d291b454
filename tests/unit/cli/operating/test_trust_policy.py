"""Whether Bedrock may assume a role by its trust policy: conditions hold, forbid it, or are not known."""

from collections.abc import Mapping

import pytest

from request_lens_cli.deployed.trust_policy import BedrockHere, Trust, UnreadablePolicyError
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
        {"Principal": {"AWS": "*"}},
        {"Action": ["sts:TagSession", "sts:Assume*"]},
        {"Action": "*"},
        {"Action": [], "NotAction": "sts:TagSession"},
    ],
    ids=["one of several services", "everybody", "every account", "a pattern", "every action", "every other action"],
)
def test_it_is_trusted_by_whatever_names_it(parts: Mapping[str, object]) -> None:
    assert trust(statement(**parts)) == Trust(allowed=True)


@pytest.mark.parametrize(
    "parts",
    [
        {"Principal": {"Service": "lambda.amazonaws.com"}},
        {"Principal": {"AWS": "arn:aws:iam::123456789012:role/bedrock.amazonaws.com"}},
        {"Action": "sts:TagSession"},
        {"Action": "sts:[Aa]ssumeRole"},
        {"Action": [], "NotAction": ["sts:assume*"]},
        {"Principal": {}, "NotPrincipal": BEDROCK},
    ],
    ids=[
        "another service",
        "the name of a role",
        "another action",
        "what is no wildcard",
        "every action but it",
        "everybody but it",
    ],
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
        ({"ArnLike": {"aws:SourceArn": "arn:aws:bedrock:*"}}, None),
        ({"ArnLike": {"aws:SourceArn": "*"}}, None),
        ({"ArnLike": {"aws:SourceArn": "arn:aws-us-gov:bedrock:*:123456789012:*"}}, False),
        ({"ArnLike": {"aws:SourceAccount": "123456789012"}}, None),
        ({"StringLike": {"aws:SourceArn": "arn:aws:bedrock:*"}}, True),
        ({"StringLike": {"aws:SourceArn": "*"}}, True),
        ({"StringLike": {"aws:SourceArn": "arn:aws:*:123456789012:*"}}, True),
        ({"StringLike": {"aws:SourceArn": "arn:aws:bedrock*123456789012:*"}}, True),
        ({"StringLike": {"aws:SourceArn": "arn:aws:*:123456789012:guardrail/?"}}, None),
        ({"StringLike": {"aws:SourceArn": "arn:aws:*:210987654321:guardrail/a"}}, None),
        ({"StringLike": {"aws:SourceArn": "arn:aws:s3:*"}}, False),
        ({"StringNotLike": {"aws:SourceArn": "arn:aws:*:123456789012:*"}}, False),
        ({"StringEquals": {"aws:SourceAccount": "${aws:PrincipalAccount}"}}, None),
        ({"StringNotLike": {"aws:SourceArn": "arn:aws:bedrock:*:${aws:PrincipalAccount}:*"}}, None),
        ({"StringEquals": {"aws:SourceAccount": 123456789012}}, True),
        ({"NumericLessThan": {"aws:MultiFactorAuthAge": 3600.5}}, None),
        ({"ForAnyValue:StringEquals": {"aws:SourceAccount": "210987654321"}}, None),
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


@pytest.mark.parametrize(
    "principal",
    [{"Principal": {"AWS": ["*"]}}, {"Principal": {}, "NotPrincipal": {"AWS": "arn:aws:iam::123456789012:root"}}],
    ids=["every account", "everybody but another"],
)
def test_a_denial_of_everybody_is_one_of_bedrock(principal: Mapping[str, object]) -> None:
    assert trust(statement(), statement(Effect="Deny", **principal)).allowed is False


def test_what_only_may_deny_it_is_not_named_beside_what_does_and_all_that_it_hangs_on_is() -> None:
    organization = {"StringEquals": {"aws:SourceOrgID": "o-1234567890"}}
    unit = {"StringLike": {"aws:SourceOrgPaths": "o-1234567890/*"}}

    assert trust(statement(), statement(Effect="Deny"), statement(Effect="Deny", Condition=unit)) == Trust(
        allowed=False
    )
    assert trust(statement(Condition=organization), statement(Effect="Deny", Condition=unit)) == Trust(
        allowed=None, keys=("aws:SourceOrgID", "aws:SourceOrgPaths")
    )


@pytest.mark.parametrize(
    "document",
    ["%7Bno JSON", {"Version": "2012-10-17"}, {"Statement": [{"effect": "Allow"}]}],
    ids=["text", "no statement", "an element that is spelt otherwise"],
)
def test_what_is_no_policy_as_it_is_known_is_not_judged(document: object) -> None:
    with pytest.raises(UnreadablePolicyError):
        HERE.may_assume(document)
