"""The log files and the page are what the cases make: `make docs` writes both."""

import pytest

from tests.cases.case import DATA, Case
from tests.cases.catalogue import CASES
from tests.cases.golden import PAGE, page


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_log_file_of_a_case_is_what_its_lines_make(case: Case) -> None:
    assert case.path.read_text(encoding="utf-8") == case.content


def test_every_log_file_is_a_case_s_and_no_two_cases_share_one() -> None:
    paths = [case.path for case in CASES]

    assert sorted(paths) == sorted(DATA.iterdir())


def test_the_page_shows_what_becomes_of_every_case() -> None:
    assert page() == PAGE.read_text(encoding="utf-8")
