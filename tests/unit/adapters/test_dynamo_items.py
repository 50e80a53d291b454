"""Laws of the table's items: what is written is what is read, through DynamoDB's call_totals notation."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from request_lens.adapters.dynamodb.attributes import PlainMap, from_item, iso, text, to_item
from request_lens.adapters.dynamodb.codec import decode, encode
from request_lens.adapters.dynamodb.items import (
    REQUEST_SHARDS,
    HourlyList,
    decision_from,
    expires_at_epoch_s,
    hour_partitions,
    invocation_times,
    request_times,
)
from request_lens.adapters.dynamodb.summary_codec import summary_from, summary_values
from request_lens.domain.facts import Conversation, Invocation, InvocationId, Request, RequestId, Tag, TokenCounts
from request_lens.domain.folding.samples import known_values
from request_lens.domain.folding.summary import Bar, Sample, Summary, Totals, with_known_cost
from request_lens.domain.linking.link import Assumption, Confidence, Decision, Link, Method, Reason, Unattributed
from tests.support.facts import at, request

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

moments = st.integers(min_value=0, max_value=4_102_444_800_000).map(lambda ms: EPOCH + timedelta(milliseconds=ms))
names = st.text(min_size=1, max_size=40)
counts = st.integers(min_value=0, max_value=10**9)
request_ids = names.map(RequestId)
invocation_ids = names.map(InvocationId)

requests = st.builds(
    Request,
    request_id=request_ids,
    route=st.text(max_size=40),
    status=st.integers(min_value=0, max_value=999),
    started_at=moments,
    duration_ms=st.none() | counts,
    started_precision_ms=st.sampled_from((1, 1000)),
    streamed=st.booleans(),
)
invocations = st.builds(
    Invocation,
    invocation_id=invocation_ids,
    model_id=names,
    operation=names,
    logged_at=moments,
    latency_ms=st.none() | counts,
    stop_reason=st.none() | names,
    error_code=st.none() | names,
    tokens=st.builds(
        TokenCounts,
        input=st.none() | counts,
        output=st.none() | counts,
        cache_read=st.none() | counts,
        cache_write=st.none() | counts,
        cache_write_1h=st.none() | counts,
    ),
    caller_role=st.none() | names,
    tag=st.none()
    | st.builds(Tag, request_id=request_ids, call_index=st.none() | counts, call_started_ms=st.none() | counts),
    conversation=st.none()
    | st.builds(
        Conversation,
        returned=st.lists(names, max_size=3).map(tuple),
        produced=st.lists(names, max_size=3).map(tuple),
    ),
    region=st.none() | names,
    service_tier=st.none() | names,
    first_byte_latency_ms=st.none() | counts,
    guardrail_intervened=st.booleans(),
)
links = st.builds(Link, request_id=request_ids, method=st.sampled_from(Method), confidence=st.sampled_from(Confidence))
unattributed = st.builds(Unattributed, reason=st.sampled_from(Reason), candidates=counts)
costs = st.decimals(min_value=0, max_value=10**6, places=9)
totals = st.builds(
    Totals,
    llm_calls=counts,
    llm_errors=counts,
    llm_throttles=counts,
    input_tokens=counts,
    output_tokens=counts,
    cache_read_input_tokens=counts,
    cache_write_input_tokens=counts,
    unpriced_calls=counts,
    estimated_cost_usd=st.none() | costs,
)
bars = st.builds(
    Bar,
    model_id=names,
    offset_ms=st.integers(min_value=-(10**6), max_value=10**9),
    precision_ms=st.sampled_from([1, 1000]),
    latency_ms=st.none() | counts,
    method=st.sampled_from(Method),
    confidence=st.sampled_from(Confidence),
    error_code=st.none() | names,
    throttled=st.booleans(),
)
unlinked = st.none() | st.integers(0, 1_000)
certainty = st.one_of(
    st.tuples(st.just(0), unlinked, st.integers(1, 9)),
    st.tuples(st.none() | st.integers(1, 1_000), unlinked, st.none() | st.integers(1, 9)),
)
"""`possible_calls`, those that failed, `certain_since`: where no call is possible, some revision said so first."""


summaries_of_models = st.builds(
    lambda certain, **known: Summary(
        possible_calls=certain[0], possible_failed_calls=certain[1], certain_since=certain[2], **known
    ),
    certain=certainty,
    sampled=st.frozensets(st.sampled_from(Sample)),
    proven=st.booleans(),
    totals=totals,
    llm_time_ms=st.none() | counts,
    tool_time_ms=st.none() | counts,
    non_llm_time_ms=st.none() | counts,
    by_model=st.dictionaries(names, totals, max_size=3).map(lambda totals_by_model: tuple(totals_by_model.items())),
    bars=st.lists(bars, max_size=4).map(tuple),
    violates=st.lists(st.sampled_from(Assumption), unique=True).map(tuple),
).map(with_known_cost)

summaries = summaries_of_models | st.builds(
    lambda summary, model: replace(summary, by_model=((model, summary.totals),)), summaries_of_models, names
)


@given(summaries)
def test_a_summary_without_samples_as_earlier_versions_wrote_it_samples_nothing_twice(summary: Summary) -> None:
    values = {name: value for name, value in summary_values(summary).items() if name != "sampled"}
    read = summary_from(_stored(values))

    known = set(known_values(summary)) if summary.is_certain else set()
    assert read.sampled >= known
    assert bool(read.sampled) <= (summary.certain_since is not None)


def _stored(values: PlainMap) -> PlainMap:
    """The values as they come back from DynamoDB."""
    return from_item(to_item(values))


@given(requests)
def test_a_record_is_read_as_it_was_written(record: Request) -> None:
    assert decode(Request, _stored(encode(record))) == record


@given(invocations)
def test_an_invocation_is_read_as_it_was_written(invocation: Invocation) -> None:
    assert decode(Invocation, _stored(encode(invocation))) == invocation


@given(links)
def test_a_link_is_read_as_it_was_written(link: Link) -> None:
    assert decode(Link, _stored(encode(link))) == link


@given(links | unattributed)
def test_a_decision_is_read_as_it_was_written(decision: Decision) -> None:
    assert decision_from(_stored(encode(decision))) == decision


@given(summaries)
def test_a_summary_is_read_as_it_was_written(summary: Summary) -> None:
    assert summary_from(_stored(summary_values(summary))) == summary


@given(first=invocations, second=invocations)
def test_items_sort_by_time_as_their_facts_do(first: Invocation, second: Invocation) -> None:
    keys = [text(invocation_times(call)["by_time_sk"]) for call in (first, second)]

    if first.logged_at != second.logged_at:
        assert (keys[0] < keys[1]) == (first.logged_at < second.logged_at)


@given(requests)
def test_an_item_lies_in_the_hour_of_its_sort_key(record: Request) -> None:
    times = request_times(record)

    hour, _, shard = text(times["by_time_pk"]).removeprefix("requests#").partition("#")
    assert text(times["by_time_sk"]).startswith(hour)
    assert shard in {"", *(str(number) for number in range(1, REQUEST_SHARDS))}


def test_the_requests_of_a_second_are_shared_evenly_among_the_shards_of_their_hour() -> None:
    shards = Counter(text(request_times(request(f"8vyhhrKPT{n:04}=", 1))["by_time_pk"]) for n in range(1_000))

    assert set(shards) == set(hour_partitions(HourlyList.REQUESTS, at(1)))
    assert max(shards.values()) < 1.2 * 1_000 / REQUEST_SHARDS


def test_no_shard_is_lost_where_there_are_more_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    before = hour_partitions(HourlyList.REQUESTS, at(1))
    monkeypatch.setattr("request_lens.adapters.dynamodb.items.REQUEST_SHARDS", 2 * REQUEST_SHARDS)

    assert set(before) < set(hour_partitions(HourlyList.REQUESTS, at(1)))


def test_a_time_of_another_zone_is_written_in_utc() -> None:
    assert iso(datetime.fromisoformat("2025-12-05T03:27:02.123456+09:00")) == "2025-12-04T18:27:02.123Z"


def test_an_item_expires_after_the_retention() -> None:
    assert expires_at_epoch_s(EPOCH + timedelta(seconds=5, milliseconds=900), timedelta(days=1)) == 86_405


def test_model_ids_stand_once_and_zero_counts_not_at_all() -> None:
    bar = Bar(
        model_id="model",
        offset_ms=0,
        precision_ms=1000,
        latency_ms=None,
        method=Method.WINDOW,
        confidence=Confidence.INFERRED,
    )
    call_totals = Totals(llm_calls=2, estimated_cost_usd=Decimal("0.0012"))
    summary = Summary(
        totals=call_totals,
        llm_time_ms=None,
        tool_time_ms=0,
        non_llm_time_ms=None,
        by_model=(("model", call_totals), ("other", Totals(llm_errors=1))),
        bars=(bar, bar),
        sampled=frozenset({Sample.LLM_CALLS, Sample.TOOL_TIME}),
    )

    assert summary_values(summary) == {
        "totals": {"llm_calls": 2, "estimated_cost_usd": Decimal("0.0012")},
        "tool_time_ms": 0,
        "models": ["model", "other"],
        "by_model": [[0], [1, {"llm_errors": 1}]],
        "bars": [[0, 0, 1000, None, "window", "inferred"]] * 2,
    }
    told = replace(summary, sampled=frozenset({Sample.LLM_CALLS, Sample.LLM_TIME}))
    assert summary_values(told)["sampled"] == ["llm_calls", "llm_time"]


@pytest.mark.parametrize(
    "values",
    [{}, {"request_id": "r"}, {"request_id": "r", "route": 7, "status": 200, "started_at": "2025-12-04T18:27:02Z"}],
)
def test_an_item_of_another_make_is_not_read(values: PlainMap) -> None:
    with pytest.raises((KeyError, TypeError)):
        decode(Request, _stored(values))
