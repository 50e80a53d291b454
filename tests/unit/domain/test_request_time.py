"""A request's time: when all has come that tells which calls are its own, and which traces began with it."""

from dataclasses import replace
from datetime import timedelta

from request_lens.domain.facts import TraceId
from request_lens.domain.policy import Policy
from request_lens.domain.request_time import all_come_at, facts_come_at, is_born_in, owner_known_at
from tests.support.telemetry.traces import SKEW, TRACE, at, request

SPANS = Policy(reads_spans=True, clock_skew=SKEW)
OLDER = TraceId(f"{int(TRACE[:8], 16) - 900:08x}{TRACE[8:]}")


def test_a_trace_is_born_in_the_request_in_whose_second_it_began() -> None:
    in_second = [is_born_in(TRACE, request(100, begin=begin), clock_skew=SKEW) for begin in (-2001, -2000, 2999, 3000)]
    assert in_second == [False, True, True, False]
    assert is_born_in(TRACE, replace(request(100), started_at=at(999)), clock_skew=SKEW * 0)


def test_a_sessions_request_waits_for_the_record_of_one_that_may_have_begun_in_it() -> None:
    record = replace(request(4_000), trace_id=OLDER)
    own_end, known_to_the_second = timedelta(seconds=4) + SKEW, 2 * timedelta(seconds=1)
    longest_next = SPANS.max_request + 2 * SKEW + known_to_the_second

    assert all_come_at(record, SPANS) == record.started_at + own_end + longest_next + SPANS.link_delay


def test_a_request_in_which_its_trace_began_waits_for_its_own_facts_alone() -> None:
    records = [replace(request(4_000), trace_id=TRACE), request(4_000)]

    assert [all_come_at(each, SPANS) for each in records] == [facts_come_at(each, SPANS) for each in records]
    assert facts_come_at(records[0], SPANS) == records[0].started_at + timedelta(seconds=4) + SKEW + SPANS.link_delay


def test_a_sessions_request_waits_for_no_other_one_where_no_spans_are_read() -> None:
    record, policy = replace(request(4_000), trace_id=OLDER), replace(SPANS, reads_spans=False)

    assert all_come_at(record, policy) == facts_come_at(record, policy)


def test_a_trace_that_began_while_its_request_ran_is_of_no_session() -> None:
    """A function begins one, when the API's authorizer has answered."""
    later = TraceId(f"{int(TRACE[:8], 16) + 3:08x}{TRACE[8:]}")
    after_all = TraceId(f"{int(TRACE[:8], 16) + 5:08x}{TRACE[8:]}")
    record = request(4_000)

    assert owner_known_at(record, later, SPANS) == facts_come_at(record, SPANS)
    assert owner_known_at(record, after_all, SPANS) > facts_come_at(record, SPANS)
