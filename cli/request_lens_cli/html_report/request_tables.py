"""The page's tables of requests: all of them, and the slowest, the most expensive and those with the most calls."""

from collections.abc import Callable

from request_lens.domain.folding.summary import Summary
from request_lens.domain.settling.state import RequestState
from request_lens.domain.tracing.traced import Traced
from request_lens.presentation.certainty import (
    Certainty,
    calls_text,
    certainty_of,
    certainty_of_times,
    signed,
    token_counts,
    tools_text,
    why_uncertain,
)
from request_lens.presentation.costs import cost_of
from request_lens.presentation.failed_attempts import failed_sign, throttled_of
from request_lens.presentation.formatting import UNKNOWN, pluralize, seconds
from request_lens.presentation.markup import NOTHING, Markup, element, joined, text, unbroken
from request_lens.presentation.traced import complete_sentence, complete_text, more_text
from request_lens_cli.html_report.table import Column, cost_cell, id_class, route_text, table
from request_lens_cli.report.report import Report, correlated_by
from request_lens_cli.report.selection import Order, Selection, may_match_words

MAX_ROWS = 1_000
"""The table of all requests ends with so many: a page of more would be slow to open."""

TOP, TOP_FROM = 5, 20
"""How many the tables of the first few have, and from how many requests on they stand there: few are seen at once."""

MAX_MISSING = 2
"""So many of a request's missing calls are named in its row; `show` and JSON name ten."""

_SHORT_ROUTE = 24
"""Characters of a route that stands on one line in any window."""

_SHORT_PAIR = 14
"""Characters of tokens in and out that stand on one line on a tablet where there is room."""

_TOPS = {Order.DURATION: "Slowest", Order.CALLS: "Most LLM calls", Order.COST: "Most expensive, by estimated cost"}


def top_tables(report: Report) -> Markup:
    """The first few requests by duration, LLM calls and cost; without those that nothing is known of.

    Nothing where the report has few requests.
    """
    if len(report.requests) < TOP_FROM:
        return NOTHING
    return joined(_top(report, order, title) for order, title in _TOPS.items())


def _top(report: Report, order: Order, title: str) -> Markup:
    """The first few, of which the unknown ones would come last; and how many others may belong among them."""
    measured = sum(_is_measured(state, order) for state in report.requests)
    first = Selection(order=order, limit=min(TOP, measured)).of(report)
    untimed = len(report.requests) - measured if order is Order.DURATION else 0
    unknown = f"without {pluralize(untimed, 'request')} of unknown duration" if untimed else ""
    caption = "; ".join(filter(None, (title, unknown, may_match_words(first))))
    columns = [column for column in _columns(report)[:9] if not column.leaves]
    return table(columns, first.requests, caption=caption) if measured else NOTHING


def _is_measured(state: RequestState, order: Order) -> bool:
    if order is Order.DURATION:
        return state.request.duration_ms is not None
    if state.summary is None:
        return False
    return order is not Order.COST or state.summary.totals.estimated_cost_usd is not None


def requests_section(report: Report) -> Markup:
    """Every request, the newest first, up to MAX_ROWS of them."""
    shown = report.newest(MAX_ROWS).requests[::-1]
    more = f", the latest {len(shown):,} of {len(report.requests):,}" if len(shown) < len(report.requests) else ""
    return table(_columns(report), shown, caption=f"All requests{more}, the newest first")


def _columns(report: Report) -> list[Column[RequestState]]:
    is_roomy = not report.has_spans and all(id_class(state.request_id) for state in report.requests)

    def name(state: RequestState) -> Markup:
        label = report.labels.get(state.request_id)
        request_id = element("code", text(state.request_id), class_=id_class(state.request_id))
        return request_id if label is None else joined((text(label.prompt), element("div", request_id, class_="note")))

    def tokens(state: RequestState) -> Markup:
        words = _signed(state, token_counts)
        return element("span", unbroken(words), class_="" if is_roomy and len(words) <= _SHORT_PAIR else "pair")

    complete = Column[RequestState](header="Complete", cell=_complete)
    return [
        Column(header="Request", cell=name),
        Column(header="Route", cell=_route),
        Column(header="Start (UTC)", cell=lambda state: text(report.started_text(state.request)), numeric=True),
        Column(header="Duration", cell=lambda state: text(seconds(state.request.duration_ms)), numeric=True),
        Column(header="LLM calls", cell=_calls, numeric=True),
        Column(header="Cost (est.)", brief="Cost", cell=_cost, numeric=True),
        _time("LLM time", lambda summary: summary.llm_time_ms),
        _time("Other time", lambda summary: summary.non_llm_time_ms, leaves=True),
        Column(header="Time in tools", cell=_tool_time, numeric=True, leaves=True),
        Column(header="Tokens in/out", cell=tokens, numeric=True, leaves=report.has_spans),
        *([complete] if report.has_spans else []),
        Column(header="Correlated by", cell=_correlated_by, leaves=True),
    ]


def _route(state: RequestState) -> Markup:
    route = route_text(state.request.route, whole=_SHORT_ROUTE)
    if not (state.request.has_failed or state.request.was_refused):
        return route
    return joined((route, text(" "), element("strong", text(str(state.request.status)), class_="failed")))


def _correlated_by(state: RequestState) -> Markup:
    """How its calls were linked; that there is none is no dash, where that is certain."""
    words = correlated_by(state)
    is_none = words == UNKNOWN and state.summary is not None and state.summary.counts_all_calls
    return text("no call" if is_none else words)


def _signed(
    state: RequestState, words: Callable[[Summary], str], certainty: Callable[[Summary], Certainty] = certainty_of
) -> str:
    """What the words say of a request's summary, with the sign of its calls; a dash while there is none."""
    return UNKNOWN if state.summary is None else signed(words(state.summary), certainty(state.summary))


def _complete(state: RequestState) -> Markup:
    """Whether all its calls are here, and below it the first that are missing; the sentence shows on hovering."""
    traced = None if state.summary is None else state.summary.traced
    word = text(complete_text(traced))
    if traced is None:
        return word
    style = "failed" if traced.missing_calls else ""
    return joined((element("span", word, class_=style, title=complete_sentence(traced)), _missing(traced)))


def _missing(traced: Traced) -> Markup:
    """The ids of the first calls that are missing, and how many more there are."""
    shown = traced.missing[:MAX_MISSING]
    more = traced.missing_calls - len(shown)
    words = ", ".join(shown) + (f" and {more:,} more" if more else "")
    return element("div", text(words), class_="note") if shown else NOTHING


def _time(header: str, time: Callable[[Summary], int | None], *, leaves: bool = False) -> Column[RequestState]:
    """A column of a time that comes from a request's calls."""

    def cell(state: RequestState) -> Markup:
        return text(_signed(state, lambda summary: seconds(time(summary)), certainty_of_times))

    return Column(header=header, cell=cell, numeric=True, leaves=leaves)


def _tool_time(state: RequestState) -> Markup:
    """The part of other time that went into tools."""
    known = state.summary
    return text(UNKNOWN if known is None else tools_text(known.tool_time_ms, certainty_of_times(known)))


def _cost(state: RequestState) -> Markup:
    return cost_cell(_signed(state, lambda known: cost_of(known.totals, certain=known.counts_all_calls)))


def _calls(state: RequestState) -> Markup:
    """How many there are, and below it, each on a line, what is to be said of them."""
    runaway = _note("runaway", class_="note failed") if state.runaway is not None else NOTHING
    summary = state.summary
    if summary is None:
        return joined((element("em", text("pending")), runaway))
    totals = summary.totals
    failed = _note(failed_sign(summary), class_="note failed" if totals.llm_errors else "note")
    throttled = _note(throttled_of(summary) if totals.llm_throttles else "")
    return joined((text(calls_text(summary)), failed, throttled, runaway, _why(state, summary)))


def _why(state: RequestState, summary: Summary) -> Markup:
    """How many more calls may be its own, or are missing, below its calls; the whole sentence shows on hovering."""
    more = more_text(state.request, summary)
    why = why_uncertain(state.request, summary) or (complete_sentence(summary.traced) if summary.traced else "")
    return _note(more, title=why)


def _note(words: str, *, class_: str = "note", title: str = "") -> Markup:
    return element("div", unbroken(words), class_=class_, title=title) if words else NOTHING
