"""Whichever log events are lost, the request is incomplete and names them; where none is, there is no false alarm."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from request_lens.domain.facts import Invocation, InvocationId, TokenCounts
from request_lens.domain.tracing.completeness import completeness
from tests.support.telemetry.traces import REGION, agent_span, call_span, entry_span, invocation

_TOKENS = st.builds(
    TokenCounts,
    input=st.integers(1, 5_000),
    output=st.integers(1, 500),
    cache_read=st.none() | st.integers(0, 5_000),
    cache_write=st.none() | st.integers(0, 5_000),
)


@st.composite
def _requests(draw: st.DrawFn) -> tuple[list[Invocation], int]:
    """The calls of a request, and the input that its agent adds up: with cached tokens, or without."""
    calls = [
        invocation(f"call-{n}", tokens=tokens)
        for n, tokens in enumerate(draw(st.lists(_TOKENS, min_size=1, max_size=8)))
    ]
    with_cached = draw(st.booleans())
    return calls, sum(call.tokens.prompt if with_cached else call.tokens.input or 0 for call in calls)


@given(request=_requests(), lost=st.sets(st.integers(0, 7)))
@settings(max_examples=300, deadline=None)
def test_lost_events_are_named_and_nothing_else_is(request: tuple[list[Invocation], int], lost: set[int]) -> None:
    calls, read = request
    written = sum(call.tokens.output or 0 for call in calls)
    spans = [call_span(call.invocation_id, 10 * n, 10 * n + 5) for n, call in enumerate(calls)]
    own = [entry_span(0, 100), agent_span(0, 100, read=read, written=written), *spans]
    gone = {InvocationId(f"call-{n}") for n in lost if n < len(calls)}
    found = completeness([call for call in calls if call.invocation_id not in gone], own, region=REGION)

    assert (found.complete, set(found.missing)) == (not gone, gone)
    elsewhere = [replace(span, region="eu-west-1") for span in spans[:1]]
    assert completeness(calls, [*own[:2], *elsewhere, *spans[1:]], region=REGION).missing == ()
