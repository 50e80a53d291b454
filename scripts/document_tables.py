"""Writes the documents' tables of parameters and metrics from template.yaml and the code; a test compares them.

`make docs` runs it.
"""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import cast

from cfnlint.decode import cfn_yaml  # type: ignore[import-untyped]

from request_lens.domain.publishing.metric_names import METRIC_UNITS, Metric

CHECKOUT = Path(__file__).resolve().parents[1]

KINDS: Mapping[str, str] = {
    "distribution": "one value per request",
    "certain": "one value per certain request",
    "tool": "one value per certain request, also by [Service, Tool] for `ToolNames`",
    "total": "sum",
    "tool_total": "sum, also by [Service, Tool] for `ToolNames`",
    "model": "one value per call, by model only",
    "pipeline": "of the pipeline itself, [Service] only",
    "reason": "of the pipeline itself, [Service] and [Service, Reason]",
}

METRICS: Mapping[Metric, tuple[str, str]] = {
    Metric.REQUEST_DURATION: ("distribution", "start of the request to its response"),
    Metric.LLM_CALLS_PER_REQUEST: ("certain", "LLM calls that the request made"),
    Metric.LLM_TIME: (
        "certain",
        "time in which an LLM call ran: by spans what the agent waited, else Bedrock's own, failed attempts left out",
    ),
    Metric.TOOL_TIME: (
        "tool",
        "time that waited for tools, by spans; else gaps in a tool-use chain of tagged calls, where no tool came last",
    ),
    Metric.NON_LLM_TIME: ("certain", "duration less LLM time: tools, memory and the rest"),
    Metric.MEMORY_TIME: ("certain", "time that waited for AgentCore's memory, by spans; needs `MemorySpans`"),
    Metric.TIME_TO_FIRST_TOKEN: ("certain", "start of the request to the first token of its answer, by spans"),
    Metric.REQUESTS: ("total", "API requests"),
    Metric.FAILED_REQUESTS: ("total", "API requests that were answered with a status of 500 or above"),
    Metric.UNCERTAIN_REQUESTS: (
        "total",
        "requests that unlinked calls may belong to, so that their counts are the least; less one that becomes certain",
    ),
    Metric.INCOMPLETE_REQUESTS: (
        "total",
        "requests whose spans name calls that the log does not have under them; less one whose calls come late",
    ),
    Metric.TOOL_ERRORS: (
        "tool_total",
        "all runs of tools that failed, by spans, also those beyond the 100 that a request lists",
    ),
    Metric.LLM_CALLS: (
        "total",
        "invocations that succeeded: linked to a request, or unattributed; not yet pending ones",
    ),
    Metric.LLM_ERRORS: ("total", "invocations that failed, throttled ones included"),
    Metric.LLM_THROTTLES: ("total", "throttled ones among the errors"),
    Metric.INPUT_TOKENS: ("total", "input tokens that were not cached, of the calls whose log counts them"),
    Metric.OUTPUT_TOKENS: ("total", "output tokens, of the calls whose log counts them"),
    Metric.CACHE_READ_INPUT_TOKENS: (
        "total",
        "input tokens read from the prompt cache, of the calls whose log counts them",
    ),
    Metric.CACHE_WRITE_INPUT_TOKENS: (
        "total",
        "input tokens written to the prompt cache, of the calls whose log counts them",
    ),
    Metric.ESTIMATED_COST: ("total", "estimated cost in USD, by list prices; of the calls that have a price"),
    Metric.INVOCATION_LATENCY: ("model", "latency that the log reports of an LLM call, of a request's first 100"),
    Metric.UNATTRIBUTED_INVOCATIONS: ("pipeline", "invocations that belong to no request we know"),
    Metric.REJECTED_RECORDS: (
        "reason",
        "log events that could not be understood, are too old, are hours ahead, or name another request's id",
    ),
    Metric.LATE_REVISIONS: ("pipeline", "summaries that late facts changed"),
    Metric.UNPRICED_INVOCATIONS: ("pipeline", "calls without a price: their cost is not in EstimatedCost"),
    Metric.ASSUMPTION_BREACHES: (
        "pipeline",
        "facts that show an assumption of inferred links broken; the line says which",
    ),
    Metric.LOG_DELAY: ("pipeline", "end of a request or call to the arrival of its log event"),
    Metric.SETTLE_DELAY: ("pipeline", "end of a request to the publication of its first summary"),
    Metric.RUNAWAY_REQUESTS: ("pipeline", "requests beyond a limit, each once; the line has the request's id"),
}
"""What each published metric means."""


def metrics_table() -> str:
    """The metrics with their units, kinds and meanings."""
    rows = (
        f"| `{metric.value}` | {METRIC_UNITS[metric].value} | {KINDS[kind]} | {meaning} |"
        for metric, (kind, meaning) in METRICS.items()
    )
    return _table("| metric | unit | kind | what it is |", rows)


def parameters_table() -> str:
    """The template's parameters with their defaults and descriptions, in its own groups."""
    template = cast("Mapping[str, Mapping[str, object]]", cfn_yaml.load(str(CHECKOUT / "template.yaml")))
    interface = cast("Mapping[str, list[Mapping[str, object]]]", template["Metadata"]["AWS::CloudFormation::Interface"])
    rows: list[str] = []
    for group in interface["ParameterGroups"]:
        label = cast("Mapping[str, str]", group["Label"])["default"]
        rows.append(f"| **{label}** | | |")
        rows += [_parameter(name, template) for name in cast("list[str]", group["Parameters"])]
    return _table("| parameter | default | what it is |", rows)


def _parameter(name: str, template: Mapping[str, Mapping[str, object]]) -> str:
    parameter = cast("Mapping[str, object]", template["Parameters"][name])
    default = f"`{parameter['Default']}`" if str(parameter["Default"]) else "empty"
    return f"| `{name}` | {default} | {str(parameter['Description']).replace('|', '/')} |"


def _table(header: str, rows: Iterable[str]) -> str:
    rule = "|---" * (header.count("|") - 1) + "|"
    return "\n".join((header, rule, *rows))


PAGE = CHECKOUT / "docs" / "metrics.md"
"""The page that the tables stand on."""

TABLES: Mapping[str, Callable[[], str]] = {"parameters": parameters_table, "metrics": metrics_table}
"""What makes each table, by the name of its block."""


def updated(text: str) -> str:
    """The page's text with its tables made anew. Raises: ValueError where a table's mark is absent."""
    for name, table in TABLES.items():
        text = _with_block(text, name, table())
    return text


def _with_block(text: str, name: str, table: str) -> str:
    begin, end = f"<!-- {name}: scripts/document_tables.py -->\n", f"\n<!-- end of {name} -->"
    before, rest = text.split(begin)
    _, after = rest.split(end)
    return f"{before}{begin}{table}{end}{after}"


if __name__ == "__main__":
    PAGE.write_text(updated(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
