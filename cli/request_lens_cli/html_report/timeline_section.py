"""The page's timeline: drawn for a wide, a middle and a narrow window, each in strips that paper may be cut between."""

from collections.abc import Mapping

from request_lens.presentation.markup import NOTHING, Markup, element, joined, text
from request_lens.presentation.timeline.axis import AxisKind
from request_lens.presentation.timeline.drawing import View, draw_strips, shared_style
from request_lens.presentation.timeline.pieces import Words
from request_lens_cli.html_report.not_certain import shared_note
from request_lens_cli.report.report import Report

MAX_DRAWN = 200
"""Requests in the picture, the newest; the table has more."""

WIDTHS: Mapping[str, int] = {"wide": 1060, "middle": 688, "narrow": 348, "paper": 1476}
"""Px of each rendering, by the class for which page.css says in which windows it shows.

That for paper is as wide as a sheet at the size of its print, which is two thirds of a screen's.
"""


def timeline_section(report: Report, axis: AxisKind) -> Markup:
    """The section, on whose axis requests begin as told; nothing where the report has no requests."""
    if not report.requests:
        return NOTHING
    drawn = report.drawn(MAX_DRAWN)
    latest = f"the latest {MAX_DRAWN} of {len(report.requests):,}" if drawn.earlier > report.earlier else ""
    words = Words(title="Timeline", subtitle=", ".join(filter(None, (latest, "the newest first"))).capitalize())
    views = {
        class_: View(width=width, axis=axis, newest_first=True, names_roles=report.names_roles)
        for class_, width in WIDTHS.items()
    }
    pictures = (_picture(drawn, words, class_, view) for class_, view in views.items())
    section = element("section", shared_style("auto"), *pictures, id="timeline", class_="timeline")
    return joined((section, shared_note(report)))


def _left_out(report: Report) -> Markup:
    """What rows have no room for in a narrow window, as captions of tables say it."""
    of_labels = "type and route, " if report.labels else ""
    return element("p", text(f"In a wider window and on paper also: {of_labels}LLM time."), class_="note left-out")


def _picture(report: Report, words: Words, class_: str, view: View) -> Markup:
    """The picture; its rows are a table below the axis, for paper says a table's head again on each sheet.

    On paper the legend stands above the rows: below them it would be sheets away from the first.
    """
    strips = draw_strips(report.timeline_rows(), words=words, view=view, unlinked=report.unlinked)
    axis = element("div", strips.axis, class_="axis")
    rows = element("div", joined(strips.rows), class_="strips")
    above, below = (strips.legend, NOTHING) if class_ == "paper" else (NOTHING, strips.legend)
    left_out = _left_out(report) if class_ == "narrow" else NOTHING
    drawn = (strips.title, above, element("div", axis, rows, class_="rows"), joined(strips.below), below, left_out)
    return element("div", *drawn, class_=f"picture {class_}")
