"""Costs as people see them: partial ones say so, unknown ones are never $0."""

from decimal import Decimal

import pytest

from request_lens.adapters.price_list import bedrock_prices
from request_lens.domain.facts import Invocation
from request_lens.domain.folding.fold import fold
from request_lens.domain.folding.summary import Totals
from request_lens.domain.policy import Policy
from request_lens.domain.pricing import NO_PRICES, PriceTable
from request_lens.domain.settling.runaway import Runaway
from request_lens.domain.settling.state import RequestState
from request_lens.presentation.costs import cost_of, plain_cost
from request_lens_cli.html_report.page import Heading, report_page
from request_lens_cli.report.costs import cost_line
from request_lens_cli.report.documents import summary_document
from request_lens_cli.report.period import Period
from request_lens_cli.report.report import Report
from request_lens_cli.terminal.calls_table import call_columns
from request_lens_cli.terminal.listing import print_list
from request_lens_cli.terminal.requests_table import print_requests
from tests.support.command_line.screen import printed
from tests.support.facts import MODEL, at, call, linked, request

CALLS = [
    call("i1", 1),
    call("i2", 2, model_id="unheard-of"),
    call("i3", 3, error_code="ThrottlingException"),
]


def settled(*calls: Invocation, prices: PriceTable, runaway: Runaway | None = None) -> RequestState:
    under = tuple(linked(call) for call in calls)
    return RequestState(
        request_id=request().request_id,
        record=request(),
        revision=1,
        summary=fold(request(), under, Policy(), prices),
        runaway=runaway,
        invocations=under,
    )


def shown(state: RequestState) -> str:
    requests = printed(lambda console: print_requests(Report(requests=[state], unlinked=[]), console))
    columns = call_columns(state, Policy(), linked=state.invocations)
    return requests + printed(lambda console: print_list(columns, list(enumerate(state.invocations, 1)), console))


@pytest.mark.parametrize(
    ("cost", "unpriced", "text"),
    [
        (None, 0, "–"),
        (None, 2, "2 unpriced"),
        ("0", 0, "$0"),
        ("0.0025", 0, "$0.002500"),
        ("1.23456", 0, "$1.234560"),
        ("0.0025", 1, "$0.002500 + 1 unpriced"),
        ("0", 3, "$0 + 3 unpriced"),
        ("99.99999949", 0, "$99.999999"),
        ("99.9999996", 0, "$100.00"),
        ("61784.07402", 0, "$61,784.07"),
        ("61784.07402", 2, "$61,784.07 + 2 unpriced"),
    ],
)
def test_a_cost_says_what_it_lacks(cost: str | None, unpriced: int, text: str) -> None:
    totals = Totals(estimated_cost_usd=None if cost is None else Decimal(cost), unpriced_calls=unpriced)

    assert cost_of(totals) == text


def test_a_program_gets_all_costs_with_the_same_decimals() -> None:
    assert [plain_cost(Decimal(cost)) for cost in ("0", "0.0025", "61784.07402")] == [
        "0.000000",
        "0.002500",
        "61784.074020",
    ]


def test_the_reports_card_never_has_a_bare_0_beside_calls_without_a_price() -> None:
    free, unpriced = settled(prices=bedrock_prices()), settled(CALLS[1], prices=bedrock_prices())
    period = Period(first=at(0), last=at(60))
    html = report_page(
        Report(requests=[free, unpriced], unlinked=[]), Heading(stack="lens", period=period, written_at=at(90))
    )

    card = html.partition("<dt>Estimated cost</dt>")[2].partition("</div>")[0]
    assert '<dd class="value">$0 <span class="beside">+ 1 unpriced</span></dd>' in card
    assert "without 1&nbsp;call of unknown price" in card


def test_a_cost_that_may_be_more_is_unknown_while_it_is_of_no_call() -> None:
    assert cost_of(Totals(estimated_cost_usd=Decimal(0)), certain=False) == "–"
    assert cost_of(Totals(estimated_cost_usd=Decimal("0.01"), llm_calls=1), certain=False) == "≥ $0.010000"


def test_a_request_without_calls_costs_nothing() -> None:
    state = settled(prices=bedrock_prices())

    assert "$0" in shown(state).split()
    assert summary_document(state, Policy())["estimated_cost_usd"] == 0


def test_the_tables_show_the_request_as_partial_and_each_calls_cost_or_reason() -> None:
    text = shown(settled(*CALLS, prices=bedrock_prices()))

    assert "$0.001283 + 1 unpriced" in text
    assert "unpriced: unknown model" in text


def test_a_runaway_is_marked() -> None:
    flagged = settled(call(), prices=bedrock_prices(), runaway=Runaway(llm_calls=9, estimated_cost_usd=None))

    assert "1 runaway" in shown(flagged)
    assert summary_document(flagged, Policy())["runaway"] is True


def test_the_report_names_the_prices_it_is_by() -> None:
    report = Report(requests=[settled(call(model_id=MODEL), prices=bedrock_prices())], unlinked=[])

    assert cost_line(report).startswith("Estimated cost of the requests: ≈ $0.001283, by the list prices of genai-")


def test_the_document_has_each_calls_cost_and_they_add_up_to_the_requests() -> None:
    document = summary_document(settled(*CALLS, prices=bedrock_prices()), Policy())
    invocations = document["invocations"]
    assert isinstance(invocations, list)

    assert [call["estimated_cost_usd"] for call in invocations] == [0.0012826, None, None]
    assert [call["unpriced"] for call in invocations] == [None, "unknown_model", "failed_call"]
    assert (document["estimated_cost_usd"], document["unpriced_calls"]) == (0.0012826, 1)


def test_calls_show_no_cost_where_their_summary_was_priced_with_another_table() -> None:
    document = summary_document(settled(*CALLS, prices=NO_PRICES), Policy())
    invocations = document["invocations"]
    assert isinstance(invocations, list)

    assert {call["estimated_cost_usd"] for call in invocations} == {None}
