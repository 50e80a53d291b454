"""Summaries as maps of plain values, and back.

Compact, because a request's item should stay under 1 KB (DynamoDB bills writes by the KB): zero counts and unknown
values are left out, model ids stand once, in `models`, a model's totals are left out where they are the request's, and
a bar is a list:
`[model's place in models, offset_ms, precision_ms, latency_ms or null, method, confidence, (error_code, throttled,
(taken_back))]`, whose last three are left out where they are null, false and false.
`prices` is a list, too: the price table's name, version and date. `possible_calls` and `possible_failed_calls` are left
out where they are 0, and "unknown" where they are unknown; `certain_since` is left out where it is what that says: 1,
or not yet; `sampled` where it is what such a summary has sampled as a rule.
"""

from collections.abc import Iterable, Sequence
from dataclasses import astuple, replace

from request_lens.adapters.dynamodb.attributes import Plain, PlainMap, flag, integer, mapping, sequence, text
from request_lens.adapters.dynamodb.codec import decode, encode
from request_lens.domain.folding.samples import usually_sampled
from request_lens.domain.folding.summary import Bar, Sample, Summary, Totals, with_known_cost
from request_lens.domain.linking.link import Assumption, Confidence, Method
from request_lens.domain.pricing import PriceSource
from request_lens.domain.tracing.traced import Traced

_UNKNOWN = "unknown"


def summary_values(summary: Summary) -> PlainMap:
    """A summary as a map."""
    models = list(dict.fromkeys([model for model, _ in summary.by_model] + [bar.model_id for bar in summary.bars]))
    places = {model: place for place, model in enumerate(models)}
    values: PlainMap = {
        "totals": encode(summary.totals),
        "llm_time_ms": summary.llm_time_ms,
        "tool_time_ms": summary.tool_time_ms,
        "non_llm_time_ms": summary.non_llm_time_ms,
        "models": models,
        "by_model": [
            [places[model]] if totals == summary.totals else [places[model], encode(totals)]
            for model, totals in summary.by_model
        ],
        "prices": list(astuple(summary.prices)) if summary.prices is not None else None,
        "bars": [_bar_values(bar, places[bar.model_id]) for bar in summary.bars],
        "breaks": [assumption.value for assumption in summary.violates] or None,
        "possible_calls": _possible_value(summary.possible_calls),
        "possible_failed_calls": _possible_value(summary.possible_failed_calls),
        "certain_since": None if summary.is_certain and summary.certain_since == 1 else summary.certain_since,
        "sampled": None
        if summary.sampled == usually_sampled(summary)
        else sorted(each.value for each in summary.sampled),
        "proven": summary.proven or None,
        "traced": None if summary.traced is None else encode(summary.traced),
    }
    return {name: value for name, value in values.items() if value is not None}


def summary_from(stored: Plain) -> Summary:
    """The summary that the map holds; an earlier version knew no cost of 0.

    Raises: KeyError, TypeError, ValueError for a map of another make.
    """
    values = mapping(stored)
    models, totals = _texts(values, "models"), decode(Totals, values["totals"])
    summary = Summary(
        totals=totals,
        llm_time_ms=_optional_integer(values, "llm_time_ms"),
        tool_time_ms=_optional_integer(values, "tool_time_ms"),
        non_llm_time_ms=_optional_integer(values, "non_llm_time_ms"),
        by_model=tuple(
            (models[integer(place)], decode(Totals, own[0]) if own else totals)
            for place, *own in _lists(values, "by_model")
        ),
        prices=_source_from(_texts(values, "prices")) if "prices" in values else None,
        bars=tuple(_bar_from(bar, models) for bar in _lists(values, "bars")),
        violates=tuple(Assumption(assumption) for assumption in _texts(values, "breaks")),
        possible_calls=_possible_from(values, "possible_calls"),
        possible_failed_calls=_possible_from(values, "possible_failed_calls"),
        certain_since=_certain_since(values),
        proven=flag(values.get("proven", False)),
        traced=decode(Traced, values["traced"]) if "traced" in values else None,
    )
    own = map(Sample, _texts(values, "sampled")) if "sampled" in values else usually_sampled(summary)
    return with_known_cost(replace(summary, sampled=frozenset(own)))


def _possible_value(count: int | None) -> Plain:
    """A number of possible calls as it is stored: 0 is left out, and unknown has a word."""
    return _UNKNOWN if count is None else count or None


def _possible_from(values: PlainMap, name: str) -> int | None:
    return None if values.get(name) == _UNKNOWN else _optional_integer(values, name) or 0


def _certain_since(values: PlainMap) -> int | None:
    known = _optional_integer(values, "certain_since")
    return 1 if known is None and "possible_calls" not in values else known


def _optional_integer(values: PlainMap, name: str) -> int | None:
    return integer(values[name]) if name in values else None


def _texts(values: PlainMap, name: str) -> Sequence[str]:
    return [text(value) for value in sequence(values.get(name, []))]


def _lists(values: PlainMap, name: str) -> Iterable[Sequence[Plain]]:
    return map(sequence, sequence(values.get(name, [])))


def _source_from(values: Sequence[str]) -> PriceSource:
    name, version, date = values
    return PriceSource(name=name, version=version, date=date)


def _bar_values(bar: Bar, place: int) -> Sequence[Plain]:
    values: list[Plain] = [
        place,
        bar.offset_ms,
        bar.precision_ms,
        bar.latency_ms,
        bar.method.value,
        bar.confidence.value,
    ]
    if bar.taken_back:
        return [*values, bar.error_code, bar.throttled, True]
    return values if bar.error_code is None and not bar.throttled else [*values, bar.error_code, bar.throttled]


def _bar_from(values: Sequence[Plain], models: Sequence[str]) -> Bar:
    place, offset, precision, latency, method, confidence, *more = values
    unknown: Sequence[Plain] = (None, False, False)
    error_code, throttled, taken_back = [*more, *unknown[len(more) :]]
    return Bar(
        model_id=models[integer(place)],
        offset_ms=integer(offset),
        precision_ms=integer(precision),
        latency_ms=None if latency is None else integer(latency),
        method=Method(text(method)),
        confidence=Confidence(text(confidence)),
        error_code=None if error_code is None else text(error_code),
        throttled=flag(throttled),
        taken_back=flag(taken_back),
    )
