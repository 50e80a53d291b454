"""Each difference between the local AWS and AWS is held by a test that is there."""

import re
from collections.abc import Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "local-vs-aws.md").read_text(encoding="utf-8")
TABLES = ("## What AWS refuses and the local AWS accepts", "## What AWS does otherwise")
STATIC = "`make check`"
"""What holds a row where a tool does."""


def rows_of(heading: str) -> Sequence[Sequence[str]]:
    """The cells of the first table below a heading, without its head."""
    lines = PAGE.split(f"{heading}\n")[1].split("\n## ")[0].splitlines()
    rows = [line for line in lines if line.startswith("| ")]
    return [re.split(r"(?<!\\) \| ", row.strip("| ")) for row in rows[1:]]


@pytest.mark.parametrize("heading", TABLES)
def test_every_row_names_what_holds_it(heading: str) -> None:
    rows = rows_of(heading)
    without = [row[0] for row in rows if "`tests/" not in row[-1] and STATIC not in row[-1]]
    gone = [path for row in rows for path in re.findall(r"`(tests/[\w/.]+)", row[-1]) if not (ROOT / path).exists()]

    assert len(rows) > 10
    assert without == []
    assert gone == []
