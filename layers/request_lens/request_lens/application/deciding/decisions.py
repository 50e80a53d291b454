"""Decisions of chains: written, and counted by the requests that calls are linked to."""

from collections.abc import Sequence
from datetime import datetime

from request_lens.application.deciding.standing import decide
from request_lens.application.recounts import decisions_of, linked_of
from request_lens.application.settle_request import revise_if_due
from request_lens.domain.facts import InvocationId
from request_lens.domain.linking.context import LinkingContext
from request_lens.domain.linking.decide import ChainDecision
from request_lens.domain.linking.link import LinkedInvocation, UnlinkedInvocation
from request_lens.domain.policy import Policy
from request_lens.domain.settling.state import SettleKey, SettleKind
from request_lens.ports import Ports


def look_again(unlinked: UnlinkedInvocation, at: datetime, ports: Ports) -> None:
    """Send the key that looks at a call again."""
    ports.timer.send([(SettleKey(SettleKind.INVOCATION, unlinked.invocation.invocation_id), at)])


def decide_all(
    decision: ChainDecision, context: LinkingContext, target: UnlinkedInvocation, ports: Ports
) -> Sequence[UnlinkedInvocation]:
    """Write the decisions, this call's last, and count the calls that are linked; answers with all as they stand."""
    decisions, target_id = decision.decisions, target.invocation.invocation_id
    others = [
        member if member.decision is not None else decide(member, decisions[member.invocation.invocation_id], ports)
        for member in context.deciding
        if member.invocation.invocation_id != target_id
    ]
    if copies := linked_of(others):
        ports.store.store_linked(copies)
    decided = decide(target, decisions[target_id], ports)
    count_linked([decided, *others], linked_of([decided]), ports, context.policy)
    return [decided, *others]


def count_linked(
    decided: Sequence[UnlinkedInvocation], missing: Sequence[LinkedInvocation], ports: Ports, policy: Policy
) -> None:
    """Store the missing calls under their request, and revise each request that does not know of its calls yet."""
    if missing:
        ports.store.store_linked(missing)
    just_decided, copies = decisions_of(decided), linked_of(decided)
    for request_id in dict.fromkeys(copy.link.request_id for copy in copies):
        linked = [copy.invocation.invocation_id for copy in copies if copy.link.request_id == request_id]
        revise_if_due(request_id, ports, policy, just_decided=just_decided, linked=linked)


def count_uncounted(decided: Sequence[UnlinkedInvocation], ports: Ports, policy: Policy) -> None:
    """Count those of the calls that whoever decided them may not have, as it died then.

    Most likely it has, so it is looked first, by a read that may lag behind: of what was stored just now, whoever
    stored it is still at work.
    """
    if copies := linked_of(decided):
        found = ports.store.find_unrevised(copies)
        uncounted = [copy.invocation.invocation_id for copy in copies if copy.link.request_id in found.request_ids]
        count_linked([call for call in decided if _id(call) in uncounted], found.missing, ports, policy)


def _id(call: UnlinkedInvocation) -> InvocationId:
    return call.invocation.invocation_id
