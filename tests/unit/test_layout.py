"""The code stays laid out to be read: few modules a folder, short modules, and test suites that stand alone."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
PRODUCT = ("layers/request_lens/request_lens", "layers/request_tag/request_tag", "cli", "functions", "scripts")
SUITES = {folder.name for folder in (CHECKOUT / "tests").iterdir() if folder.is_dir()} - {"support", "__pycache__"}

_SUITE_IMPORT = re.compile(r"^ *(?:from|import) tests(?:\.| import )(\w+)", re.MULTILINE)


def modules(*folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from (path for path in (CHECKOUT / folder).rglob("*.py") if path.name != "__init__.py")


@pytest.mark.parametrize(("folders", "limit"), [(PRODUCT, 13), (("tests",), 20)])
def test_no_folder_lists_more_modules_than_a_reader_takes_in(folders: tuple[str, ...], limit: int) -> None:
    counts = Counter(str(module.parent.relative_to(CHECKOUT)) for module in modules(*folders))

    assert counts
    assert {folder: count for folder, count in counts.items() if count > limit} == {}


def test_no_product_module_is_longer_than_250_lines() -> None:
    lengths = {str(path.relative_to(CHECKOUT)): len(path.read_text("utf-8").splitlines()) for path in modules(*PRODUCT)}

    assert {path: length for path, length in lengths.items() if length > 250} == {}


def test_no_suite_imports_from_another_one() -> None:
    imports = {
        f"{path.relative_to(CHECKOUT)}: {imported}"
        for path in modules("tests")
        for imported in _SUITE_IMPORT.findall(path.read_text("utf-8"))
        if imported in SUITES - {path.relative_to(CHECKOUT / "tests").parts[0]}
    }

    assert imports == set()


def test_text_has_the_line_ends_of_a_posix_make_wherever_it_is_checked_out() -> None:
    """With CRLF a layer's Makefile is misread: git's own setting on Windows would turn them."""
    rules = (CHECKOUT / ".gitattributes").read_text("utf-8").splitlines()

    assert "* text=auto eol=lf" in rules
