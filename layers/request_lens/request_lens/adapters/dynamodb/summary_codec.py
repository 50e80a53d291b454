"""Summaries as maps of plain values, and back.

Compact, because a request's item should stay under 1 KB (DynamoDB bills writes by the KB): zero counts and unknown
values are left out, model ids stand once, in `models`, and a bar is a list:
`[model's place in models, offset_ms, precision_ms, latency_ms or null, method, confidence, (error_code, throttled)]`.
`prices` is a list, too: the price table's name, version and date.
"""

from collections.abc import Iterable, Sequence
from dataclasses import fields
from decimal import Decimal
from typing import cast

from request_lens.adapters.dynamodb.attributes import (
    Plain,
    PlainMap,
    integer,
    known,
    mapping,
    optional_integer,
    optional_number,
    sequence,
    texts,
)
from request_lens.domain.folding.summary import Bar, Summary, Totals
from request_lens.domain.linking.link import Assumption, Confidence, Method
from request_lens.domain.pricing import PriceSource
from request_lens.domain.settling.runaway import Runaway

_COST = "estimated_cost_usd"
_COUNTS = tuple(each.name for each in fields(Totals) if each.name != _COST)


def summary_values(summary: Summary) -> PlainMap:
    """A summary as a map."""
    models = list(dict.fromkeys([model for model, _ in summary.by_model] + [bar.model_id for bar in summary.bars]))
    places = {model: place for place, model in enumerate(models)}
    values: PlainMap = {
        "totals": _total_values(summary.totals),
        "llm_time_ms": summary.llm_time_ms,
        "tool_time_ms": summary.tool_time_ms,
        "non_llm_time_ms": summary.non_llm_time_ms,
        "models": models,
        "by_model": [[places[model], _total_values(totals)] for model, totals in summary.by_model],
        "prices": _source_values(summary.prices) if summary.prices is not None else None,
        "bars": [_bar_values(bar, places[bar.model_id]) for bar in summary.bars],
        "breaks": [each.value for each in summary.violates] or None,
    }
    return known(values)


def summary_from(values: PlainMap) -> Summary:
    """The summary that the map holds. Raises: KeyError, TypeError, ValueError for a map of another make."""
    models = texts(values, "models")
    return Summary(
        totals=totals_from(mapping(values, "totals")),
        llm_time_ms=optional_integer(values, "llm_time_ms"),
        tool_time_ms=optional_integer(values, "tool_time_ms"),
        non_llm_time_ms=optional_integer(values, "non_llm_time_ms"),
        by_model=tuple(_by_model_from(sequence(values, "by_model"), models)),
        prices=_source_from(texts(values, "prices")) if "prices" in values else None,
        bars=tuple(_bar_from(cast("Sequence[Plain]", each), models) for each in sequence(values, "bars")),
        violates=tuple(Assumption(each) for each in texts(values, "breaks")) if "breaks" in values else (),
    )


def runaway_values(runaway: Runaway) -> PlainMap:
    """What a request had made when it was flagged, as a map."""
    values: PlainMap = {
        "llm_calls": runaway.llm_calls,
        _COST: runaway.estimated_cost_usd,
        "unpriced_calls": runaway.unpriced_calls or None,
    }
    return known(values)


def runaway_from(values: PlainMap) -> Runaway:
    """What the map says of a runaway. Raises: KeyError, TypeError."""
    return Runaway(
        llm_calls=integer(values, "llm_calls"),
        estimated_cost_usd=optional_number(values, _COST),
        unpriced_calls=optional_integer(values, "unpriced_calls") or 0,
    )


def _source_values(source: PriceSource) -> Sequence[Plain]:
    return [source.name, source.version, source.date]


def _source_from(values: Sequence[str]) -> PriceSource:
    name, version, date = values
    return PriceSource(name=name, version=version, date=date)


def _total_values(totals: Totals) -> PlainMap:
    counts: dict[str, Plain] = {name: getattr(totals, name) for name in _COUNTS if getattr(totals, name)}
    return known({**counts, _COST: totals.estimated_cost_usd})


def totals_from(values: PlainMap) -> Totals:
    """The totals that the map holds. Raises: TypeError."""
    counts = {name: optional_integer(values, name) or 0 for name in _COUNTS}
    return Totals(**counts, estimated_cost_usd=optional_number(values, _COST))


def _by_model_from(entries: Iterable[Plain], models: Sequence[str]) -> Iterable[tuple[str, Totals]]:
    for each in entries:
        place, totals = cast("tuple[Decimal, PlainMap]", each)
        yield models[int(place)], totals_from(totals)


def _bar_values(bar: Bar, place: int) -> Sequence[Plain]:
    values: list[Plain] = [
        place,
        bar.offset_ms,
        bar.precision_ms,
        bar.latency_ms,
        bar.method.value,
        bar.confidence.value,
    ]
    return values if bar.error_code is None and not bar.throttled else [*values, bar.error_code, bar.throttled]


def _bar_from(values: Sequence[Plain], models: Sequence[str]) -> Bar:
    place, offset, precision, latency, method, confidence, *failure = values
    error_code, throttled = failure or (None, False)
    return Bar(
        model_id=models[int(cast("Decimal", place))],
        offset_ms=int(cast("Decimal", offset)),
        precision_ms=int(cast("Decimal", precision)),
        latency_ms=None if latency is None else int(cast("Decimal", latency)),
        method=Method(cast("str", method)),
        confidence=Confidence(cast("str", confidence)),
        error_code=cast("str | None", error_code),
        throttled=bool(throttled),
    )
