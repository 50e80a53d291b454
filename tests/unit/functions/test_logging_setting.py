import pytest

from logging_setting import LoggingSetting
from tests.support.cloudformation import GROUP, OURS, ROLE

SPARSE = {"cloudWatchConfig": {"logGroupName": GROUP, "roleArn": ROLE}}


def test_a_flag_left_out_means_what_bedrock_takes_it_for() -> None:
    said = {f"{kind}DataDeliveryEnabled": True for kind in ("text", "image", "embedding", "video", "audio")}

    assert LoggingSetting.model_validate(SPARSE).fingerprint == LoggingSetting.model_validate(SPARSE | said).fingerprint


def test_a_bucket_without_a_name_is_no_bucket() -> None:
    with_empty = OURS | {"s3Config": {"bucketName": ""}}

    assert LoggingSetting.model_validate(with_empty) == LoggingSetting.model_validate(OURS)


@pytest.mark.parametrize(
    "change",
    [
        {"textDataDeliveryEnabled": False},
        {"audioDataDeliveryEnabled": True},
        {"s3Config": {"bucketName": "team-logs"}},
        {"cloudWatchConfig": {"logGroupName": GROUP, "roleArn": ROLE + "-2"}},
    ],
)
def test_different_settings_have_different_fingerprints(change: dict[str, object]) -> None:
    assert LoggingSetting.model_validate(OURS | change).fingerprint != LoggingSetting.model_validate(OURS).fingerprint
