"""The timeline's colours, light and dark, and the style sheet made of them.

Hues are Okabe and Ito's blue, bluish green, vermilion and orange, darkened or lightened until they carry: texts have a
contrast of at least 4.5:1, shapes of 3:1 where they meet. Nothing is said by colour alone.
"""

from dataclasses import dataclass
from typing import Literal

from request_lens.presentation.markup import Markup

type Theme = Literal["auto", "light", "dark"]
"""`auto` follows the reader's browser (`prefers-color-scheme`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Palette:
    """The colours of one theme, by role."""

    background: str
    text: str
    muted: str
    rule: str
    band: str
    request: str
    request_edge: str
    call: str
    tool: str
    tool_fill: str
    failed: str
    throttled: str


LIGHT = Palette(
    background="#ffffff",
    text="#17212b",
    muted="#566370",
    rule="#e3e9ee",
    band="#f7f9fb",
    request="#d3e3f1",
    request_edge="#7d93a8",
    call="#00578f",
    tool="#00694e",
    tool_fill="#eefaf5",
    failed="#c03a00",
    throttled="#8a5a00",
)

DARK = Palette(
    background="#0f161e",
    text="#e8eef4",
    muted="#9fadba",
    rule="#26323e",
    band="#131c25",
    request="#28405a",
    request_edge="#a3bad0",
    call="#74bdf3",
    tool="#4fd1a5",
    tool_fill="#0f241d",
    failed="#ff8a5c",
    throttled="#f0b429",
)

_SHARED = """
.rl text { font-family: Inter, system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
 font-size: 12px; font-variant-numeric: tabular-nums; font-feature-settings: "tnum"; }
.rl .rl-title { font-size: 20px; font-weight: 600; letter-spacing: -0.2px; }
.rl .rl-subtitle { font-size: 13px; }
.rl .rl-label { font-size: 13px; font-weight: 500; }
.rl .rl-heading { font-weight: 600; }
.rl .rl-mark { stroke-width: 2; stroke-linecap: round; stroke-linejoin: round; }
.rl .rl-tick, .rl .rl-stem { stroke-width: 2.5; }
.rl .rl-open { fill: none; stroke-width: 1.5; stroke-dasharray: 5 3; }
.rl .rl-request { stroke-width: 1; }
.rl .rl-rule { fill: none; }
.rl .rl-failed-request { stroke-width: 2; }
.rl .rl-break { fill: none; stroke-width: 2.5; }
.rl .rl-whisker { fill: none; stroke-width: 1.25; pointer-events: none; }
.rl .rl-pill-text { font-weight: 600; }
.rl .rl-provisional { stroke-width: 1.75; stroke-dasharray: 4 2; }
.rl .rl-doubt { fill: url(#rl-doubts); }
.rl .rl-tool, .rl .rl-strike { stroke-width: 1.5; }
.rl .rl-strike, .rl .rl-tool-name { pointer-events: none; }
.rl .rl-missing { fill: none; stroke-width: 1.5; stroke-dasharray: 2.75 1.7; }
.rl .rl-casing { fill: none; stroke-width: 4; }
.rl .rl-token { stroke-width: 1.5; stroke-linejoin: round; }
"""


def _coloured(palette: Palette) -> str:
    """The rules of one theme."""
    return f"""
.rl .rl-background {{ fill: {palette.background}; }}
.rl text {{ fill: {palette.text}; }}
.rl .rl-muted {{ fill: {palette.muted}; }}
.rl .rl-band {{ fill: {palette.band}; }}
.rl .rl-rule {{ stroke: {palette.rule}; }}
.rl .rl-request {{ fill: {palette.request}; stroke: {palette.request_edge}; }}
.rl .rl-unbounded {{ fill: {palette.request}; }}
.rl .rl-open {{ fill: none; stroke: {palette.request_edge}; }}
.rl .rl-pending {{ fill: {palette.request}; }}
.rl .rl-doubt-line {{ fill: {palette.request_edge}; }}
.rl .rl-call, .rl .rl-unattributed {{ fill: {palette.call}; }}
.rl .rl-tool {{ fill: {palette.tool_fill}; stroke: {palette.tool}; }}
.rl .rl-failed-tool, .rl .rl-strike {{ stroke: {palette.failed}; }}
.rl text.rl-tool-name {{ fill: {palette.text}; }}
.rl .rl-casing {{ stroke: {palette.background}; }}
.rl .rl-token {{ fill: {palette.text}; stroke: {palette.text}; }}
.rl .rl-failed-request {{ stroke: {palette.failed}; }}
.rl .rl-break {{ stroke: {palette.background}; }}
.rl .rl-whisker {{ stroke: {palette.request}; }}
.rl .rl-pill {{ fill: {palette.failed}; }}
.rl .rl-pill-text {{ fill: {palette.background}; }}
.rl .rl-provisional {{ fill: {palette.background}; stroke: {palette.call}; }}
.rl .rl-failed-call {{ fill: {palette.failed}; }}
.rl .rl-throttled-call {{ fill: {palette.throttled}; }}
.rl .rl-tick {{ stroke: {palette.call}; }}
.rl .rl-missing {{ stroke: {palette.text}; }}
.rl .rl-failed {{ stroke: {palette.failed}; fill: none; }}
.rl .rl-throttled {{ stroke: {palette.throttled}; fill: {palette.throttled}; }}
.rl .rl-cut {{ stroke: {palette.call}; fill: {palette.call}; }}
"""


def style_sheet(theme: Theme) -> Markup:
    """The CSS of the timeline in this theme."""
    match theme:
        case "light":
            return Markup(_SHARED + _coloured(LIGHT))
        case "dark":
            return Markup(_SHARED + _coloured(DARK))
        case "auto":
            dark = f"@media screen and (prefers-color-scheme: dark) {{{_coloured(DARK)}}}\n"
            return Markup(f"{_SHARED}{_coloured(LIGHT)}{dark}")
