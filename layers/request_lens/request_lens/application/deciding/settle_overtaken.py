"""Settle a call that was decided before the record came of a request that may have made it: see `late_records`."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from request_lens.application.deciding.decisions import decide_all, look_again
from request_lens.application.deciding.late_records import is_nobodys, reopened_at
from request_lens.application.read_context import read_calls, read_requests
from request_lens.application.recounts import recount_all, settled_around
from request_lens.domain.facts import InvocationId, RequestId
from request_lens.domain.linking.context import linking_context
from request_lens.domain.linking.decide import ChainDecision, decide_chain
from request_lens.domain.linking.link import Link, UnlinkedInvocation
from request_lens.domain.linking.neighbourhood import NearbyFacts
from request_lens.domain.policy import Policy
from request_lens.domain.settling.state import RequestState
from request_lens.errors import UnreadableItem
from request_lens.ports import Ports

type _Standing = Mapping[InvocationId, UnlinkedInvocation]
"""Calls that were decided to be nobody's, as they stand."""


def settle_overtaken(call: UnlinkedInvocation, ports: Ports, policy: Policy) -> None:
    """Decide a call that a late record has overtaken anew, and those of its chain that are nobody's, or look again.

    Such a decision gives way to a link only, which takes back what was published.
    """
    if _reopens_at(call, ports, policy) is None:
        return
    target = replace(call, decision=None)
    facts, standing = _reopened(target, call, ports, policy)
    reopens = (_reopens_at(each, ports, policy) for each in standing.values())
    last = max(at for at in reopens if at is not None)
    if last > ports.clock.now():
        look_again(call, last, ports)
        return
    context, states = read_requests(target, facts, ports, policy)
    decision = decide_chain(context, now=ports.clock.now())
    if decision.retry_at is not None:
        look_again(call, decision.retry_at, ports)
        return
    decided = decide_all(_taking_back(decision, standing), context, target, ports)
    recount_all([state.request_id for state in states if state.revision], decided, ports, policy)


def _reopens_at(call: UnlinkedInvocation, ports: Ports, policy: Policy) -> datetime | None:
    """When a decided call can be decided anew; None where no record came later that it fits, or too many fit it."""
    if not is_nobodys(call, policy):
        return None
    reopened = (reopened_at(call, state, policy) for state in _states(settled_around([call], ports, policy), ports))
    return max((at for at in reopened if at is not None), default=None)


def _states(request_ids: Sequence[RequestId], ports: Ports) -> Iterator[RequestState]:
    for request_id in request_ids:
        with suppress(UnreadableItem):  # its own settle tells that another version wrote of it
            yield ports.store.load_request(request_id)


def _reopened(
    target: UnlinkedInvocation, call: UnlinkedInvocation, ports: Ports, policy: Policy
) -> tuple[NearbyFacts, _Standing]:
    """The calls around as if nobody's calls had no decision, and which of its chain are nobody's."""
    facts, _ = read_calls(target, ports, policy)
    nobodys = {_id(each): each for each in [call, *facts.unlinked] if is_nobodys(each, policy)}
    unlinked = [replace(each, decision=None) if _id(each) in nobodys else each for each in facts.unlinked]
    facts = replace(facts, unlinked=unlinked)
    context = linking_context(target, facts, policy)
    return facts, {_id(each): nobodys[_id(each)] for each in context.deciding if _id(each) in nobodys}


def _taking_back(decision: ChainDecision, standing: _Standing) -> ChainDecision:
    """The decision, whose links of calls that were nobody's take that back."""
    decisions = {
        call_id: replace(made, taken_back=True) if call_id in standing and isinstance(made, Link) else made
        for call_id, made in decision.decisions.items()
    }
    return replace(decision, decisions=decisions)


def _id(call: UnlinkedInvocation) -> InvocationId:
    return call.invocation.invocation_id
