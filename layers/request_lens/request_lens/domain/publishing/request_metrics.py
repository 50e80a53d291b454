"""Publishing: what a change in the table adds to the metrics."""

from collections import Counter
from collections.abc import Collection, Mapping
from datetime import UTC, datetime

from request_lens.domain.doctor import DOCTOR_SERVICE, is_doctors
from request_lens.domain.facts import Invocation, Tag
from request_lens.domain.folding.samples import known_values
from request_lens.domain.folding.summary import Sample, Summary, Totals, model_dimension, totals_of
from request_lens.domain.linking.link import Link, Method, Unattributed
from request_lens.domain.publishing.changes import Change, InvocationDecided, RevisionWritten
from request_lens.domain.publishing.metric_names import UNATTRIBUTED_ROUTE, Metric
from request_lens.domain.publishing.publication import ModelValues, Property, Publication, Values
from request_lens.domain.publishing.traced_metrics import tool_values, traced_details, traced_properties, traced_totals


def publication_of(change: Change, *, tool_names: Collection[str] = ()) -> Publication | None:
    """The publication that a change calls for; None where it adds nothing to any metric.

    Tools that are not among `tool_names` are `other`; none is told of by its name where that is empty.
    """
    match change:
        case RevisionWritten():
            return _revision(change, tool_names)
        case InvocationDecided(decision=Unattributed() as counted, previous=None):
            return _unattributed(change, counted, sign=1)
        case InvocationDecided(decision=Link(), previous=Unattributed() as counted):
            return _unattributed(change, counted, sign=-1)
        case InvocationDecided(invocation=Invocation(tag=Tag()), decision=Link(), previous=None):
            return _never_given_up(change)
        case _:
            return None


def _revision(change: RevisionWritten, tool_names: Collection[str]) -> Publication:
    request, before = change.request, change.previous
    added = change.summary.totals - (before.totals if before is not None else Totals())
    counted = {**_requests(change), **_total_values(added), **_uncertainty(change), **traced_totals(change)}
    values = {**counted, **_distributions(change)} or _news(change)
    return Publication(
        publication_id=change.publication_id,
        at=request.ended_at or request.started_at,
        route=request.route,
        values=values,
        by_model=_model_values(change),
        by_tool=tool_values(change, tool_names),
        properties={
            "request_id": request.request_id,
            "revision": change.revision,
            "status": request.status,
            "started_at": _moment(request.started_at),
            **_unpriced_property(added),
            **_by_time_property(change),
            **_said(change.summary),
        },
        details=traced_details(change.summary.traced),
        service=DOCTOR_SERVICE if is_doctors(request.request_id) else None,
    )


def _said(summary: Summary) -> Mapping[str, Property]:
    """What a revision's lines say of the request as it is known by then, beside differences."""
    return {**_possible_property(summary), **traced_properties(summary.traced)}


def _news(change: RevisionWritten) -> Values:
    """What carries news of a request that change no metric, for there is no line without one: no request more."""
    now, before = change.summary, change.previous
    if before is None:
        return {}
    is_said = _said(now) == _said(before) and traced_details(now.traced) == traced_details(before.traced)
    return {} if is_said and not _by_time_property(change) else {Metric.REQUESTS: (0,)}


def _moment(at: datetime) -> str:
    """A time as text, in UTC to the millisecond: it is ordered as the times are."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _requests(change: RevisionWritten) -> Values:
    """One request, and whether it failed: counted in its first revision, for its record never changes."""
    if change.previous is not None:
        return {}
    return {Metric.REQUESTS: (1,)} | ({Metric.FAILED_REQUESTS: (1,)} if change.request.has_failed else {})


def _possible_property(summary: Summary) -> Mapping[str, int | str]:
    """How many calls may be the request's besides those that are linked, and failed ones; empty where none may."""
    counts = {"possible_calls": summary.possible_calls, "possible_failed_calls": summary.possible_failed_calls}
    return {name: "unknown" if count is None else count for name, count in counts.items() if count != 0}


def _by_time_property(change: RevisionWritten) -> Mapping[str, int]:
    """One more request of which all calls are known and some are linked by time, or one fewer; else empty."""
    before = change.previous
    difference = change.summary.is_about - (before is not None and before.is_about)
    return {"requests_by_time": difference} if difference else {}


def _unpriced_property(added: Totals) -> Mapping[str, int]:
    """The calls that add nothing to the cost beside them for want of a price; empty where there are none."""
    return {"unpriced_calls": added.unpriced_calls} if added.unpriced_calls else {}


def _uncertainty(change: RevisionWritten) -> Values:
    """One more request that is not certain, or one fewer."""
    before = change.previous
    difference = (not change.summary.is_certain) - (before is not None and not before.is_certain)
    return {Metric.UNCERTAIN_REQUESTS: (difference,)} if difference else {}


_SAMPLED = {
    Sample.LLM_CALLS: Metric.LLM_CALLS_PER_REQUEST,
    Sample.LLM_TIME: Metric.LLM_TIME,
    Sample.TOOL_TIME: Metric.TOOL_TIME,
    Sample.NON_LLM_TIME: Metric.NON_LLM_TIME,
    Sample.TIME_TO_ANSWER: Metric.TIME_TO_FIRST_TOKEN,
    Sample.MEMORY_TIME: Metric.MEMORY_TIME,
}


def _distributions(change: RevisionWritten) -> Values:
    """The request's one value of each: its duration at once, the others as soon as it is certain and knows them."""
    values: dict[Metric, tuple[float, ...]] = {}
    if change.previous is None and change.request.duration_ms is not None:
        values[Metric.REQUEST_DURATION] = (change.request.duration_ms,)
    known = known_values(change.summary)
    return values | {
        metric: (known[sample],) for sample, metric in _SAMPLED.items() if sample in change.samples and sample in known
    }


def _total_values(totals: Totals) -> dict[Metric, tuple[float, ...]]:
    values: Mapping[Metric, float | None] = {
        Metric.LLM_CALLS: totals.llm_calls,
        Metric.LLM_ERRORS: totals.llm_errors,
        Metric.LLM_THROTTLES: totals.llm_throttles,
        Metric.INPUT_TOKENS: totals.input_tokens,
        Metric.OUTPUT_TOKENS: totals.output_tokens,
        Metric.CACHE_READ_INPUT_TOKENS: totals.cache_read_input_tokens,
        Metric.CACHE_WRITE_INPUT_TOKENS: totals.cache_write_input_tokens,
        Metric.ESTIMATED_COST: None if totals.estimated_cost_usd is None else float(totals.estimated_cost_usd),
    }
    return {metric: (value,) for metric, value in values.items() if value}


def _model_values(change: RevisionWritten) -> tuple[ModelValues, ...]:
    before = change.previous
    earlier = dict(before.by_model) if before is not None else {}
    models = dict.fromkeys(earlier) | dict(change.summary.by_model)
    differences = ((model, (totals or Totals()) - earlier.get(model, Totals())) for model, totals in models.items())
    latencies = _added_latencies(change)
    models_values = (_one_model(model, totals, latencies) for model, totals in differences)
    return tuple(of_model for of_model in models_values if of_model.values)


def _one_model(model: str, totals: Totals, latencies: Counter[tuple[str, int]]) -> ModelValues:
    own = tuple(latency for (name, latency) in sorted(latencies.elements()) if name == model)
    values = _total_values(totals)
    return ModelValues(model_id=model, values={**values, Metric.INVOCATION_LATENCY: own} if own else values)


def _added_latencies(change: RevisionWritten) -> Counter[tuple[str, int]]:
    """What the revision has more than the one before."""
    before = _latencies(change.previous, change) if change.previous is not None else Counter[tuple[str, int]]()
    return _latencies(change.summary, change) - before


def _latencies(summary: Summary, change: RevisionWritten) -> Counter[tuple[str, int]]:
    """The known latencies of the LLM calls among the summary's bars, by model, but for those that come by themselves.

    So do those of calls that had been unattributed, and of the tagged calls of a request that had been given up: with
    their own decision.
    """
    bars = (bar for bar in summary.bars if bar.error_code is None and not bar.taken_back)
    own = (bar for bar in bars if not (change.orphaned and bar.method is Method.TAG))
    return Counter((bar.model_id, bar.latency_ms) for bar in own if bar.latency_ms is not None)


def _unattributed(change: InvocationDecided, counted: Unattributed, *, sign: int) -> Publication:
    """What the call adds, or takes back, at the quote that it was decided with."""
    call, added = change.invocation, totals_of(change.invocation, counted.quote)
    totals = added if sign > 0 else Totals() - added
    values = _total_values(totals)
    by_model = {**values, **(_latency_of(call) if sign > 0 else {})}
    model = model_dimension(call, counted.quote)
    return Publication(
        publication_id=change.publication_id,
        at=call.logged_at,
        route=UNATTRIBUTED_ROUTE,
        values=values,
        by_model=(ModelValues(model_id=model, values=by_model),) if by_model else (),
        properties={**_unattributed_properties(call, change), **_unpriced_property(totals)},
    )


def _never_given_up(change: InvocationDecided) -> Publication | None:
    """The latency of a call that came after its request's orphans were given up: its totals come with the request's."""
    call, latency = change.invocation, _latency_of(change.invocation)
    if not latency:
        return None
    return Publication(
        publication_id=change.publication_id,
        at=call.logged_at,
        route=UNATTRIBUTED_ROUTE,
        values={},
        by_model=(ModelValues(model_id=call.model_id, values=latency),),
        properties=_unattributed_properties(call, change),
    )


def _latency_of(call: Invocation) -> Values:
    if not call.is_llm_call or call.latency_ms is None:
        return {}
    return {Metric.INVOCATION_LATENCY: (call.latency_ms,)}


def _unattributed_properties(call: Invocation, change: InvocationDecided) -> Mapping[str, str | int]:
    """Which call it is, who made it, and why it was unattributed, or that this is taken back; else its request."""
    decision = change.decision
    why: dict[str, str | int]
    if isinstance(decision, Unattributed):
        why = {"reason": str(decision.reason), "candidates": decision.candidates}
    else:
        why = {"reason": "taken_back"} if change.previous is not None else {"request_id": decision.request_id}
    caller = {"caller_role": call.caller_role} if call.caller_role is not None else {}
    return {"invocation_id": call.invocation_id, "model_id": call.model_id, **why, **caller}
