"""The widget's page: its style, and the areas of it that open a request."""

import json
from collections.abc import Mapping

from request_lens.presentation.markup import NOTHING, Markup, element, joined, text
from request_lens.presentation.timeline.frame import margin_of
from request_lens.presentation.timeline.theme import DARK, LIGHT, Theme

_STYLE = """
.rlw { position: relative; overflow-x: auto;
 font: 13px/1.4 Inter, system-ui, -apple-system, "Segoe UI", Roboto, Arial, sans-serif;
 color: %(text)s; background: %(background)s; }
.rlw svg { display: block; }
.rlw cwdb-action { display: none; }
.rlw .rlw-row { position: absolute; left: 0; width: 100%%; cursor: pointer; border-radius: 4px; display: block; }
.rlw .rlw-row:hover { background: %(call)s; opacity: 0.12; }
.rlw p { margin: 0; padding: 0 %(margin)s 10px; color: %(muted)s; }
.rlw h2 { margin: 0; padding: 12px %(margin)s 4px; font-size: 16px; color: %(text)s; overflow-wrap: anywhere; }
.rlw table { border-collapse: collapse; margin: 4px %(margin)s 16px; font-variant-numeric: tabular-nums; }
.rlw th, .rlw td { padding: 5px 16px 5px 0; text-align: left; vertical-align: top; color: %(text)s;
 background: %(background)s; border: 0; border-bottom: 1px solid %(rule)s; }
.rlw th { color: %(muted)s; font-weight: 500; }
.rlw .rlw-number { text-align: right; white-space: nowrap; }
.rlw th.rlw-number { white-space: normal; }
.rlw .rlw-words { text-align: right; }
.rlw .rlw-whole { white-space: nowrap; }
.rlw .rlw-failed { color: %(failed)s; }
.rlw p a { color: %(call)s; }
.rlw .rlw-provisional td { border-bottom-style: dashed; }
"""


def page(*content: Markup, theme: Theme, width: int) -> Markup:
    """The content in the widget's own style, without CloudWatch's; texts begin where the picture does."""
    palette = DARK if theme == "dark" else LIGHT
    colours = {name: getattr(palette, name) for name in ("text", "background", "muted", "call", "rule", "failed")}
    style = element("style", Markup(_STYLE % {**colours, "margin": f"{margin_of(width):.0f}px"}))
    return joined(
        (element("div", NOTHING, class_="cwdb-no-default-styles"), style, element("div", *content, class_="rlw"))
    )


def opening_row(top: float, *, height: float, hover: str, endpoint: str, parameters: Mapping[str, str]) -> Markup:
    """An area over a row of the picture that calls the widget again and shows its answer above the dashboard.

    CloudWatch ties a `cwdb-action` to the element before it.
    """
    place = f"top:{top:.0f}px;height:{height:.0f}px"
    area = element("a", NOTHING, class_="rlw-row", style=place, title=hover)
    request = text(json.dumps(parameters))
    return joined((area, element("cwdb-action", request, action="call", display="popup", endpoint=endpoint)))


def console_of(endpoint: str) -> str:
    """The address of CloudWatch's console where the function with this ARN is."""
    _, partition, _, region, *_ = endpoint.split(":")
    domain = "console.amazonaws-us-gov.com" if partition == "aws-us-gov" else "console.aws.amazon.com"
    return f"https://{region}.{domain}/cloudwatch/home?region={region}"
