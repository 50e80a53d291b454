"""What the processor uses of AWS, counted over the real handler: the units that the table of costs rests on."""

from collections.abc import Mapping
from typing import cast

import pytest

from tests.support.metering.cost_traffic import cost_traffic
from tests.support.metering.dynamo_units import WRITE_UNIT_BYTES, Image, item_bytes, read_units, write_units
from tests.support.metering.list_prices import MEMORY_MB, cost_of
from tests.support.metering.metered_run import metered_run
from tests.support.template_document import properties


@pytest.mark.parametrize("calls", [1, 2, 3, 4, 5])
def test_a_tagged_request_of_k_calls_takes_k_plus_two_writes_and_one_index_write(calls: int) -> None:
    usage = metered_run(cost_traffic(requests=2, gap_s=8.5, tagged=True, calls=calls), batch=5)

    assert usage.meter.write_units == usage.requests * (calls + 2)
    assert usage.meter.index_write_units == usage.requests


@pytest.mark.parametrize("api", ["http", "rest"])
def test_the_item_of_a_request_of_five_calls_stays_under_a_kilobyte(api: str) -> None:
    usage = metered_run(cost_traffic(requests=2, gap_s=8.5, tagged=True, calls=5, api=api), batch=5)

    sizes = [item_bytes(item) for item in usage.items if item["sk"]["S"] == "request"]
    assert len(sizes) == 2
    assert max(sizes) <= WRITE_UNIT_BYTES


def test_an_untagged_call_takes_three_writes_and_two_index_writes() -> None:
    usage = metered_run(cost_traffic(requests=6, gap_s=60, tagged=False), batch=1)

    assert usage.meter.index_write_units == usage.requests + 2 * usage.invocations
    assert usage.meter.write_units == 2 * usage.requests + 3 * usage.invocations


def test_a_million_tagged_invocations_cost_at_most_three_dollars_sixty_at_five_events_a_batch() -> None:
    usage = metered_run(cost_traffic(requests=40, gap_s=1.7, tagged=True), batch=5)

    assert cost_of(usage).total <= 3.60


def test_the_priced_function_is_the_templates() -> None:
    function = properties("ProcessorFunction")

    assert function["MemorySize"] == MEMORY_MB
    assert cast("Mapping[str, str]", function["LoggingConfig"])["SystemLogLevel"] == "WARN"


def test_sizes_follow_the_documented_rules() -> None:
    item: Image = {
        "pk": {"S": "é"},  # 2 + 2
        "n": {"N": "-1250"},  # 1 + 2 (three significant digits) + 1 + 1 (the sign)
        "b": {"BOOL": True},  # 1 + 1
        "l": {"L": [{"S": "ab"}, {"NULL": True}]},  # 1 + 3 + (1 + 2) + (1 + 1)
        "m": {"M": {"k": {"S": "v"}}},  # 1 + 3 + 1 + (1 + 1)
    }
    assert item_bytes(item) == 4 + 5 + 2 + 9 + 7


@pytest.mark.parametrize(("size", "units"), [(1, 1), (1024, 1), (1025, 2)])
def test_writes_are_rounded_up_to_a_kilobyte_by_the_larger_image(size: int, units: int) -> None:
    large = {"pk": {"S": "x" * (size - 2)}} if size > 1 else {}

    assert (write_units(None, large), write_units(large, {"pk": {"S": ""}})) == (units, units)


def test_reads_are_rounded_up_to_four_kilobytes_together() -> None:
    items = [{"pk": {"S": "x" * 998}}] * 5

    assert read_units(items, consistent=True) == 2
    assert read_units(items, consistent=False) == 1
    assert read_units([], consistent=False) == 0.5
