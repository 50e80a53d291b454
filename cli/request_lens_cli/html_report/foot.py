"""The page's foot: what its signs and words mean, those that stand on it alone."""

import re
from collections.abc import Iterator

from request_lens.domain.folding.summary import OTHER_MODEL
from request_lens.domain.linking.link import Confidence, Method
from request_lens.presentation.certainty import INEXACT
from request_lens.presentation.costs import by_prices
from request_lens.presentation.markup import Markup, element, text
from request_lens_cli.report.report import Report

_ELEMENT = re.compile(r"<(style|defs|title|desc)\b.*?</\1>|<[^>]*>", re.DOTALL)
"""What no reader sees: tags, styles, and the texts of pictures that are heard."""

_SIGNS: tuple[tuple[str, str, str], ...] = (
    ("–", "–", "unknown, never 0"),
    (
        "≥",
        "≥",
        "at least: more calls may be this one's, or are missing; where none is linked, tokens and cost are unknown",
    ),
    ("≈", "≈", INEXACT),
    ("possible", r"\d possible", "calls without a request that fit this one; such a call counts at each that it fits"),
    ("missing", r"\d missing", "calls that a request's spans tell of, and that are not in the log under it"),
    ("pending", r"\bpending\b", "a request that is not settled, or a call that is not decided yet: it is in no figure"),
    ("so far", r"\bso far\b", "of the settled requests: the number may still grow"),
    ("mean", r"\bmeans?\b", "the average, of the requests that it is known for; means of parts add up, medians do not"),
    (
        "median, p90",
        r"\b(?:median|p90)\b",
        "half, or nine in ten, of the requests that it is known for have no more; of 1 s and 3 s the median is 2 s",
    ),
    ("other time", r"(?i)\bother time\b", "the duration without LLM time; tools are a part of it"),
)
"""Signs and words, by which pattern they are found, and what they mean."""

_METHODS = {
    Method.TAG: "the call names its request",
    Method.TRACE: "the call's span is of the trace that the request's record names",
    Method.CHAIN: "the call returns what a tool gave that another call of the request had asked for",
    Method.WINDOW: "by time the call fits this request alone",
    Method.ELIMINATION: "the call fits several requests, and the other agent loops leave only this one",
}
_CONFIDENCES = {
    Confidence.EXACT: "no other request can have made the call",
    Confidence.INFERRED: "by time, or by a trace that several requests name",
    Confidence.ASSUMED: "by time, where calls of any role were considered, or another request may have made the call",
}


def foot(main: Markup, report: Report) -> Markup:
    """A line for each sign and word of the page, and how costs are estimated."""
    items = (element("li", element("strong", text(sign)), text(f" {means}")) for sign, means in _lines(main, report))
    return element("ul", *items)


def _lines(main: Markup, report: Report) -> Iterator[tuple[str, str]]:
    words = _ELEMENT.sub(" ", main)
    yield from ((sign, means) for sign, pattern, means in _SIGNS if re.search(pattern, words))
    bars = [bar for summary in report.summaries for bar in summary.bars]
    methods, confidences = {bar.method for bar in bars}, {bar.confidence for bar in bars}
    yield from ((method, means) for method, means in _METHODS.items() if method in methods)
    yield from ((confidence, means) for confidence, means in _CONFIDENCES.items() if confidence in confidences)
    if any(model == OTHER_MODEL for summary in report.summaries for model, _ in summary.by_model):
        yield OTHER_MODEL, "failed calls of models that the price list lacks"
    if report.requests:
        yield "cost", f"an estimate{by_prices(report.prices)}"
