"""What docs/table.md shows is what the `aws` command prints of a table, and what the command line says of it."""

import json
import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from typing import cast

import boto3
import pytest

from request_lens.adapters.dynamodb.attributes import PlainMap, to_item
from tests.support.command_line.table_page import (
    PAGE,
    endpoint,
    example,
    examples,
    filled_table,
    output,
    patterns,
    printed,
    programs,
)
from tests.support.deployed_stack import DeployedLens
from tests.support.request_table import TABLE_NAME

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

TEXT = PAGE.read_text(encoding="utf-8")
PATTERNS, EXAMPLES = patterns(TEXT), examples(TEXT)
PROGRAMS = programs(TEXT)
FIGURES, IS_CERTAIN, WITH_CALLS, SLOW = "1", "3", "5", "6"


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
    ("name", "summary", "tokens"),
    [
        ("pending", None, ["unknown", "unknown"]),
        ("without calls", {"totals": {}}, ["0", "0"]),
        ("uncertain", {"totals": {}, "possible_calls": 2}, ["unknown", "unknown"]),
        ("incomplete", {"totals": {}, "traced": {"missing_calls": 1}}, ["unknown", "unknown"]),
        ("without counts", {"totals": {"uncounted": [1], "output_tokens": 7}}, ["unknown", "7"]),
    ],
)
def test_the_figures_of_a_request_are_unknown_for_unknown_tokens_and_0_for_no_tokens(
    name: str, summary: PlainMap | None, tokens: list[str], filled: DeployedLens, address: str
) -> None:
    item: PlainMap = {"pk": f"request#{name}", "sk": "request", "record": {}}
    item = item if summary is None else {**item, "summary": summary}
    filled.client.put_item(TableName=TABLE_NAME, Item=to_item(item))
    source, _ = PROGRAMS[FIGURES]

    said = printed(source.replace("8vyhhrKPTgKzGt2=", name), address=address)
    assert re.findall(r"^(?:in|out)put tokens: (.*)$", said, re.MULTILINE) == tokens


def test_the_page_has_ten_access_patterns() -> None:
    assert list(PATTERNS) == [str(number) for number in range(1, 11)]


@pytest.mark.parametrize("number", PROGRAMS)
def test_a_program_prints_what_the_page_shows(number: str, address: str) -> None:
    source, shown = PROGRAMS[number]

    assert shown
    assert printed(source, address=address) == shown, "run: make docs"


def test_the_two_programs_are_of_a_request_and_of_an_hour() -> None:
    assert list(PROGRAMS) == [FIGURES, WITH_CALLS]


def test_the_program_of_a_request_and_its_command_have_the_same_figures() -> None:
    said = [line.rpartition(": ")[2] for line in PROGRAMS[FIGURES][1].splitlines()]

    assert said[:-1] == PATTERNS[FIGURES][1].split()


def test_the_program_of_an_hour_and_its_command_have_the_same_requests_in_their_orders() -> None:
    _, shown = PROGRAMS[WITH_CALLS]

    assert [line.split()[1] for line in sorted(shown.splitlines())] == [line.split()[1] for line in shown.splitlines()]
    calls = {request_id: calls for _, request_id, *_, calls in map(str.split, shown.splitlines())}
    assert calls == {row.split()[0]: row.split()[1] for row in PATTERNS[WITH_CALLS][1].splitlines()}


def test_the_command_of_an_hour_counts_calls_linked_by_time_where_the_program_has_its_sign(
    filled: DeployedLens, address: str
) -> None:
    """Neither counts failed calls: they are no LLM calls."""
    links: Mapping[str, Sequence[tuple[str, str | None]]] = {
        "exact": [("exact", None)],
        "inferred": [("exact", None), ("inferred", None), ("inferred", None)],
        "failed": [("exact", None), ("inferred", "ThrottlingException")],
    }
    for request_id, bars in links.items():
        filled.client.put_item(
            TableName=TABLE_NAME, Item=to_item(_request(request_id, hour="2025-12-05T09", bars=bars))
        )
    (program, _), (command, _) = PROGRAMS[WITH_CALLS], PATTERNS[WITH_CALLS]

    said = printed(program.replace("2025-12-04T18", "2025-12-05T09"), address=address)
    rows = output(command.replace("2025-12-04T18", "2025-12-05T09"), address=address)
    about = {line.split()[1]: "≈" in line for line in said.splitlines()}
    assert about == {"exact": False, "inferred": True, "failed": False}
    assert {row.split()[0]: row.split()[2] for row in rows.splitlines()} == {
        "exact": "0",
        "inferred": "2",
        "failed": "0",
    }


def test_calls_that_are_missing_have_a_column_in_each_command_and_a_place_in_each_program(
    filled: DeployedLens, address: str
) -> None:
    """Without it the commands' number would read as exact, where the programs have "≥"."""
    lacks: PlainMap = {"totals": {"llm_calls": 2}, "traced": {"missing_calls": 1}}
    item = _request("lacks", hour="2025-12-05T10", bars=[("exact", None), ("exact", None)])
    filled.client.put_item(TableName=TABLE_NAME, Item=to_item({**item, "summary": lacks}))

    def told(pattern: tuple[str, str], *, run: Callable[..., str] = output) -> str:
        asked = re.sub("8vyhhrKPTgKzGt2=|9lqY5VsxH41S0lz=", "lacks", pattern[0]).replace(
            "2025-12-04T18", "2025-12-05T10"
        )
        return run(asked, address=address)

    assert "LLM calls missing (≥): 1\n" in told(PROGRAMS[FIGURES], run=printed)
    assert told(PROGRAMS[WITH_CALLS], run=printed).endswith("≥ 2, 1 missing\n")
    assert told(PATTERNS[FIGURES]).split()[-2:] == ["0", "1"]
    assert told(PATTERNS[IS_CERTAIN]).split()[2:] == ["2", "0", "1"]
    assert told(PATTERNS[WITH_CALLS]).split()[1:-1] == ["2", "0", "0", "1"]


@pytest.mark.parametrize(("calls", "by_time"), [(100, "1"), (101, "1 of the first 100")])
def test_how_many_calls_are_linked_by_time_is_said_of_the_first_100_where_there_are_more(
    calls: int, by_time: str, filled: DeployedLens, address: str
) -> None:
    item = _request(f"of {calls}", hour="2025-12-05T11", bars=[("assumed", None), *[("exact", None)] * 99])
    summary = cast("PlainMap", item["summary"])
    totals: PlainMap = {"totals": {"llm_calls": calls}}
    filled.client.put_item(TableName=TABLE_NAME, Item=to_item({**item, "summary": {**summary, **totals}}))

    said = printed(PROGRAMS[FIGURES][0].replace("8vyhhrKPTgKzGt2=", f"of {calls}"), address=address)
    assert said.endswith(f"LLM calls linked by time (≈): {by_time}\n")


def _request(request_id: str, *, hour: str, bars: Sequence[tuple[str, str | None]]) -> PlainMap:
    """A request of the hour, whose calls have these confidences and error codes."""
    started_at = f"{hour}:00:00.000Z"
    return {
        "pk": f"request#{request_id}",
        "sk": "request",
        "by_time_pk": f"requests#{hour}",
        "by_time_sk": f"{started_at}#{request_id}",
        "record": {"request_id": request_id, "started_at": started_at, "route": "POST /ask"},
        "summary": {
            "totals": {"llm_calls": 1, "estimated_cost_usd": 1},
            "bars": [["", "", 0, 0, 0, confidence, error_code] for confidence, error_code in bars],
        },
    }


def test_no_query_of_the_page_negates_the_beginning_of_a_path() -> None:
    """In JMESPath `!a.b` is `(!a).b`, which is nothing: it has to be `!(a.b)`."""
    assert [found for command, _ in PATTERNS.values() for found in re.findall(r"![\w@\"]+[.\[]", command)] == []


def test_the_program_tells_uncertain_requests_from_certain_ones(address: str) -> None:
    source, _ = PROGRAMS[WITH_CALLS]

    said = printed(source.replace("2025-12-04T18", "2025-12-04T19"), address=address).splitlines()
    assert len(said) == 10
    assert all("  ≥ " in line for line in said)


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
    assert {request_id: int(calls) for request_id, calls, *_ in rows} == {
        request_id: each["llm_calls"] for request_id, each in said.items()
    }


def test_the_slow_requests_of_an_hour_are_those_that_the_command_line_says(filled: DeployedLens) -> None:
    rows = [line.split() for line in PATTERNS[SLOW][1].splitlines()]

    durations = {request_id: each["duration_ms"] for request_id, each in _requests_of_the_article(filled).items()}
    slow = {request_id: ms for request_id, ms in durations.items() if isinstance(ms, int) and ms > 5000}
    assert {request_id: int(ms) for ms, _, request_id in rows} == slow


def test_athena_finds_requests_with_more_than_three_calls_that_are_certain_and_lack_none() -> None:
    record: PlainMap = {"request_id": "whole", "started_at": "2025-12-04T18:27:00Z"}
    settled: PlainMap = {"sk": "request", "state": "settled", "record": record}
    many: PlainMap = {"llm_calls": 5, "estimated_cost_usd": 1}
    summaries: Sequence[PlainMap] = [
        {"totals": many, "traced": {"calls": 5}},
        {"totals": many},
        {"totals": {"llm_calls": 3}},
        {"totals": many, "possible_calls": 1},
        {"totals": many, "possible_calls": "unknown"},
        {"totals": many, "traced": {"missing_calls": 1}},
    ]
    items: Sequence[PlainMap] = [
        {**settled, "state": "pending"},
        *({**settled, "summary": each} for each in summaries),
    ]

    assert _asked_of_athena(items) == [("whole", "2025-12-04T18:27:00Z", 5, 1)] * 2


def _asked_of_athena(items: Sequence[PlainMap]) -> list[object]:
    """What the page's query finds among exported items, as SQLite answers: paths of JSON stand for Athena's structs."""
    (query,) = re.findall(r"^```sql\n(SELECT .*?)^```", TEXT, re.MULTILINE | re.DOTALL)
    with closing(sqlite3.connect(":memory:")) as database:
        database.create_function("from_iso8601_timestamp", 1, lambda text: text)
        database.execute("CREATE TABLE request_lens_export (item)")
        database.executemany("INSERT INTO request_lens_export VALUES (?)", [[_exported(item)] for item in items])
        asked = re.sub(r"\bitem((?:\.\w+)+)", r"json_extract(item, '$\1')", query)
        return database.execute(asked).fetchall()


def _exported(item: PlainMap) -> str:
    """An item as the export has it; the letters of types are small in the table of Athena."""
    return re.sub(r'"([SNMLB]|BOOL)": ', lambda found: found[0].lower(), json.dumps(to_item(item)))


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
