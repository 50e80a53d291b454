"""The page's first row: what the period adds up to, a card a figure."""

from request_lens.domain.folding.summary import Totals
from request_lens.presentation.costs import dollars
from request_lens.presentation.formatting import UNKNOWN, pluralize, seconds
from request_lens.presentation.markup import Markup, element, text
from request_lens_cli.report.figures import Distribution, RequestFigures
from request_lens_cli.report.report import Report


def kpi_cards(figures: RequestFigures, report: Report) -> Markup:
    """The cards, the most asked for first."""
    totals = figures.totals
    cards = (
        _card("Requests", f"{figures.requests:,}", _requests_notes(figures)),
        _card("LLM calls per request", _mean(figures.calls), _calls_notes(figures)),
        _card("Request duration", _median(figures.duration_ms), _upper_end(figures.duration_ms)),
        _card("LLM time", _median(figures.llm_time_ms), _time_notes(figures)),
        _card("Tokens", f"{totals.input_tokens:,} in", _token_notes(totals)),
        _cost_card(totals),
        _card("Errors", f"{totals.llm_errors:,}", [f"of these throttled: {totals.llm_throttles:,}"]),
        _unattributed_card(report),
    )
    return element("dl", *cards, class_="kpis")


def _card(name: str, value: str, notes: list[str]) -> Markup:
    lines = (element("dd", text(note), class_="note") for note in notes)
    return element("div", element("dt", text(name)), element("dd", text(value), class_="value"), *lines)


def _requests_notes(figures: RequestFigures) -> list[str]:
    notes = [f"{figures.pending:,} pending"] if figures.pending else ["all settled"] if figures.requests else []
    return [*notes, f"{figures.failed:,} with a status of 500 or above"] if figures.failed else notes


def _mean(calls: Distribution | None) -> str:
    return UNKNOWN if calls is None else f"{calls.mean:.1f}"


def _median(times: Distribution | None) -> str:
    return UNKNOWN if times is None else seconds(times.p50)


def _calls_notes(figures: RequestFigures) -> list[str]:
    calls = figures.calls
    if calls is None:
        return []
    total = pluralize(figures.totals.llm_calls, "LLM call")
    return [f"mean; p90 {calls.p90:,.0f}, most {calls.maximum:,.0f}", total]


def _upper_end(times: Distribution | None) -> list[str]:
    if times is None:
        return []
    notes = [f"median; p90 {seconds(times.p90)}, longest {seconds(times.maximum)}"]
    return notes if times.is_complete else [*notes, f"known of {times.known:,} of {times.of:,}"]


def _time_notes(figures: RequestFigures) -> list[str]:
    if figures.llm_time_ms is None:
        return []
    others = f"other than LLM {_median(figures.non_llm_time_ms)}"
    return [*_upper_end(figures.llm_time_ms), f"tools {_tool_time(figures.tool_time_ms)}, {others}"]


def _tool_time(times: Distribution | None) -> str:
    """The tools' median time, where it is known of all requests: of those without tools it always is."""
    return _median(times) if times is not None and times.is_complete else "unknown"


def _token_notes(totals: Totals) -> list[str]:
    cached = f"{totals.cache_read_input_tokens:,} read from cache, {totals.cache_write_input_tokens:,} written"
    return [f"{totals.output_tokens:,} out", cached]


def _cost_card(totals: Totals) -> Markup:
    unpriced = pluralize(totals.unpriced_calls, "call")
    if totals.estimated_cost_usd is None:
        return _card("Estimated cost", UNKNOWN, [f"unknown: no price for {unpriced}"] if totals.unpriced_calls else [])
    notes = ["an estimate in USD", *([f"without {unpriced} of unknown price"] if totals.unpriced_calls else [])]
    return _card("Estimated cost", dollars(totals.estimated_cost_usd), notes)


def _unattributed_card(report: Report) -> Markup:
    share = report.unattributed_share
    notes = [pluralize(report.unattributed, "call") + " of no request we know"]
    notes += [f"{report.pending:,} not decided yet"] if report.pending else []
    return _card("Unattributed", UNKNOWN if share is None else f"{share:.1%}", notes)
