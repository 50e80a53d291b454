"""Why a log group is not attached or detached, in sentences that say what helps."""

from collections.abc import Sequence

from request_lens_cli.attaching.kinds import Kind
from request_lens_cli.deployed.log_group import SubscriptionFilter


def is_not_there(name: str, region: str, attached: Sequence[str] = ()) -> str:
    """That there is no such log group, and which ones are attached."""
    others = f" Attached are: {', '.join(attached)}." if attached else ""
    return f"There is no log group {name} in {region} of this account. Nothing was changed.{others}"


def no_room_for(name: str) -> str:
    """That Lambda takes no further permission for it, and what makes room."""
    return (
        f"{name} cannot be attached: the processor has all the permissions that Lambda lets one function have, 20 KB "
        "or about 45 log groups. Nothing was changed. Detach one, or have several APIs write to one log group."
    )


def reads_no_spans(stack_name: str, deploy_options: str, *, name: str, kind: Kind) -> str:
    """That the stack does not read what the group holds, and how to deploy it so that it does."""
    parameter = f"SpanLogGroupName={name}" if kind is Kind.SPANS else f"'SpanLogGroupName=… LambdaLogGroupName={name}'"
    deploy = f"sam deploy{deploy_options}"
    return f"{stack_name} reads no spans. Nothing was changed: `{deploy} --parameter-overrides {parameter}`"


def sends_elsewhere(name: str, ours: SubscriptionFilter) -> str:
    """That the filter of our name is another function's, and how to delete it."""
    command = f"aws logs delete-subscription-filter --log-group-name {name} --filter-name {ours.name}"
    return (
        f"The filter {ours.name} of {name} sends to {ours.destination_arn}, not to this stack's processor. "
        f"Nothing was changed. Where nobody needs it: `{command}`."
    )


def made_elsewhere(name: str, filters: Sequence[SubscriptionFilter]) -> str:
    """That a template made the filters that send to the processor."""
    names = ", ".join(found.name for found in filters)
    return f"`attach` did not make the filter of {name} ({names}): take it out of the template that it comes from."
