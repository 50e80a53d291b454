"""All cases, in the order in which the golden file shows them."""

from tests.cases.access_cases import ACCESS_CASES
from tests.cases.case import Case
from tests.cases.container_cases import CONTAINER_CASES
from tests.cases.counting_cases import COUNTING_CASES
from tests.cases.link_cases import LINK_CASES
from tests.cases.overlap_cases import OVERLAP_CASES
from tests.cases.price_cases import PRICE_CASES
from tests.cases.reading_cases import READING_CASES
from tests.cases.record_cases import RECORD_CASES
from tests.cases.tool_cases import TOOL_CASES

CHAPTERS: dict[str, tuple[Case, ...]] = {
    "Requests and their calls": LINK_CASES,
    "Requests that overlap or go on": OVERLAP_CASES,
    "Invocation logs": (*TOOL_CASES, *READING_CASES, *RECORD_CASES),
    "Costs": PRICE_CASES,
    "What counts where": COUNTING_CASES,
    "Access logs": ACCESS_CASES,
    "Files": CONTAINER_CASES,
}

CASES = tuple(case for cases in CHAPTERS.values() for case in cases)
BY_NAME = {case.name: case for case in CASES}
