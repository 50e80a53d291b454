"""What the README says of the template and the code is what they are."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from request_lens.domain.log_record import RejectedReason
from request_lens.domain.publishing.metric_names import Metric

CHECKOUT = Path(__file__).parents[2]
README = (CHECKOUT / "README.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def readme_tables() -> ModuleType:
    spec = importlib.util.spec_from_file_location("readme_tables", CHECKOUT / "scripts" / "readme_tables.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_tables_of_parameters_and_metrics_are_up_to_date(readme_tables: ModuleType) -> None:
    assert readme_tables.updated(README) == README, "run: .venv/bin/python scripts/readme_tables.py"


def test_every_published_metric_is_in_the_table() -> None:
    assert [metric for metric in Metric if f"`{metric.value}`" not in README] == []


def test_the_access_log_formats_are_the_templates_outputs() -> None:
    template = (CHECKOUT / "template.yaml").read_text(encoding="utf-8")
    formats = [line for line in README.splitlines() if line.startswith('{"requestId":"$context')]
    assert len(formats) == 2
    assert [line for line in formats if f"Value: '{line}'" not in template] == []


def test_every_picture_that_it_shows_is_there() -> None:
    shown = re.findall(r"!\[[^]]*\]\((\S+)\)", README)
    assert len(shown) >= 2
    assert [path for path in shown if not (CHECKOUT / path).is_file()] == []


def test_every_reason_for_setting_a_line_aside_is_explained() -> None:
    assert [reason for reason in RejectedReason if f"\n| `{reason}` |" not in README] == []
