"""Bedrock's list prices as the package ships them: a JSON table that `make prices` compiles, read once a process.

A test compares the table with what its package gives and reads it with every key checked; here it is read as cheaply
as can be, as a cold start reads it.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import NotRequired, TypedDict

from request_lens.domain.pricing import ModelPrice, PriceSource, PriceTable, Tier, TokenPrices

TABLE = Path(__file__).with_name("bedrock_prices.json")


class TierRow(TypedDict):
    """Prices above a number of input tokens: USD for a million tokens, as text, by class."""

    above: int
    prices: Mapping[str, str]


class PriceRow(TypedDict):
    """One price of a model, as the table writes it; see `ModelPrice`."""

    prices: Mapping[str, str]
    tiers: NotRequired[Sequence[TierRow]]
    since: NotRequired[str]
    regions: NotRequired[Sequence[str]]
    max_input: NotRequired[int]


class PriceList(TypedDict):
    """The file: its source, the prices of models in order of their days, and the place of each model's among them."""

    source: Mapping[str, str]
    prices: Sequence[Sequence[PriceRow]]
    models: Mapping[str, int]


@cache
def bedrock_prices() -> PriceTable:
    """Bedrock's list prices."""
    return price_table(json.loads(TABLE.read_bytes()))


def price_table(listed: PriceList) -> PriceTable:
    """The table that a file of prices holds."""
    prices = [tuple(_model_price(row) for row in rows) for rows in listed["prices"]]
    return PriceTable(
        source=PriceSource(**listed["source"]),
        models={model_id: prices[place] for model_id, place in listed["models"].items()},
    )


def _model_price(row: PriceRow) -> ModelPrice:
    return ModelPrice(
        prices=_token_prices(row["prices"]),
        tiers=tuple(Tier(above=tier["above"], prices=_token_prices(tier["prices"])) for tier in row.get("tiers", ())),
        since=date.fromisoformat(row["since"]) if "since" in row else date.min,
        regions=frozenset(row["regions"]) if "regions" in row else None,
        max_input=row.get("max_input"),
    )


def _token_prices(prices: Mapping[str, str]) -> TokenPrices:
    return TokenPrices(**{name: Decimal(price) for name, price in prices.items()})
