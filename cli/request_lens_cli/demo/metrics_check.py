"""The demo's check of the metrics: what was published, read back at one second, against the table."""

from collections.abc import Iterable, Mapping

import click
from rich.console import Console

from request_lens.presentation.formatting import pluralize
from request_lens_cli.demo.scenario_run import ScenarioRun, agree, published_totals, wait_for_metrics
from request_lens_cli.deployed.metrics import Metrics
from request_lens_cli.terminal.progress import phase


def show_metrics(run: ScenarioRun, *, metrics: Metrics, console: Console) -> None:
    """Print the sums of the 1-second metrics. Raises: click.ClickException where they are not what the table says."""
    with phase(console, "metrics", "read back at 1 s") as note:
        report, sums = wait_for_metrics(run, metrics, note=note)
        expected = published_totals(report)
        said = read_back(sums, expected)
        if not agree(sums, expected):
            raise click.ClickException(
                f"The metrics differ from the table, which has {_listed(expected)}. Read back at 1 s: {said}, and "
                "nothing more came. The stand-in for CloudWatch's EMF extraction logs to out/local-aws/."
            )
        note(f"read back at 1 s: {said}")
    if report.unattributed:
        calls = pluralize(report.unattributed, "unattributed call")
        console.print(f"LlmCalls and tokens count the {calls}, too.", highlight=False)


def read_back(sums: Mapping[str, float], names: Iterable[str]) -> str:
    """The sums, and the names of which there was nothing to read: a sum of zero is not published, but taken back."""
    nothing = ", ".join(f"no {name}" for name in names if name not in sums)
    return "; ".join(filter(None, (_listed(sums), nothing)))


def _listed(sums: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:,.0f}" if value else f"{name} back to 0" for name, value in sums.items())
