"""The page as a whole: heading, figures, timeline, tables."""

from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files

from request_lens.presentation.formatting import MINUTE, moment_text, span_text
from request_lens.presentation.markup import NOTHING, Markup, element, joined, text
from request_lens.presentation.timeline.axis import AxisKind
from request_lens.presentation.timeline.theme import DARK, LIGHT, Palette
from request_lens_cli.html_report.foot import foot
from request_lens_cli.html_report.group_tables import model_table, route_table
from request_lens_cli.html_report.kpis import kpi_cards
from request_lens_cli.html_report.not_certain import NOT_CERTAIN, not_certain
from request_lens_cli.html_report.request_tables import MAX_ROWS, requests_section, top_tables
from request_lens_cli.html_report.span_tables import spans_section
from request_lens_cli.html_report.timeline_section import timeline_section
from request_lens_cli.report.empty import no_requests
from request_lens_cli.report.figures import figures_of
from request_lens_cli.report.headline import earlier_note, truncation_note
from request_lens_cli.report.period import Period
from request_lens_cli.report.report import Report
from request_lens_cli.report.selection import lesser_note, may_match_note

# Nothing is loaded and nothing runs, even if a text should break out of its element.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """What the page is about: which stack in which Region, which time, which requests alone, and as of when.

    Without a Region or a selection these are empty. Of log files `files` says which, and there is no stack. `variant`
    is what tells the page from another of the same stack and time. `aws_console` is the address of CloudWatch's console
    where the stack is.
    """

    stack: str = ""
    files: str = ""
    variant: str = ""
    region: str = ""
    period: Period
    written_at: datetime
    only: str = ""
    aws_console: str = ""


def report_page(report: Report, heading: Heading, *, axis: AxisKind = AxisKind.OWN) -> str:
    """The page as one HTML document; equal reports under equal headings give equal pages.

    On the `axis` of its timeline each request begins at the left, or when it did.
    """
    title = ", ".join(filter(None, (f"Request Lens: {heading.stack or heading.files}", heading.variant)))
    head = (
        Markup('<meta charset="utf-8">'),
        Markup(f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'),
        Markup('<meta name="viewport" content="width=device-width, initial-scale=1">'),
        Markup('<meta name="color-scheme" content="light dark">'),
        element("title", text(title)),
        element("style", _style()),
    )
    main = _main(report, heading, axis)
    body = (_header(report, heading), element("main", main), element("footer", foot(main, report)))
    document = element("html", element("head", *head), element("body", *body), lang="en")
    return f"<!doctype html>\n{document}\n"


def _header(report: Report, heading: Heading) -> Markup:
    region = [heading.region] if heading.region else []
    lines = [
        f"Stack {heading.stack}" if heading.stack else f"{heading.files}, offline",
        *region,
        span_text(heading.period.first, heading.period.last, to=MINUTE, now=heading.written_at),
        f"as of {moment_text(heading.written_at.replace(microsecond=0))}",
    ]
    lines += [heading.only] if heading.only else []
    lines += [f"{earlier_note(report)}, nor in any figure"] if report.earlier else []
    lines += [f"{lesser_note(report)}, nor in any figure"] if report.lesser else []
    lines += [words for words in (may_match_note(report), truncation_note(report)) if words]
    lines += [report.lacking] if report.lacking else []
    parts = (element("li", text(line)) for line in lines)
    title = ": ".join(filter(None, ("LLM calls per API request", heading.variant)))
    return element("header", element("h1", text(title)), element("ul", *parts))


def _main(report: Report, heading: Heading, axis: AxisKind) -> Markup:
    only = heading.only
    if not report.requests and (only or not report.unlinked):
        return element("p", text(_empty(heading)), class_="empty")
    figures = figures_of(report)
    return joined(
        (
            kpi_cards(figures.all, report),
            timeline_section(report, axis),
            _section("groups", "", joined((route_table(figures), model_table(report)))),
            _section(NOT_CERTAIN, "What is not certain", not_certain(figures.all, report)),
            _section("top", "Top requests", top_tables(report)),
            _section(
                "spans",
                "Where the time went, by spans",
                spans_section(report, limit=MAX_ROWS, aws_console=heading.aws_console),
            ),
            _section("requests", "Requests", requests_section(report) if report.requests else NOTHING),
        )
    )


def _empty(heading: Heading) -> str:
    """That there is nothing, and what to do about it."""
    if heading.only:
        return f"No request of this time is selected: {heading.only}."
    if heading.files:
        return "No request in these files: request-lens inspect says what is in them."
    return no_requests(heading.period)


def _section(anchor: str, title: str, content: Markup) -> Markup:
    """A section, to which an address of the page may lead by its anchor; without a title its captions are."""
    head = element("h2", text(title)) if title else NOTHING
    return element("section", head, content, id=anchor) if content else NOTHING


def _style() -> Markup:
    sheet = files("request_lens_cli.html_report").joinpath("page.css").read_text(encoding="utf-8")
    return Markup(
        f":root {{{_variables(LIGHT)}}}\n"
        f"@media screen and (prefers-color-scheme: dark) {{:root {{{_variables(DARK)}}}}}\n{sheet}"
    )


def _variables(palette: Palette) -> str:
    roles = ("background", "text", "muted", "rule", "band", "failed", "call")
    return "".join(f"--{role}:{getattr(palette, role)};" for role in roles)
