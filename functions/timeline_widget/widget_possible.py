"""The calls that may be an uncertain request's own: how many these are, and which are the first."""

from collections.abc import Iterator, Sequence

from request_lens.domain.linking.link import UnlinkedInvocation
from request_lens.presentation.calls import FITS, fits_text, how_failed, llm_calls_first
from request_lens.presentation.formatting import duration_text, pluralize
from request_lens.presentation.markup import Markup, element, text

MAX_NAMED = 10
"""So many are named, the earliest, as in the command line."""

_HEADERS = (
    *(("May be its own", ""), ("Logged (UTC)", "rlw-number"), ("Latency", "rlw-number")),
    *(("Fits", "rlw-whole"), ("Model", "")),
)


def possible_table(calls: Sequence[UnlinkedInvocation]) -> Iterator[Markup]:
    """A row for each of the first, how many more there are, and what the last figure counts; nothing for none."""
    if not calls:
        return
    headers = (element("th", text(header), class_=class_) for header, class_ in _HEADERS)
    rows = map(_row, llm_calls_first(calls)[:MAX_NAMED])
    yield element("table", element("thead", element("tr", *headers)), element("tbody", *rows))
    if len(calls) > MAX_NAMED:
        more = pluralize(len(calls) - MAX_NAMED, "more call")
        yield element("p", text(f"and {more}, which request-lens requests --unattributed lists."))
    yield element("p", text(FITS))


def _row(call: UnlinkedInvocation) -> Markup:
    made = call.invocation
    logged = f"{made.logged_at:%m-%d %H:%M:%S}"
    words = (
        made.invocation_id,
        logged,
        how_failed(made) or duration_text(made.latency_ms),
        fits_text(call),
        made.model_id,
    )
    cells = zip(words, (class_ for _, class_ in _HEADERS), strict=True)
    return element("tr", *(element("td", text(cell), class_=class_) for cell, class_ in cells))
