"""Requests as a table holds them whose spans say something of them, for the tests of what is shown."""

from dataclasses import replace

from request_lens.domain.facts import InvocationId, TraceId
from request_lens.domain.settling.state import RequestState
from request_lens.domain.tracing.time_parts import TimeParts
from request_lens.domain.tracing.traced import ToolUse, Traced
from tests.support.facts import chain_of_two
from tests.support.sample_states import settled

TRACE_ID = TraceId("6931d2f6dab312b4f03b31b9c24535a1")
SESSION = "649f224f-4daf-48ee-800b-1afef35cc485"

TOOLS = (
    ToolUse(tool="get_weather", offset_ms=1_250, duration_ms=420),
    ToolUse(tool="send_mail", offset_ms=1_700, duration_ms=300, failed=True),
)
PARTS = TimeParts(
    llm_ms=2_960, tools=(("get_weather", 420), ("send_mail", 300)), memory_ms=380, agent_ms=640, outside_ms=300
)
"""Of a request of 5 s."""

COMPLETE = Traced(
    trace_id=TRACE_ID,
    complete=True,
    calls=2,
    time_by=PARTS,
    first_token_ms=3_510,
    session_id=SESSION,
    tools=TOOLS,
    gateway_overhead_ms=41,
)
MISSING = replace(COMPLETE, complete=False, calls=3, missing_calls=1, missing=(InvocationId("53cb819a-lost"),))
UNPROVEN = Traced(trace_id=TRACE_ID, calls=2, calls_elsewhere=1)


def traced_state(request_id: str, said: Traced | None = COMPLETE, *, start: float = 0) -> RequestState:
    """A settled request of 5 s and two calls, whose spans say this."""
    state = settled(request_id, *chain_of_two(request_id, start, start + 2), start=start)
    assert state.summary is not None
    return replace(state, summary=replace(state.summary, traced=said))
