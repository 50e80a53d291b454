"""Summaries: the per-request aggregate and the totals that are published."""

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from decimal import Decimal
from enum import StrEnum
from itertools import zip_longest

from request_lens.domain.facts import Invocation
from request_lens.domain.linking.link import Assumption, Confidence, Method
from request_lens.domain.pricing import Estimate, PriceSource, PriceTable, Quote
from request_lens.domain.tracing.traced import Traced


class TokenClass(StrEnum):
    """A class of tokens, by the name of its total."""

    INPUT = "input_tokens"
    OUTPUT = "output_tokens"
    CACHE_READ = "cache_read_input_tokens"
    CACHE_WRITE = "cache_write_input_tokens"


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenSum:
    """Tokens of one class over some calls: None where none of them counts them; the least where some of them do not."""

    count: int | None
    is_least: bool


_ALL_COUNTED = (0,) * len(TokenClass)


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """Counts, tokens and cost that add up over invocations; unknown tokens and prices add nothing.

    `uncounted` are the LLM calls whose log does not count tokens, by class, in the order of `TokenClass`: `tokens` says
    what is known of each. `estimated_cost_usd` is None where no call has a price, and 0 where it is known that there
    was none (`with_known_cost`); `unpriced_calls` are those without one: a cost beside any is partial. Failed calls are
    neither, unless their log has tokens: then they are unpriced.
    """

    llm_calls: int = 0
    llm_errors: int = 0
    llm_throttles: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_input_tokens: int = 0
    cache_write_input_tokens: int = 0
    uncounted: tuple[int, ...] = _ALL_COUNTED
    unpriced_calls: int = 0
    estimated_cost_usd: Decimal | None = None

    @property
    def invocations(self) -> int:
        """All attempts: LLM calls and errors."""
        return self.llm_calls + self.llm_errors

    def tokens(self, of: TokenClass) -> TokenSum:
        """What is known of the tokens of a class."""
        counted: int = getattr(self, of.value)
        uncounted = self.uncounted[list(TokenClass).index(of)]
        if not counted and 0 < self.llm_calls <= uncounted:
            return TokenSum(count=None, is_least=False)
        return TokenSum(count=counted, is_least=uncounted > 0)

    def __add__(self, other: "Totals") -> "Totals":
        return _combined(self, other, sign=1)

    def __sub__(self, other: "Totals") -> "Totals":
        return _combined(self, other, sign=-1)


def _combined(left: Totals, right: Totals, *, sign: int) -> Totals:
    names = [each.name for each in fields(Totals) if each.name not in ("estimated_cost_usd", "uncounted")]
    counts = {name: getattr(left, name) + sign * getattr(right, name) for name in names}
    # A version with further classes may have written one of them: what it says of those is kept.
    pairs = zip_longest(left.uncounted, right.uncounted, fillvalue=0)
    uncounted = tuple(one + sign * other for one, other in pairs)
    costs = (left.estimated_cost_usd, right.estimated_cost_usd)
    cost = None if costs == (None, None) else (costs[0] or Decimal(0)) + sign * (costs[1] or Decimal(0))
    return Totals(**counts, uncounted=uncounted, estimated_cost_usd=cost)


def totals_of(invocation: Invocation, quote: Quote) -> Totals:
    """What one invocation adds to every total, at the cost that it was assessed at."""
    cost = quote.estimated_cost_usd
    tokens = invocation.tokens
    counts = (tokens.input, tokens.output, tokens.cache_read, tokens.cache_write)
    return Totals(
        llm_calls=int(invocation.is_llm_call),
        llm_errors=int(not invocation.is_llm_call),
        llm_throttles=int(invocation.is_throttled),
        input_tokens=tokens.input or 0,
        output_tokens=tokens.output or 0,
        cache_read_input_tokens=tokens.cache_read or 0,
        cache_write_input_tokens=tokens.cache_write or 0,
        uncounted=tuple(int(invocation.is_llm_call and count is None) for count in counts),
        unpriced_calls=int(invocation.may_be_charged and cost is None),
        estimated_cost_usd=cost,
    )


OTHER_MODEL = "other"
"""The ModelId dimension of failed calls of a model that nobody knows: their model id can be any text."""


def model_dimension(invocation: Invocation, quote: Quote) -> str:
    """The invocation's ModelId dimension: its model where the call succeeded, or where the price table knows it."""
    return invocation.model_id if invocation.is_llm_call or quote.knows_model else OTHER_MODEL


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One invocation as it is drawn inside its request.

    `offset_ms` counts from the request's start; a start known only to the second has `precision_ms` 1000 (else 1), and
    is then the earliest place where the call fits: `late_by_ms` says by how much it may be later. `latency_ms` None:
    unknown, drawn as a tick.
    `taken_back`: the call had been unattributed, and its latency was published then.
    `provisional`: the link is what would be decided as things stand; such a bar is drawn and never stored.
    """

    model_id: str
    offset_ms: int
    precision_ms: int
    latency_ms: int | None
    method: Method
    confidence: Confidence
    error_code: str | None = None
    throttled: bool = False
    taken_back: bool = False
    provisional: bool = False


class Sample(StrEnum):
    """A value of a request that a distribution takes once, by the name that the table keeps."""

    LLM_CALLS = "llm_calls"
    LLM_TIME = "llm_time"
    TOOL_TIME = "tool_time"
    NON_LLM_TIME = "non_llm_time"
    TIME_TO_ANSWER = "first_token"
    MEMORY_TIME = "memory_time"
    TOOLS = "tools"
    """The time of each tool by its name."""


MAX_BARS = 100
"""A summary keeps the first 100 bars: enough to draw, and EMF takes at most 100 values an array."""


def are_exact(bars: Iterable[Bar], *, failed: bool = False) -> bool:
    """Whether each LLM call of these, or each attempt that `failed`, is its request's for sure."""
    return all(bar.confidence is Confidence.EXACT for bar in bars if (bar.error_code is not None) is failed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The aggregate of one request: a pure function of its facts.

    Times are milliseconds; None is unknown. `by_model` holds the same totals by model id, in order of first call.
    `prices` says which prices the cost was estimated with, by list and without any discount. `violates` are assumptions
    of other links that the request's tagged calls show broken.

    `possible_calls` may be the request's, and are linked to nobody; None is unknown. While they are not 0 the totals
    are of what is linked, and the times are unknown. `possible_failed_calls` are attempts that failed and may be
    the request's alike: while they are not 0 the numbers of failed and throttled calls are the least. `certain_since`
    is the first revision with no possible call, None before;
    `sampled` are the values that this one, or one before it, has given to their distributions. `proven`: its tags prove
    that it has all of its calls. `traced` is what its spans say, None without any.
    """

    totals: Totals
    llm_time_ms: int | None
    tool_time_ms: int | None
    non_llm_time_ms: int | None
    by_model: tuple[tuple[str, Totals], ...] = ()
    bars: tuple[Bar, ...] = ()
    prices: PriceSource | None = None
    violates: tuple[Assumption, ...] = ()
    possible_calls: int | None = 0
    possible_failed_calls: int | None = 0
    certain_since: int | None = 1
    sampled: frozenset[Sample] = frozenset()
    proven: bool = False
    traced: Traced | None = None
    lacks_log: bool = False

    def tells(self, told: Traced | None) -> bool:
        """Whether it says what spans say now, as far as it may while calls are possible."""
        return self.traced == (told.as_known(possible_calls=self.possible_calls) if told is not None else None)

    @property
    def is_certain(self) -> bool:
        """Whether no call that nobody has may be the request's: else its counts are the least, its times unknown."""
        return self.possible_calls == 0

    @property
    def counts_all_calls(self) -> bool:
        """Whether its counts are of all its calls: none that nobody has may be its own, nor do spans tell of others.

        Else they are the least, though it may be certain which calls are its own.
        """
        return self.is_certain and not self._lacks_calls

    @property
    def _lacks_calls(self) -> bool:
        return self.traced is not None and self.traced.lacks_calls

    @property
    def counts_all_failed(self) -> bool:
        """The same of failed calls alone; where it is unknown how many calls are possible, so are they."""
        is_known = self.possible_calls is not None and self.possible_failed_calls == 0
        return is_known and not self._lacks_calls

    @property
    def is_about(self) -> bool:
        """Whether all calls are counted, and one of them is linked by less than a tag or a trace."""
        return self.counts_all_calls and not are_exact(self.bars)

    @property
    def counts_possible(self) -> bool:
        """Whether it counts attempts that may be the request's, failed or not."""
        return bool(self.possible_calls or self.possible_failed_calls)

    @property
    def knows_failed_calls(self) -> bool:
        """Whether it is known that none but those linked failed, and none was tried: no attempt at all is possible."""
        return self.is_certain and self.possible_failed_calls == 0


def with_known_cost(summary: Summary) -> Summary:
    """The same; where it is certain that no call was tried, here or in another Region, its cost is known: 0."""
    traced = summary.traced
    lacks_calls = traced is not None and (traced.lacks_calls or traced.calls_elsewhere > 0)
    if not summary.knows_failed_calls or summary.totals.invocations or lacks_calls:
        return summary
    return replace(summary, totals=replace(summary.totals, estimated_cost_usd=Decimal(0)))


def estimate_within(summary: Summary | None, invocation: Invocation, prices: PriceTable) -> Estimate | None:
    """What the call costs, or why it has no cost; None where its summary was priced with another table.

    So the costs of a request's calls add up to its own, or are not shown. Without a summary these prices hold.
    """
    return prices.estimate(invocation) if summary is None or summary.prices == prices.source else None
