"""Periods on the command line: since when, and until when."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import click
from click.core import ParameterSource

from request_lens.adapters.system_clock import SystemClock
from request_lens.ports import Clock
from request_lens_cli.report.period import Period

_AGO = re.compile(r"(\d{1,5}(?:\.\d{1,3})?)([smhdw])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


@dataclass(frozen=True, slots=True)
class TimeExpression:
    """What `--since` and `--until` take: a time, or how long ago."""

    at: datetime | None = None
    ago: timedelta = timedelta(0)

    @property
    def is_now(self) -> bool:
        """Whether it is so long ago as nothing: "0h"."""
        return self.at is None and not self.ago

    def resolve(self, now: datetime) -> datetime:
        """The moment that is meant, seen from now."""
        return self.at if self.at is not None else now - self.ago


class TimeExpressionType(click.ParamType[TimeExpression]):
    """Reads 90s, 15m, 1.5h, 2d or 1w as so long ago, and ISO 8601, in UTC where it has no offset."""

    name = "moment"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> TimeExpression:
        """The moment. Raises: click.BadParameter."""
        if isinstance(value, TimeExpression):
            return value
        text = str(value)
        if (ago := _AGO.fullmatch(text)) is not None:
            return TimeExpression(ago=timedelta(**{_UNITS[ago[2]]: float(ago[1])}))
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            self.fail(
                f"{text!r} is neither how long ago (90s, 15m, 3h, 2d, 1w), a date (2025-12-04) nor a time "
                "(2025-12-04T18:27:02Z)",
                param,
                ctx,
            )
        return TimeExpression(at=at.astimezone(UTC) if at.tzinfo is not None else at.replace(tzinfo=UTC))


def period_of(since: TimeExpression, until: TimeExpression) -> Period:
    """The period from one moment to the other, seen from now; "now" is the clock that a test gives to the command.

    It ends now at the latest. Raises: click.UsageError where it ends before it begins, or begins now or in the future.
    """
    if since.is_now:
        raise click.UsageError("--since is now, which leaves no time to show: say how long ago, such as 15m or 3h")
    now = command_clock().now()
    period = Period(first=since.resolve(now), last=until.resolve(now))
    if period.first > now:
        raise click.UsageError(
            f"--since is in the future: it is {now:%Y-%m-%dT%H:%M} UTC now; a time of another zone ends with its "
            "offset, such as +09:00"
        )
    if period.last < period.first:
        both_ago = ": both count back from now, so --since is the longer" if not (since.at or until.at) else ""
        raise click.UsageError(f"--until is before --since{both_ago}")
    if period.last > now:
        click.echo("--until is in the future: showing what there is until now.", err=True)
    last = min(period.last, now)
    return Period(first=period.first, last=last, is_default=not was_given("since"), is_past=last < now)


def was_given(option: str) -> bool:
    """Whether whoever gave the running command gave it this option."""
    return click.get_current_context().get_parameter_source(option) is not ParameterSource.DEFAULT


def command_clock() -> Clock:
    """The clock of the running command: its context's object where a test gave one, else the system's."""
    given = click.get_current_context().obj
    return given if given is not None else SystemClock()
