"""The items of traces: their keys, and how they are written and read.

| item | pk | sk |
|---|---|---|
| spans of a trace | `trace#<trace id>` | `spans#<hash of their ids>` |
| request of a trace | `trace#<trace id>` | `request#<request id>` |
| bridge | `lambda#<Lambda request id>` | `bridge` |

A function that reads raises KeyError, TypeError or ValueError where an item is not one that this package wrote.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from hashlib import sha256
from itertools import batched

from request_lens.adapters.dynamodb.attributes import Plain, PlainMap, mapping, sequence, text
from request_lens.adapters.dynamodb.codec import decode, encode
from request_lens.adapters.dynamodb.items import expires_at_epoch_s, invocation_key
from request_lens.adapters.dynamodb.updates import Update
from request_lens.domain.facts import InvocationId, Request, TraceId
from request_lens.domain.spans import MAX_TRACE_SPANS, CallSpan, LambdaRun, Span, Trace, join_spans

_SPANS, NAMING = "spans#", "request#"
"""What the sort keys of the two begin with."""

_MAY_BE_ALIKE = ("trace_id", "resource", "region", "session_id")
"""Of these, spans of one agent have the same: names as long as the rest of a span."""

MAX_SPANS = 200
"""Spans of one item: of its 400 KB they take a quarter at most."""


MAX_TRACE_ITEMS = 1_000
"""Items of one trace that are read: one a batch, and one a request."""


def trace_partition(trace_id: TraceId) -> str:
    """The partition of a trace: its spans, and the requests whose records name it."""
    return f"trace#{trace_id}"


def naming_item(trace_id: TraceId, record: Request, *, retention: timedelta) -> PlainMap:
    """The whole item that says that a request's record names a trace."""
    return {
        "pk": trace_partition(trace_id),
        "sk": f"{NAMING}{record.request_id}",
        "record": encode(record),
        "expires_at": expires_at_epoch_s(record.started_at, retention),
    }


def bridge_key(lambda_request_id: str) -> dict[str, Plain]:
    """The key of the item that joins a function's log of a run and the record of the request that it answered."""
    return {"pk": f"lambda#{lambda_request_id}", "sk": "bridge"}


def run_update(run: LambdaRun, *, retention: timedelta) -> Update:
    """The update that stores what a function's log tells of a run, where its bridge does not know that."""
    told: PlainMap = {"trace_id": run.trace_id, "expires_at": expires_at_epoch_s(run.at, retention)}
    return Update(key=bridge_key(run.lambda_request_id), sets={}, defaults=told)


def answered_update(lambda_request_id: str, record: Request, *, retention: timedelta) -> Update:
    """The update that stores which request a run answered, where its bridge does not know that."""
    told: PlainMap = {"record": encode(record), "expires_at": expires_at_epoch_s(record.started_at, retention)}
    return Update(key=bridge_key(lambda_request_id), sets={}, defaults=told)


def bridge_from(item: PlainMap) -> tuple[TraceId, Request] | None:
    """The trace and the request that a bridge joins; None while one side is not known."""
    if "trace_id" not in item or "record" not in item:
        return None
    return TraceId(text(item["trace_id"])), decode(Request, item["record"])


def spans_items(spans: Sequence[Span], *, retention: timedelta) -> Sequence[PlainMap]:
    """Whole items of spans, by their traces. The same spans have the same keys, however often they come."""
    by_trace: dict[TraceId, list[Span]] = {}
    for span in join_spans(spans):
        by_trace.setdefault(span.trace_id, []).append(span)
    return [
        _spans_item(trace_id, some, retention)
        for trace_id, of_trace in by_trace.items()
        for some in batched(of_trace, MAX_SPANS, strict=False)
    ]


def _spans_item(trace_id: TraceId, spans: Sequence[Span], retention: timedelta) -> PlainMap:
    """The item of some spans: what all of them have alike stands once, as writes are charged by their size."""
    ids = " ".join(sorted(span.span_id for span in spans))
    maps = [encode(span) for span in spans]
    alike = {name: value for name, value in maps[0].items() if name in _MAY_BE_ALIKE and all(_has(name, value, maps))}
    return {
        "pk": trace_partition(trace_id),
        "sk": f"{_SPANS}{sha256(ids.encode()).hexdigest()[:16]}",
        "spans": [{name: value for name, value in each.items() if name not in alike} for each in maps],
        "alike": alike,
        "expires_at": expires_at_epoch_s(spans[0].started_at, retention),
    }


def _has(name: str, value: Plain, maps: Iterable[PlainMap]) -> Iterator[bool]:
    return (each.get(name) == value for each in maps)


def _spans_from(item: PlainMap) -> Iterator[Span]:
    """The spans of an item; those of earlier versions have nothing that stands once."""
    alike = mapping(item.get("alike", {}))
    return (decode(Span, {**alike, **mapping(each)}) for each in sequence(item["spans"]))


def trace_from(trace_id: TraceId, items: Sequence[PlainMap]) -> Trace:
    """The trace by the items of its partition, of which no more than MAX_TRACE_ITEMS are read."""
    stored = (item for item in items if text(item["sk"]).startswith(_SPANS))
    spans = join_spans(span for item in stored for span in _spans_from(item))
    records = tuple(decode(Request, item["record"]) for item in items if text(item["sk"]).startswith(NAMING))
    return Trace(
        trace_id=trace_id,
        spans=spans[:MAX_TRACE_SPANS],
        requests=tuple(record.request_id for record in records),
        records=records,
        is_cut=len(items) >= MAX_TRACE_ITEMS or len(spans) > MAX_TRACE_SPANS,
    )


def call_span_update(invocation_id: InvocationId, span: CallSpan, *, retention: timedelta) -> Update:
    """The update that stores a call's span on its own item, where that has none; it needs no event of the call."""
    return Update(
        key=invocation_key(invocation_id),
        sets={},
        defaults={"span": encode(span), "expires_at": expires_at_epoch_s(span.started_at, retention)},
    )


def call_span_from(item: PlainMap) -> CallSpan | None:
    """The span on an invocation's own item; None where that has none."""
    return decode(CallSpan, item["span"]) if "span" in item else None
