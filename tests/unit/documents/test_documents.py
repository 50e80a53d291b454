"""What the documents say of the template and the code is what they are."""

import re
from math import ceil, floor
from pathlib import Path
from xml.etree.ElementTree import fromstring

import pytest

from request_lens.domain.linking.link import Assumption, Method, Reason
from request_lens.domain.log_record import RejectedReason
from request_lens.domain.pricing import Unpriced
from request_lens.domain.publishing.metric_names import Metric
from request_lens.presentation.calls import REASONS
from request_lens.presentation.timeline.text import text_width
from request_lens.presentation.timeline.theme import DARK, LIGHT
from request_lens_cli.operating.backfilling.estimate import LEAST_USD_PER_MILLION, MOST_USD_PER_MILLION
from scripts import document_tables, overlap_picture, timeline_picture

CHECKOUT = Path(__file__).parents[3]
DOCS = CHECKOUT / "docs"
CHANGELOG = CHECKOUT / "CHANGELOG.md"


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def test_each_table_is_up_to_date_on_its_page() -> None:
    text = document_tables.PAGE.read_text(encoding="utf-8")

    assert document_tables.updated(text) == text, "run: make docs"


def test_each_decision_has_a_heading_a_date_a_choice_and_a_way_back() -> None:
    """Two that were noted at one time may be run into one another where their texts are merged."""
    decisions = re.split(r"^### ", page("decisions.md"), flags=re.MULTILINE)
    whole = re.compile(r"[^\n]+\n\n2026-\d\d-\d\d\b.*\*\*Choice:\*\*.*\*\*To\s+revert:\*\*.*\n\Z", re.DOTALL)

    assert [text.partition("\n")[0] for text in decisions[1:] if not whole.match(text)] == []
    assert [text[-60:] for text in decisions[:-1] if not text.endswith("\n\n")] == []


def test_what_a_backfill_says_that_it_costs_is_what_the_cost_table_says() -> None:
    """The table is of a million invocations and the 588,000 requests that made them."""
    sums = re.search(r"^\| \*\*sum\*\* \|(.*)\|$", page("operating-cost.md"), re.MULTILINE)
    assert sums is not None
    per_million_events = [float(cell.strip(" *")) / 1.588 for cell in sums[1].split("|")]

    assert floor(min(per_million_events)) <= LEAST_USD_PER_MILLION <= ceil(min(per_million_events))
    assert ceil(max(per_million_events)) == MOST_USD_PER_MILLION


def test_every_published_metric_is_in_the_table() -> None:
    assert [metric for metric in Metric if f"\n| `{metric.value}` |" not in page("metrics.md")] == []


def test_the_access_log_formats_are_the_templates_outputs() -> None:
    template = (CHECKOUT / "template.yaml").read_text(encoding="utf-8")
    formats = [line for line in page("log-shapes.md").splitlines() if line.startswith("{") and ':"$context.' in line]

    assert len(formats) == 2
    assert [line for line in formats if f"Value: '{line}'" not in template] == []


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("log-shapes.md", RejectedReason),
        ("correlation.md", Method),
        ("correlation.md", Reason),
        ("correlation.md", Assumption),
        ("pricing.md", Unpriced),
    ],
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)
def test_every_word_of_a_closed_vocabulary_is_explained(
    name: str, words: type[RejectedReason | Method | Reason | Assumption | Unpriced]
) -> None:
    assert [word for word in words if f"\n| `{word}` |" not in page(name)] == []


def test_every_reason_has_the_words_of_pictures_beside_its_name() -> None:
    assert [name for name, words in REASONS.items() if f"\n| `{name}` | {words} |" not in page("correlation.md")] == []


def test_the_timeline_is_what_replay_draws(tmp_path: Path) -> None:
    timeline_picture.draw(tmp_path / "timeline.svg")

    drawn = (tmp_path / "timeline.svg").read_text(encoding="utf-8")
    assert timeline_picture.PICTURE.read_text(encoding="utf-8") == drawn, "run: make docs"


def test_the_dark_timeline_is_the_same_in_the_dark_theme_alone() -> None:
    drawn = timeline_picture.PICTURE.read_text(encoding="utf-8")
    dark = timeline_picture.in_dark(drawn)

    assert DARK.background in dark
    assert LIGHT.background not in dark
    assert "prefers-color-scheme" not in dark
    assert re.sub(r"<style>.*?</style>", "", dark, flags=re.DOTALL) == re.sub(
        r"<style>.*?</style>", "", drawn, flags=re.DOTALL
    )
    with pytest.raises(ValueError, match="no style sheet"):
        timeline_picture.in_dark(dark)


def test_the_picture_of_two_overlapping_requests_is_what_replay_makes_of_them(tmp_path: Path) -> None:
    overlap_picture.draw(tmp_path / "overlap.svg")

    summaries = [state.summary for state in overlap_picture.overlapping().requests]
    known = [(summary.totals.llm_calls, summary.possible_calls) for summary in summaries if summary is not None]
    assert known == [(1, 1), (1, 1)]
    drawn = (tmp_path / "overlap.svg").read_text(encoding="utf-8")
    assert overlap_picture.PICTURE.read_text(encoding="utf-8") == drawn, "run: make docs"
    legend = [float(y) for y in re.findall(r'y="([\d.]+)"[^>]*>(?:may start|one call, where)', drawn)]
    assert len(legend) == 2
    assert legend[0] == legend[1]


def test_the_readme_is_short_enough_to_be_read() -> None:
    assert len((CHECKOUT / "README.md").read_text(encoding="utf-8").splitlines()) <= 200


def test_the_readme_says_before_its_first_picture_that_nothing_has_run_on_a_real_account() -> None:
    readme = (CHECKOUT / "README.md").read_text(encoding="utf-8")

    assert "has run on a real AWS account yet" in " ".join(readme.partition("<picture>")[0].split())


def test_the_readme_says_that_prompts_are_logged_and_what_it_costs_before_it_says_how_to_deploy() -> None:
    deploying = (CHECKOUT / "README.md").read_text(encoding="utf-8").partition("\n## Deploy to AWS\n")[2]
    before = deploying.partition("$ sam deploy")[0]

    assert deploying != before
    for words in ("prompts and answers", "LogPromptText=false", "USD a month", "docs/permissions.md"):
        assert words in before


@pytest.mark.parametrize("path", sorted((CHECKOUT / "docs" / "images").glob("*.svg")), ids=lambda path: str(path.name))
def test_no_text_of_a_picture_leaves_it(path: Path) -> None:
    picture = fromstring(path.read_text(encoding="utf-8"))
    width = float(picture.get("viewBox", "").split()[2])

    for words in picture.iter("{http://www.w3.org/2000/svg}text"):
        if "transform" in words.attrib:
            continue
        set_width = text_width("".join(words.itertext()), size=12)
        shift = {"start": 0.0, "middle": 0.5, "end": 1.0}[words.get("text-anchor", "start")]
        left = float(words.get("x", "0")) - shift * set_width
        assert -1 <= left <= left + set_width <= width + 1, "".join(words.itertext())


def test_the_changelog_says_what_the_version_is_to_be_and_what_was_released() -> None:
    headings = re.findall(r"^## \[(.+?)\]", CHANGELOG.read_text(encoding="utf-8"), re.MULTILINE)
    init = (CHECKOUT / "layers/request_lens/request_lens/__init__.py").read_text(encoding="utf-8")

    assert headings[0] == "Unreleased"
    [to_be] = re.findall(r"^To be ([\d.]+);", CHANGELOG.read_text(encoding="utf-8"), re.MULTILINE)
    assert f'__version__ = "{to_be}.dev0"' in init
    assert [int(part) for part in to_be.split(".")] > [int(part) for part in headings[1].split(".")]
