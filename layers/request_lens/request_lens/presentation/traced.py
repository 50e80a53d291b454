"""What spans say of a request, in words: whether all its calls are there, where its time went, how its tools ended."""

from collections.abc import Iterable, Sequence

from request_lens.domain.facts import Request, TraceId
from request_lens.domain.folding.summary import Summary
from request_lens.domain.settling.state import RequestState
from request_lens.domain.tracing.time_parts import TimeParts
from request_lens.domain.tracing.traced import MAX_TOOLS, ToolUse, Traced
from request_lens.presentation.certainty import calls_text, possible_text
from request_lens.presentation.formatting import UNKNOWN, cleaned, pluralize, seconds


def complete_text(traced: Traced | None) -> str:
    """Whether all calls are there, in a word for a table: "yes", "no"; a dash where spans do not tell."""
    if traced is None or traced.complete is None:
        return UNKNOWN
    return "yes" if traced.complete else "no"


def missing_over(summaries: Iterable[Summary]) -> int:
    """How many calls requests made, as their spans tell, that are not in the log under them."""
    return sum(summary.traced.missing_calls for summary in summaries if summary.traced is not None)


def missing_text(*summaries: Summary) -> str:
    """The same beside their number of calls: "1 missing"; empty where none is."""
    count = missing_over(summaries)
    return f"{count:,} missing" if count else ""


def more_text(record: Request, summary: Summary) -> str:
    """How many more calls may be the request's, and how many are missing: "4 possible, 1 missing"; empty for none."""
    return ", ".join(filter(None, (possible_text(record, summary), missing_text(summary))))


def with_missing(words: str, *summaries: Summary) -> str:
    """Words on how many calls requests made, and how many are missing where any is: "at least 5 calls, 1 missing"."""
    return ", ".join(filter(None, (words, missing_text(*summaries))))


def complete_sentence(traced: Traced) -> str:
    """Whether all calls are there, and which are not: "Complete: its spans prove that all calls are here"."""
    if traced.missing_calls:
        more = traced.missing_calls - len(traced.missing)
        names = ", ".join(traced.missing) + (f" and {more:,} more" if more else "")
        have = "has a span and is" if traced.missing_calls == 1 else "have a span and are"
        return f"Incomplete: {pluralize(traced.missing_calls, 'call')} {have} not in the log under it: {names}"
    if traced.complete:
        return "Complete: its spans prove that all calls are here"
    return "Complete: unknown, its spans do not prove it"


def misses_calls(summary: Summary | None) -> bool:
    """Whether the request made calls, as its spans tell, that are not in the log under it."""
    return summary is not None and missing_over([summary]) > 0


WHY_INCOMPLETE = "their spans tell of calls that are not in the log under them"
"""Why requests lack calls, as far as that is known."""

COMPLETING = (
    "deliver Bedrock's invocation log of that time again (request-lens backfill); calls that Bedrock refused, or that "
    "were made while its logging was off, are not in it"
)
"""What makes such requests complete."""


def incomplete_words(count: int) -> str:
    """How many requests lack calls, and how that is known."""
    why = WHY_INCOMPLETE.replace("their", "its").replace("them", "it") if count == 1 else WHY_INCOMPLETE
    return f"{pluralize(count, 'request')} incomplete: {why}"


def missing_notes(summaries: Iterable[Summary]) -> list[str]:
    """What "≥ 2, 1 missing" means where it stands at one of the requests, of the first, and what helps; or none."""
    firsts = [each for each in summaries if missing_text(each)][:1]
    return [
        f"{with_missing(calls_text(each), each)}: its spans tell of {pluralize(missing_over([each]), 'call')} "
        f"not in the log under it. What helps: {COMPLETING}."
        for each in firsts
    ]


FIRST_OF_ANSWER = "first token of the answer"
"""Of the answer, not of the first call's: it comes with the last one."""


def elsewhere_sentence(traced: Traced) -> str:
    """How many calls ran where no log of ours is; empty where none did."""
    if not traced.calls_elsewhere:
        return ""
    return f"{pluralize(traced.calls_elsewhere, 'call')} to Bedrock in other Regions, whose logs do not come here"


def part_figures(parts: TimeParts) -> Sequence[tuple[str, int]]:
    """Where the time went, by name in ms: what took none is left out."""
    figures = (
        ("LLM", parts.llm_ms),
        ("models elsewhere", parts.llm_elsewhere_ms),
        *((f"tool {cleaned(name)}", ms) for name, ms in parts.tools),
        ("memory", parts.memory_ms or 0),
        ("agent", parts.agent_ms),
        ("outside the agent", parts.outside_ms),
    )
    return [(name, ms) for name, ms in figures if ms]


def time_sentence(traced: Traced) -> str:
    """Where the time went, in one line: "LLM 3.44 s, tool mail 0.30 s, agent 0.24 s", or "unknown"."""
    if traced.time_by is None:
        return "unknown"
    return ", ".join(f"{name} {seconds(ms)}" for name, ms in part_figures(traced.time_by)) or seconds(0)


def outcome_text(tool: ToolUse) -> str:
    """How a run of a tool ended."""
    return "failed" if tool.failed else "ok"


def kept_tools_sentence(tools: Sequence[ToolUse]) -> str:
    """That there may be more runs of tools than these; empty where they are fewer than a request keeps."""
    if len(tools) < MAX_TOOLS:
        return ""
    return f"Of each request the first {MAX_TOOLS} runs of tools are kept, later runs are not kept"


def trace_address(console: str, trace_id: TraceId) -> str:
    """Where a browser shows the trace; `console` is the address of CloudWatch's console, without a fragment."""
    return f"{console}#xray:traces/1-{trace_id[:8]}-{trace_id[8:]}"


def trace_of(state: RequestState) -> TraceId | None:
    """The trace that the request's spans are of, or that its record names."""
    if state.summary is not None and state.summary.traced is not None:
        return state.summary.traced.trace_id
    return state.record.trace_id if state.record is not None else None
