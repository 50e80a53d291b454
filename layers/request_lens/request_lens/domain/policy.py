"""The template's parameters that decide how facts are linked and when they settle."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from request_lens.domain.routes import is_among

_SECOND = timedelta(seconds=1)
"""What whole seconds hide of a call's start, or of a request's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Waits, tolerances and who is observed. The defaults are the template's own (a test compares them).

    `agent_role_names` empty: every caller is considered and inferred links are only `assumed`.
    `agent_routes` empty: every route is observed. `one_loop_per_request`: no request runs two agent loops, so that a
    call that fits several requests may be linked by elimination. A request with more LLM calls than
    `max_calls_per_request`, or that costs more than `max_cost_per_request` (USD, estimated), is a runaway; 0: no limit.
    `reads_spans`: agents' spans come, and link and time their requests; `reads_memory`: those of their memory, too.
    `tool_names` are those of which a metric tells by name.
    """

    settle_delay: timedelta = timedelta(seconds=30)
    link_delay: timedelta = timedelta(seconds=60)
    max_request: timedelta = timedelta(seconds=30)
    max_agent: timedelta = timedelta(seconds=60)
    clock_skew: timedelta = timedelta(milliseconds=250)
    orphan_after: timedelta = timedelta(seconds=900)
    retention: timedelta = timedelta(days=90)
    agent_role_names: frozenset[str] = frozenset()
    agent_routes: frozenset[str] = frozenset()
    one_loop_per_request: bool = False
    max_calls_per_request: int = 0
    max_cost_per_request: Decimal = Decimal(0)
    reads_spans: bool = False
    reads_memory: bool = False
    tool_names: frozenset[str] = frozenset()

    @property
    def reach(self) -> timedelta:
        """How far in time a request and the calls made for it, or two calls of one chain's step, can lie apart.

        It may be longer by the skew than the longest, and the call's clock may be off by as much.
        """
        return self.max_request + self.max_agent + 2 * self.clock_skew + _SECOND

    @property
    def max_overlap(self) -> timedelta:
        """How long after a moment all requests have ended that had begun by then.

        The moment and the start of a request may be known to the second, and either clock may be off by the skew.
        """
        return self.reach + _SECOND - self.max_agent

    @property
    def due_after(self) -> timedelta:
        """How long after a call's logged second all requests have ended, and come, that may have made it before."""
        return self.max_overlap + self.link_delay

    def observes(self, route: str) -> bool:
        """Whether requests on this route are agent requests."""
        return not self.agent_routes or is_among(route, self.agent_routes)
