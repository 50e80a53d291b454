"""Samples: which values of a request its distributions take, each by the first certain revision that knows it."""

from collections.abc import Mapping
from dataclasses import replace

from request_lens.domain.folding.summary import Sample, Summary


def taking_samples(summary: Summary, before: Summary | None) -> Summary:
    """The summary of a revision with what it samples, and what those before it had sampled."""
    sampled = before.sampled if before is not None else frozenset()
    known = known_values(summary) if summary.is_certain else ()
    return replace(summary, sampled=sampled.union(known))


def known_values(summary: Summary) -> Mapping[Sample, int]:
    """What a summary knows of these values: in ms, and the number of LLM calls.

    How many calls the request made is unknown where spans tell of some that are not linked to it.
    """
    traced = summary.traced
    parts = traced.time_by if traced is not None else None
    values: Mapping[Sample, int | None] = {
        Sample.LLM_CALLS: summary.totals.llm_calls if traced is None or not traced.lacks_calls else None,
        Sample.LLM_TIME: summary.llm_time_ms,
        Sample.TOOL_TIME: summary.tool_time_ms,
        Sample.NON_LLM_TIME: summary.non_llm_time_ms,
        Sample.TIME_TO_ANSWER: traced.first_token_ms if traced is not None else None,
        Sample.MEMORY_TIME: parts.memory_ms if parts is not None else None,
        Sample.TOOLS: parts.tools_ms if parts is not None else None,
    }
    return {sample: value for sample, value in values.items() if value is not None}


def usually_sampled(summary: Summary) -> frozenset[Sample]:
    """What such a summary has sampled as a rule: what it knows, and nothing as long as it was never certain.

    Of one that is not certain any more it is everything, as what it had known then is not told.
    """
    if summary.is_certain:
        return frozenset(known_values(summary))
    return frozenset(Sample) if summary.certain_since is not None else frozenset()
