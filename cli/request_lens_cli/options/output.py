"""How a list is given out: its format, its time zone, and whether it goes on."""

from dataclasses import dataclass
from datetime import UTC, tzinfo
from enum import StrEnum

import click

from request_lens.presentation.timeline.axis import AxisKind
from request_lens_cli.options.gathered import Command, gathered
from request_lens_cli.options.suggestions import SuggestingChoice


class Format(StrEnum):
    """What a list is written as."""

    TABLE = "table"
    JSON = "json"
    NDJSON = "ndjson"
    CSV = "csv"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListOutput:
    """How a list is given out; a zone of None is this machine's; `web`: as addresses of AWS's console instead."""

    format_: Format
    zone: tzinfo | None
    follow: bool
    web: bool = False

    @property
    def is_about_requests(self) -> bool:
        """Whether it is a way to give out requests alone."""
        return self.follow or self.web or self.format_ in (Format.NDJSON, Format.CSV)


def _output(*, format_: str, local: bool, follow: bool, web: bool) -> ListOutput:
    output = ListOutput(format_=Format(format_), zone=None if local else UTC, follow=follow, web=web)
    if web and (follow or output.format_ is not Format.TABLE):
        raise click.UsageError("--web prints addresses instead of the list: leave out --follow and --format")
    if follow and output.format_ not in (Format.TABLE, Format.NDJSON):
        raise click.UsageError(f"--follow goes with --format table or ndjson, not {format_}")
    return output


def axis_option(command: Command) -> Command:
    """`--axis`: where each request begins in a picture; the command takes an `axis`."""

    def read(_context: click.Context, _parameter: click.Parameter, value: str) -> AxisKind:
        return AxisKind(value)

    return click.option(
        "--axis",
        type=SuggestingChoice([kind.value for kind in AxisKind]),
        default=AxisKind.OWN.value,
        callback=read,
        help="own: each request begins at the left (default); clock: when it did.",
    )(command)


list_output_options = gathered(
    "output",
    _output,
    {
        "follow": click.option("--follow", is_flag=True, help="Go on: list each request as it settles, until Ctrl-C."),
        "web": click.option("--web", is_flag=True, help="Print where AWS's console shows this period instead."),
        "local": click.option("--local", is_flag=True, help="Show times in this machine's time zone, not in UTC."),
        "format_": click.option(
            "--format",
            "format_",
            type=SuggestingChoice([form.value for form in Format]),
            default=Format.TABLE.value,
            help="Default table; tab-separated in a pipe.",
        ),
    },
)
"""How a list is given out; the command takes an `output`."""
