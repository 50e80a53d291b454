"""How a list is given out: its format, its time zone, and whether it goes on."""

from dataclasses import dataclass
from datetime import UTC, tzinfo
from enum import StrEnum

import click

from request_lens_cli.options.gathered import gathered


class Format(StrEnum):
    """What a list is written as."""

    TABLE = "table"
    JSON = "json"
    NDJSON = "ndjson"
    CSV = "csv"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListOutput:
    """How a list is given out; a zone of None is this machine's."""

    format_: Format
    zone: tzinfo | None
    follow: bool

    @property
    def is_about_requests(self) -> bool:
        """Whether it is a way to give out requests alone."""
        return self.follow or self.format_ in (Format.NDJSON, Format.CSV)


def _output(*, format_: str, local: bool, follow: bool) -> ListOutput:
    output = ListOutput(format_=Format(format_), zone=None if local else UTC, follow=follow)
    if follow and output.format_ not in (Format.TABLE, Format.NDJSON):
        raise click.UsageError(f"--follow goes with --format table or ndjson, not {format_}")
    return output


list_output_options = gathered(
    "output",
    _output,
    {
        "follow": click.option("--follow", is_flag=True, help="Go on: list each request as it settles, until Ctrl-C."),
        "local": click.option("--local", is_flag=True, help="Show times in this machine's time zone, not in UTC."),
        "format_": click.option(
            "--format",
            "format_",
            type=click.Choice([form.value for form in Format]),
            default=Format.TABLE.value,
            help="Default table; tab-separated in a pipe.",
        ),
    },
)
"""How a list is given out; the command takes an `output`."""
