"""Bedrock's model invocation logging setting: one value an account and Region.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_LoggingConfig.html
"""

from collections.abc import Mapping
from hashlib import sha256
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict
from pydantic.alias_generators import to_camel


class _BedrockModel(BaseModel):
    """Reads and writes Bedrock's camelCase names; what it does not know is left out of comparisons."""

    model_config = ConfigDict(alias_generator=to_camel, validate_by_name=True, frozen=True, extra="ignore")


class S3Destination(_BedrockModel):
    """A bucket that Bedrock writes to."""

    bucket_name: str
    key_prefix: str = ""


def _none_if_unnamed(value: object) -> object:
    """None for a destination without a bucket: an empty one means the same as none."""
    return None if isinstance(value, Mapping) and not value.get("bucketName") else value


type _OptionalBucket = Annotated[S3Destination | None, BeforeValidator(_none_if_unnamed)]


class LogGroupDestination(_BedrockModel):
    """A log group that Bedrock writes to, the role it assumes for that, and the bucket for large bodies."""

    log_group_name: str
    role_arn: str
    large_data_delivery_s3_config: _OptionalBucket = None


class LoggingSetting(_BedrockModel):
    """The whole setting. A delivery flag that is absent means true, as it does for Bedrock."""

    cloud_watch_config: LogGroupDestination | None = None
    s3_config: _OptionalBucket = None
    text_data_delivery_enabled: bool = True
    image_data_delivery_enabled: bool = True
    embedding_data_delivery_enabled: bool = True
    video_data_delivery_enabled: bool = True
    audio_data_delivery_enabled: bool = True

    @property
    def fingerprint(self) -> str:
        """The same 32 hexadecimal digits for equal settings only."""
        return sha256(self.model_dump_json().encode()).hexdigest()[:32]

    def raw(self) -> dict[str, object]:
        """The setting as Bedrock's API has it, every flag said."""
        return self.model_dump(by_alias=True, exclude_none=True)

    @property
    def log_group_name(self) -> str | None:
        """The log group where invocations arrive, or None."""
        return self.cloud_watch_config.log_group_name if self.cloud_watch_config is not None else None

    @property
    def destinations(self) -> str:
        """Where invocations arrive, for people."""
        group = f"log group {self.log_group_name}" if self.log_group_name is not None else ""
        bucket = f"S3 bucket {self.s3_config.bucket_name}" if self.s3_config else ""
        return " and ".join(filter(None, (group, bucket))) or "no destination"


def setting_for(log_group_name: str, *, role_arn: str, log_prompt_text: bool) -> LoggingSetting:
    """The setting that Request Lens makes: text if wanted, nothing else, and no flag left to Bedrock's default."""
    return LoggingSetting(
        cloud_watch_config=LogGroupDestination(log_group_name=log_group_name, role_arn=role_arn),
        text_data_delivery_enabled=log_prompt_text,
        image_data_delivery_enabled=False,
        embedding_data_delivery_enabled=False,
        video_data_delivery_enabled=False,
        audio_data_delivery_enabled=False,
    )
