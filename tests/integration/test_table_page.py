"""What docs/table.md shows is what the `aws` command prints of a table, and what the command line says of it."""

import re
from collections.abc import Iterator, Mapping

import boto3
import jmespath  # type: ignore[import-untyped]  # boto3's own, without types
import pytest

from tests.support.command_line.table_page import (
    PAGE,
    endpoint,
    example,
    examples,
    filled_table,
    output,
    patterns,
    printed,
    program,
)
from tests.support.deployed_stack import DeployedLens
from tests.support.request_table import TABLE_NAME

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

TEXT = PAGE.read_text(encoding="utf-8")
PATTERNS, EXAMPLES = patterns(TEXT), examples(TEXT)
WITH_CALLS, SLOW = "5", "6"


@pytest.fixture(scope="module")
def filled() -> Iterator[DeployedLens]:
    with filled_table() as lens:
        yield lens


@pytest.fixture(scope="module")
def address(filled: DeployedLens) -> Iterator[str]:
    with endpoint(filled.client) as served:
        yield served


@pytest.mark.parametrize("number", PATTERNS)
def test_a_command_prints_what_the_page_shows(number: str, address: str) -> None:
    command, shown = PATTERNS[number]

    assert shown
    assert output(command, address=address) == shown, "run: make docs"


@pytest.mark.parametrize(
    ("summary", "tokens"),
    [
        (None, [None, None]),
        ({"totals": {"M": {}}}, [0, 0]),
        ({"totals": {"M": {}}, "possible_calls": {"N": "2"}}, [None, None]),
        ({"totals": {"M": {"uncounted": {"L": [{"N": "1"}]}, "output_tokens": {"N": "7"}}}}, [None, "7"]),
    ],
    ids=["pending", "without calls", "uncertain", "without counts"],
)
def test_the_figures_of_a_request_have_none_for_unknown_tokens_and_0_for_no_tokens(
    summary: object, tokens: list[object]
) -> None:
    command, _ = PATTERNS["1"]
    (query,) = re.findall(r"--query '(.*?)'", command, re.DOTALL)
    item = {"record": {"M": {}}, **({} if summary is None else {"summary": {"M": summary}})}

    assert jmespath.search(query, {"Item": item})[5:7] == tokens


def test_the_page_has_ten_access_patterns() -> None:
    assert list(PATTERNS) == [str(number) for number in range(1, 11)]


def test_the_program_prints_what_the_page_shows_for_each_request_of_the_hour(address: str) -> None:
    source, shown = program(TEXT)

    assert printed(source, address=address) == shown, "run: make docs"
    assert [line.split()[1] for line in sorted(shown.splitlines())] == [line.split()[1] for line in shown.splitlines()]
    calls = {request_id: calls for _, request_id, *_, calls in map(str.split, shown.splitlines())}
    assert calls == {row.split()[0]: row.split()[1] for row in PATTERNS[WITH_CALLS][1].splitlines()}


def test_the_program_tells_uncertain_requests_from_certain_ones(address: str) -> None:
    source, _ = program(TEXT)

    said = printed(source.replace("2025-12-04T18", "2025-12-04T19"), address=address).splitlines()
    assert len(said) == 10
    assert all("  at least " in line for line in said)


@pytest.mark.parametrize("key", EXAMPLES, ids="/".join)
def test_an_example_is_the_item_of_the_table(key: tuple[str, str], filled: DeployedLens) -> None:
    assert example(filled.client, *key) == EXAMPLES[key], "run: make docs"


def test_each_kind_of_item_has_an_example() -> None:
    kinds = {(pk.partition("#")[0], sk.partition("#")[0]) for pk, sk in EXAMPLES}

    assert kinds == {
        ("request", "request"),
        ("request", "invocation"),
        ("invocation", "invocation"),
        ("rejected", "rejected"),
    }


def test_the_requests_of_an_hour_have_the_calls_that_the_command_line_says(filled: DeployedLens) -> None:
    rows = [line.split() for line in PATTERNS[WITH_CALLS][1].splitlines()]

    said = _requests_of_the_article(filled)
    assert {request_id: int(calls) for request_id, calls, _, _ in rows} == {
        request_id: each["llm_calls"] for request_id, each in said.items()
    }


def test_the_slow_requests_of_an_hour_are_those_that_the_command_line_says(filled: DeployedLens) -> None:
    rows = [line.split() for line in PATTERNS[SLOW][1].splitlines()]

    durations = {request_id: each["duration_ms"] for request_id, each in _requests_of_the_article(filled).items()}
    slow = {request_id: ms for request_id, ms in durations.items() if isinstance(ms, int) and ms > 5000}
    assert {request_id: int(ms) for ms, _, request_id in rows} == slow


def test_the_export_is_begun_by_the_pages_command(filled: DeployedLens, address: str) -> None:
    boto3.client("s3", region_name="us-east-1").create_bucket(Bucket="my-exports")
    filled.client.update_continuous_backups(
        TableName=TABLE_NAME, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )
    (command,) = re.findall(r"^\$ (aws dynamodb export-.*?)^```", TEXT, re.MULTILINE | re.DOTALL)

    arn, _ = output(command, address=address).split()
    export = filled.client.describe_export(ExportArn=arn)["ExportDescription"]
    assert (export["S3Bucket"], export["S3Prefix"]) == ("my-exports", "request-lens")


def _requests_of_the_article(lens: DeployedLens) -> Mapping[str, Mapping[str, object]]:
    asked = ("requests", "--since", "2025-12-04T18:00", "--until", "2025-12-04T18:59")
    return {str(each["request_id"]): each for each in lens.document(*asked)["requests"]}
