"""Token counts: what a response's body reports in the words of its API, beside what the record itself counts."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Literal, TypedDict

from pydantic import Field, OnErrorOmit

from request_lens.domain.cached_input import CONVERSE, is_of_openai
from request_lens.domain.facts import TokenCounts
from request_lens.wire.field_types import OrNone, TokenCount, body_part, first_of
from request_lens.wire.messages import OptionalWord

OptionalCount = OnErrorOmit[TokenCount]

_ONE_HOUR = "1h"

type _Class = Literal["input", "output", "cache_read", "cache_write", "cache_write_1h"]
_CLASSES: Sequence[_Class] = ("input", "output", "cache_read", "cache_write", "cache_write_1h")

_OF_THE_MODEL = frozenset({"message", "compaction"})
"""Iterations that the model itself ran, at its own price."""


@body_part
class CacheWrite(TypedDict, total=False):
    """Tokens that Converse wrote to the cache, and how long it keeps them: `ttl` is `5m` or `1h`."""

    ttl: OptionalWord
    tokens: Annotated[OptionalCount, Field(alias="inputTokens")]


@body_part
class Iteration(TypedDict, total=False):
    """One of several prompts of one call of Anthropic: for a tool that the service ran, or to compact the rest."""

    type: OptionalWord
    input: Annotated[OptionalCount, Field(alias="input_tokens")]
    output: Annotated[OptionalCount, Field(alias="output_tokens")]
    cache_read: Annotated[OptionalCount, Field(alias="cache_read_input_tokens")]
    cache_write: Annotated[OptionalCount, Field(alias="cache_creation_input_tokens")]
    cache_write_1h: Annotated[OptionalCount, first_of("cache_creation.ephemeral_1h_input_tokens")]


@body_part
class InputDetails(TypedDict, total=False):
    """How OpenAI's APIs split the input tokens: `cached` and `cached_now` are among those that they count."""

    cached: Annotated[OptionalCount, Field(alias="cached_tokens")]
    cached_now: Annotated[OptionalCount, Field(alias="cache_write_tokens")]


@body_part
class Usage(TypedDict, total=False):
    """What a body counts: OpenAI's APIs the cached tokens within the input, the others beside it."""

    input: Annotated[OptionalCount, first_of("input_tokens", "prompt_tokens")]
    output: Annotated[OptionalCount, Field(alias="output_tokens")]
    details: Annotated[OnErrorOmit[InputDetails], first_of("input_tokens_details", "prompt_tokens_details")]
    cache_read: Annotated[
        OptionalCount,
        first_of(
            "cacheReadInputTokens",
            "cache_read_input_tokens",
            "cacheReadInputTokenCount",  # Nova
        ),
    ]
    cache_write: Annotated[
        OptionalCount, first_of("cacheWriteInputTokens", "cache_creation_input_tokens", "cacheWriteInputTokenCount")
    ]
    cache_write_1h: Annotated[OptionalCount, first_of("cache_creation.ephemeral_1h_input_tokens")]
    cache_details: Annotated[OnErrorOmit[list[Annotated[CacheWrite | None, OrNone()]]], Field(alias="cacheDetails")]
    iterations: OnErrorOmit[list[Annotated[Iteration | None, OrNone()]]]


def cache_read(usage: Usage) -> int | None:
    """The tokens read from the cache; None where the body does not count them."""
    return usage.get("cache_read", usage.get("details", InputDetails()).get("cached"))


def cache_write(usage: Usage) -> int | None:
    """The tokens written to the cache, for whatever time; None where the body does not count them."""
    return usage.get("cache_write", usage.get("details", InputDetails()).get("cached_now"))


def cache_write_1h(usage: Usage) -> int | None:
    """The tokens written to the cache for an hour; None where the split is not there, or not readable as a whole.

    Those of any other time are the rest, which costs what the model's cache writes cost: for a time without a price of
    its own, such as GPT's `30m`, there is no other.
    """
    writes = usage.get("cache_details")
    if not writes:
        return usage.get("cache_write_1h")
    if any(write is None or write.keys() != {"ttl", "tokens"} for write in writes):
        return None
    return sum(write["tokens"] for write in writes if write is not None and write["ttl"] == _ONE_HOUR)


def includes_cached(tokens: TokenCounts, usage: Usage, model: str, operation: str) -> bool:
    """Whether the record's input is taken to include what was read from the cache and written to it.

    It does by OpenAI's APIs, whose body has the cached tokens as details of the input, unless the record has just the
    rest of that. Without such a body it may for OpenAI's models, but not by Converse, which was measured to keep its
    promise.
    """
    if "details" not in usage:
        return operation != CONVERSE and is_of_openai(model)
    counted, cached = tokens.input or 0, (tokens.cache_read or 0) + (tokens.cache_write or 0)
    return counted != usage.get("input", counted) - cached


def with_iterations(tokens: TokenCounts, usage: Usage) -> TokenCounts:
    """The counts of all prompts that the model answered in this call.

    Anthropic's own count leaves out what it took to compact the conversation, and asks to add up the iterations. A
    record's count is added to where it equals the body's; one that differs may hold them already.
    """
    prompts = [each for each in usage.get("iterations", ()) if each and each.get("type") in _OF_THE_MODEL]
    if not prompts:
        return tokens
    return replace(
        tokens,
        **{name: _added(getattr(tokens, name), usage.get(name), prompts, name) for name in _CLASSES},
        longest_prompt=max(
            each.get("input", 0) + each.get("cache_read", 0) + each.get("cache_write", 0) for each in prompts
        ),
    )


def _added(recorded: int | None, reported: int | None, prompts: Sequence[Iteration], name: _Class) -> int | None:
    """The record's count, and what the body's own leaves out of those of its prompts."""
    left_out = sum(each.get(name, 0) for each in prompts) - (reported or 0)
    return (recorded or 0) + left_out if recorded == reported and left_out > 0 else recorded
