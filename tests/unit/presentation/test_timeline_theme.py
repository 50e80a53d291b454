"""The timeline's colours carry: contrast computed from the very values, and nothing is said by colour alone."""

from itertools import combinations

import pytest

from request_lens.presentation.timeline.theme import DARK, LIGHT, Palette, style_sheet

BOTH = pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2.2 defines it."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4 for channel in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@BOTH
def test_texts_have_a_contrast_of_four_and_a_half_on_what_lies_behind_them(palette: Palette) -> None:
    for text in (palette.text, palette.muted):
        assert min(contrast(text, behind) for behind in (palette.background, palette.band)) >= 4.5


@BOTH
def test_signs_have_a_contrast_of_three_on_the_light_bar_and_beside_it(palette: Palette) -> None:
    for sign in (palette.call, palette.tool, palette.failed, palette.throttled):
        assert min(contrast(sign, behind) for behind in (palette.background, palette.band, palette.request)) >= 3


@BOTH
def test_an_outline_has_a_contrast_of_three_on_what_lies_behind_it(palette: Palette) -> None:
    assert min(contrast(palette.request_edge, behind) for behind in (palette.background, palette.band)) >= 3


@BOTH
def test_a_whisker_is_seen_on_its_call_and_a_status_on_its_pill(palette: Palette) -> None:
    assert contrast(palette.call, palette.request) >= 3
    assert contrast(palette.failed, palette.background) >= 4.5


@BOTH
def test_a_tool_is_an_outline_that_is_seen_on_its_filling_and_holds_a_readable_name(palette: Palette) -> None:
    assert min(contrast(edge, palette.tool_fill) for edge in (palette.tool, palette.failed)) >= 3
    assert contrast(palette.text, palette.tool_fill) >= 4.5


@BOTH
def test_without_colour_a_tool_is_no_call(palette: Palette) -> None:
    assert contrast(palette.tool_fill, palette.call) >= 4.5


def deuteranopic(colour: str) -> tuple[float, float, float]:
    """Linear RGB as Viénot, Brettel and Mollon (1999) simulate a reader without green cones."""
    red, green, blue = ((int(colour[at : at + 2], 16) / 255) ** 2.2 for at in (1, 3, 5))
    mixed = 0.29275 * red + 0.70725 * green
    return mixed, mixed, -0.02234 * red + 0.02234 * green + blue


@BOTH
def test_calls_and_failures_differ_for_readers_who_confuse_red_and_green(palette: Palette) -> None:
    for one, other in combinations([palette.call, palette.failed], 2):
        seen = zip(deuteranopic(one), deuteranopic(other), strict=True)
        assert sum((first - second) ** 2 for first, second in seen) ** 0.5 >= 0.2


def test_a_fixed_theme_ignores_the_reader_s_and_auto_follows_it() -> None:
    assert "prefers-color-scheme" in style_sheet("auto")
    assert "prefers-color-scheme" not in style_sheet("light") + style_sheet("dark")
    assert DARK.background in style_sheet("dark")
    assert DARK.background not in style_sheet("light")
