"""What is said where there is nothing to show, and why that is."""

from datetime import timedelta

from request_lens.presentation.formatting import moment_text
from request_lens_cli.report.period import Period
from request_lens_cli.report.report import Report
from request_lens_cli.report.selection import Selection

NO_REQUESTS = "No requests in this time. Does the API write its access log to the stack's log group?"

WHAT_TO_DO = "request-lens attach-api has it do so; request-lens doctor finds out what else is missing."

TOO_SHORT = timedelta(minutes=1)
"""A time that may have requests whose log lines have not arrived: they take 5 to 13 s, and may take longer."""


def no_requests(period: Period) -> str:
    """That the period has no requests, and the likeliest reason."""
    if period.last - period.first > TOO_SHORT:
        return NO_REQUESTS
    return (
        "No requests in this time. A request shows when its log lines have arrived, some 10 s after its end: "
        "ask for a longer time, such as --since 15m."
    )


def none_selected(report: Report, selection: Selection) -> str:
    """That a selection leaves none of the report's requests, and which routes and models they are of.

    These say what else could be asked for: where something else was, it alone is said.
    """
    routes = {state.request.route for state in report.requests}
    models = {model for state in report.requests if state.summary for model, _ in state.summary.by_model}
    theirs = [
        f"{name}{'' if len(of) == 1 else 's'}: {', '.join(sorted(of))}"
        for name, of, asked in (("route", routes, selection.routes), ("model", models, selection.models))
        if of and asked
    ] or [selection.description]
    count, known = len(report.requests), "latest" if report.earlier else "only"
    of_which = f"The {known} request of this time is not selected"
    if count > 1:
        of_which = f"None of the {'latest ' if report.earlier else ''}{count:,} requests of this time is selected"
    return f"{of_which} ({'; '.join(theirs)})."


def empty_picture(read: Report, period: Period, selection: Selection) -> tuple[str, str]:
    """What stands in a picture where none of the requests that were read in the period is drawn, and why."""
    if read.requests:
        return "No request is selected", none_selected(read, selection)
    first, last = (moment_text(moment.replace(microsecond=0)) for moment in (period.first, period.last))
    return f"No requests from {first} to {last}", no_requests(period).partition(". ")[2]
