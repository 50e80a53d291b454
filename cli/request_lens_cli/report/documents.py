"""The JSON documents of the command line: stable keys that scripts depend on. Unknown is null."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from decimal import Decimal

from request_lens.domain.call_start import CallStart, call_start
from request_lens.domain.facts import Invocation, RequestId
from request_lens.domain.folding.bars import starts_of
from request_lens.domain.folding.order import in_order
from request_lens.domain.folding.summary import Summary, TokenClass
from request_lens.domain.linking.link import Link, LinkedInvocation, Unattributed, UnlinkedInvocation
from request_lens.domain.log_record import Rejected
from request_lens.domain.policy import Policy
from request_lens.domain.pricing import Estimate, Unpriced
from request_lens.domain.publishing.publication import Publication
from request_lens.domain.settling.state import RequestState
from request_lens.presentation.certainty import calls_are, known_count, known_tokens
from request_lens.presentation.formatting import UNKNOWN, iso_ms
from request_lens_cli.report.costs import call_estimate
from request_lens_cli.report.report import correlated_by
from request_lens_cli.report.request_schema import LEAST_KEYS, Document, Json
from request_lens_cli.report.selection import state_of
from request_lens_cli.report.traced_documents import (
    TRACED_COLUMNS,
    TRACED_KEYS,
    traced_columns,
    traced_document,
)


def summary_document(state: RequestState, policy: Policy, *, aws_console: str = "") -> Document:
    """One request with its aggregate and its invocations; a pending one has revision 0 and null aggregates.

    While `possible_calls` is not 0 (null is unknown), or calls are missing, counts, tokens and cost are the least, and
    those of failed calls while `possible_failed_calls` is not: `at_least` names each that may be more, and sums that
    some call's log leaves out. Tokens are null where no call that is linked counts them, and where none is linked that
    may yet be; so is a number of failed or unpriced calls of which none is known.
    Raises: ValueError for a request whose record has not come.
    """
    record = state.request
    return {
        "request_id": record.request_id,
        "route": record.route,
        "status": record.status,
        "started_at": iso_ms(record.started_at),
        "ended_at": None if record.ended_at is None else iso_ms(record.ended_at),
        "duration_ms": record.duration_ms,
        "revision": state.revision,
        **_aggregate(state.summary),
        **traced_document(state, aws_console),
        "state": str(state_of(state)),
        "calls_are": str(calls_are(state.summary)),
        "runaway": state.runaway is not None,
        "invocations": _linked_documents(state, policy),
    }


_AGGREGATE_KEYS = (
    "llm_calls",
    "llm_errors",
    "llm_throttles",
    "possible_calls",
    "possible_failed_calls",
    "certain_since",
    "llm_time_ms",
    "tool_time_ms",
    "non_llm_time_ms",
    "input_tokens",
    "output_tokens",
    "cache_read_input_tokens",
    "cache_write_input_tokens",
    "at_least",
    "estimated_cost_usd",
    "unpriced_calls",
)
CSV_KEYS = (
    *("request_id", "route", "status", "started_at", "ended_at", "duration_ms", "revision"),
    *_AGGREGATE_KEYS,
    "state",
    "runaway",
    *TRACED_KEYS,
    "trace_url",
    *("correlated_by", "models"),
    *TRACED_COLUMNS,
    "calls_are",
)
"""The columns that CSV has of a request, in order: keys with one value, and its links, models and tools in short."""


def csv_row(state: RequestState, policy: Policy, *, aws_console: str = "") -> Document:
    """One request for CSV; unknown is empty, true and false are spelled as in JSON."""
    document = summary_document(state, policy, aws_console=aws_console)
    at_least = document["at_least"]
    models = () if state.summary is None else (model for model, _ in state.summary.by_model)
    row = {
        **document,
        "at_least": " ".join(map(str, at_least)) if isinstance(at_least, Sequence) else at_least,
        "correlated_by": None if (links := correlated_by(state)) == UNKNOWN else links,
        "models": " ".join(sorted(models)),
        **traced_columns(state),
    }
    return {key: _spelled(row[key]) for key in CSV_KEYS}


def _spelled(value: Json) -> Json:
    return str(value).lower() if isinstance(value, bool) else value


_OF_THE_SUMMARY_ITSELF = frozenset(
    {"possible_calls", "possible_failed_calls", "certain_since", "llm_time_ms", "tool_time_ms", "non_llm_time_ms"}
)
_OF_FAILED = frozenset({"llm_errors", "llm_throttles"})
_TALLIES = _OF_FAILED | {"unpriced_calls"}


def _aggregate(summary: Summary | None) -> Document:
    if summary is None:
        return {**dict.fromkeys(_AGGREGATE_KEYS), "prices": None}
    values = {key: _aggregate_value(summary, key) for key in _AGGREGATE_KEYS if key != "at_least"}
    values["at_least"] = [key for key in LEAST_KEYS if values[key] is not None and _is_least(summary, key)]
    values["prices"] = None if summary.prices is None else asdict(summary.prices)
    return {key: values[key] for key in (*_AGGREGATE_KEYS, "prices")}


def _aggregate_value(summary: Summary, key: str) -> Json:
    if key == "estimated_cost_usd":
        return usd(summary.totals.estimated_cost_usd)
    if key in TokenClass:
        return known_tokens(summary.totals, TokenClass(key), certain=summary.counts_all_calls).count
    value = getattr(summary if key in _OF_THE_SUMMARY_ITSELF else summary.totals, key)
    known = known_count(value, certain=_knows_all(summary, key)) if key in _TALLIES else value
    return known if known is None else int(known)


def _knows_all(summary: Summary, key: str) -> bool:
    """Whether none is missing among what is counted here, and none that nobody has may be."""
    return summary.counts_all_failed if key in _OF_FAILED else summary.counts_all_calls


def _is_least(summary: Summary, key: str) -> bool:
    if not _knows_all(summary, key):
        return True
    if key == "estimated_cost_usd":
        return summary.totals.unpriced_calls > 0
    return key in TokenClass and summary.totals.tokens(TokenClass(key)).is_least


def usd(cost: Decimal | None) -> float | None:
    """The cost as JSON has it."""
    return None if cost is None else float(cost)


def _linked_documents(state: RequestState, policy: Policy) -> Sequence[Document]:
    bars = state.summary.bars if state.summary is not None else ()
    starts = starts_of(state.request, state.invocations, bars, policy)
    return [
        _linked_document(call, state, starts[call.invocation.invocation_id], policy)
        for call in in_order(state.invocations, policy)
    ]


def _linked_document(linked: LinkedInvocation, state: RequestState, start: CallStart, policy: Policy) -> Document:
    """A call with its link; its start is to the millisecond where its span tells it."""
    link = {"method": str(linked.link.method), "confidence": str(linked.link.confidence)}
    estimate = call_estimate(linked.invocation, state.summary)
    exact: Document = {"started_at": iso_ms(start.earliest), "started_precision_ms": start.precision_ms}
    return {**invocation_document(linked.invocation, policy, estimate), **exact, "link": link}


def invocation_document(invocation: Invocation, policy: Policy, estimate: Estimate | None) -> Document:
    """One invocation without its link; `unpriced` says why it has no cost."""
    start = call_start(invocation, clock_skew=policy.clock_skew)
    return {
        "invocation_id": invocation.invocation_id,
        "model_id": invocation.model_id,
        "operation": invocation.operation,
        "started_at": iso_ms(start.earliest),
        "started_precision_ms": start.precision_ms,
        "latency_ms": invocation.latency_ms,
        "stop_reason": invocation.stop_reason,
        "error_code": invocation.error_code,
        "input_tokens": invocation.tokens.input,
        "output_tokens": invocation.tokens.output,
        "cache_read_input_tokens": invocation.tokens.cache_read,
        "cache_write_input_tokens": invocation.tokens.cache_write,
        "estimated_cost_usd": usd(estimate) if isinstance(estimate, Decimal) else None,
        "unpriced": str(estimate) if isinstance(estimate, Unpriced) else None,
    }


def unattributed_document(invocation: Invocation, decision: Unattributed, policy: Policy) -> Document:
    """One unattributed invocation with its reason; `link` is null, `candidates` how many requests it fits."""
    cost, now = decision.quote.estimated_cost_usd, call_estimate(invocation, None)
    counted = now if cost is None and isinstance(now, Unpriced) else cost
    document = {**invocation_document(invocation, policy, counted), "link": None}
    return {**document, "reason": str(decision.reason), "candidates": decision.candidates}


def unlinked_document(call: UnlinkedInvocation, fitting: Sequence[RequestId] | None, policy: Policy) -> Document:
    """One invocation without a link: with its reason where it is unattributed, with null where it is pending.

    `fitting` are the requests that it fits, null where they are unknown.
    """
    fits: Document = {"fitting_requests": None if fitting is None else list(fitting)}
    if isinstance(call.decision, Unattributed):
        return {**unattributed_document(call.invocation, call.decision, policy), **fits}
    pending = invocation_document(call.invocation, policy, call_estimate(call.invocation, None))
    return {**pending, "link": None, "reason": None, "candidates": None, **fits}


def possible_document(call: UnlinkedInvocation, policy: Policy) -> Document:
    """A call that may be a request's own, and what was decided of it: nothing yet where all three are null."""
    decision = call.decision
    unattributed = decision if isinstance(decision, Unattributed) else None
    return {
        **invocation_document(call.invocation, policy, call_estimate(call.invocation, None)),
        "reason": None if unattributed is None else str(unattributed.reason),
        "candidates": None if unattributed is None else unattributed.candidates,
        "linked_to": decision.request_id if isinstance(decision, Link) else None,
    }


def unattributed_documents(unlinked: Iterable[UnlinkedInvocation], policy: Policy) -> list[Document]:
    """Those of these invocations that are unattributed, in their order."""
    return [
        unattributed_document(call.invocation, call.decision, policy)
        for call in unlinked
        if isinstance(call.decision, Unattributed)
    ]


def rejected_document(rejected: Rejected) -> Document:
    """One rejected record: why, and what identifies it; never its text."""
    return {
        "reason": str(rejected.reason),
        "detail": rejected.detail,
        "size_bytes": rejected.size_bytes,
        "sha256": rejected.sha256,
    }


def publication_document(publication: Publication) -> Document:
    """One publication with its [Service] values as scalars."""
    metrics = {str(metric): values[0] for metric, values in publication.values.items()}
    return {"publication_id": publication.publication_id, "metrics": metrics}
