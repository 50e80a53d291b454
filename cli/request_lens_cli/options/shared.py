"""Options that several commands share; where some make one thing together, the command takes that thing."""

from collections.abc import Callable, Mapping
from functools import update_wrapper

import botocore.session
import click
from click.shell_completion import CompletionItem

from request_lens_cli.options.period import TimeExpression, TimeExpressionType, period_of
from request_lens_cli.options.stack_choice import StackChoice
from request_lens_cli.report.selection import Order, Selection

type Command = Callable[..., None]
type Decorator = Callable[[Command], Command]

format_option = click.option(
    "--format", "format_", type=click.Choice(["table", "json"]), default="table", help="Default table."
)


def _gathered(argument: str, make: Callable[..., object], options: Mapping[str, Decorator]) -> Decorator:
    """Give a command these options, and in their stead the one argument that is made of their values."""

    def decorate(command: Command) -> Command:
        def gathering(**values: object) -> None:
            parts = {name: values.pop(name) for name in options}
            command(**values, **{argument: make(**parts)})

        decorated: Command = update_wrapper(gathering, command)
        for option in reversed(list(options.values())):
            decorated = option(decorated)
        return decorated

    return decorate


def _complete_profile(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    profiles = botocore.session.Session().available_profiles
    return [CompletionItem(profile) for profile in profiles if profile.startswith(incomplete)]


stack_options = _gathered(
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


def period_options(*, default: str) -> Decorator:
    """Which time; the command takes a `period`."""
    since = f"How long ago (90s, 15m, 3h, 2d) or a time in UTC (2025-12-04T18:00). Default {default}."
    return _gathered(
        "period",
        period_of,
        {
            "since": click.option("--since", type=TimeExpressionType(), default=default, help=since),
            "until": click.option(
                "--until", type=TimeExpressionType(), default=TimeExpression(), help="Like --since. Default now."
            ),
        },
    )


_ROUTE = click.option("--route", multiple=True, help='Only this route, such as "POST /ask"; may be repeated.')
_MIN_CALLS = click.option(
    "--min-calls", type=click.IntRange(0), default=0, help="Only requests with at least so many LLM calls."
)
_SORT = click.option(
    "--sort",
    type=click.Choice([order.value for order in Order]),
    default=Order.TIME.value,
    help="time: newest last (default); the others: greatest first.",
)


def _selection(route: tuple[str, ...], min_calls: int, sort: str = Order.TIME.value) -> Selection:
    return Selection(routes=frozenset(route), min_calls=min_calls, order=Order(sort))


selection_options = _gathered("selection", _selection, {"route": _ROUTE, "min_calls": _MIN_CALLS})
"""Which requests; the command takes a `selection`."""

sorted_selection_options = _gathered("selection", _selection, {"route": _ROUTE, "min_calls": _MIN_CALLS, "sort": _SORT})
"""Which requests, and in which order; the command takes a `selection`."""
