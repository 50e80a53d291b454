"""Publishing: what a change in the table adds to the metrics."""

from collections import Counter
from dataclasses import replace

import pytest

from request_lens.domain.facts import Invocation, Request, TraceId
from request_lens.domain.folding.fold import fold
from request_lens.domain.folding.summary import OTHER_MODEL, Summary
from request_lens.domain.linking.link import Confidence, Decision, Link, Method, Reason, Unattributed
from request_lens.domain.policy import Policy
from request_lens.domain.pricing import NO_PRICES
from request_lens.domain.publishing.changes import Change, InvocationDecided, RevisionWritten
from request_lens.domain.publishing.metric_names import METRIC_UNITS, UNATTRIBUTED_ROUTE, Metric, Unit
from request_lens.domain.publishing.pipeline_metrics import pipeline_metrics
from request_lens.domain.publishing.publication import Publication
from request_lens.domain.publishing.request_metrics import publication_of
from request_lens.domain.tracing.traced import Traced
from tests.support.facts import MODEL, at, call, link, linked, request

NEVER_SEEN = Unattributed(reason=Reason.REQUEST_NEVER_SEEN)
AMBIGUOUS = Unattributed(reason=Reason.AMBIGUOUS, candidates=2)


def summary_of(*calls: Invocation, record: Request | None = None) -> Summary:
    return fold(record or request(), [linked(each) for each in calls], Policy(), NO_PRICES)


def first_revision(*calls: Invocation, record: Request | None = None) -> Publication:
    inside = record or request()
    return published(
        RevisionWritten(stored_at=at(9), request=inside, revision=1, summary=summary_of(*calls, record=inside))
    )


def published(change: Change) -> Publication:
    found = publication_of(change)
    assert found is not None
    return found


def pipeline_sums(changes: list[Change]) -> Counter[Metric]:
    sums: Counter[Metric] = Counter()
    for change in changes:
        if (metrics := pipeline_metrics(change, Policy(), at=at(9))) is not None:
            sums.update({metric: int(sum(values)) for metric, values in metrics.values.items()})
    return sums


def test_the_first_revision_publishes_distributions_once_and_totals() -> None:
    found = first_revision(call("i1", 1, latency_ms=1_200))

    assert (found.publication_id, found.at, found.route) == ("r1#1", at(5), "POST /ask")
    assert found.values == {
        Metric.REQUESTS: (1,),
        Metric.LLM_CALLS: (1,),
        Metric.INPUT_TOKENS: (1_011,),
        Metric.OUTPUT_TOKENS: (31,),
        Metric.REQUEST_DURATION: (5_000,),
        Metric.LLM_CALLS_PER_REQUEST: (1,),
        Metric.LLM_TIME: (1_200,),
        Metric.TOOL_TIME: (0,),
        Metric.NON_LLM_TIME: (3_800,),
    }


def test_a_request_without_calls_is_a_request_of_zero_calls() -> None:
    values = first_revision().values

    assert values[Metric.LLM_CALLS_PER_REQUEST] == (0,)
    assert values[Metric.REQUESTS] == (1,)
    assert Metric.LLM_CALLS not in values


@pytest.mark.parametrize(("status", "failed"), [(200, None), (429, None), (499, None), (500, (1,)), (504, (1,))])
def test_a_request_failed_from_status_500_on(status: int, failed: tuple[float, ...] | None) -> None:
    values = first_revision(record=request(status=status)).values

    assert values.get(Metric.FAILED_REQUESTS) == failed
    assert values[Metric.REQUESTS] == (1,)


def test_a_failed_request_is_counted_in_its_first_revision_only() -> None:
    failed, early = request(status=502), summary_of(call("i1", 1))
    later = RevisionWritten(stored_at=at(9), request=failed, revision=2, summary=summary_of(), previous=early)

    assert Metric.FAILED_REQUESTS not in published(later).values


@pytest.mark.parametrize(
    ("before", "now", "said"),
    [
        (None, "exact", None),
        (None, "about", 1),
        (None, "at least", None),
        ("exact", "about", 1),
        ("about", "about", None),
        ("at least", "about", 1),
        ("about", "exact", -1),
        (None, "lacking", None),
        ("about", "lacking", -1),
        ("lacking", "about", 1),
    ],
)
def test_a_line_says_that_one_request_more_or_fewer_is_linked_by_time(
    before: str | None, now: str, said: int | None
) -> None:
    """Summed up it is the number of requests that are shown with "≈"; of a change that is no metric there is a line."""
    made = call("i1", 1)
    exact, about = (
        fold(request(), [linked(made, link("r1", method, confidence))], Policy(), NO_PRICES)
        for method, confidence in ((Method.TRACE, Confidence.EXACT), (Method.WINDOW, Confidence.INFERRED))
    )
    lacking = replace(about, traced=Traced(trace_id=TraceId("1"), complete=False, calls=2, missing_calls=1))
    summaries = {"exact": exact, "about": about, "at least": replace(about, possible_calls=1), "lacking": lacking}
    previous = None if before is None else summaries[before]
    change = RevisionWritten(stored_at=at(9), request=request(), revision=2, summary=summaries[now], previous=previous)

    found = published(change)

    assert found.properties.get("requests_by_time") == said
    assert bool(found.values) == (before != now)


def test_what_is_unknown_is_absent_and_never_zero() -> None:
    values = first_revision(call(latency_ms=None), record=request(duration_ms=None)).values

    absent = {Metric.REQUEST_DURATION, Metric.LLM_TIME, Metric.TOOL_TIME, Metric.NON_LLM_TIME, Metric.ESTIMATED_COST}
    assert absent.isdisjoint(values)


def test_a_late_revision_publishes_only_the_differences() -> None:
    early, late = call("i1", 1), call("i2", 3, latency_ms=700, error_code=None)
    change = RevisionWritten(
        stored_at=at(9), request=request(), revision=2, summary=summary_of(early, late), previous=summary_of(early)
    )

    found = published(change)

    assert found.publication_id == "r1#2"
    assert found.values == {Metric.LLM_CALLS: (1,), Metric.INPUT_TOKENS: (1_011,), Metric.OUTPUT_TOKENS: (31,)}
    [model] = found.by_model
    assert (model.model_id, model.values[Metric.INVOCATION_LATENCY]) == (MODEL, (700,))


def test_models_are_published_apart_and_failed_calls_under_one_name_for_all() -> None:
    found = first_revision(
        call("i1", 1, latency_ms=900),
        call("i2", 2, latency_ms=900),
        call("i3", 3, error_code="ThrottlingException", model_id="text that an attacker chose"),
    )

    by_model = {each.model_id: each.values for each in found.by_model}
    assert by_model.keys() == {MODEL, OTHER_MODEL}
    assert by_model[MODEL][Metric.INVOCATION_LATENCY] == (900, 900)
    assert by_model[OTHER_MODEL] == {Metric.LLM_ERRORS: (1,), Metric.LLM_THROTTLES: (1,)}


def test_an_unattributed_call_publishes_totals_and_no_distribution_of_requests() -> None:
    found = published(InvocationDecided(stored_at=at(9), invocation=call("i1", 3, latency_ms=700), decision=AMBIGUOUS))

    assert (found.publication_id, found.at, found.route) == ("invocation:i1#1", at(3), UNATTRIBUTED_ROUTE)
    assert found.values == {Metric.LLM_CALLS: (1,), Metric.INPUT_TOKENS: (1_011,), Metric.OUTPUT_TOKENS: (31,)}
    assert found.properties["reason"] == "ambiguous"
    assert found.by_model[0].values[Metric.INVOCATION_LATENCY] == (700,)


def test_an_orphan_is_taken_back_with_the_same_totals_negative() -> None:
    orphan = call("i1", 3)
    first = published(InvocationDecided(stored_at=at(9), invocation=orphan, decision=NEVER_SEEN))
    taken_back = published(InvocationDecided(stored_at=at(9), invocation=orphan, decision=link(), previous=NEVER_SEEN))

    assert taken_back.publication_id == "invocation:i1#2"
    assert taken_back.values == {metric: tuple(-each for each in values) for metric, values in first.values.items()}
    assert (taken_back.at, taken_back.route) == (first.at, first.route)


@pytest.mark.parametrize(("decision", "previous"), [(link(), None), (link(), link()), (NEVER_SEEN, NEVER_SEEN)])
def test_other_decisions_publish_nothing(decision: Link | Unattributed, previous: Decision | None) -> None:
    assert (
        publication_of(InvocationDecided(stored_at=at(9), invocation=call(), decision=decision, previous=previous))
        is None
    )


def test_the_pipeline_counts_what_is_unattributed_late_and_unpriced() -> None:
    one, two = call("i1", 1), call("i2", 3)
    changes: list[Change] = [
        RevisionWritten(stored_at=at(9), request=request(), revision=1, summary=summary_of(one)),
        RevisionWritten(
            stored_at=at(9), request=request(), revision=2, summary=summary_of(one, two), previous=summary_of(one)
        ),
        InvocationDecided(
            stored_at=at(9), invocation=call("i3", 4, error_code="ThrottlingException"), decision=AMBIGUOUS
        ),
        InvocationDecided(stored_at=at(9), invocation=call("i4", 4), decision=link()),
    ]

    assert pipeline_sums(changes) == {
        Metric.LATE_REVISIONS: 1,
        Metric.UNPRICED_INVOCATIONS: 2,
        Metric.UNATTRIBUTED_INVOCATIONS: 1,
    }


def test_an_unpriced_orphan_that_is_taken_back_counts_as_unpriced_once() -> None:
    orphan = call("i1", 3)
    changes: list[Change] = [
        InvocationDecided(stored_at=at(9), invocation=orphan, decision=NEVER_SEEN),
        InvocationDecided(stored_at=at(9), invocation=orphan, decision=link(), previous=NEVER_SEEN),
        RevisionWritten(stored_at=at(9), request=request(), revision=1, summary=summary_of(orphan)),
    ]

    assert pipeline_sums(changes)[Metric.UNPRICED_INVOCATIONS] == 1


def test_times_are_in_milliseconds_and_everything_else_is_a_count_or_money() -> None:
    units = {metric: unit for metric, unit in METRIC_UNITS.items() if unit is not Unit.COUNT}

    assert units.pop(Metric.ESTIMATED_COST) is Unit.NONE
    assert set(units.values()) == {Unit.MILLISECONDS}
    assert {str(metric) for metric in units} == {
        "RequestDuration", "LlmTime", "ToolTime", "NonLlmTime", "MemoryTime", "TimeToFirstToken",
        "InvocationLatency", "LogDelay", "SettleDelay",
    }  # fmt: skip
