"""What to do with Bedrock's logging setting, which may be somebody else's.

The physical id that CloudFormation keeps is the only memory: `put:<fingerprint>` of the setting that this stack made,
or `adopted`. So a rollback, a replacement's clean-up and a Delete after a failed Create need no case of their own.
Where CloudFormation has no answer of a Create, the id is of its making, and the setting asked for tells.
"""

from collections.abc import Collection
from enum import StrEnum

from bedrock_logging import BedrockLogging
from cloudformation_response import UNMADE_ID
from logging_setting import LoggingSetting

ADOPTED_ID, MADE = "adopted", "put:"


class Outcome(StrEnum):
    """What became of the setting."""

    CREATED = "created"
    ADOPTED = "adopted"
    ADOPTED_WITH_TEXT = (
        "adopted: it records prompts and completions, and LogPromptText=false changes only our own setting"
    )
    ADOPTED_WITHOUT_TEXT = "adopted: it records no text, so latency and stop reasons stay unknown"


class LoggingRefused(Exception):
    """The account has a setting that this stack neither made nor can use; the message says what to do."""


def put_id(setting: LoggingSetting) -> str:
    """The physical id of a stack that made this setting."""
    return f"{MADE}{setting.fingerprint}"


def is_id_of_ours(physical_id: str) -> bool:
    """Whether an answer of this resource gave the id: CloudFormation makes others up."""
    return physical_id in (ADOPTED_ID, UNMADE_ID) or physical_id.startswith(MADE)


def ids_of_ours(owned_id: str | None, *others: LoggingSetting) -> frozenset[str]:
    """The ids of this stack's own settings: of the one that it made, and of others that it may have made since.

    An Update that failed may have been carried out by Bedrock all the same: CloudFormation keeps the id before, and
    rolls back. A stack that made none has none.
    """
    if owned_id is None or not owned_id.startswith(MADE):
        return frozenset()
    return frozenset({owned_id, *map(put_id, others)})


def switch_on(bedrock: BedrockLogging, wanted: LoggingSetting, *, ours: Collection[str]) -> Outcome:
    """Make the wanted setting where there is none or our own, and leave one alone that delivers to our log group.

    `ours` are the ids of settings that are our own. Raises LoggingRefused for any other setting.
    """
    current = bedrock.read()
    if current is None or put_id(current) in ours:
        if current != wanted:
            bedrock.write(wanted)
        return Outcome.CREATED
    if current.log_group_name is not None and current.log_group_name == wanted.log_group_name:
        return _adopted(current, wanted)
    raise LoggingRefused(_advice(current, wanted))


def switch_off(bedrock: BedrockLogging, *, owned_id: str) -> bool:
    """Remove the setting if it still is the one that this stack made, and tell whether it was."""
    return _removed(bedrock, bedrock.read(), owned_id)


def switch_off_late(bedrock: BedrockLogging, asked_for: LoggingSetting) -> bool:
    """Remove the setting that a Create asks for which nobody has heard of, and may yet make, and tell whether it was.

    CloudFormation does not wait for a Create that it has cancelled: its Delete comes while that still runs
    (https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/1730).
    """
    return _removed(bedrock, bedrock.wait_for_one(), put_id(asked_for))


def _removed(bedrock: BedrockLogging, current: LoggingSetting | None, owned_id: str) -> bool:
    if current is None or put_id(current) != owned_id:
        return False
    bedrock.remove()
    return True


def _adopted(current: LoggingSetting, wanted: LoggingSetting) -> Outcome:
    """A setting of somebody else is never changed, only told where it records other than was asked."""
    match current.text_data_delivery_enabled, wanted.text_data_delivery_enabled:
        case True, False:
            return Outcome.ADOPTED_WITH_TEXT
        case False, True:
            return Outcome.ADOPTED_WITHOUT_TEXT
        case _:
            return Outcome.ADOPTED


def _advice(current: LoggingSetting, wanted: LoggingSetting) -> str:
    """Why the setting is refused and what to do: first what to do, as names of 512 characters may have the end cut."""
    return (
        f"Bedrock's model invocation logging is already on in this account and Region, and this stack did not make it. "
        f"{_remedy(current)}; with ManageBedrockLogging=false the setting is never looked at. It delivers to "
        f"{current.destinations}, not to {wanted.destinations}, and is left as it is."
    )


def _remedy(current: LoggingSetting) -> str:
    if current.log_group_name is None:
        return "Add a log group to its setting, then deploy with InvocationLogGroupName set to that log group"
    return f"To read the log group in use, deploy with InvocationLogGroupName={current.log_group_name}"
