"""Model names and roles: what ARNs stand for, without account numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from request_lens.wire.names import model_name, role_name

BEDROCK = "arn:aws:bedrock:eu-west-1:123456789012"


@pytest.mark.parametrize(
    ("model_id", "name"),
    [
        ("anthropic.claude-haiku-4-5-20251001-v1:0", "anthropic.claude-haiku-4-5-20251001-v1:0"),
        ("jp.anthropic.claude-haiku-4-5-20251001-v1:0", "jp.anthropic.claude-haiku-4-5-20251001-v1:0"),
        (f"{BEDROCK}:inference-profile/eu.amazon.nova-lite-v1:0", "eu.amazon.nova-lite-v1:0"),
        ("arn:aws:bedrock:eu-west-1::foundation-model/amazon.nova-lite-v1:0", "amazon.nova-lite-v1:0"),
        (f"{BEDROCK}:application-inference-profile/a1b2c3d4e5f6", "application-inference-profile/a1b2c3d4e5f6"),
        (f"{BEDROCK}:provisioned-model/a1b2c3d4e5f6", "provisioned-model/a1b2c3d4e5f6"),
        (f"{BEDROCK}:imported-model/a1b2c3d4e5f6", "imported-model/a1b2c3d4e5f6"),
        (f"{BEDROCK}:custom-model-deployment/a1b2c3d4e5f6", "custom-model-deployment/a1b2c3d4e5f6"),
        (f"{BEDROCK}:default-prompt-router/anthropic.claude:1", "default-prompt-router/anthropic.claude:1"),
        ("arn:aws-us-gov:bedrock:us-gov-west-1::foundation-model/amazon.nova-pro-v1:0", "amazon.nova-pro-v1:0"),
        (f"{BEDROCK}:prompt/ABCDEFGHIJ:3", "prompt/ABCDEFGHIJ:3"),
        ("arn:aws:sagemaker:eu-west-1:123456789012:endpoint/mine", "endpoint/mine"),
        (f"{BEDROCK}:", "unknown"),
        (BEDROCK, "arn:aws:bedrock:eu-west-1:account"),
    ],
)
def test_a_model_name_is_what_the_arn_stands_for(model_id: str, name: str) -> None:
    assert model_name(model_id) == name


@given(before=st.text("arn:/-w ", max_size=12), after=st.text("arn:/-w ", max_size=12))
def test_no_account_number_is_ever_left_in_a_model_name(before: str, after: str) -> None:
    assert "123456789012" not in model_name(f"{before}123456789012{after}")


@pytest.mark.parametrize(
    ("arn", "role"),
    [
        ("arn:aws:sts::123456789012:assumed-role/AgentRole/BedrockAgentCore-1f0c", "AgentRole"),
        ("arn:aws-us-gov:sts::123456789012:assumed-role/AgentRole/a/b", "AgentRole"),
        ("arn:aws:iam::123456789012:role/service-role/team/AgentRole", "AgentRole"),
        ("arn:aws:iam::123456789012:role/AgentRole", "AgentRole"),
        ("arn:aws:iam::123456789012:user/AgentRole", None),
        ("arn:aws:iam::123456789012:root", None),
        ("arn:aws:sts::123456789012:federated-user/AgentRole", None),
        ("arn:aws:sts::123456789012:assumed-role/" + "x" * 65, None),
        ("AgentRole", None),
        ("", None),
        (None, None),
    ],
)
def test_a_role_name_is_known_for_roles_alone(arn: str | None, role: str | None) -> None:
    assert role_name(arn) == role
