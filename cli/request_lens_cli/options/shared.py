"""Options that several commands share; where some make one thing together, the command takes that thing."""

import re
from collections.abc import Mapping

import botocore.session
import click
from click.shell_completion import CompletionItem

from request_lens_cli.options.gathered import Decorator, gathered
from request_lens_cli.options.period import TimeExpression, TimeExpressionType, period_of
from request_lens_cli.options.stack_choice import StackChoice
from request_lens_cli.options.suggestions import SuggestingChoice
from request_lens_cli.report.selection import Order, Selection, State

format_option = click.option(
    "--format", "format_", type=SuggestingChoice(["table", "json"]), default="table", help="Default table."
)


def _complete_profile(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    profiles = botocore.session.Session().available_profiles
    return [CompletionItem(profile) for profile in profiles if profile.startswith(incomplete)]


stack_options = gathered(
    "stack",
    StackChoice,
    {
        "stack_name": click.option("--stack-name", help="The deployed stack; default $STACK_NAME, else request-lens."),
        "profile": click.option(
            "--profile", shell_complete=_complete_profile, help="The AWS profile; default $AWS_PROFILE."
        ),
        "region": click.option(
            "--region", help="The AWS Region; default $AWS_REGION, $AWS_DEFAULT_REGION, else the profile's."
        ),
    },
)
"""Which stack; the command takes a `stack`."""


def period_options(*, default: str | None = None) -> Decorator:
    """Which time; the command takes a `period`. Without a default, since when must be said."""
    text = "How long ago (90s, 15m, 3h, 2d) or a time in UTC (2025-12-04T18:00)."
    # To click a default of None would be a value.
    given = (
        {"help": text, "required": True}
        if default is None
        else {"help": f"{text} Default {default}.", "default": default}
    )
    return gathered(
        "period",
        period_of,
        {
            "since": click.option("--since", type=TimeExpressionType(), **given),
            "until": click.option(
                "--until", type=TimeExpressionType(), default=TimeExpression(), help="Like --since. Default now."
            ),
        },
    )


def _read_statuses(_context: click.Context, _parameter: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    for value in values:
        if not re.fullmatch(r"[1-5](\d\d|xx)", value):
            raise click.BadParameter(f"expected a status such as 504, or a class such as 5xx, not {value!r}")
    return values


_WHICH: Mapping[str, Decorator] = {
    "routes": click.option(
        "--route", "routes", multiple=True, help='Only this route, such as "POST /ask"; may be repeated.'
    ),
    "statuses": click.option(
        "--status", "statuses", multiple=True, callback=_read_statuses, help="Only this status, such as 504 or 5xx."
    ),
    "failed": click.option("--failed", is_flag=True, help="Only requests that failed: --status 5xx."),
    "models": click.option("--model", "models", multiple=True, help="Only requests with a call of this model id."),
    "min_calls": click.option(
        "--min-calls", type=click.IntRange(0), default=0, help="Only requests with at least N LLM calls.", metavar="N"
    ),
    "pending": click.option("--pending", is_flag=True, help="Only requests that are not settled yet."),
    "uncertain": click.option("--uncertain", is_flag=True, help="Only requests that may have made more calls."),
    "runaway": click.option("--runaway", is_flag=True, help="Only requests beyond MaxCalls- or MaxCostPerRequest."),
}
_ORDERED: Mapping[str, Decorator] = {
    "sort": click.option(
        "--sort",
        type=SuggestingChoice([order.value for order in Order]),
        default=Order.TIME.value,
        help="time: newest last (default); the others descending.",
    ),
    "limit": click.option(
        "--limit", type=click.IntRange(1), help="At most N, the newest or the first as sorted.", metavar="N"
    ),
}


def _selection(
    *,
    routes: tuple[str, ...],
    statuses: tuple[str, ...],
    models: tuple[str, ...],
    sort: str = Order.TIME.value,
    limit: int | None = None,
    **wanted: int,
) -> Selection:
    states = {state for state in (State.PENDING, State.UNCERTAIN) if wanted[state.value]}
    failed = ("5xx",) if wanted["failed"] else ()
    return Selection(
        routes=frozenset(routes),
        statuses=frozenset(statuses + failed),
        models=frozenset(models),
        states=frozenset(states),
        min_calls=wanted["min_calls"],
        runaway=bool(wanted["runaway"]),
        order=Order(sort),
        limit=limit,
    )


selection_options = gathered("selection", _selection, _WHICH)
"""Which requests; the command takes a `selection`."""

ordered_selection_options = gathered("selection", _selection, {**_WHICH, "sort": _ORDERED["sort"]})
"""Which requests, and in which order; the command takes a `selection`."""

sorted_selection_options = gathered("selection", _selection, {**_WHICH, **_ORDERED})
"""Which requests, in which order, and how many; the command takes a `selection`."""
