"""What the documents show of the package is there, and is Python."""

import ast
import re
from pathlib import Path

import pytest

import request_tag
from tests.support.tagging.kept_calls import Bedrock

CHECKOUT = Path(__file__).parents[3]
PAGES = ("docs/tagging.md", "README.md", "layers/request_tag/README.md")


def text_of(page: str) -> str:
    return (CHECKOUT / page).read_text(encoding="utf-8")


def names_used(page: str) -> set[str]:
    """The names of the package that a page uses, in snippets or sentences."""
    return set(re.findall(r"\brequest_tag\.([a-z_]+)", text_of(page))) - {"lambda_entry"}


@pytest.mark.parametrize("page", PAGES)
def test_every_snippet_is_python_and_every_name_in_it_is_public(page: str) -> None:
    snippets = re.findall(r"^```python\n(.*?)^```$", text_of(page), re.DOTALL | re.MULTILINE)

    assert snippets
    for snippet in snippets:
        ast.parse(snippet)
    assert names_used(page) <= set(request_tag.__all__)


def test_every_public_name_but_one_is_on_the_page() -> None:
    """`current_request_id` is for tests and log lines: its docstring suffices."""
    assert set(request_tag.__all__) - names_used("docs/tagging.md") == {"current_request_id"}


def test_the_table_of_keys_is_what_a_call_bears(tagged: Bedrock) -> None:
    with request_tag.request("id", session_id="session-1", trace_id="0" * 32):
        metadata = tagged.converse()

    table = text_of("docs/tagging.md").partition("## What is written")[2].partition("\n## ")[0]
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == list(metadata or ())
