"""The page's first row: what the period adds up to, a card a figure."""

from collections.abc import Iterator

from request_lens.domain.folding.summary import TokenClass
from request_lens.presentation.certainty import Certainty, counted, signed, so_far, tally
from request_lens.presentation.costs import cost_of
from request_lens.presentation.formatting import UNKNOWN, in_words, pluralize, printed_ms, seconds
from request_lens.presentation.markup import NOTHING, Markup, element, joined, text, unbroken
from request_lens_cli.html_report.not_certain import NOT_CERTAIN, has_links_by_time
from request_lens_cli.report.figures import Distribution, RequestFigures
from request_lens_cli.report.report import Report

_MOST_WHOLE_MS = 9.0
_NO_CALL = "unknown: no call is linked to the requests"


def kpi_cards(figures: RequestFigures, report: Report) -> Markup:
    """The cards, the most asked for first, some with a way to what is not certain; below them what adds up."""
    cards = (
        _card("Requests", f"{figures.requests:,}", _requests_notes(figures), _requests_lead(figures, report)),
        _card("LLM calls per request", signed(_mean(figures.calls), figures.certainty_of_mean), _calls_notes(figures)),
        _card("Request duration", _median(figures.duration_ms), _duration_notes(figures)),
        _card("LLM time", signed(_median(figures.llm_time_ms), figures.certainty_of_times), _time_notes(figures)),
        _tokens_card(figures),
        _cost_card(figures, report),
        _errors_card(figures, report),
        _unattributed_card(report),
    )
    return joined((element("dl", *cards, class_="kpis"), _means(figures)))


def _card(name: str, value: str, notes: list[str], more: Markup = NOTHING) -> Markup:
    """A figure, and below it what is to be said of it, in words, and where there is more of it."""
    lines = (element("dd", unbroken(in_words(note)), class_="note") for note in notes)
    return element("div", element("dt", text(name)), element("dd", *_value(value), class_="value"), *lines, more)


def _value(value: str) -> Iterator[Markup]:
    """A figure, and smaller beside it how many calls a cost leaves out."""
    figure, plus, unpriced = value.partition(" + ")
    yield unbroken(figure)
    if plus:
        yield joined((text(" "), element("span", text(f"+ {unpriced}"), class_="beside")))


def _requests_lead(figures: RequestFigures, report: Report) -> Markup:
    """A way to what is not certain of the requests, if anything is, in words that go on from their notes."""
    if figures.uncertain or figures.incomplete:
        return _lead("see what is not certain")
    return _lead("calls linked by time: see what makes them exact") if has_links_by_time(report) else NOTHING


def _lead(words: str) -> Markup:
    return element("dd", element("a", text(words), href=f"#{NOT_CERTAIN}"), class_="note")


def _requests_notes(figures: RequestFigures) -> list[str]:
    is_open = figures.pending or figures.uncertain or figures.incomplete
    settled = [] if is_open or not figures.requests else ["all settled"]
    counts = (
        (figures.pending, "pending"),
        (figures.uncertain, "uncertain: may have made more calls"),
        (figures.incomplete, "incomplete: made calls that are not linked to them"),
        (figures.failed, "failed (status 5xx)"),
        (figures.refused, "refused (status 4xx)"),
    )
    return [*settled, *(f"{count:,} {what}" for count, what in counts if count)]


def _mean(calls: Distribution | None) -> str:
    return UNKNOWN if calls is None else f"{calls.mean:.1f}"


def _median(times: Distribution | None) -> str:
    return UNKNOWN if times is None else seconds(times.median)


def _calls_notes(figures: RequestFigures) -> list[str]:
    if not figures.requests:
        return []
    calls, certainty = figures.calls, figures.certainty_of_mean
    if calls is None:
        return [*_known(None, figures), _linked_words(figures)]
    p90, most = (signed(f"{value:,.0f}", certainty) for value in (calls.p90, calls.maximum))
    return [f"mean; p90 {p90}, most {most}", *_known(calls, figures), _linked_words(figures)]


def _linked_words(figures: RequestFigures) -> str:
    """How many calls the requests made, as far as is known."""
    if figures.knows_no_call:
        return "no call is linked to them"
    calls = counted(figures.totals.llm_calls, "LLM call", figures.certainty)
    words = so_far(calls, pending=figures.pending > 0)
    if figures.missing_calls:
        return f"{words}, {figures.missing_calls:,} missing"
    if figures.certainty is not Certainty.ABOUT:
        return words
    if figures.about == figures.requests:
        return f"{words}, linked by time"
    return f"{words}: those of {figures.about:,} of {figures.requests:,} requests are linked by time"


def _known(values: Distribution | None, figures: RequestFigures) -> list[str]:
    """Of how many requests the values are known, where not of all; the pending ones are not asked."""
    known, of = (0, figures.requests - figures.pending) if values is None else (values.known, values.of)
    if known == of:
        return []
    return [f"known for {known:,} of {pluralize(of, 'request')}" if known else f"unknown for {_all_of(of)}"]


def _all_of(count: int) -> str:
    return "the request" if count == 1 else f"all {count:,} requests"


def _upper_end(times: Distribution, certainty: Certainty) -> str:
    p90, longest = (signed(seconds(value), certainty) for value in (times.p90, times.maximum))
    return f"median; p90 {p90}, longest {longest}"


def _duration_notes(figures: RequestFigures) -> list[str]:
    """An access log tells durations: they have no sign."""
    times = figures.duration_ms
    spread = [] if times is None else [_upper_end(times, Certainty.EXACT)]
    return [*spread, *_known(times, figures)]


def _time_notes(figures: RequestFigures) -> list[str]:
    times, certainty = figures.llm_time_ms, figures.certainty_of_times
    if times is None:
        return _known(None, figures)
    return [_upper_end(times, certainty), *_known(times, figures)]


def _means(figures: RequestFigures) -> Markup:
    """Of what the duration of LLM time's requests is made, in means: they add up to the whole, medians do not.

    A sentence below the cards, none of which has room for it on a telephone; nothing where no LLM time is known.
    """
    times, certainty, other = figures.llm_time_ms, figures.certainty_of_times, figures.timed_other_ms
    if times is None:
        return NOTHING
    llm = f"LLM time {signed(seconds(times.mean), certainty)}"
    duration = f"duration {_mean_time(figures.timed_duration_ms, Certainty.EXACT)}"
    tools = figures.timed_tool_ms
    ran_none = tools is not None and tools.is_complete and tools.maximum == 0
    in_tools = f"time in tools {'none' if ran_none else _mean_time(tools, certainty)}"
    if other is None or not other.is_complete:
        parts = f"{llm}, {duration}; other time {_mean_time(other, certainty)}"
    else:
        parts = f"{llm} + other time {signed(seconds(_rest_ms(times, other, figures)), certainty)} = {duration}"
    of = f"the {pluralize(times.known, 'request')} of known LLM time" if times.known < times.of else "the requests"
    return element("p", unbroken(f"Means of {of}: {parts}; {in_tools}."), class_="note means")


def _rest_ms(llm: Distribution, other: Distribution, figures: RequestFigures) -> float:
    """The mean of other time as what the printed duration has beyond the printed LLM time, so that these add up.

    Where both are printed alike, it is below what two decimals show, and stands in whole milliseconds.
    """
    whole = figures.timed_duration_ms
    if whole is None:
        return other.mean
    rest = printed_ms(whole.mean) - printed_ms(llm.mean)
    return rest or min(other.mean, _MOST_WHOLE_MS)


def _mean_time(times: Distribution | None, certainty: Certainty) -> str:
    """A mean to stand beside that of LLM time; where not all of its requests have one, for how many it is unknown.

    A mean over the known ones alone misleads: tool time is known first of all where no tool was used, as 0.
    """
    if times is None:
        return "unknown"
    if times.is_complete:
        return signed(seconds(times.mean), certainty)
    return f"unknown for {times.of - times.known:,} of these {times.of:,} requests"


def _tokens_card(figures: RequestFigures) -> Markup:
    if figures.knows_no_call:
        return _card("Tokens", UNKNOWN, [_NO_CALL])
    read, written = figures.tokens(TokenClass.CACHE_READ), figures.tokens(TokenClass.CACHE_WRITE)
    is_unknown = read == written == UNKNOWN
    cache = "unknown from and into the cache" if is_unknown else f"{read} read from cache, {written} written"
    notes = [f"{figures.tokens(TokenClass.OUTPUT)} out", cache]
    return _card("Tokens", f"{figures.tokens(TokenClass.INPUT)} in", notes)


def _errors_card(figures: RequestFigures, report: Report) -> Markup:
    """The failed attempts at calls; none is only said where none can be among unlinked ones, whose number is beside."""
    unlinked = report.unattributed_totals.llm_errors
    others = f"of unattributed calls {report.of_all_time}".rstrip()
    beside = [f"{others}: {unlinked:,}"] if unlinked else []
    errors, throttles = figures.totals.llm_errors, figures.totals.llm_throttles
    if not errors and figures.unsure_of_failed:
        unsure = f"{pluralize(figures.unsure_of_failed, 'request')} may have some"
        return _card("Failed calls", UNKNOWN, [f"none is known of; {unsure}", *beside])
    certainty = figures.certainty_of_failed
    throttled = f"of them throttled: {tally(throttles, certainty)}"
    return _card("Failed calls", tally(errors, certainty), [throttled, *beside])


def _cost_card(figures: RequestFigures, report: Report) -> Markup:
    totals = figures.totals
    unpriced = pluralize(totals.unpriced_calls, "call")
    others = f"of unattributed calls {report.of_all_time}".rstrip()
    beside = [f"{others}: {cost_of(report.unattributed_totals)}"] if report.unattributed else []
    if totals.estimated_cost_usd is None or figures.knows_no_call:
        unknown = [f"unknown: no price for {unpriced}"] if totals.unpriced_calls else []
        unknown += [_NO_CALL] if figures.knows_no_call else []
        return _card("Estimated cost", UNKNOWN, [*unknown, *beside])
    notes = ["an estimate in USD", *([f"without {unpriced} of unknown price"] if totals.unpriced_calls else [])]
    cost = signed(cost_of(totals, certain=figures.counts_all_calls), figures.certainty)
    return _card("Estimated cost", cost, [*notes, *beside])


def _unattributed_card(report: Report) -> Markup:
    """The share of the calls without a request; beside some requests their number alone, which is of all the time."""
    share, count = report.unattributed_share, report.unattributed
    pending = [f"{report.pending:,} not decided yet"] if report.pending else []
    if report.of_all_time:
        words = "call" if count == 1 else "calls"
        notes = [f"{words} without a request {report.of_all_time}", *pending]
        return _card("Unattributed", f"{count:,}", notes, _unattributed_lead(report))
    if share is None:
        notes = ["no call is decided" if pending else "there is no call", *pending]
        return _card("Unattributed", UNKNOWN, notes, _unattributed_lead(report))
    of = pluralize(report.totals.invocations + count, "call")
    among = ["failed calls count here, too"] if report.failed_decided else []
    notes = [f"{count:,} of {of} without a request", *among, *pending]
    return _card("Unattributed", f"{share:.1%}", notes, _unattributed_lead(report))


def _unattributed_lead(report: Report) -> Markup:
    return _lead("see why") if report.without_request() else NOTHING
