"""What is said where there is nothing to show, and why that is."""

from datetime import timedelta

from request_lens.domain.routes import is_among
from request_lens.presentation.formatting import pluralize, span_text
from request_lens_cli.report.period import Period
from request_lens_cli.report.report import Report
from request_lens_cli.report.selection import Selection

_WHERE_TO_LOOK = (
    "Where a longer time ({options}) has none either: does the API write its access log to the stack's log group? "
    "request-lens attach-api has it do so; request-lens doctor finds out what else is missing."
)

_DAY = timedelta(days=1)

TOO_SHORT = timedelta(minutes=1)
"""A time that may have requests whose log lines have not arrived: they take 5 to 13 s, and may take longer."""


def no_requests(period: Period) -> str:
    """That the period has no requests, and the likeliest reason."""
    return f"{_none_of(period)}. {_reason(period)}"


def _none_of(period: Period) -> str:
    return f"No requests from {span_text(period.first, period.last)}"


def _reason(period: Period) -> str:
    """Why there may be none, and how to ask for a longer time; of a time that nobody chose, that it is the default.

    Of one that is past no line is still to arrive.
    """
    length = period.last - period.first
    where_to_look = _WHERE_TO_LOOK.format(
        options="an earlier --since, a later --until" if period.is_past else "--since"
    )
    if length <= TOO_SHORT and not period.is_past:
        return (
            "A request shows when its log lines have arrived, some 10 s after its end: "
            "ask for a longer time, such as --since 15m."
        )
    if period.is_default:
        longer = "1d" if length < _DAY else "7d"
        return f"That time is the default: --since {longer} asks for a longer one. {where_to_look}"
    return where_to_look


def none_selected(report: Report, selection: Selection) -> str:
    """That a selection leaves none of the report's requests, and why.

    Where no request is of the routes, or the models, that were asked for: which there are. Else what was asked for.
    """
    routes = {state.request.route for state in report.requests}
    models = {model for state in report.requests if state.summary for model, _ in state.summary.by_model}
    count = len(report.requests)
    which = f"the latest {pluralize(count, 'request')}" if report.earlier else "this time"
    unknown = [
        f"No {name} is {' or '.join(sorted(asked))}; {name}s of {which}: {', '.join(sorted(there))}."
        for name, there, asked, is_met in (
            ("route", routes, selection.routes, any(is_among(route, selection.routes) for route in routes)),
            ("model", models, selection.models, not selection.models.isdisjoint(models)),
        )
        if asked and there and not is_met
    ]
    if unknown:
        return " ".join(unknown)
    of_which = f"The {'latest' if report.earlier else 'only'} request of this time is not selected"
    if count > 1:
        of_which = f"None of the {'latest ' if report.earlier else ''}{count:,} requests of this time is selected"
    return f"{of_which} ({selection.description})."


def empty_picture(read: Report, period: Period, selection: Selection) -> tuple[str, str]:
    """What stands in a picture where none of the requests that were read in the period is drawn, and why."""
    if read.requests:
        return "No request is selected", none_selected(read, selection)
    return _none_of(period), _reason(period)
