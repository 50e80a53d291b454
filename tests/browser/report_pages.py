"""Reports as pages, as the tests of the browser look at them."""

from collections.abc import Sequence
from dataclasses import replace

from request_lens.domain.facts import TokenCounts
from request_lens.domain.linking.link import Reason, Unattributed, UnlinkedInvocation
from request_lens.domain.policy import Policy
from request_lens.domain.settling.state import RequestState
from request_lens.wire.log_record import read_record
from request_lens_cli.html_report.page import Heading, report_page
from request_lens_cli.replay.virtual_time import Arrival, replay
from request_lens_cli.report.period import Period
from request_lens_cli.report.report import Report
from request_lens_cli.scenario.scenario import load_scenario
from scripts.scenarios.generate import EVENTS
from tests.support.command_line.scenario_lines import as_ndjson
from tests.support.facts import at, call, pending
from tests.support.sample_states import costing, settled

HOSTILE = '</text></svg><script>document.title = "broken"</script><b onclick="x">\'&amp;'
"""A name that would end its element and run a script where it is not escaped."""

ROUTES = ("POST /ask", "POST /support/{ticket}/answer", "GET /summary")


def page_of(report: Report) -> str:
    """The report of the hour before its last request, as a page; one of 200 requests takes a second to write."""
    if id(report) not in _PAGES:
        _PAGES[id(report)] = (report, _page_of(report))
    return _PAGES[id(report)][1]


_PAGES: dict[int, tuple[Report, str]] = {}
"""Pages by their report, which is kept so that its id stays its own."""


def _page_of(report: Report) -> str:
    heading = Heading(
        stack="request-lens",
        period=Period(first=at(-1800), last=at(1800)),
        written_at=at(1800),
        aws_console="https://us-east-1.console.aws.amazon.com/cloudwatch/home?region=us-east-1",
    )
    return report_page(report, heading)


def article() -> Report:
    """The ten requests of the article."""
    return replayed("article")


def replayed(name: str) -> Report:
    """A scenario of events/, its calls untagged."""
    lines = as_ndjson(load_scenario(EVENTS / name)).splitlines()
    result = replay((Arrival(record=read_record(line)) for line in lines), Policy())
    return Report(requests=result.requests, unlinked=result.unattributed)


def many(count: int) -> Report:
    """Requests of one to seven calls on three routes, with what they cost."""
    return Report(requests=[_request(number) for number in range(count)], unlinked=_lost(count // 10))


def signs() -> Report:
    """Great numbers, each at least so much: of every route and model some requests are uncertain, and cost a lot."""
    states = [
        _request(number, possible_calls=(0, 4, None)[number % 4 % 3], tokens=234_567, cost=f"1{number:03}.234567")
        for number in range(60)
    ]
    return Report(requests=states, unlinked=_lost(9))


def about() -> Report:
    """The same numbers, all known and linked by time."""
    states = [_request(number, tokens=234_567, cost=f"1{number:03}.234567") for number in range(60)]
    return Report(requests=states, unlinked=_lost(9))


def _request(
    number: int, *, possible_calls: int | None = 0, tokens: int = 1_011, cost: str | None = None
) -> RequestState:
    begins = number * 7.0
    model_id = f"eu.anthropic.claude-sonnet-4-{number % 2}"
    calls = [
        replace(
            call(f"i{number}-{at_}", begins + at_, latency_ms=800, model_id=model_id),
            tokens=TokenCounts(input=tokens, output=tokens // 32),
        )
        for at_ in range(1 + number % 7)
    ]
    state = settled(
        f"0f{number:03}c1d-3b7e-4a55-9d3f-2a6b8e4c1f{number:02}"[:36],
        *calls,
        start=begins,
        duration_ms=1_400 + 1_000 * (number % 7),
        route=ROUTES[number % 3],
        possible_calls=possible_calls,
    )
    return costing(state, cost or f"0.00{1 + number % 9}7", unpriced=number % 40 == 7)


def errors() -> Report:
    """What can go wrong: throttled and failed calls, time-outs, unknown latencies, pending and unattributed calls."""
    failing = [call("e1", 0, error_code="ThrottlingException"), call("e2", 1, error_code="ValidationException")]
    timed_out = settled("timed-out", call("e3", 10, latency_ms=None), start=10, duration_ms=29_000)
    record = timed_out.record
    assert record is not None
    return Report(
        requests=[
            settled("throttled", *failing, call("e4", 2)),
            replace(timed_out, record=replace(record, status=504)),
            settled("no-calls", start=45),
            replace(settled("pending", start=50), revision=0, summary=None),
            settled(HOSTILE, call("e5", 60, model_id=HOSTILE), start=60, route=HOSTILE),
        ],
        unlinked=_lost(5),
        earlier=12,
    )


def _lost(count: int) -> Sequence[UnlinkedInvocation]:
    reasons = tuple(Reason)
    decided = [
        replace(pending(call(f"u{at_}", at_)), decision=Unattributed(reason=reasons[at_ % len(reasons)], candidates=2))
        for at_ in range(count)
    ]
    return [*decided, pending(call("u-pending", 3))] if count else []
