"""What the files of a replay lack, said where all that can be shown is less than there was."""

from request_lens.domain.linking.link import Reason, Unattributed
from request_lens.domain.policy import Policy
from request_lens.presentation.formatting import cleaned
from request_lens_cli.replay.virtual_time import Replay


def lacking_log(result: Replay) -> str:
    """Which of the two logs is not among the files, and what that leaves unknown; empty where both are, or neither."""
    summaries = [state.summary for state in result.requests if state.summary is not None]
    if any(summary.lacks_log for summary in summaries):
        return (
            "No invocation of a model is in these files: how many calls the requests made is unknown. "
            "Give Bedrock's invocation log, too."
        )
    if result.unattributed and not result.requests:
        return "No API request is in these files, so no call can belong to one. Give the API's access log, too."
    return ""


def none_is_meant(result: Replay, policy: Policy) -> str:
    """That no call is by a role that AgentRoleNames lists, and which roles they are by; empty where one is."""
    others = [
        each.invocation
        for each in result.unattributed
        if isinstance(each.decision, Unattributed) and each.decision.reason is Reason.OTHER_CALLER
    ]
    if not others or len(others) < len(result.unattributed) or any(state.invocations for state in result.requests):
        return ""
    roles = ", ".join(sorted({cleaned(call.caller_role or "callers without a role") for call in others}))
    listed = ", ".join(sorted(policy.agent_role_names))
    calls = "The only call is" if len(others) == 1 else f"All {len(others):,} calls are"
    return f"{calls} by {roles}, which AgentRoleNames ({listed}) does not list: 0 calls is what that leaves."
