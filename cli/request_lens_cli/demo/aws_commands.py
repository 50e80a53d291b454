"""The demo's `aws` commands: the same questions, asked of the deployed table and metrics by hand."""

import json
import shlex
import subprocess
from collections.abc import Sequence
from datetime import datetime, timedelta

import click
from rich.console import Console

from request_lens.adapters.dynamodb.items import (
    BY_TIME_INDEX,
    REQUEST_SHARDS,
    request_partition,
    request_times,
)
from request_lens.domain.facts import Request, RequestId
from request_lens.domain.publishing.metric_names import NAMESPACE, Metric
from request_lens_cli.local_aws.deployment import DeployedStack
from request_lens_cli.local_aws.lifecycle import LocalAws
from request_lens_cli.report.report import Report

type Line = Sequence[str]
"""The arguments that one line of a printed command shows."""


def show_commands(report: Report, *, local: LocalAws, stack: DeployedStack, console: Console) -> None:
    """Run three commands and print each with its output."""
    table = stack.output("RequestTableName")
    first, last = report.requests[0].request, report.requests[-1].request
    commands = {
        "One request with its calls, by its id:": request_query(table, first.request_id),
        f"Requests of an hour, by time, from one of the {REQUEST_SHARDS} lists that share them:": hour_query(
            table, first
        ),
        "LLM calls per request, at 1-second resolution:": metric_query(stack.name, first.started_at, last.started_at),
    }
    for title, command in commands.items():
        console.print(title, style="bold")
        console.print("$ " + shown(command), soft_wrap=True, highlight=False, markup=False)
        console.print(_run(command, local), soft_wrap=True, highlight=False, markup=False)


def shown(command: Sequence[Line]) -> str:
    """The command as a shell takes it, over several lines."""
    return " \\\n    ".join(shlex.join(line) for line in command)


def request_query(table: str, request_id: RequestId) -> list[Line]:
    """The calls of one request, as facts with their links."""
    values = {":request": {"S": request_partition(request_id)}, ":calls": {"S": "invocation#"}}
    fact = "fact.M.logged_at.S, fact.M.latency_ms.N, fact.M.stop_reason.S"
    return [
        ["aws", "dynamodb", "query", "--table-name", table],
        ["--key-condition-expression", "pk = :request AND begins_with(sk, :calls)"],
        ["--expression-attribute-values", json.dumps(values)],
        [
            "--query",
            f"sort_by(Items, &fact.M.logged_at.S)[].[{fact}, link.M.method.S, link.M.confidence.S]",
            "--output",
            "text",
        ],
    ]


def hour_query(table: str, record: Request) -> list[Line]:
    """The last five requests of this one's hour in the list that it is in."""
    hour = {":hour": {"S": str(request_times(record)["by_time_pk"])}}
    return [
        ["aws", "dynamodb", "query", "--table-name", table, "--index-name", BY_TIME_INDEX],
        ["--key-condition-expression", "by_time_pk = :hour"],
        ["--expression-attribute-values", json.dumps(hour)],
        ["--no-scan-index-forward", "--limit", "5", "--no-paginate"],
        ["--query", "Items[].record.M.[started_at.S, route.S, status.N, duration_ms.N, request_id.S]"],
        ["--output", "text"],
    ]


def metric_query(service: str, first: datetime, last: datetime) -> list[Line]:
    """The number of LLM calls of each request, at the second in which it ended."""
    dimensions = [{"Name": "Service", "Value": service}]
    metric = {"Namespace": NAMESPACE, "MetricName": Metric.LLM_CALLS_PER_REQUEST, "Dimensions": dimensions}
    queries = [{"Id": "calls", "MetricStat": {"Metric": metric, "Period": 1, "Stat": "Sum"}}]
    end = last + timedelta(minutes=1)
    return [
        ["aws", "cloudwatch", "get-metric-data", "--scan-by", "TimestampAscending"],
        ["--start-time", f"{first:%Y-%m-%dT%H:%M:%SZ}", "--end-time", f"{end:%Y-%m-%dT%H:%M:%SZ}"],
        ["--metric-data-queries", json.dumps(queries)],
        ["--query", "MetricDataResults[0].[Timestamps, Values]", "--output", "text"],
    ]


def _run(command: Sequence[Line], local: LocalAws) -> str:
    """Run the command; answers with what it prints. Raises: click.ClickException with its error where it fails."""
    arguments = [argument for line in command for argument in line]
    process = subprocess.run(
        [str(local.paths.aws), *arguments[1:]], env=local.environment(), capture_output=True, text=True, check=False
    )
    if process.returncode != 0:
        raise click.ClickException(f"{shlex.join(arguments)} failed: {process.stderr.strip()}")
    return process.stdout
