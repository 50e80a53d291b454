"""Counts that are not certain, in words: at least what, why, and what helps."""

from dataclasses import replace

import pytest

from request_lens.domain.facts import Invocation, Request, RequestId, TraceId
from request_lens.domain.folding.fold import fold, without_log
from request_lens.domain.folding.summary import Summary
from request_lens.domain.policy import Policy
from request_lens.domain.pricing import NO_PRICES
from request_lens.domain.settling.uncertainty import MAX_POSSIBLE, is_unbounded, possible_attempts
from request_lens.domain.tracing.traced import Traced
from request_lens.presentation.certainty import (
    Certainty,
    Doubt,
    calls_text,
    certainty_of,
    certainty_of_times,
    certainty_over,
    counted,
    doubt_of,
    known_count,
    possible_text,
    signed,
    tally,
    token_counts,
    why_uncertain,
)
from request_lens.presentation.failed_attempts import (
    certainty_of_failed,
    failed_sign,
    failed_words,
    possible_failed_text,
    throttled_words,
    why_failed_are_least,
)
from request_lens.presentation.formatting import UNKNOWN
from request_lens.presentation.remedies import remedy
from request_lens.presentation.traced import missing_notes, more_text, with_missing
from tests.support.facts import call, linked, pending, request, tag


def summary(possible: int | None, *, calls: int = 1) -> Summary:
    own = [linked(call(f"i{number}", number)) for number in range(calls)]
    return fold(request(), own, Policy(), NO_PRICES, possible_calls=possible)


OUTLASTING = {
    Doubt.UNKNOWN_END: request(duration_ms=None),
    Doubt.STREAMED: replace(request(), streamed=True),
    Doubt.ANSWERED_EARLY: request(status=202),
    Doubt.NOT_TOLD: request(duration_ms=45_000),
}


@pytest.mark.parametrize(("doubt", "record"), OUTLASTING.items())
def test_each_request_that_may_outlast_what_is_looked_at_says_why(doubt: Doubt, record: Request) -> None:
    assert is_unbounded(record, [], Policy())
    assert doubt_of(record, summary(None)) is doubt


def test_a_request_in_a_crowd_is_not_said_to_have_run_too_long() -> None:
    words = why_uncertain(request(), summary(None))

    assert words == "it ran longer than MaxRequestSeconds, or among more calls than are read"
    assert remedy(Doubt.NOT_TOLD, names_roles=False).startswith("tag the calls; ")


def test_a_request_whose_id_another_had_first_says_so() -> None:
    second = replace(request(), claimed_id=RequestId("taken"))

    assert doubt_of(second, summary(None)) is Doubt.SHARED_ID
    assert why_uncertain(second, summary(None)) == "another request had its id first"
    assert "extendedRequestId" in remedy(Doubt.SHARED_ID, names_roles=False)


def test_a_request_that_unlinked_calls_fit_says_how_many() -> None:
    around = [pending(call(f"u{number}", number)) for number in range(3)]
    possible = len(possible_attempts(request(), [], around, Policy()))

    assert why_uncertain(request(), summary(possible)) == "3 unlinked calls may be its own"
    assert possible_text(request(), summary(possible)) == "3 possible"
    assert why_uncertain(request(), summary(1)) == "1 unlinked call may be its own"


def test_calls_that_were_counted_no_further_say_so() -> None:
    assert why_uncertain(request(), summary(MAX_POSSIBLE)) == "1,000+ unlinked calls may be its own"
    assert possible_text(request(), summary(MAX_POSSIBLE)) == "1,000+ possible"


def test_a_request_whose_calls_nobody_has_read_says_so() -> None:
    unread = without_log(summary(0, calls=0))

    assert doubt_of(request(), unread) is Doubt.NO_LOG
    assert why_uncertain(request(), unread) == "no invocation of a model is in these files"
    assert (calls_text(unread), possible_text(request(), unread), token_counts(unread)) == ("≥ 0", "no log", UNKNOWN)
    assert remedy(Doubt.NO_LOG, names_roles=False) == "give Bedrock's invocation log, too"


def test_a_certain_request_has_no_doubt_and_no_words_for_it() -> None:
    assert doubt_of(request(duration_ms=None), summary(0)) is None
    assert why_uncertain(request(), summary(0)) == possible_text(request(), summary(0)) == ""


@pytest.mark.parametrize("doubt", [doubt for doubt in Doubt if doubt is not Doubt.NO_LOG])
def test_every_doubt_has_words_for_one_and_for_many_and_says_what_helps(doubt: Doubt) -> None:
    outlasting = OUTLASTING | {Doubt.SHARED_ID: replace(request(), claimed_id=RequestId("taken"))}
    record, possible = (outlasting[doubt], None) if doubt in outlasting else (request(), 2)

    assert doubt.value.startswith(("they ", "their ", "unlinked ", "another request "))
    assert why_uncertain(record, summary(possible)).startswith(("it ", "its ", "2 ", "another request "))
    assert possible_text(record, summary(possible))
    assert "tag" in remedy(doubt, names_roles=False)


def test_throttled_calls_are_failed_ones_and_are_all_of_them_only_where_no_more_may_have_failed() -> None:
    counts = [(3, 1), (3, 0), (2, 2), (1, 1), (0, 0)]
    assert [throttled_words(*count) for count in counts] == [
        "1 of them throttled",
        "0 of them throttled",
        "all throttled",
        "throttled",
        "0 of them throttled",
    ]
    assert throttled_words(2, 2, is_least=True) == "2 of them throttled"


def test_a_figure_that_is_not_exact_is_never_bare_and_an_unknown_one_stays_unknown() -> None:
    assert [signed("2", certainty) for certainty in Certainty] == ["2", "≈ 2", "≥ 2"]
    assert {signed(UNKNOWN, certainty) for certainty in Certainty} == {UNKNOWN}
    assert [counted(2, "LLM call", certainty) for certainty in Certainty] == [
        "2 LLM calls",
        "≈ 2 LLM calls",
        "at least 2 LLM calls",
    ]


def test_none_known_of_what_is_not_certain_is_unknown_and_some_are_the_least() -> None:
    assert [tally(0, certainty) for certainty in Certainty] == ["0", "0", UNKNOWN]
    assert [tally(1_002, certainty) for certainty in Certainty] == ["1,002", "≈ 1,002", "≥ 1,002"]
    assert [known_count(count, certain=certain) for count in (0, 2) for certain in (True, False)] == [0, None, 2, 2]


def test_no_call_is_about_nothing_and_a_sum_that_some_log_leaves_out_is_the_least_whatever_the_links() -> None:
    assert [signed("0", certainty) for certainty in Certainty] == ["0", "0", "≥ 0"]
    assert signed("$0 + 2 unpriced", Certainty.ABOUT) == "$0 + 2 unpriced"
    assert [signed("≥ 31", certainty) for certainty in Certainty] == ["≥ 31"] * 3


def test_a_sum_is_as_sure_as_the_least_sure_of_its_requests() -> None:
    exact = fold(request(), [linked(call("t", 1, tag=tag()))], Policy(), NO_PRICES)
    about, least = summary(0), summary(3)

    assert [certainty_of(each) for each in (exact, about, least)] == list(Certainty)
    assert certainty_over([exact, exact]) is Certainty.EXACT
    assert certainty_over([exact, about]) is Certainty.ABOUT
    assert certainty_over([about, least, exact]) is Certainty.AT_LEAST
    assert certainty_over([]) is Certainty.EXACT


@pytest.mark.parametrize(
    ("possible", "calls", "words"), [(0, 0, "0 / 0"), (0, 1, "1,011 / 31"), (3, 1, "≥ 1,011 / 31"), (None, 0, UNKNOWN)]
)
def test_tokens_are_at_least_those_of_the_linked_calls_and_unknown_without_any(
    possible: int | None, calls: int, words: str
) -> None:
    assert token_counts(summary(possible, calls=calls)) == words


THROTTLED = call("t", 2, error_code="ThrottlingException")
TAGGED, TAGGED_FAILURE = call("i", 1, tag=tag()), call("f", 3, error_code="ValidationException", tag=tag())


@pytest.mark.parametrize(
    ("calls", "certainty", "of_failed", "sign"),
    [
        ([TAGGED, TAGGED_FAILURE], Certainty.EXACT, Certainty.EXACT, "+1 failed"),
        ([TAGGED, THROTTLED], Certainty.EXACT, Certainty.ABOUT, "+≈ 1 failed"),
        ([call("i", 1), TAGGED_FAILURE], Certainty.ABOUT, Certainty.EXACT, "+1 failed"),
        ([call("i", 1), THROTTLED], Certainty.ABOUT, Certainty.ABOUT, "+1 failed"),
    ],
    ids=["all exact", "the failed one by time", "the LLM call by time", "both by time"],
)
def test_failed_attempts_are_as_sure_as_their_own_links_and_a_row_has_one_sign(
    calls: list[Invocation], certainty: Certainty, of_failed: Certainty, sign: str
) -> None:
    known = fold(request(), [linked(each) for each in calls], Policy(), NO_PRICES)

    assert (certainty_of(known), certainty_of_failed(known)) == (certainty, of_failed)
    assert failed_sign(known) == sign


def test_a_request_that_lacks_calls_knows_the_least_of_all_counts_and_all_of_its_times() -> None:
    lacking = replace(summary(0), traced=Traced(trace_id=TraceId("1"), complete=False, calls=2, missing_calls=1))
    shared = replace(summary(0), traced=Traced(trace_id=TraceId("1"), calls=2, shared_calls=1))

    for each in (lacking, shared):
        assert (each.is_certain, each.counts_all_calls) == (True, False)
        assert {certainty_of(each), certainty_of_failed(each)} == {Certainty.AT_LEAST}
        assert certainty_of_times(each) is Certainty.ABOUT
        assert (calls_text(each), token_counts(each), failed_sign(each)) == ("≥ 1", "≥ 1,011 / 31", "")
    assert with_missing(calls_text(lacking), lacking) == "≥ 1, 1 missing"
    assert more_text(request(), replace(lacking, possible_calls=2)) == "2 possible, 1 missing"
    (note,) = missing_notes([summary(0), lacking, lacking])
    assert note.startswith("≥ 1, 1 missing: its spans tell of 1 call not in the log under it. What helps: deliver ")


def test_failed_attempts_that_nobody_has_make_the_number_of_its_own_the_least() -> None:
    settled = replace(summary(0), possible_failed_calls=2)

    assert (certainty_of(settled), certainty_of_failed(settled)) == (Certainty.ABOUT, Certainty.AT_LEAST)
    assert (failed_words(settled), failed_sign(settled)) == ("at least 0 failed", "≥ 0 failed")
    assert possible_failed_text(settled) == "2 failed possible"
    assert why_failed_are_least(settled) == "2 failed calls that nobody has may be its own"
    assert failed_words(summary(0)) == why_failed_are_least(summary(0)) == ""
    unknown, many = (replace(settled, possible_failed_calls=count) for count in (None, MAX_POSSIBLE))
    assert why_failed_are_least(unknown) == "failed calls that nobody has may be its own"
    assert why_failed_are_least(many) == "1,000+ failed calls that nobody has may be its own"


def test_of_an_uncertain_request_the_number_of_its_calls_says_that_there_may_be_more() -> None:
    unsure = replace(summary(2), possible_failed_calls=2)

    assert certainty_of_failed(unsure) is Certainty.AT_LEAST
    assert failed_words(unsure) == why_failed_are_least(unsure) == ""


@pytest.mark.parametrize(
    ("possible", "failed", "certainty", "sign"),
    [
        (2, 0, Certainty.ABOUT, "+≈ 1 failed"),
        (2, 3, Certainty.AT_LEAST, "≥ 1 failed"),
        (2, None, Certainty.AT_LEAST, "≥ 1 failed"),
        (None, 0, Certainty.AT_LEAST, "≥ 1 failed"),
    ],
)
def test_failed_attempts_of_an_uncertain_request_are_all_known_where_none_is_possible(
    possible: int | None, failed: int | None, certainty: Certainty, sign: str
) -> None:
    known = fold(request(), [linked(call("i", 1)), linked(THROTTLED)], Policy(), NO_PRICES, possible_calls=possible)
    unsure = replace(known, possible_failed_calls=failed)

    assert (certainty_of_failed(unsure), failed_sign(unsure)) == (certainty, sign)
    assert unsure.counts_all_failed is (certainty is Certainty.ABOUT)
