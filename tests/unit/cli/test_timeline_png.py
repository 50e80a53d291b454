"""The timeline as PNG: twice the size, light, and with letters although no font is named by the system."""

import struct
from pathlib import Path

import pytest

from request_lens.presentation.timeline.drawing import View, draw_timeline
from request_lens_cli.terminal.timeline_png import write_png
from tests.support.timeline_rows import chain, row

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def test_a_png_has_twice_the_size_of_its_svg(tmp_path: Path) -> None:
    write_png(draw_timeline([row(chain(4300, 2))], view=View(width=1000)), tmp_path / "timeline.png")
    content = (tmp_path / "timeline.png").read_bytes()
    assert content.startswith(SIGNATURE)
    assert struct.unpack(">I", content[16:20]) == (2000,)


def test_texts_are_in_the_picture(tmp_path: Path) -> None:
    for name, label in (("with", "What time is it in Tokyo?"), ("without", "")):
        write_png(draw_timeline([row(chain(4300, 2), label=label)]), tmp_path / f"{name}.png")
    assert (tmp_path / "with.png").read_bytes() != (tmp_path / "without.png").read_bytes()


def test_a_png_that_follows_the_browser_s_theme_is_light(tmp_path: Path) -> None:
    for theme in ("auto", "light"):
        write_png(draw_timeline([row(chain(4300, 2))], view=View(theme=theme)), tmp_path / f"{theme}.png")
    assert (tmp_path / "auto.png").read_bytes() == (tmp_path / "light.png").read_bytes()


def test_what_is_no_svg_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"."):
        write_png("no picture", tmp_path / "timeline.png")
