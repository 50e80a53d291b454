"""Compiles Bedrock's list prices from the package `genai-prices` into the table that the layer ships.

Run it from the checkout: `make prices`. A test compares the committed table with what the locked package gives. What
the package does not know is left out, never guessed: the rules by which a price is not taken stand here, dated.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from importlib.metadata import version

from genai_prices.data import providers
from genai_prices.types import (
    ClauseContains,
    ClauseEndsWith,
    ClauseEquals,
    ClauseOr,
    ClauseStartsWith,
    MatchLogic,
    ModelInfo,
    ModelPrice,
    StartDateConstraint,
    TieredPrices,
)

from request_lens.adapters.price_list import TABLE, PriceList, PriceRow, TierRow

PACKAGE = "genai-prices"

CLASSES: Mapping[str, str] = {
    "input_mtok": "input",
    "output_mtok": "output",
    "cache_read_mtok": "cache_read",
    "cache_write_mtok": "cache_write",
    "cache_write_1h_mtok": "cache_write_1h",
}
"""The package's prices that a log's token counts can be priced with. A model with another one, such as for audio, is
left out: the log does not tell its tokens apart."""

PROFILES = ("us", "eu", "apac", "au", "jp", "ca", "in", "global")
"""Prefixes of cross-Region inference profiles; `us-gov` is not priced, see NOT_TAKEN."""

SAME_EVERYWHERE = frozenset({"anthropic", "writer"})
"""Vendors whose models cost the same in all Regions but GovCloud's: Claude by AWS's price list (in a stored copy of
2026-10-08: 14 models were read, each with one price by the global profile and one otherwise, in every Region; 3.5
Haiku, without a global profile, has two prices there, of which AWS's page has the lower one), Palmyra by litellm
1.109.1's list (2026-11-24). Of every other vendor that AWS lists in several Regions, some models differ."""

US_REGIONS = ("us-east-1", "us-east-2", "us-west-2")
"""Where the prices of all others hold: the package has one price a model, that of these Regions. Elsewhere most cost
more by AWS's price list (in a stored copy of 2026-09-01): Nova Lite 5 % in Sydney, 30 % in Frankfurt, 60 % in Milan;
Titan embeddings v2 20 % in Mumbai and ten times as much in Frankfurt."""

US_PROFILES = ("", "us", "global")
"""What can be called from there, and costs what the model does."""

NAMED_BY_GEOGRAPHY = frozenset({"us", "in", "global"})
"""Profiles whose name says which price it is, so that the Region does not matter, where the package names them."""

NOT_TAKEN = frozenset({"us-gov"})
"""The package has the price of other Regions for GovCloud's profiles; AWS asks 9 to 20 % more (Claude Opus 5.5 4.80
instead of 4.40, 3.5 Sonnet 3.60 instead of 3 USD a million input tokens, by AWS's price list in a stored copy of
2026-10-08)."""

LONG_CONTEXT_UNKNOWN = ("claude-sonnet-4-2025", "claude-sonnet-4-5-2025")
"""Models that cost more in a prompt of over 200,000 tokens, which the package does not say: twice the input and 1.5
times the output (https://platform.claude.com/docs/en/about-claude/pricing in a stored copy, and litellm 1.109.1's list,
2026-11-24). Such a call is not priced."""

LONG_CONTEXT = 200_000

CACHE_READS_HALVED = {"claude-sonnet-5-5": date(2026, 10, 7)}
"""Models whose cache reads cost twice as much before a day, which the package does not date: Sonnet 5.5's 0.20 USD a
million of 2026-09-28 became 0.10 (https://github.com/TheKrush/PromptFuel/releases/tag/v1.0.23, and
https://github.com/kurofune/claudit/releases/tag/v1.9.2, read 2026-11-29; both from Anthropic's page)."""


def compiled(taken_on: date) -> PriceList:
    """The table: the package's Bedrock models in its own order, of which the first match counts."""
    [bedrock] = [each for each in providers if each.id == "aws"]
    models: dict[str, list[PriceRow]] = {}
    for model in bedrock.models:
        for model_id, regions in _ids(model.match):
            models.setdefault(model_id, [_in_regions(row, regions) for row in _rows(model)])
    known = {model_id: rows for model_id, rows in sorted(models.items()) if rows}
    distinct = list({json.dumps(rows): rows for rows in known.values()}.values())
    head = {"name": PACKAGE, "version": version(PACKAGE), "date": taken_on.isoformat()}
    return PriceList(source=head, prices=distinct, models={each: distinct.index(rows) for each, rows in known.items()})


def written(listed: PriceList) -> str:
    """The table as JSON text, one model and one price a line."""
    prices = ",\n".join(json.dumps(rows) for rows in listed["prices"])
    models = ",\n".join(f"{json.dumps(model_id)}: {place}" for model_id, place in listed["models"].items())
    source = json.dumps(listed["source"])
    return f'{{"source": {source},\n"prices": [\n{prices}\n],\n"models": {{\n{models}\n}}}}\n'


def _in_regions(row: PriceRow, regions: Sequence[str] | None) -> PriceRow:
    return row if regions is None else {**row, "regions": regions}


def _ids(clause: MatchLogic) -> Iterator[tuple[str, Sequence[str] | None]]:
    """The model ids that a clause stands for, with the Regions where its price holds (None: all).

    A trailing `*` stands for a version. The package's clauses match anywhere in an id; ours match whole ids, so that no
    text that merely contains a model's name is priced.
    """
    match clause:
        case ClauseOr():
            for each in clause.or_:
                yield from _ids(each)
        case ClauseEquals(equals=text):
            yield from _named(text, any_profile=False)
        case ClauseEndsWith(ends_with=text):
            yield from _named(text.removeprefix("/"), any_profile=False)
        case ClauseStartsWith(starts_with=text):
            yield from _named(f"{text}*", any_profile=False)
        case ClauseContains(contains=text):
            yield from _named(f"{text}*", any_profile=True)
        case _:
            raise ValueError(f"a kind of match that Bedrock's models had not: {clause}")


def _named(text: str, *, any_profile: bool) -> Iterator[tuple[str, Sequence[str] | None]]:
    profile, _, rest = text.partition(".")
    if profile in NOT_TAKEN:
        return
    if profile not in PROFILES:
        profile, rest = "", text
    base = _with_vendor(rest)
    vendor = base.split(".")[0]
    for each in _profiles(profile, vendor, any_profile=any_profile):
        regions = _regions(each, vendor, named=not any_profile or bool(profile))
        if regions is None or each in US_PROFILES:
            yield (f"{each}.{base}" if each else base), regions


def _with_vendor(name: str) -> str:
    """The id with its vendor, which a few clauses leave out."""
    vendors = {"claude-": "anthropic.", "titan-": "amazon.", "gpt-": "openai."}
    return next((vendor + name for start, vendor in vendors.items() if name.startswith(start)), name)


def _profiles(profile: str, vendor: str, *, any_profile: bool) -> Sequence[str]:
    if profile or not any_profile:
        return (profile,)
    return ("", *PROFILES) if vendor in SAME_EVERYWHERE else US_PROFILES


def _regions(profile: str, vendor: str, *, named: bool) -> Sequence[str] | None:
    if vendor in SAME_EVERYWHERE or (named and vendor != "amazon" and profile in NAMED_BY_GEOGRAPHY):
        return None
    return US_REGIONS


def _rows(model: ModelInfo) -> list[PriceRow]:
    """The model's prices by the day from which they hold; none where it has a price that no token count goes with."""
    dated = [(None, model.prices)] if isinstance(model.prices, ModelPrice) else list(_dated(model))
    if any(_classes(prices) - CLASSES.keys() for _, prices in dated):
        return []
    short = any(name in model.id for name in LONG_CONTEXT_UNKNOWN)
    rows = [_row(prices, since, max_input=LONG_CONTEXT if short else None) for since, prices in dated]
    halved = [day for name, day in CACHE_READS_HALVED.items() if name in model.id]
    return _with_reads_before(rows, halved[0]) if halved else rows


def _with_reads_before(rows: Sequence[PriceRow], halved: date) -> list[PriceRow]:
    """The price with that of before. Raises: ValueError where the package has its own by now."""
    if len(rows) > 1:
        raise ValueError("prices are dated: take the model out of CACHE_READS_HALVED")
    [row] = rows
    before = {**row["prices"], "cache_read": str(2 * Decimal(row["prices"]["cache_read"]))}
    return [{**row, "prices": before}, {**row, "since": halved.isoformat()}]


def _row(prices: ModelPrice, since: date | None, *, max_input: int | None) -> PriceRow:
    row = PriceRow(prices=_prices(prices, above=0))
    tiers = [TierRow(above=above, prices=_prices(prices, above=above)) for above in _thresholds(prices)]
    if tiers:
        row["tiers"] = tiers
    if since is not None:
        row["since"] = since.isoformat()
    if max_input is not None:
        row["max_input"] = max_input
    return row


def _dated(model: ModelInfo) -> Iterator[tuple[date | None, ModelPrice]]:
    for each in model.prices if isinstance(model.prices, list) else ():
        match each.constraint:
            case None:
                yield None, each.prices
            case StartDateConstraint(start_date=start):
                yield start, each.prices
            case _:
                raise ValueError(f"a kind of condition that Bedrock's prices had not: {each.constraint}")


def _classes(prices: ModelPrice) -> set[str]:
    return {name for name, value in vars(prices).items() if value is not None}


def _thresholds(prices: ModelPrice) -> Iterable[int]:
    tiered = [getattr(prices, name) for name in sorted(_classes(prices))]
    return sorted({tier.start for price in tiered if isinstance(price, TieredPrices) for tier in price.tiers})


def _prices(prices: ModelPrice, *, above: int) -> Mapping[str, str]:
    """USD for a million tokens of each class, as text, in a call with more than so many input tokens."""
    found: dict[str, str] = {}
    for name, ours in CLASSES.items():
        price = getattr(prices, name)
        if isinstance(price, TieredPrices):
            reached = [tier.price for tier in price.tiers if tier.start <= above] if above else []
            price = reached[-1] if reached else price.base
        if price is not None:
            found[ours] = str(price)
    return found


def taken_on() -> date:
    """The day on which the committed table's version was taken; today for another version."""
    source = json.loads(TABLE.read_text(encoding="utf-8"))["source"] if TABLE.exists() else {}
    same = source.get("version") == version(PACKAGE)
    return date.fromisoformat(source["date"]) if same else datetime.now(UTC).date()


if __name__ == "__main__":
    TABLE.write_text(written(compiled(taken_on())), encoding="utf-8")
