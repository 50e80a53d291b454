"""CloudWatch Logs' API for log groups."""

from functools import partial
from typing import TYPE_CHECKING

from patience import Patience

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient


class LogGroups:
    """The log groups of the client's account and Region.

    Every method raises botocore's ClientError or BotoCoreError where CloudWatch Logs refuses or does not answer.
    """

    def __init__(self, client: "CloudWatchLogsClient", patience: Patience) -> None:
        self._client = client
        self._patience = patience

    def make(self, name: str) -> bool:
        """Make the log group; False where it exists already."""
        create = partial(self._client.create_log_group, logGroupName=name)
        try:
            self._patience.call(create)
        except self._client.exceptions.ResourceAlreadyExistsException:
            return False
        return True

    def keep_events_for(self, name: str, *, days: int) -> None:
        """Set the log group's retention."""
        self._patience.call(partial(self._client.put_retention_policy, logGroupName=name, retentionInDays=days))
