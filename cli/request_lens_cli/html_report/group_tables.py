"""The page's tables of figures: by route and by model."""

from request_lens.domain.folding.summary import TokenClass
from request_lens.presentation.certainty import signed, tally, tokens_text
from request_lens.presentation.costs import cost_of
from request_lens.presentation.formatting import UNKNOWN, seconds
from request_lens.presentation.markup import NOTHING, Markup, element, joined, text
from request_lens_cli.html_report.model_figures import (
    ModelFigures,
    figures_by_model,
    of_any_model,
    unattributed_by_model,
)
from request_lens_cli.html_report.table import Column, cost_cell, model_text, route_text, table, with_note
from request_lens_cli.report.figures import Distribution, Figures, RequestFigures
from request_lens_cli.report.report import Report

type _Route = tuple[str, RequestFigures]
type _Model = tuple[str, ModelFigures]

_SHORT_ROUTE = 32
"""Characters of a route that stands on one line, but on a tablet and a telephone."""

_ROUTES: tuple[Column[_Route], ...] = (
    Column(header="Route", cell=lambda row: route_text(row[0], whole=_SHORT_ROUTE)),
    Column(header="Requests", cell=lambda row: _requests(row[1]), numeric=True),
    Column(header="5xx\N{NO-BREAK SPACE}/\N{NO-BREAK SPACE}4xx", cell=lambda row: _errors(row[1]), numeric=True),
    Column(header="LLM calls", cell=lambda row: _calls_of_route(row[1]), numeric=True),
    Column(header="Per request", cell=lambda row: _calls(row[1]), numeric=True),
    Column(header="Duration, median", cell=lambda row: _median(row[1].duration_ms), numeric=True),
    Column(header="Duration, p90", cell=lambda row: _p90(row[1].duration_ms), numeric=True, leaves=True),
    Column(header="LLM time, median", cell=lambda row: _llm_time(row[1]), numeric=True),
    Column(header="Tokens in", cell=lambda row: text(row[1].tokens(TokenClass.INPUT)), numeric=True, leaves=True),
    Column(header="Tokens out", cell=lambda row: text(row[1].tokens(TokenClass.OUTPUT)), numeric=True, leaves=True),
    Column(header="Cost (est.)", cell=lambda row: _cost(row[1]), numeric=True),
)
_MODELS: tuple[Column[_Model], ...] = (
    Column(header="Model", cell=lambda row: element("code", model_text(row[0]))),
    Column(header="LLM calls", cell=lambda row: _calls_of_model(row[1]), numeric=True),
    Column(header="Failed calls", cell=lambda row: _attempts(row[1], row[1].totals.llm_errors), numeric=True),
    Column(
        header="Failed calls, throttled", cell=lambda row: _attempts(row[1], row[1].totals.llm_throttles), numeric=True
    ),
    Column(header="Tokens in", cell=lambda row: _tokens(row[1], TokenClass.INPUT), numeric=True),
    Column(header="Tokens out", cell=lambda row: _tokens(row[1], TokenClass.OUTPUT), numeric=True),
    Column(header="Cache read", cell=lambda row: _tokens(row[1], TokenClass.CACHE_READ), numeric=True),
    Column(header="Cache write", cell=lambda row: _tokens(row[1], TokenClass.CACHE_WRITE), numeric=True),
    Column(header="Cost (est.)", cell=lambda row: _cost(row[1]), numeric=True),
)


def route_table(figures: Figures) -> Markup:
    """The requests' figures by route; nothing where there are none."""
    return table(_ROUTES, list(figures.by_route.items()), caption="By route") if figures.by_route else NOTHING


def model_table(report: Report) -> Markup:
    """The totals by model of the attempts that are linked, and of those that belong to no request.

    Failed ones of unknown models are "other"; nothing stands where there are none. Below the linked ones stands why
    "≥" is at each model, where it is not told of which a request may have more.
    """
    return joined((_linked_by_model(report), _unattributed_by_model(report)))


def _linked_by_model(report: Report) -> Markup:
    figures = figures_by_model(report)
    if not figures:
        return NOTHING
    models = table(_MODELS, list(figures.items()), caption="By model: the calls that are linked to a request")
    untold = " and ".join(of_any_model(report))
    words = f"≥ stands at every model: {untold} may be of any."
    return joined((models, element("p", text(words), class_="note"))) if untold else models


def _unattributed_by_model(report: Report) -> Markup:
    figures = unattributed_by_model(report)
    caption = f"By model: the calls that belong to no request {report.of_all_time}".rstrip()
    return table(_MODELS, list(figures.items()), caption=caption) if figures else NOTHING


def _requests(figures: RequestFigures) -> Markup:
    counts = ((figures.pending, "pending"), (figures.uncertain, "uncertain"), (figures.incomplete, "incomplete"))
    return with_note(f"{figures.requests:,}", *(f"{count:,} {state}" for count, state in counts if count))


def _errors(figures: RequestFigures) -> Markup:
    """How many failed, and how many were refused."""
    return text(f"{figures.failed:,} / {figures.refused:,}")


def _calls_of_route(figures: RequestFigures) -> Markup:
    """How many calls are linked, and below it how many are missing."""
    missing = f"{figures.missing_calls:,} missing" if figures.missing_calls else ""
    return with_note(figures.total(figures.totals.llm_calls), missing)


def _calls_of_model(figures: ModelFigures) -> Markup:
    return text(signed(f"{figures.totals.llm_calls:,}", figures.certainty))


def _attempts(figures: ModelFigures, count: int) -> Markup:
    return text(tally(count, figures.certainty_of_failed))


def _tokens(figures: ModelFigures, of: TokenClass) -> Markup:
    return text(signed(tokens_text(figures.totals, of, certain=figures.counts_all_calls), figures.certainty))


def _cost(figures: RequestFigures | ModelFigures) -> Markup:
    return cost_cell(signed(cost_of(figures.totals, certain=figures.counts_all_calls), figures.certainty))


def _llm_time(figures: RequestFigures) -> Markup:
    times = figures.llm_time_ms
    if times is None:
        return text(UNKNOWN)
    return with_note(signed(seconds(times.median), figures.certainty_of_times), _share(times))


def _calls(figures: RequestFigures) -> Markup:
    calls = figures.calls
    if calls is None:
        return text(UNKNOWN)
    mean, most = (signed(words, figures.certainty_of_mean) for words in (f"{calls.mean:.1f}", f"{calls.maximum:,.0f}"))
    return with_note(mean, f"most {most}", _share(calls))


def _share(values: Distribution) -> str:
    """For how many requests the values are known; empty where for all."""
    return "" if values.is_complete else f"known for {values.known:,} of {values.of:,}"


def _median(times: Distribution | None) -> Markup:
    return text(UNKNOWN) if times is None else with_note(seconds(times.median), _share(times))


def _p90(times: Distribution | None) -> Markup:
    return text(UNKNOWN if times is None else seconds(times.p90))
