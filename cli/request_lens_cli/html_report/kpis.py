"""The page's first row: what the period adds up to, a card a figure."""

from request_lens.presentation.costs import dollars
from request_lens.presentation.formatting import UNKNOWN, pluralize, seconds
from request_lens.presentation.markup import Markup, element, text
from request_lens_cli.report.figures import Distribution, Figures, RequestFigures


def kpi_cards(figures: Figures) -> Markup:
    """The cards, the most asked for first."""
    every = figures.all
    cards = (
        _card("Requests", f"{every.requests:,}", _requests_notes(every)),
        _card("LLM calls per request", _mean(every.calls), _calls_notes(every)),
        _card("Request duration", _median(every.duration_ms), _upper_end("median", every.duration_ms)),
        _card("LLM time", _median(every.llm_time_ms), _time_notes(every)),
        _card("Tokens", f"{every.totals.input_tokens:,} in", _token_notes(every)),
        _cost_card(every),
        _card("Errors", f"{every.totals.llm_errors:,}", [f"of these throttled: {every.totals.llm_throttles:,}"]),
        _unattributed_card(figures),
    )
    return element("dl", *cards, class_="kpis")


def _card(name: str, value: str, notes: list[str]) -> Markup:
    lines = (element("dd", text(note), class_="note") for note in notes)
    return element("div", element("dt", text(name)), element("dd", text(value), class_="value"), *lines)


def _requests_notes(figures: RequestFigures) -> list[str]:
    notes = [f"{figures.pending:,} pending"] if figures.pending else ["all settled"] if figures.requests else []
    return [*notes, f"{figures.failed:,} with a status of 500 or above"] if figures.failed else notes


def _mean(distribution: Distribution | None) -> str:
    return UNKNOWN if distribution is None else f"{distribution.mean:.1f}"


def _median(distribution: Distribution | None) -> str:
    return UNKNOWN if distribution is None else seconds(distribution.p50)


def _calls_notes(figures: RequestFigures) -> list[str]:
    distribution = figures.calls
    if distribution is None:
        return []
    return [
        f"mean; p90 {distribution.p90:,.0f}, most {distribution.maximum:,.0f}",
        pluralize(figures.totals.llm_calls, "LLM call"),
    ]


def _upper_end(name: str, distribution: Distribution | None) -> list[str]:
    if distribution is None:
        return []
    notes = [f"{name}; p90 {seconds(distribution.p90)}, longest {seconds(distribution.maximum)}"]
    return (
        [*notes, f"known of {distribution.known:,} of {distribution.of:,}"]
        if distribution.known < distribution.of
        else notes
    )


def _time_notes(figures: RequestFigures) -> list[str]:
    if figures.llm_time_ms is None:
        return []
    others = f"other than LLM {_median(figures.non_llm_time_ms)}"
    return [*_upper_end("median", figures.llm_time_ms), f"{_tools(figures.tool_time_ms)}, {others}"]


def _tools(distribution: Distribution | None) -> str:
    """The tools' median time, where it is known of all requests: of those without tools it always is."""
    return (
        f"tools {_median(distribution)}"
        if distribution is not None and distribution.known == distribution.of
        else "tools unknown"
    )


def _token_notes(figures: RequestFigures) -> list[str]:
    totals = figures.totals
    cached = f"{totals.cache_read_input_tokens:,} read from cache, {totals.cache_write_input_tokens:,} written"
    return [f"{totals.output_tokens:,} out", cached]


def _cost_card(figures: RequestFigures) -> Markup:
    totals = figures.totals
    unpriced = pluralize(totals.unpriced_calls, "call")
    if totals.estimated_cost_usd is None:
        return _card("Estimated cost", UNKNOWN, [f"unknown: no price for {unpriced}"] if totals.unpriced_calls else [])
    notes = ["an estimate in USD", *([f"without {unpriced} of unknown price"] if totals.unpriced_calls else [])]
    return _card("Estimated cost", dollars(totals.estimated_cost_usd), notes)


def _unattributed_card(figures: Figures) -> Markup:
    share = figures.unattributed_share
    notes = [pluralize(figures.unattributed, "call") + " of no request we know"]
    notes += [f"{figures.pending_calls:,} not decided yet"] if figures.pending_calls else []
    return _card("Unattributed", UNKNOWN if share is None else f"{share:.1%}", notes)
