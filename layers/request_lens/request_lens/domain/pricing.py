"""Pricing: the estimated cost of an invocation by a table of list prices, in USD and in Decimal throughout.

Unknown is unknown: an invocation whose model, Region, service tier or token counts the table has no price for gets no
cost, and the reason. It is never priced in part.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date
from decimal import Decimal
from enum import StrEnum

from request_lens.domain.cached_input import may_include_untold_cached
from request_lens.domain.facts import Invocation, TokenCounts

GOVCLOUD = "us-gov"
"""GovCloud's Regions and profiles: dearer than the others, and not in the table."""

STANDARD_TIERS = frozenset({None, "default", "standard"})
"""Service tiers at the list price; `priority`, `flex`, `latency_optimized` … have prices of their own, or none."""


class Unpriced(StrEnum):
    """Why an invocation has no cost (closed vocabulary). All but `failed_call` count as `unpriced_calls`.

    `broken_off`: it failed, but its log counts tokens; whether Bedrock charges them is not published.
    """

    FAILED_CALL = "failed_call"
    BROKEN_OFF = "broken_off"
    UNKNOWN_MODEL = "unknown_model"
    UNKNOWN_REGION = "unknown_region"
    UNKNOWN_PROFILE = "unknown_profile"
    SERVICE_TIER = "service_tier"
    NOT_COUNTED = "no_token_counts"
    CONTRADICTION = "contradictory_counts"
    CLASS_WITHOUT_PRICE = "token_class"
    LONG_CONTEXT = "long_context"


type Estimate = Decimal | Unpriced
"""USD, or why there is no estimate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenPrices:
    """USD for a million tokens of each class; None: no price is known. `cache_write` are those kept five minutes."""

    input: Decimal | None = None
    output: Decimal | None = None
    cache_read: Decimal | None = None
    cache_write: Decimal | None = None
    cache_write_1h: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """Prices of all tokens of a call with more than `above` input tokens, cached ones included."""

    above: int
    prices: TokenPrices


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelPrice:
    """What a model costs since a day (UTC), in these Regions (None: in all but GovCloud's).

    `tiers` are in ascending order. A call with more than `max_input` input tokens is not priced: what it costs is not
    in the table.
    """

    prices: TokenPrices
    tiers: Sequence[Tier] = ()
    since: date = date.min
    regions: frozenset[str] | None = None
    max_input: int | None = None

    def holds_in(self, region: str | None) -> bool:
        """Whether this is the price of calls made in the Region; an unknown one counts where all cost the same."""
        if region is not None and region.startswith(GOVCLOUD):
            return False
        return self.regions is None or region in self.regions

    def prices_at(self, input_tokens: int) -> TokenPrices | None:
        """The prices for a call with so many input tokens, cached ones included; None where it is too long."""
        if self.max_input is not None and input_tokens > self.max_input:
            return None
        reached = [tier.prices for tier in self.tiers if input_tokens > tier.above]
        return reached[-1] if reached else self.prices


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceSource:
    """Where prices come from: a package, its version, and the day on which it was taken (ISO 8601)."""

    name: str
    version: str
    date: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """What a price table says of one invocation; kept with what is published of it, as a later table may differ.

    `knows_model` tells whether the invocation's model id is one of the table's.
    """

    estimated_cost_usd: Decimal | None = None
    knows_model: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceTable:
    """List prices by model id, as Bedrock knows it, with its profile's prefix: `jp.anthropic.claude-…`.

    A key that ends in `*` stands for the versions of its model, too: `amazon.nova-lite*` for `amazon.nova-lite-v1:0`.
    A model's prices stand in ascending order of `since`.
    """

    source: PriceSource | None = None
    models: Mapping[str, Sequence[ModelPrice]] = field(default_factory=dict)

    def estimate(self, invocation: Invocation) -> Estimate:
        """The invocation's estimated cost, or why there is none."""
        if not invocation.is_llm_call:
            return Unpriced.BROKEN_OFF if invocation.may_be_charged else Unpriced.FAILED_CALL
        if invocation.service_tier not in STANDARD_TIERS:
            return Unpriced.SERVICE_TIER
        day = invocation.logged_at.astimezone(UTC).date()
        price = self._price_on(day, invocation.model_id)
        if invocation.inference_profile is not None and self._depends_on_profile(day, invocation.model_id):
            return Unpriced.UNKNOWN_PROFILE
        if price is None:
            return Unpriced.UNKNOWN_REGION if self.knows(invocation.model_id) else Unpriced.UNKNOWN_MODEL
        if not price.holds_in(invocation.region):
            return Unpriced.UNKNOWN_REGION
        if price.prices.cache_read is not None and may_include_untold_cached(invocation):
            return Unpriced.NOT_COUNTED
        return _cost(invocation.tokens, price)

    def quote(self, invocation: Invocation) -> Quote:
        """The estimate, and whether the model id is one of the table's."""
        estimate = self.estimate(invocation)
        return Quote(
            estimated_cost_usd=estimate if isinstance(estimate, Decimal) else None,
            knows_model=self.knows(invocation.model_id),
        )

    def knows(self, model_id: str) -> bool:
        """Whether the table has the model, be it at another profile's price.

        True of a bounded set of ids, whatever callers send: a model with a known profile and a usual version.
        """
        profile, _, rest = model_id.partition(".")
        names = {model_id, rest} if profile in PROFILES else {model_id}
        return any(
            name in self.models or any(f"{name.removesuffix(each)}*" in self.models for each in USUAL_VERSIONS)
            for name in names
        )

    def _price_on(self, day: date, model_id: str) -> ModelPrice | None:
        begun = [each for each in self._prices_of(model_id) if each.since <= day]
        return begun[-1] if begun else None

    def _depends_on_profile(self, day: date, model_id: str) -> bool:
        """Whether the model costs more by one profile than by another.

        An application inference profile names the model behind it and not the profile that it was made from.
        """
        named = (self._price_on(day, f"{profile}.{model_id}") for profile in PROFILES)
        prices = [each.prices for each in (self._price_on(day, model_id), *named) if each is not None]
        return any(each != prices[0] for each in prices)

    def _prices_of(self, model_id: str) -> Sequence[ModelPrice]:
        if model_id in self.models:
            return self.models[model_id]
        found = (self.models[f"{stem}*"] for stem in _stems(model_id) if f"{stem}*" in self.models)
        return next(found, ())


PROFILES = frozenset({"us", "eu", "apac", "au", "jp", "ca", "in", "us-gov", "global"})
"""Prefixes of cross-Region inference profiles."""

USUAL_VERSIONS = ("", "-v1", "-v1:0", "-v2:0", ":0", ":1", ":2", "-20251101-v1:0")
"""How the ids of Bedrock's models end after the names in the table."""

_VERSION_PARTS = (re.compile(r":\d{1,3}k\Z"), re.compile(r":\d\Z"), re.compile(r"-v\d\Z"), re.compile(r"-20\d{6}\Z"))
"""The parts of an id's version, the last first: a context's length, a minor version, a version, a date."""

_PER_MILLION = -6


def _stems(model_id: str) -> Iterator[str]:
    """The id, and what is left as one part of its version after the other is taken off."""
    yield model_id
    stem = model_id
    for part in _VERSION_PARTS:
        shorter = part.sub("", stem)
        if shorter != stem:
            stem = shorter
            yield stem


def _cost(tokens: TokenCounts, model: ModelPrice) -> Estimate:
    counts = _counts(tokens, prices=model.prices)
    if isinstance(counts, Unpriced):
        return counts
    prices = model.prices_at(tokens.prompt)
    if prices is None:
        return Unpriced.LONG_CONTEXT
    cost = Decimal(0)
    for name, count in counts.items():
        price: Decimal | None = getattr(prices, name)
        if count and price is None:
            return Unpriced.CLASS_WITHOUT_PRICE
        cost += count * (price or Decimal(0))
    return cost.scaleb(_PER_MILLION)


def _counts(tokens: TokenCounts, *, prices: TokenPrices) -> Mapping[str, int] | Unpriced:
    """The tokens by price, each once, or why they cannot be told: one is missing, or they contradict each other.

    A model without a price for output, such as one for embeddings, has none to count. Cache counts that are missing
    are 0: the log has them where there is a cache. Writes of unknown duration are of five minutes, Bedrock's default;
    where only their split is known, its rest is missing.
    """
    written, for_an_hour = tokens.cache_write or 0, tokens.cache_write_1h or 0
    if tokens.input is None or (tokens.output is None and prices.output is not None):
        return Unpriced.NOT_COUNTED
    if tokens.cache_write is None and tokens.cache_write_1h is not None:
        return Unpriced.NOT_COUNTED
    if for_an_hour > written:
        return Unpriced.CONTRADICTION
    return {
        "input": tokens.input,
        "output": tokens.output or 0,
        "cache_read": tokens.cache_read or 0,
        "cache_write": written - for_an_hour,
        "cache_write_1h": for_an_hour,
    }


NO_PRICES = PriceTable()
"""The table that knows no price: every LLM call is unpriced."""
