"""Draws two requests that overlap, and the call that may be either's: docs/correlation.md shows it, a test compares it.

The requests are what `replay` makes of their three calls; `make docs` runs it.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from request_lens.domain.facts import Fact, Invocation, InvocationId, Request, RequestId
from request_lens.domain.policy import Policy
from request_lens.presentation.markup import Markup, element, text
from request_lens.presentation.timeline.axis import Axis, AxisKind, axis_of, extent_of
from request_lens.presentation.timeline.drawing import DrawnTimeline, View, lay_timeline
from request_lens.presentation.timeline.frame import Frame, frame_of, header_lines
from request_lens.presentation.timeline.legend import LEGEND_BELOW, LINE_HEIGHT, Sign, legend_end
from request_lens.presentation.timeline.pieces import Words
from request_lens.presentation.timeline.row import ROOMY
from request_lens_cli.replay.virtual_time import Arrival, replay
from request_lens_cli.report.headline import headline
from request_lens_cli.report.labels import Label
from request_lens_cli.report.report import Report

CHECKOUT = Path(__file__).resolve().parents[1]
PICTURE = CHECKOUT / "docs" / "images" / "overlap.svg"

_START = datetime(2025, 12, 4, 19, 2, 11, tzinfo=UTC)
_ROLE = "agent-role"
_WIDTH = 860
_LATENCY_MS = 1_500
_BESIDE = 10.0
"""Px from the lines to their words."""

_FITS_BOTH = timedelta(seconds=4)
"""When the call began that both requests may have made, as Bedrock logs it."""


_SIGNS = (Sign.UNCERTAIN, Sign.CALL, Sign.WHISKER)
"""What else the legend has."""

_REQUESTS = {"a": (0.2, 6_000), "b": (3.1, 6_200)}
"""When each request began, in seconds, and how long it took, in ms."""


def overlapping() -> Report:
    """Two requests, one call that fits the first alone, one that fits both, and one that fits the second alone."""
    facts: list[Fact] = [*_requests(), *map(_call, (timedelta(seconds=1), _FITS_BOTH, timedelta(seconds=7)))]
    result = replay((Arrival(record=fact) for fact in facts), Policy(agent_role_names=frozenset({_ROLE})))
    labels = {request_id: Label(prompt=f"Request {request_id.upper()}", kind="untagged") for request_id in _REQUESTS}
    return Report(requests=result.requests, unlinked=result.unattributed, labels=labels)


def _requests() -> list[Request]:
    return [
        Request(
            request_id=RequestId(request_id),
            route="POST /ask",
            status=200,
            started_at=_START + timedelta(seconds=begins),
            duration_ms=duration_ms,
        )
        for request_id, (begins, duration_ms) in _REQUESTS.items()
    ]


def _call(begins: timedelta) -> Invocation:
    return Invocation(
        invocation_id=InvocationId(f"call at {begins}"),
        model_id="eu.anthropic.claude-haiku-4-5-20251001-v1:0",
        operation="Converse",
        logged_at=_START + begins,
        latency_ms=_LATENCY_MS,
        stop_reason="end_turn",
        caller_role=_ROLE,
    )


def picture(report: Report) -> Markup:
    """The timeline of the two requests, and in both of their bars the call that fits both."""
    rows = report.timeline_rows()
    view = View(width=_WIDTH, axis=AxisKind.CLOCK, explained=False)
    words = Words(title="One call fits two requests", subtitle=headline(report))
    drawn = lay_timeline(rows, words=words, view=view)
    frame = frame_of(rows, header_lines(words.title, words.subtitle, width=_WIDTH), width=_WIDTH)
    extents = [extent_of(row.request, row.summary) for row in rows]
    axis = axis_of(extents, left=frame.left, width=frame.plot_width, kind=view.axis)
    return Markup(drawn.svg.removesuffix("</svg>") + _call_of_both(drawn, axis) + _in_legend(drawn, frame) + "</svg>")


def _in_legend(drawn: DrawnTimeline, frame: Frame) -> Markup:
    """What the outline means, at the end of the legend's last line."""
    left = frame.margin + legend_end(_SIGNS, width=frame.right - frame.margin) + 24
    top = drawn.height - LEGEND_BELOW - LINE_HEIGHT
    sample = element("rect", class_="rl-provisional", x=left, y=top + 3.5, width=26.0, height=15.0, rx=2.0)
    meaning = "one call, where it fits"
    words = element("text", text(meaning), class_="rl-muted", x=left + 32, y=top + 15.5)
    return element("g", sample, words, class_="rl-legend", aria_hidden="true")


def _call_of_both(drawn: DrawnTimeline, axis: Axis) -> Markup:
    """The call as an outline in each bar, and lines that say that the two are one."""
    begins = axis.scale.x(_START + _FITS_BOTH)
    width = _LATENCY_MS * axis.scale.px_per_ms
    tops = [top + ROOMY.bar_top + 3.5 for _, top in drawn.rows]
    height = ROOMY.bar_height - 7
    outlines = (
        element("rect", class_="rl-provisional", x=begins, y=top, width=width, height=height, rx=2.0) for top in tops
    )
    lines = (
        element("line", class_="rl-open", x1=x, x2=x, y1=tops[0] + height, y2=tops[1])
        for x in (begins + 0.75, begins + width - 0.75)
    )
    beside, between = begins + width + _BESIDE, (tops[0] + height + tops[1]) / 2
    words = element("text", text("fits both"), class_="rl-label", x=beside, y=between + 4.5)
    return element("g", *outlines, *lines, words)


def draw(target: Path) -> None:
    """Write the picture to this SVG file."""
    target.write_text(picture(overlapping()), encoding="utf-8")


if __name__ == "__main__":
    draw(PICTURE)
