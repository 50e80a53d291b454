"""Bedrock's API for the logging setting."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from botocore.exceptions import ClientError

from logging_setting import LoggingSetting

if TYPE_CHECKING:
    from mypy_boto3_bedrock import BedrockClient
    from mypy_boto3_bedrock.type_defs import LoggingConfigTypeDef

ROLE_VISIBLE_WITHIN_S = 120.0
"""Bedrock validates the role, and a new role takes seconds until every service sees it."""

PAUSE_S = 5.0


class BedrockLogging:
    """The setting of the client's account and Region.

    Every method raises botocore's ClientError or BotoCoreError where Bedrock refuses or does not answer.
    """

    def __init__(self, client: "BedrockClient", *, pause: Callable[[float], None] = time.sleep) -> None:
        self._client = client
        self._pause = pause

    def read(self) -> LoggingSetting | None:
        """The setting, or None where logging is off."""
        setting = self._client.get_model_invocation_logging_configuration().get("loggingConfig")
        return LoggingSetting.model_validate(setting) if setting else None

    def write(self, setting: LoggingSetting) -> None:
        """Make this the setting; refusals of its role are retried for two minutes, then raised."""
        remaining_s = ROLE_VISIBLE_WITHIN_S
        while not self._try_write(setting, last_try=remaining_s <= 0):
            self._pause(PAUSE_S)
            remaining_s -= PAUSE_S

    def remove(self) -> None:
        """Switch logging off."""
        self._client.delete_model_invocation_logging_configuration()

    def _try_write(self, setting: LoggingSetting, *, last_try: bool) -> bool:
        """Write the setting; False where Bedrock refuses it as invalid and it is worth trying again."""
        raw = cast("LoggingConfigTypeDef", setting.model_dump(by_alias=True, exclude_none=True))
        try:
            self._client.put_model_invocation_logging_configuration(loggingConfig=raw)
        except ClientError as error:
            if last_try or error.response.get("Error", {}).get("Code") != "ValidationException":
                raise
            return False
        return True
