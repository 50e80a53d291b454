"""The requests of a report as a pipe gets them: plain numbers, and what is to be said of them in columns of its own."""

from collections.abc import Callable, Sequence

from request_lens.domain.folding.summary import Summary, TokenClass
from request_lens.domain.settling.state import RequestState
from request_lens.presentation.certainty import doubt_of, is_about
from request_lens.presentation.formatting import UNKNOWN, plain_number, plain_seconds, zone_name
from request_lens_cli.report.report import Report, correlated_by
from request_lens_cli.terminal.listing import Column

type _Columns = Sequence[Column[RequestState]]


def piped_columns(report: Report) -> _Columns:
    """The columns in the order of the list on a terminal, without signs and units; then what the signs say."""
    return (*_named(report), *_figures(report), *_QUALIFIERS)


def _named(report: Report) -> _Columns:
    labels = report.labels
    request_id = Column[RequestState](header="Request", cell=lambda state: state.request_id)
    if not labels:
        return (request_id,)

    def label(state: RequestState, part: str) -> str:
        return getattr(labels[state.request_id], part) if state.request_id in labels else UNKNOWN

    return (
        Column(header="Prompt", cell=lambda state: label(state, "prompt")),
        Column(header="Type", cell=lambda state: label(state, "kind")),
        request_id,
    )


def _figures(report: Report) -> _Columns:
    def start(state: RequestState) -> str:
        return f"{state.request.started_at.astimezone(report.zone):%Y-%m-%d %H:%M:%S}"

    return (
        Column(header="Route", cell=lambda state: state.request.route),
        Column(header="Status", cell=lambda state: str(state.request.status)),
        Column(header=f"Start ({zone_name(report.zone)})", cell=start),
        Column(header="Duration (s)", cell=lambda state: plain_seconds(state.request.duration_ms)),
        Column(header="LLM calls", cell=_of(lambda summary: plain_number(summary.totals.llm_calls))),
        Column(header="More calls", cell=_of(lambda summary: plain_number(summary.possible_calls))),
        Column(header="LLM time (s)", cell=_of(lambda summary: plain_seconds(summary.llm_time_ms))),
        Column(header="Other time (s)", cell=_of(lambda summary: plain_seconds(summary.non_llm_time_ms))),
        Column(header="Tokens in", cell=_tokens(TokenClass.INPUT)),
        Column(header="Tokens out", cell=_tokens(TokenClass.OUTPUT)),
        Column(header="Est. cost (USD)", cell=_of(lambda summary: plain_number(summary.totals.estimated_cost_usd))),
        Column(header="Correlated by", cell=correlated_by),
        Column(header="Complete", cell=_complete),
    )


def _of(words: Callable[[Summary], str]) -> Callable[[RequestState], str]:
    """The cell that says so of a request's summary; a dash while there is none."""
    return lambda state: UNKNOWN if state.summary is None else words(state.summary)


def _tokens(of: TokenClass) -> Callable[[RequestState], str]:
    """Their sum; a dash, too, where no call is known of what is not certain."""

    def count(summary: Summary) -> str:
        knows_none = not (summary.is_certain or summary.totals.llm_calls)
        return UNKNOWN if knows_none else plain_number(summary.totals.tokens(of).count)

    return _of(count)


def _complete(state: RequestState) -> str:
    """Whether its spans prove that all calls are there: yes, no, or a dash where they do not tell."""
    traced = None if state.summary is None else state.summary.traced
    if traced is None or traced.complete is None:
        return UNKNOWN
    return "yes" if traced.complete else "no"


def _calls_are(state: RequestState) -> str:
    """What the number of LLM calls is: exact, about (≈), at least (≥), or pending."""
    if state.summary is None:
        return "pending"
    if not state.summary.is_certain:
        return "at least"
    return "about" if is_about(state.summary) else "exact"


def _why(state: RequestState) -> str:
    doubt = None if state.summary is None else doubt_of(state.request, state.summary)
    return UNKNOWN if doubt is None else doubt.value


def _missing(state: RequestState) -> str:
    traced = None if state.summary is None else state.summary.traced
    return UNKNOWN if traced is None else plain_number(traced.missing_calls)


_QUALIFIERS: _Columns = (
    Column(header="Calls are", cell=_calls_are),
    Column(header="Uncertain because", cell=_why),
    Column(header="Failed calls", cell=_of(lambda summary: plain_number(summary.totals.llm_errors))),
    Column(header="Unpriced calls", cell=_of(lambda summary: plain_number(summary.totals.unpriced_calls))),
    Column(header="Missing calls", cell=_missing),
    Column(header="Runaway", cell=lambda state: "no" if state.runaway is None else "yes"),
)
