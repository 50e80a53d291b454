"""Runaways: requests beyond a limit, flagged while they still run."""

from datetime import timedelta

from request_lens.domain.policy import Policy
from request_lens.domain.settling.runaway import has_limits, runaway_of
from request_lens.domain.settling.state import RequestState
from request_lens.ports import Ports

LOOK_APART = timedelta(milliseconds=10)
"""For each call that was read, so long nobody reads all of them again: with a thousand, ten seconds."""


def flag_runaway(state: RequestState, ports: Ports, policy: Policy) -> None:
    """Flag a request beyond the limits, once: who comes second finds the flag.

    One that has many calls and no record is looked at whole from time to time. That is no longer apart than half of
    what its calls' next message waits: a call that came behind one look is seen by then.
    """
    if state.runaway is not None or not has_limits(policy):
        return
    if not state.is_cut:
        _flag(state, ports, policy)
    elif state.watched_until is None or state.watched_until <= ports.clock.now():
        look_for_runaway(state, ports, policy)


def look_for_runaway(head: RequestState, ports: Ports, policy: Policy) -> None:
    """Look at all calls of a request without a record, and let nobody else do so for a while."""
    if head.runaway is not None or not has_limits(policy):
        return
    longest = policy.settle_delay / 2
    ports.store.mark_watched(head.request_id, until=ports.clock.now() + longest)  # who comes meanwhile reads no more
    state = ports.store.load_request(head.request_id)
    if not _flag(state, ports, policy):
        apart = min(len(state.invocations) * LOOK_APART, longest)
        ports.store.mark_watched(head.request_id, until=ports.clock.now() + apart)


def _flag(state: RequestState, ports: Ports, policy: Policy) -> bool:
    runaway = runaway_of([linked.invocation for linked in state.invocations], policy, ports.prices)
    if runaway is not None:
        ports.store.flag_runaway(state.request_id, runaway)
    return runaway is not None
