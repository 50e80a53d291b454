"""Bedrock's API for the logging setting."""

from functools import partial
from typing import TYPE_CHECKING, cast

from logging_setting import LoggingSetting
from patience import PASSING, Patience

if TYPE_CHECKING:
    from botocore.model import StructureShape
    from mypy_boto3_bedrock import BedrockClient
    from mypy_boto3_bedrock.type_defs import LoggingConfigTypeDef

ROLE_VALID_WITHIN_S = 100.0
"""Bedrock validates the role that it is given, and a new role takes seconds until every service sees it."""


class BedrockLogging:
    """The setting of the client's account and Region.

    Every method raises botocore's ClientError or BotoCoreError where Bedrock refuses or does not answer.
    """

    def __init__(self, client: "BedrockClient", patience: Patience) -> None:
        self._client = client
        self._patience = patience

    def read(self) -> LoggingSetting | None:
        """The setting, or None where logging is off."""
        setting = self._patience.call(self._client.get_model_invocation_logging_configuration).get("loggingConfig")
        return LoggingSetting.model_validate(setting) if setting else None

    def wait_for_one(self) -> LoggingSetting | None:
        """The setting, as soon as there is one; None where logging stays off for all the time at hand."""
        return self._patience.wait_for(self.read)

    def sayable(self, setting: LoggingSetting) -> LoggingSetting:
        """The setting as this SDK can say it: a flag that it does not know is left to Bedrock, which takes it for true.

        The SDK differs by Region and by day: https://docs.aws.amazon.com/lambda/latest/dg/lambda-python.html
        """
        raw = setting.raw()
        unknown = {name: True for name in raw.keys() - self._names() if name.endswith("DataDeliveryEnabled")}
        return LoggingSetting.model_validate(raw | unknown)

    def write(self, setting: LoggingSetting) -> None:
        """Make this the setting; refusals of a role that is not visible yet are tried again, then raised."""
        said = {name: value for name, value in setting.raw().items() if name in self._names()}
        put = partial(
            self._client.put_model_invocation_logging_configuration, loggingConfig=cast("LoggingConfigTypeDef", said)
        )
        self._patience.call(put, again={"ValidationException", *PASSING}, within_s=ROLE_VALID_WITHIN_S)

    def remove(self) -> None:
        """Switch logging off."""
        self._patience.call(self._client.delete_model_invocation_logging_configuration)

    def _names(self) -> frozenset[str]:
        """What this SDK knows of a setting."""
        shape = self._client.meta.service_model.shape_for("LoggingConfig")
        return frozenset(cast("StructureShape", shape).members)
