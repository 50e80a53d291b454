"""The browser that the other tests here look through."""

from pathlib import Path

from pydantic import TypeAdapter

from tests.browser.chromium import Looking, measured, photograph

NUMBERS = TypeAdapter(list[float])
PAGE = "<!doctype html><style>*{margin:0}</style><p style='width:120px;height:30px'>&lt;/script&gt;</p>"


def test_it_measures_what_it_draws() -> None:
    script = (
        "() => { const box = document.querySelector('p').getBoundingClientRect(); return [box.width, box.height]; }"
    )
    assert measured(PAGE, script, NUMBERS.validate_json) == [120, 30]


def test_what_it_answers_may_hold_any_text() -> None:
    script = "() => document.querySelector('p').textContent"
    assert measured(PAGE, script, TypeAdapter(str).validate_json) == "</script>"


def test_it_photographs_a_page(tmp_path: Path) -> None:
    photograph(PAGE, tmp_path / "page.png", looking=Looking(width=200, height=100))
    assert (tmp_path / "page.png").read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
