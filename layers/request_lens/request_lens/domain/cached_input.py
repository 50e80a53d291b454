"""Cached tokens within the input: whose counts have them there, and the counts without them."""

from dataclasses import replace

from request_lens.domain.facts import Invocation, TokenCounts

CONVERSE, CONVERSE_STREAM = "Converse", "ConverseStream"
"""Operations that promise the input without cached tokens; the second was seen to break that for GPT-5.6."""


def is_of_openai(model_id: str) -> bool:
    """Whether the model is OpenAI's, whichever profile it is called by: of vendors with a cache only it counts so."""
    return "openai" in model_id.split(".", maxsplit=2)[:2]


def without_cached(tokens: TokenCounts) -> TokenCounts:
    """The counts with the cached tokens taken out of the input, where they fit into it.

    Where they do not, the input is without them already: GPT writes nearly all of it to the cache, and what is left is
    a few tokens.
    """
    cached = (tokens.cache_read or 0) + (tokens.cache_write or 0)
    if tokens.input is None or not 0 < cached <= tokens.input:
        return tokens
    return replace(tokens, input=tokens.input - cached)


def may_include_untold_cached(invocation: Invocation) -> bool:
    """Whether the input may be made of cached tokens for the most part, and the log does not tell how many.

    OpenAI's APIs count them as input and tell them in the answer's usage, which a stream that broke off lacks. So does
    a log without bodies.
    """
    counts_them = invocation.operation not in (CONVERSE, CONVERSE_STREAM) and is_of_openai(invocation.model_id)
    return counts_them and bool(invocation.tokens.input) and invocation.tokens.cache_read is None
