"""Settle: take up one key, and write what is missing: a decision, a revision, or a timer for later.

A settle may crash, race or repeat: whoever comes next writes what is missing.
"""

from typing import assert_never

from request_lens.application.deciding.settle_orphan import go_on_giving_up, settle_orphan
from request_lens.application.settle_chain import settle_invocation
from request_lens.application.settle_request import settle_request
from request_lens.application.tracing.settle_trace import settle_trace_once
from request_lens.domain.facts import InvocationId, RequestId, TraceId
from request_lens.domain.policy import Policy
from request_lens.domain.settling.state import SettleKey, SettleKind
from request_lens.ports import Ports


def settle(key: SettleKey, ports: Ports, policy: Policy) -> None:
    """Do what is due for this key. Raises: StoreUnavailable, TimerUnavailable; the message is then retried."""
    match key.kind:
        case SettleKind.REQUEST:
            settle_request(RequestId(key.id), ports, policy)
        case SettleKind.ORPHAN:
            settle_orphan(RequestId(key.id), ports, policy)
        case SettleKind.ORPHANS:
            go_on_giving_up(RequestId(key.id), ports, policy)
        case SettleKind.TRACE:
            settle_trace_once(TraceId(key.id), ports, policy)
        case SettleKind.INVOCATION:
            settle_invocation(InvocationId(key.id), ports, policy)
        case _:
            assert_never(key.kind)
