"""Sums of tokens: unknown where no call's log counts them, the least where some call's does not."""

from dataclasses import replace

import pytest

from request_lens.domain.facts import Invocation, TokenCounts
from request_lens.domain.folding.summary import TokenClass, TokenSum, Totals, totals_of
from request_lens.domain.pricing import NO_PRICES
from tests.support.facts import call

UNKNOWN = TokenSum(count=None, is_least=False)


def counting(**counts: int | None) -> Invocation:
    return replace(call(), tokens=TokenCounts(**counts))


def sums_of(*calls: Invocation) -> Totals:
    return sum((totals_of(each, NO_PRICES.quote(each)) for each in calls), start=Totals())


def test_what_no_call_counts_is_unknown_and_not_0() -> None:
    totals = sums_of(counting(input=5, output=0), counting(input=6, output=0))

    assert totals.tokens(TokenClass.INPUT) == TokenSum(count=11, is_least=False)
    assert totals.tokens(TokenClass.OUTPUT) == TokenSum(count=0, is_least=False)
    assert totals.tokens(TokenClass.CACHE_READ) == totals.tokens(TokenClass.CACHE_WRITE) == UNKNOWN


@pytest.mark.parametrize("read", [0, 7])
def test_what_some_calls_count_is_the_least(read: int) -> None:
    totals = sums_of(counting(input=5, cache_read=read), counting(input=6))

    assert totals.tokens(TokenClass.CACHE_READ) == TokenSum(count=read, is_least=True)


def test_without_a_call_there_are_no_tokens() -> None:
    assert Totals().tokens(TokenClass.INPUT) == TokenSum(count=0, is_least=False)


def test_a_failed_attempt_leaves_nothing_uncounted() -> None:
    failed = call("i2", error_code="ThrottlingException")

    assert sums_of(counting(input=5), failed).tokens(TokenClass.INPUT) == TokenSum(count=5, is_least=False)
    assert sums_of(failed).tokens(TokenClass.INPUT) == TokenSum(count=0, is_least=False)


def test_what_is_taken_away_takes_its_uncounted_calls_with_it() -> None:
    counted, uncounted = counting(input=5), counting(output=1)

    assert sums_of(counted, uncounted) - sums_of(uncounted) == sums_of(counted)


def test_totals_that_a_later_version_wrote_with_further_classes_add_up() -> None:
    later = replace(totals_of(counting(input=5), NO_PRICES.quote(call())), uncounted=(0, 1, 1, 1, 1))

    both = later + totals_of(counting(), NO_PRICES.quote(call()))

    assert both.uncounted == (1, 2, 2, 2, 1)
    assert (both - later).uncounted == (1, 1, 1, 1, 0)
    assert both.tokens(TokenClass.INPUT) == TokenSum(count=5, is_least=True)
